#include "app/train/model_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "operators/sentiment/sentiment_features.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;

constexpr int kBits = 10;

LinearWeights RandomWeights(size_t classes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0F, 0.3F);
  LinearWeights weights;
  weights.weight.resize((size_t{1} << kBits) * classes);
  for (float& weight : weights.weight) weight = normal(random);
  for (size_t c = 0; c < classes; ++c) weights.bias[c] = normal(random);
  return weights;
}

TrainedModel TwoLanguages() {
  TrainedModel model;
  model.languages.push_back({{'e', 'n'}, kBits, RandomWeights(3, 1), 0.0F});
  model.languages.push_back({{'f', 'r'}, kBits, RandomWeights(3, 2), 0.25F});
  model.guess = {kBits, {{'f', 'r'}, {'e', 'n'}}, RandomWeights(2, 3), -100.0F};
  model.description = "key=value\n";
  return model;
}

// A model over bytes of its own.
class ModelInMemory {
 public:
  explicit ModelInMemory(const TrainedModel& trained) : bytes_(SerializeModel(trained).value()) {
    model_ = SentimentModel::FromBytes({reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()}).value();
  }

  const SentimentModel* operator->() const { return model_.get(); }

 private:
  std::string bytes_;
  std::unique_ptr<SentimentModel> model_;
};

TEST(ModelWriterTest, ReadBackModelScoresLikeTheWeights) {
  const TrainedModel trained = TwoLanguages();
  const ModelInMemory model(trained);
  EXPECT_THAT(model->languages(), ElementsAre("en", "fr"));
  EXPECT_EQ(model->description(), "key=value\n");
  const auto features = std::make_unique<SentimentFeatures>();
  std::mt19937_64 random(4);
  for (int i = 0; i < 200; ++i) {
    std::string text;
    for (int k = 0; k < 40; ++k) text += static_cast<char>(random() % 4 == 0 ? ' ' : 'a' + random() % 26);
    features->Extract(text);
    const auto n = static_cast<double>(features->hashes().size());
    const Sentiment sentiment = model->Classify(text, "en");
    for (size_t c = 0; c < 3; ++c) {
      double score = 0;
      for (const uint32_t hash : features->hashes()) {
        score += static_cast<double>(trained.languages[0].weights.weight[(hash >> (32 - kBits)) * 3 + c]);
      }
      score = score / std::sqrt(n) + static_cast<double>(trained.languages[0].weights.bias[c]);
      EXPECT_NEAR(sentiment.scores[c] / 65536.0, score, 0.03);
    }
  }
}

// With "bad" of kind 1 and "not", which negates.
TrainedModel WithTone() {
  TrainedModel trained = TwoLanguages();
  const auto features = std::make_unique<SentimentFeatures>();
  std::map<uint32_t, uint16_t> words;
  features->Extract("bad");
  words[features->hashes().front()] = 1 << sentiment_format::kToneMeaningBits | 5;
  features->Extract("not");
  words[features->hashes().front()] = sentiment_format::kToneNegator << sentiment_format::kToneMeaningBits | 6;
  for (const auto& [hash, word] : words) {
    trained.languages[0].words.hashes.push_back(hash);
    trained.languages[0].words.words.push_back(word);
  }
  trained.languages[0].tone[1] = {{{1.0F, 0.0F, -1.0F}, {2.0F, 0.0F, -2.0F}, {2.5F, 0.0F, -2.5F}}};
  return trained;
}

TEST(ModelWriterTest, ToneAddsToTheScoresOfItsLanguage) {
  TrainedModel trained = WithTone();
  const ModelInMemory with(trained);
  const uint32_t bucket = static_cast<uint32_t>((11 * 0x9E3779B97F4A7C15) >> 32) >> (32 - kBits);
  trained.languages[0].words = {};
  const ModelInMemory without(trained);
  const std::vector<std::pair<std::string, float>> texts = {
      {"a bad day", 1.0F}, {"bad bad", 2.0F}, {"bad bad bad bad", 2.5F}};
  float meant = 0;
  for (const auto& [text, added] : texts) {
    meant = static_cast<float>(std::count(text.begin(), text.end(), 'b'));
    for (size_t c = 0; c < 3; ++c) {
      const float expected =
          added * (1.0F - static_cast<float>(c)) + meant * 0.25F * trained.languages[0].weights.weight[bucket * 3 + c];
      EXPECT_NEAR((with->Classify(text, "en").scores[c] - without->Classify(text, "en").scores[c]) / 65536.0, expected,
                  0.02)
          << text;
    }
    EXPECT_EQ(with->Classify(text, "fr").scores, without->Classify(text, "fr").scores);
  }
}

