#include "operators/sentiment/linear_table.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tocsin {
namespace {

// Largest root whose square is not above `square`.
uint64_t RootByBisection(uint64_t square) {
  uint64_t low = 0;
  uint64_t high = uint64_t{1} << 21;
  while (low < high) {
    const uint64_t middle = (low + high + 1) / 2;
    if (middle * middle <= square) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

TEST(LinearTableTest, InverseSqrtIsTheFloorForEveryCount) {
  for (size_t count = 1; count <= 20'000; ++count) {
    ASSERT_EQ(InverseSqrtQ20(count), RootByBisection((uint64_t{1} << 40) / count)) << count;
  }
}

TEST(LinearTableTest, ScoreRoundsTowardsMinusInfinity) {
  // -1 step of 2^-32 over one feature is -2^-16 of a unit of the score.
  EXPECT_EQ(ScoreQ16(-1, 1, InverseSqrtQ20(1), 7), 6);
  EXPECT_EQ(ScoreQ16(1, 1, InverseSqrtQ20(1), 7), 7);
  EXPECT_EQ(ScoreQ16(3, 1 << 16, InverseSqrtQ20(1), 0), 3);
}

TEST(LinearTableTest, ScoreHoldsTheExtremesOfTheFormat) {
  constexpr int32_t kSum = -128 * 8192;
  const auto exact = static_cast<__int128>(kSum) * sentiment_format::kMaxScaleQ32 * InverseSqrtQ20(8192);
  const int32_t bias = -sentiment_format::kMaxBiasQ16;
  const __int128 expected = (exact >> 36) + bias;
  EXPECT_EQ(ScoreQ16(kSum, sentiment_format::kMaxScaleQ32, InverseSqrtQ20(8192), bias), static_cast<int64_t>(expected));
}

TEST(LinearTableTest, SumsEqualTheReferenceForAnyNumberOfFeatures) {
  std::mt19937_64 random(1);
  constexpr uint32_t kBits = 8;
  std::vector<uint8_t> classes(3 * 256 + 1);
  std::vector<uint8_t> languages(8 * 256);
  for (uint8_t& weight : classes) weight = static_cast<uint8_t>(random());
  for (uint8_t& weight : languages) weight = static_cast<uint8_t>(random());
  // Buckets of extreme weights reach the capacity of the lanes.
  for (size_t i = 0; i < 8; ++i) {
    languages[8 * 255 + i] = 255;
    if (i < 3) classes[3 * 255 + i] = 255;
  }
  for (const size_t size : {0U, 1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U, 8'192U}) {
    for (const bool extreme : {false, true}) {
      std::vector<uint32_t> hashes(size);
      for (uint32_t& hash : hashes) hash = extreme ? 0xFFFFFFFF : static_cast<uint32_t>(random());
      std::array<int32_t, 3> expected_classes{};
      std::array<int32_t, 8> expected_languages{};
      for (const uint32_t hash : hashes) {
        for (size_t c = 0; c < 3; ++c) expected_classes[c] += classes[3 * (hash >> 24) + c] - 128;
        for (size_t c = 0; c < 8; ++c) expected_languages[c] += languages[8 * (hash >> 24) + c] - 128;
      }
      EXPECT_EQ(SumClassWeights(classes.data(), kBits, hashes), expected_classes) << size;
      EXPECT_EQ(SumLanguageWeights(languages.data(), kBits, hashes), expected_languages) << size;
    }
  }
}

}  // namespace
}  // namespace tocsin
