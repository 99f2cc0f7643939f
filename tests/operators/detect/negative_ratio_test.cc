#include "operators/detect/negative_ratio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

namespace tocsin {
namespace {

using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;

constexpr double kTop = kNegativityLevels - 1;

RatioCalibration Own(RatioCalibration::Measure negative, RatioCalibration::Measure other) {
  RatioCalibration calibration;
  calibration.kind = RatioCalibration::Kind::kOwn;
  calibration.name = "own";
  calibration.negative = negative;
  calibration.other = other;
  return calibration;
}

RatioCalibration Typical() {
  return Own({.mean = 0.58, .variance = 0.08, .error = 0.0008}, {.mean = 0.17, .variance = 0.045, .error = 0.0002});
}

TEST(NegativeRatioTest, WithoutCalibrationIsTheWilsonInterval) {
  const RatioEstimate estimate = EstimateRatio({.classified = 50, .negative = 20, .negativity = 3}, {});
  EXPECT_FALSE(estimate.corrected.has_value());
  EXPECT_EQ(estimate.interval.low, WilsonInterval(20, 50).low);
  EXPECT_EQ(estimate.interval.high, WilsonInterval(20, 50).high);
}

TEST(NegativeRatioTest, CorrectionUndoesTheMeasuredRates) {
  for (const double share : {0.0, 0.1, 0.5, 1.0}) {
    const int64_t n = 100'000;
    const auto negativity = std::llround(n * kTop * (share * 0.58 + (1 - share) * 0.17));
    const RatioEstimate estimate = EstimateRatio({.classified = n, .negativity = negativity}, Typical());
    ASSERT_TRUE(estimate.corrected.has_value());
    EXPECT_NEAR(*estimate.corrected, share, 1e-4);
    EXPECT_THAT(*estimate.corrected, AllOf(Ge(estimate.interval.low), Le(estimate.interval.high)));
  }
}

TEST(NegativeRatioTest, IntervalHoldsExactlyTheSharesThatTheMeasureDoesNotExclude) {
  // Goal: the closed form. Method: a scan over shares, on random rates and counts.
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> unit(0, 1);
  for (int i = 0; i < 2'000; ++i) {
    RatioCalibration::Measure other{.mean = 0.4 * unit(random), .variance = 0.1 * unit(random), .error = 0};
    RatioCalibration::Measure negative{
        .mean = other.mean + 0.15 + 0.4 * unit(random), .variance = 0.1 * unit(random), .error = 0};
    other.error = 0.001 * unit(random);
    negative.error = 0.001 * unit(random);
    const int64_t n = 10 + static_cast<int64_t>(random() % 3'000);
    const double within = other.mean + (negative.mean - other.mean) * unit(random);
    const auto negativity = static_cast<int64_t>(std::floor(static_cast<double>(n) * kTop * within));
    const double mean = std::max(static_cast<double>(negativity) / kTop / static_cast<double>(n), other.mean);
    const RatioEstimate estimate = EstimateRatio({.classified = n, .negativity = negativity}, Own(negative, other));
    const double gain = negative.mean - other.mean;
    for (int step = 0; step <= 200; ++step) {
      const double p = step / 200.0;
      const double gap = mean - other.mean - p * gain;
      const double sampling =
          (p * negative.variance + (1 - p) * other.variance + p * (1 - p) * gain * gain) / static_cast<double>(n);
      const double classifier = p * p * negative.error + (1 - p) * (1 - p) * other.error;
      const double excess = gap * gap - kNormal95 * kNormal95 * (sampling + classifier);
      if (std::abs(excess) < 1e-9) continue;
      const bool inside = p >= estimate.interval.low && p <= estimate.interval.high;
      ASSERT_EQ(inside, excess < 0) << "n=" << n << " p=" << p << " low=" << estimate.interval.low
                                    << " high=" << estimate.interval.high;
    }
  }
}

TEST(NegativeRatioTest, CoversTheTrueShareNineteenTimesInTwenty) {
  // Goal: 93 to 98 % of the intervals hold the share that the sample was drawn with.
  // Method: levels drawn from two known distributions, a calibration of 300 drawn posts, samples of varied share.
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> unit(0, 1);
  std::discrete_distribution<int> of_negative({10, 12, 15, 18, 22, 23});
  std::discrete_distribution<int> of_other({48, 25, 12, 8, 4, 3});
  const auto measure = [&random](std::discrete_distribution<int>& levels, int count) {
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; ++i) {
      const double level = levels(random) / kTop;
      sum += level;
      squares += level * level;
    }
    const double mean = sum / count;
    const double variance = (squares - sum * mean) / (count - 1);
    return RatioCalibration::Measure{.mean = mean, .variance = variance, .error = variance / count};
  };
  for (const int64_t n : {20, 50, 200, 500, 2'000}) {
    int covered = 0;
    constexpr int kTrials = 3'000;
    for (int trial = 0; trial < kTrials; ++trial) {
      const RatioCalibration calibration = Own(measure(of_negative, 90), measure(of_other, 210));
      const double share = 0.05 + 0.6 * unit(random);
      int64_t negativity = 0;
      for (int64_t i = 0; i < n; ++i) negativity += unit(random) < share ? of_negative(random) : of_other(random);
      const RatioEstimate estimate = EstimateRatio({.classified = n, .negativity = negativity}, calibration);
      covered += share >= estimate.interval.low && share <= estimate.interval.high ? 1 : 0;
    }
    EXPECT_THAT(covered, AllOf(Ge(kTrials * 93 / 100), Le(kTrials * 98 / 100))) << "n=" << n;
  }
}

TEST(NegativeRatioTest, RatesTooUncertainExcludeNothing) {
  RatioCalibration calibration = Typical();
  calibration.negative.error = 0.1;
  const RatioEstimate estimate = EstimateRatio({.classified = 1'000, .negativity = 1'500}, calibration);
  EXPECT_EQ(estimate.interval.low, 0);
  EXPECT_EQ(estimate.interval.high, 1);
}

TEST(NegativeRatioTest, ShippedCalibrationWidensTheIntervalAndCorrectsNothing) {
  RatioCalibration calibration = Own({.mean = 0.64, .variance = 0.23, .error = 0.004},  //
                                     {.mean = 0.16, .variance = 0.13, .error = 0.002});
  calibration.kind = RatioCalibration::Kind::kShipped;
  const RatioEstimate estimate = EstimateRatio({.classified = 200, .negative = 70, .negativity = 9}, calibration);
  EXPECT_FALSE(estimate.corrected.has_value());
  const Interval wilson = WilsonInterval(70, 200);
  EXPECT_GT(estimate.interval.high - estimate.interval.low, wilson.high - wilson.low);
}

TEST(NegativeRatioTest, StarsAreTakenAsTheyAre) {
  const RatioEstimate stars =
      EstimateRatio({.classified = 40, .negative = 10, .rated = 40, .rated_negative = 10}, Typical());
  EXPECT_EQ(stars.corrected, 0.25);
  EXPECT_EQ(stars.interval.low, WilsonInterval(10, 40).low);
  // Half by stars, all negative; half by the model, none negative: one in two.
  const RatioEstimate both = EstimateRatio({.classified = 2'000,
                                            .negative = 1'000,
                                            .rated = 1'000,
                                            .rated_negative = 1'000,
                                            .negativity = std::llround(1'000 * kTop * 0.17)},
                                           Typical());
  EXPECT_NEAR(both.corrected.value_or(0), 0.5, 1e-3);
  EXPECT_THAT(0.5, AllOf(Ge(both.interval.low), Le(both.interval.high)));
}

}  // namespace
}  // namespace tocsin