TEST(ModelWriterTest, ToneThatCannotBeReadIsRefused) {
  const auto read = [](const TrainedModel& trained) {
    const std::string bytes = SerializeModel(trained).value();
    return SentimentModel::FromBytes({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}).status();
  };
  EXPECT_THAT(read(WithTone()), IsOk());
  TrainedModel trained = WithTone();
  std::swap(trained.languages[0].words.hashes[0], trained.languages[0].words.hashes[1]);
  EXPECT_THAT(read(trained), StatusIs(absl::StatusCode::kDataLoss));
  for (const uint32_t kind : {6U, 11U, 15U}) {
    trained = WithTone();
    trained.languages[0].words.words[0] = static_cast<uint16_t>(kind << sentiment_format::kToneMeaningBits);
    EXPECT_THAT(read(trained), StatusIs(absl::StatusCode::kDataLoss)) << kind;
  }
  trained = WithTone();
  trained.languages[0].words.words.pop_back();
  EXPECT_THAT(read(trained), StatusIs(absl::StatusCode::kDataLoss));
  trained = WithTone();
  trained.languages[0].tone[1][0][0] = 1e6F;
  EXPECT_THAT(SerializeModel(trained), StatusIs(absl::StatusCode::kInternal));
}

TEST(ModelWriterTest, GuessChoosesTheTableThatDecides) {
  TrainedModel trained = TwoLanguages();
  trained.guess.weights = {};
  trained.guess.weights.weight.assign((size_t{1} << kBits) * 2, 0.01F);
  trained.guess.weights.bias = {2.0F, 1.0F};
  const ModelInMemory model(trained);
  EXPECT_EQ(model->GuessLanguage("some words"), "fr");
  EXPECT_EQ(model->Classify("some words", "und").scores, model->Classify("some words", "fr").scores);
}

TEST(ModelWriterTest, GuessBelowTheThresholdOrWithoutTableIsUnclassified) {
  TrainedModel trained = TwoLanguages();
  trained.guess.min_score = 100.0F;
  EXPECT_EQ(ModelInMemory(trained)->Classify("some words", "").label, SentimentClass::kUnclassified);
  trained = TwoLanguages();
  trained.guess.codes[0] = {};
  trained.guess.weights.bias = {100.0F, -100.0F};
  EXPECT_EQ(ModelInMemory(trained)->Classify("some words", "").label, SentimentClass::kUnclassified);
  trained.guess = {};
  EXPECT_EQ(ModelInMemory(trained)->Classify("some words", "").label, SentimentClass::kUnclassified);
}

TEST(ModelWriterTest, LeadBelowTheAbstentionMarginIsUnclassified) {
  TrainedModel trained = TwoLanguages();
  int decided = 0;
  int abstained = 0;
  const ModelInMemory model(trained);
  std::mt19937_64 random(5);
  for (int i = 0; i < 500; ++i) {
    const std::string text = "word" + std::to_string(random());
    const Sentiment sentiment = model->Classify(text, "fr");
    auto sorted = sentiment.scores;
    std::sort(sorted.begin(), sorted.end());
    const bool sure = sorted[2] - sorted[1] >= 65536 / 4;
    EXPECT_EQ(sentiment.label != SentimentClass::kUnclassified, sure);
    (sure ? decided : abstained) += 1;
  }
  EXPECT_GT(decided, 50);
  EXPECT_GT(abstained, 50);
}

TEST(ModelWriterTest, WeightsThatDivergedAreRefused) {
  TrainedModel trained = TwoLanguages();
  trained.languages[0].weights.weight[5] = 1e6F;
  EXPECT_THAT(SerializeModel(trained), StatusIs(absl::StatusCode::kInternal));
  trained = TwoLanguages();
  trained.languages[1].weights.bias[2] = 1e6F;
  EXPECT_THAT(SerializeModel(trained), StatusIs(absl::StatusCode::kInternal));
  trained = TwoLanguages();
  trained.languages[0].weights.weight[5] = NAN;
  EXPECT_THAT(SerializeModel(trained), StatusIs(absl::StatusCode::kInternal));
}

}  // namespace
}  // namespace tocsin
