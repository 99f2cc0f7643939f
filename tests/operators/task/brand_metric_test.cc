#include "operators/task/brand_metric.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace tocsin {
namespace {

using ::nlohmann::json;
using ::testing::DoubleNear;

std::string Render(const BrandMetric& metric) {
  std::string text;
  AppendBrandMetric(metric, &text);
  return text;
}

TEST(BrandMetricTest, IsTheRecordOfTheContract) {
  BrandMetric metric;
  metric.brand_id = "united";
  metric.window_end = "2026-11-20T10:00:05Z";
  metric.window_ms = 300'000;
  metric.counts = {.mentions = 16, .negative = 3, .neutral = 4, .positive = 5, .unclassified = 4, .unique_authors = 11};
  metric.mentions_before = 20;
  metric.expected_per_minute = 1.23456;
  EXPECT_EQ(Render(metric),
            R"({"brand_id":"united","window_end":"2026-11-20T10:00:05Z","window_s":300,"mentions":16,"negative":3,)"
            R"("neutral":4,"positive":5,"unclassified":4,"velocity_per_minute":3.2,"acceleration":-0.8,)"
            R"("expected":1.2346,"negative_ratio":0.25,"corrected":null,"low":0.0889,"high":0.5323,)"
            R"("unique_authors":11,"calibration":null})");
}

TEST(BrandMetricTest, SaysNullWhereUnknown) {
  BrandMetric metric;
  metric.brand_id = "a";
  metric.window_end = "2026-11-20T10:00:05Z";
  metric.window_ms = 60'000;
  metric.counts = {.mentions = 2, .unclassified = 2, .unique_authors = 1};
  metric.has_distinct = false;
  EXPECT_EQ(
      Render(metric),
      R"({"brand_id":"a","window_end":"2026-11-20T10:00:05Z","window_s":60,"mentions":2,"negative":0,"neutral":0,)"
      R"("positive":0,"unclassified":2,"velocity_per_minute":2.0,"acceleration":null,"expected":null,)"
      R"("negative_ratio":null,"corrected":null,"low":null,"high":null,"unique_authors":null,)"
      R"("calibration":null})");
}

TEST(BrandMetricTest, OwnCalibrationCorrectsAndIsNamed) {
  RatioCalibration calibration;
  calibration.kind = RatioCalibration::Kind::kOwn;
  calibration.name = "airline";
  calibration.negative = {.mean = 0.6, .variance = 0.08, .error = 0.001};
  calibration.other = {.mean = 0.2, .variance = 0.05, .error = 0.001};
  BrandMetric metric;
  metric.window_ms = 60'000;
  metric.calibration = &calibration;
  metric.counts = {.mentions = 100, .negative = 30, .neutral = 70, .negativity = 200};
  const json record = json::parse(Render(metric));
  EXPECT_EQ(record["negative_ratio"], 0.3);
  EXPECT_EQ(record["corrected"], 0.5);
  EXPECT_LT(record["low"].get<double>(), 0.4);
  EXPECT_GT(record["high"].get<double>(), 0.6);
  EXPECT_EQ(record["calibration"], "airline");
}

TEST(BrandMetricTest, RatiosAreRoundedHalfAwayFromZeroToFourDecimals) {
  BrandMetric metric;
  metric.window_ms = 60'000;
  metric.counts = {.mentions = 32, .negative = 1, .neutral = 31};
  EXPECT_EQ(json::parse(Render(metric))["negative_ratio"].get<double>(), 0.0313);
  std::mt19937_64 random(1);
  for (int i = 0; i < 2'000; ++i) {
    metric.counts.negative = static_cast<int64_t>(random() % 5'000);
    metric.counts.neutral = static_cast<int64_t>(random() % 5'000);
    metric.counts.positive = 1;
    metric.counts.mentions = metric.counts.negative + metric.counts.neutral + 1;
    metric.window_ms = 1'000 * static_cast<int64_t>(1 + random() % 4'000);
    metric.mentions_before = static_cast<int64_t>(random() % 20'000);
    const json record = json::parse(Render(metric));
    const auto minutes = static_cast<double>(metric.window_ms) / 60'000;
    const auto mentions = static_cast<double>(metric.counts.mentions);
    ASSERT_THAT(record["velocity_per_minute"].get<double>(), DoubleNear(mentions / minutes, 5.001e-5));
    ASSERT_THAT(record["acceleration"].get<double>(),
                DoubleNear((mentions - static_cast<double>(*metric.mentions_before)) / minutes, 5.001e-5));
    ASSERT_THAT(record["negative_ratio"].get<double>(),
                DoubleNear(static_cast<double>(metric.counts.negative) / mentions, 5.001e-5));
  }
}

}  // namespace
}  // namespace tocsin
