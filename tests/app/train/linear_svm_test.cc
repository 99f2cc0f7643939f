#include "app/train/linear_svm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tocsin {
namespace {

constexpr int kBits = 8;

uint32_t HashOfBucket(uint32_t bucket) { return bucket << (32 - kBits); }

double Score(const LinearWeights& weights, const TrainingSet& rows, size_t row, size_t c, size_t classes) {
  double score = static_cast<double>(weights.bias[c]);
  for (size_t k = rows.row_begin[row]; k < rows.row_begin[row + 1]; ++k) {
    score += static_cast<double>(rows.value[k]) * static_cast<double>(weights.weight[rows.bucket[k] * classes + c]);
  }
  return score;
}

// Rows with random buckets, of which the first says the class nine times out of ten.
TrainingSet NoisyRows(size_t count, size_t languages, uint64_t seed) {
  std::mt19937_64 random(seed);
  TrainingSet rows;
  for (size_t i = 0; i < count; ++i) {
    const auto label = static_cast<uint8_t>(random() % 3);
    std::vector<uint32_t> hashes = {HashOfBucket(random() % 10 == 0 ? 99U : label)};
    for (int k = 0; k < 6; ++k) hashes.push_back(HashOfBucket(static_cast<uint32_t>(3 + random() % 200)));
    rows.Add(hashes, kBits, label, static_cast<uint8_t>(i % languages));
  }
  return rows;
}

// The primal objective that liblinear's L2-regularised squared hinge loss has, for one class of one language.
double Objective(const TrainingSet& rows, const LinearWeights& weights, size_t c, float cost) {
  double norm = std::pow(static_cast<double>(weights.bias[c]), 2);
  for (size_t i = c; i < weights.weight.size(); i += 3) norm += std::pow(static_cast<double>(weights.weight[i]), 2);
  const auto positives = static_cast<double>(std::count(rows.label.begin(), rows.label.end(), c));
  double loss = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    const bool positive = rows.label[row] == c;
    const double margin = Score(weights, rows, row, c, 3) * (positive ? 1 : -1);
    const double weight = positive ? static_cast<double>(rows.size()) / (3 * positives) : 1.0;
    loss += static_cast<double>(cost) * weight * std::pow(std::max(0.0, 1 - margin), 2);
  }
  return norm / 2 + loss;
}

TEST(LinearSvmTest, RowHoldsEachBucketOnceWithItsShare) {
  TrainingSet rows;
  rows.Add(std::vector<uint32_t>{HashOfBucket(7), HashOfBucket(2), HashOfBucket(7), HashOfBucket(9)}, kBits, 1, 0);
  EXPECT_EQ(rows.bucket, (std::vector<uint32_t>{2, 7, 9}));
  EXPECT_EQ(rows.value, (std::vector<float>{0.5F, 1.0F, 0.5F}));
}

TEST(LinearSvmTest, NoSmallStepFromTheSolutionLowersTheObjective) {
  const TrainingSet rows = NoisyRows(400, 1, 1);
  const SvmOptions options{.bits = kBits, .c = 0.5F, .epochs = 200};
  const LinearWeights best = TrainSvm(rows, options)[0];
  std::mt19937_64 random(2);
  std::normal_distribution<float> normal;
  for (size_t c = 0; c < 3; ++c) {
    const double least = Objective(rows, best, c, options.c);
    for (int trial = 0; trial < 50; ++trial) {
      LinearWeights moved = best;
      for (float& weight : moved.weight) weight += 0.01F * normal(random);
      moved.bias[c] += 0.01F * normal(random);
      EXPECT_GT(Objective(rows, moved, c, options.c), least);
    }
  }
}

TEST(LinearSvmTest, LearnsWhatDecidesTheClass) {
  const TrainingSet rows = NoisyRows(1'000, 2, 3);
  const auto weights = TrainSvm(rows, {.bits = kBits, .language_count = 2, .shared = 1.0F});
  size_t right = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    std::array<double, 3> scores{};
    for (size_t c = 0; c < 3; ++c) scores[c] = Score(weights[rows.language[row]], rows, row, c, 3);
    right += std::max_element(scores.begin(), scores.end()) - scores.begin() == rows.label[row] ? 1U : 0U;
  }
  EXPECT_GT(right, rows.size() * 85 / 100);
}

TEST(LinearSvmTest, SharedWeightsCarryOverToALanguageThatNeverSawTheWord) {
  TrainingSet rows;
  for (int i = 0; i < 60; ++i) {
    const auto label = static_cast<uint8_t>(i % 3);
    rows.Add(std::vector<uint32_t>{HashOfBucket(label)}, kBits, label, 0);
    rows.Add(std::vector<uint32_t>{HashOfBucket(50U + label)}, kBits, label, 1);
  }
  const auto alone = TrainSvm(rows, {.bits = kBits, .language_count = 2, .shared = 0.0F});
  const auto together = TrainSvm(rows, {.bits = kBits, .language_count = 2, .shared = 1.0F});
  EXPECT_EQ(alone[1].weight[0], 0.0F);
  EXPECT_GT(together[1].weight[0], 0.1F);
}

TEST(LinearSvmTest, EqualSeedGivesEqualWeights) {
  const TrainingSet rows = NoisyRows(300, 2, 4);
  const SvmOptions options{.bits = kBits, .language_count = 2, .shared = 1.0F, .epochs = 3, .seed = 9};
  const auto first = TrainSvm(rows, options);
  const auto second = TrainSvm(rows, options);
  for (size_t l = 0; l < 2; ++l) {
    EXPECT_EQ(first[l].weight, second[l].weight);
    EXPECT_EQ(first[l].bias, second[l].bias);
  }
}

}  // namespace
}  // namespace tocsin
