#include "app/train/model_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "operators/sentiment/sentiment_features.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

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
