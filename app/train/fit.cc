#include "app/train/fit.h"

#include <utility>

#include "operators/sentiment/model_format.h"
#include "operators/sentiment/sentiment_features.h"
#include "operators/sentiment/tone_words.h"

namespace tocsin {
namespace {

using namespace sentiment_format;

constexpr int kGuessBits = 15;
constexpr double kGuessCost = 1.0;
// A guess whose best one-vs-rest score is below this is no guess.
constexpr float kGuessMinScore = 0.0F;

// Values of the features of tone beside 1 / sqrt(features of the text), the value of those of the text.
constexpr float kMeaningValue = 1.0F / (1 << kToneMeaningShift);
constexpr float kCountValue = 0.25F;

// A feature of its own for the first, the second and the third word of each kind, behind the buckets.
uint32_t CountFeature(int bits, size_t kind, size_t count) {
  return (uint32_t{1} << bits) + static_cast<uint32_t>(kind * kToneCounts + count);
}

void AddTone(const ToneReading& reading, int bits, TrainingSet& rows) {
  std::array<size_t, kToneKinds> seen{};
  for (const ToneHit& hit : reading.hits()) {
    if (HasMeaning(hit.kind)) rows.AddToLast(hit.meaning >> (32 - bits), kMeaningValue);
    if (hit.kind == kToneNeutral || seen[hit.kind] == kToneCounts) continue;
    rows.AddToLast(CountFeature(bits, hit.kind, seen[hit.kind]++), kCountValue);
  }
}

// Moves the weights behind the buckets to the tone.
void SplitTone(TrainedModel::Language& language) {
  std::vector<float>& weight = language.weights.weight;
  for (size_t kind = 0; kind < kToneKinds; ++kind) {
    std::array<float, kClasses> sum{};
    for (size_t i = 0; i < kToneCounts; ++i) {
      for (size_t c = 0; c < kClasses; ++c) {
        sum[c] += kCountValue * weight[size_t{CountFeature(language.bits, kind, i)} * kClasses + c];
      }
      language.tone[kind][i] = sum;
    }
  }
  weight.resize((size_t{1} << language.bits) * kClasses);
}

}  // namespace

absl::StatusOr<BuiltModel> Build(const TrainedModel& trained) {
  absl::StatusOr<std::string> bytes = SerializeModel(trained);
  if (!bytes.ok()) return bytes.status();
  BuiltModel built{*std::move(bytes), nullptr};
  const auto* data = reinterpret_cast<const uint8_t*>(built.bytes.data());
  absl::StatusOr<std::unique_ptr<SentimentModel>> model = SentimentModel::FromBytes({data, built.bytes.size()});
  if (!model.ok()) return model.status();
  built.model = *std::move(model);
  return built;
}

std::vector<Judgement> Judge(const SentimentModel& model, const std::vector<LabelledPost>& posts,
                             std::string_view language) {
  std::vector<Judgement> judgements;
  judgements.reserve(posts.size());
  for (const LabelledPost& post : posts) {
    const Sentiment sentiment = model.Classify(post.text, language);
    judgements.push_back({.label = post.label,
                          .predicted = static_cast<int>(sentiment.label),
                          .negativity = sentiment.negativity,
                          .scores = sentiment.scores});
  }
  return judgements;
}

std::map<int, TrainingSet> MakeRows(const TrainingData& data) {
  std::map<int, TrainingSet> rows;
  for (const LanguageData& language : data.languages) rows[language.bits];
  const auto features = std::make_unique<SentimentFeatures>();
  ToneReading reading;
  for (size_t l = 0; l < data.languages.size(); ++l) {
    const ToneWords words = data.languages[l].words.View();
    for (const LabelledPost& post : data.languages[l].train) {
      features->Extract(post.text);
      if (features->hashes().empty()) continue;
      words.Read(*features, reading);
      for (auto& [bits, set] : rows) {
        set.Add(features->hashes(), bits, static_cast<uint8_t>(post.label), static_cast<uint8_t>(l));
        AddTone(reading, bits, set);
      }
    }
  }
  return rows;
}

TrainedModel TrainLanguages(const TrainingData& data, const std::map<int, TrainingSet>& rows, const FitOptions& options,
                            double cost) {
  TrainedModel trained;
  std::map<int, std::vector<LinearWeights>> weights;
  for (const auto& [bits, set] : rows) {
    weights[bits] = TrainSvm(set, {.bits = bits,
                                   .more_features = kToneKinds * kToneCounts,
                                   .class_count = 3,
                                   .language_count = data.languages.size(),
                                   .c = static_cast<float>(cost),
                                   .shared = static_cast<float>(options.shared),
                                   .epochs = options.epochs,
                                   .seed = options.seed});
  }
  for (size_t l = 0; l < data.languages.size(); ++l) {
    const LanguageData& language = data.languages[l];
    TrainedModel::Language& added = trained.languages.emplace_back();
    added.code = language.code;
    added.bits = language.bits;
    added.words = language.words;
    added.weights = std::move(weights[language.bits][l]);
    SplitTone(added);
  }
  return trained;
}

TrainedModel::Guess TrainGuess(const TrainingData& data, const FitOptions& options) {
  TrainedModel::Guess guess;
  guess.bits = kGuessBits;
  guess.min_score = kGuessMinScore;
  TrainingSet rows;
  const auto features = std::make_unique<SentimentFeatures>();
  for (size_t l = 0; l < data.languages.size(); ++l) {
    // A class without a code is recognised and then left unclassified.
    guess.codes.push_back(data.languages[l].guessed ? data.languages[l].code : std::array<char, 2>{});
    for (const LabelledPost& post : data.languages[l].train) {
      features->Extract(post.text);
      if (!features->hashes().empty()) {
        rows.Add(features->hashes(), kGuessBits, static_cast<uint8_t>(l), 0);
      }
    }
  }
  guess.weights = std::move(TrainSvm(rows, {.bits = kGuessBits,
                                            .class_count = guess.codes.size(),
                                            .language_count = 1,
                                            .c = static_cast<float>(kGuessCost),
                                            .shared = 0.0F,
                                            .epochs = options.epochs,
                                            .seed = options.seed})[0]);
  return guess;
}

}  // namespace tocsin
