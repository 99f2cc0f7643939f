// Detection over simulated courses, by seed: DESIGN's times and decoys, and that every signal can be recomputed.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "operators/detect/negative_ratio.h"
#include "operators/detect/tail.h"
#include "tests/operators/incident/brand_simulation.h"
#include "tests/operators/signal/schema_check.h"

namespace tocsin {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kSeeds = 50;

struct Times {
  double provisional_median, provisional_p90, confirmed_p90;
};

Times TimesOf(const RiseScenario& scenario, uint64_t seeds) {
  std::vector<double> provisional;
  std::vector<double> confirmed;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    const CourseResult result = RunRise(scenario, seed);
    provisional.push_back(result.provisional_minutes);
    confirmed.push_back(result.confirmed_minutes);
  }
  return {Quantile(provisional, 0.5), Quantile(provisional, 0.9), Quantile(confirmed, 0.9)};
}

TEST(ScenarioTest, AFirestormIsFoundInTimeWithTrueLabels) {
  const Times times = TimesOf(RiseScenario(), kSeeds);
  std::printf("provisional %.1f/%.1f, confirmed p90 %.1f\n", times.provisional_median, times.provisional_p90,
              times.confirmed_p90);
  EXPECT_LE(times.provisional_median, 8);
  EXPECT_LE(times.provisional_p90, 12);
  EXPECT_LE(times.confirmed_p90, 22);
}

TEST(ScenarioTest, AFirestormIsFoundInTimeWithAModestClassifier) {
  RiseScenario scenario;
  scenario.true_positive = 0.75;
  scenario.false_positive = 0.1;
  // A quarter of the seeds more, since the median lies close to its bound.
  const Times times = TimesOf(scenario, 2 * kSeeds);
  std::printf("provisional %.1f/%.1f, confirmed p90 %.1f\n", times.provisional_median, times.provisional_p90,
              times.confirmed_p90);
  EXPECT_LE(times.provisional_median, 12);
  EXPECT_LE(times.provisional_p90, 17);
  EXPECT_LE(times.confirmed_p90, 27);
}

TEST(ScenarioTest, ALargeBrandIsProvisionalWithinFiveMinutes) {
  RiseScenario scenario;
  scenario.base = 10;
  scenario.peak = 100;
  EXPECT_LE(TimesOf(scenario, 10).provisional_p90, 5);
}

TEST(ScenarioTest, APositiveSurgeIsOneNoticeAndNeverConfirmed) {
  RiseScenario scenario;
  scenario.peak_share = scenario.base_share;
  scenario.true_positive = 0.75;
  scenario.false_positive = 0.1;
  int64_t provisional = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const CourseResult result = RunRise(scenario, seed);
    EXPECT_GT(result.confirmed_minutes, 1e8) << seed;
    EXPECT_LE(result.surge_notices, 1) << seed;
    provisional += result.provisional_minutes < 1e8 ? 1 : 0;
    EXPECT_GE(result.surge_notices, result.provisional_minutes < 1e8 ? 0 : 1) << seed;
  }
  EXPECT_LE(provisional, 1) << "at most 2 %";
}

TEST(ScenarioTest, QuietBrandsWithADailyRhythmStayQuiet) {
  QuietResult total;
  for (const double rate : {0.2, 2.0}) {
    for (uint64_t brand = 1; brand <= 33; ++brand) {
      const QuietResult result = RunQuiet(rate, 16, brand);
      total.provisional += result.provisional;
      total.confirmed += result.confirmed;
      total.surges += result.surges;
      total.feed_notices += result.feed_notices;
      total.days += result.days;
    }
  }
  std::printf("%.0f brand-days: %lld provisional, %lld confirmed, %lld surge notices\n", total.days,
              static_cast<long long>(total.provisional), static_cast<long long>(total.confirmed),
              static_cast<long long>(total.surges));
  EXPECT_LE(total.confirmed, 1);
  EXPECT_LE(total.feed_notices, 1) << "no night is so quiet";
  EXPECT_LE(static_cast<double>(total.provisional), total.days / 30);
}

double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

// With the JSON and a calculator, as docs/DETECTION.md says; returns whether the test passes.
bool Recompute(const Json& test, const Json& data, int64_t least_authors) {
  const Json& sector = data["sector"];
  const std::string context = test.dump();
  const std::string name = test["name"];
  const double window_s = test["window_s"];
  double observed = test["observed"];
  double threshold = test["threshold"];
  const auto number = [&test](const char* key) { return test[key].get<double>(); };
  if (name == "negative_authors") {
    const auto point = NegativeBinomialThreshold(number("expected"), number("dispersion"), 1 / number("one_in"));
    threshold = static_cast<double>(std::max<int64_t>(least_authors, point));
  } else if (name == "negative_share" || name == "negative_share_since_opening" || name == "surge_negative_share") {
    observed = number("count");
    threshold = static_cast<double>(BinomialThreshold(test["trials"], number("baseline_share"), 1 / number("one_in")));
    EXPECT_EQ(test["expected"], Rounded(number("trials") * number("baseline_share"))) << context;
  } else if (name.rfind("velocity", 0) == 0 || name == "surge_velocity") {
    observed = Rounded(number("count") / (window_s / 60) / number("expected"));
    if (name == "velocity_over_sector") threshold = Rounded(2 * std::max(1.0, sector["ratio"].get<double>()));
  } else if (name.rfind("negative_low", 0) == 0) {
    observed = Rounded(WilsonInterval(test["count"], test["trials"]).low);
    EXPECT_GE(threshold, number("baseline_share")) << context;
    if (name == "negative_low_over_sector") {
      const double shift = std::max(0.0, sector["negative_shift"].get<double>());
      threshold = Rounded(number("baseline_share") + shift + 0.05);
    }
  } else if (name == "negative_balance_since_onset") {
    // Negatives since onset are counted by another test of the signal.
    double negative = 0;
    for (const Json& other : data["tests"]) {
      if (other["name"] == "negative_low_since_onset") negative = other["count"];
    }
    const double balance = number("count") / number("trials");
    const double variance = (2 * negative - number("count")) / number("trials") - balance * balance;
    observed = Rounded(balance - kNormal95 * std::sqrt(variance / number("trials")));
    threshold = Rounded(number("expected") + 0.05);
  } else if (name == "silence" || name == "silence_over") {
    EXPECT_EQ(number("one_in"), 1e12) << context;
    observed = Rounded(window_s / 3'600);
    const double dispersion = number("dispersion");
    const double an_hour = number("expected") * (dispersion <= 1.0001 ? 1 : std::log(dispersion) / (dispersion - 1));
    threshold = Rounded(std::max(1.0, std::log(number("one_in")) / an_hour));
  } else if (name == "volume_24h") {
    observed = number("count");
    // The largest count of which so few are too unlikely, by its definition.
    int64_t fewer = 0;
    while (1 - NegativeBinomialTail(fewer, number("expected"), number("dispersion")) <= 1 / number("one_in")) ++fewer;
    threshold = std::min(std::floor(0.4 * number("expected")) + 1, static_cast<double>(fewer - 1));
  } else if (name == "surge_score") {
    const double variance = std::max(number("dispersion") * number("expected"), (number("expected") + 1) / 4);
    observed = Rounded((number("count") - number("expected")) / std::sqrt(variance));
    EXPECT_EQ(data["velocity"]["score"], observed) << context;
  }
  EXPECT_EQ(test["observed"], observed) << context;
  EXPECT_EQ(test["threshold"], threshold) << context;
  return test["below"] ? observed < threshold : observed >= threshold;
}

RatioCalibration CalibrationOf(const Json& json) {
  RatioCalibration calibration;
  if (json.is_null()) return calibration;
  const auto measure = [](const Json& of) {
    return RatioCalibration::Measure{.mean = of["mean"], .variance = of["variance"], .error = of["error"]};
  };
  calibration.kind = json["kind"] == "own" ? RatioCalibration::Kind::kOwn : RatioCalibration::Kind::kShipped;
  calibration.negative = measure(json["of_negative"]);
  calibration.other = measure(json["of_other"]);
  return calibration;
}

// None, shipped or own, by turns.
RatioCalibration SomeCalibration(uint64_t seed) {
  RatioCalibration calibration;
  calibration.kind = static_cast<RatioCalibration::Kind>(seed % 3);
  calibration.name = "some";
  calibration.negative = {.mean = 0.541234567, .variance = 0.086, .error = 0.000509123};
  calibration.other = {.mean = 0.155, .variance = 0.041, .error = 0.000313};
  calibration.negatives = 169;
  calibration.others = 131;
  return calibration;
}

void CheckSignal(const Signal& signal) {
  const std::string line = RenderStructuredCloudEvent(signal, std::nullopt);
  EXPECT_EQ(SchemaErrors(line), "");
  if (signal.post_crisis) {
    EXPECT_EQ(SchemaErrors(RenderPostCrisis(signal), "deploy/schemas/post-crisis.schema.json"), "");
  }
  const Json data = Json::parse(line)["data"];
  const int64_t least_authors = data["quality"]["baseline"] == "ready" ? 8 : 30;
  for (const Json& test : data["tests"]) {
    EXPECT_EQ(Recompute(test, data, least_authors), test["passed"]) << test.dump();
  }
  const Json& sentiment = data["sentiment"];
  const int64_t negative = sentiment["negative"];
  const int64_t classified = negative + sentiment["neutral"].get<int64_t>() + sentiment["positive"].get<int64_t>();
  if (classified > 0) {
    const RatioEstimate estimate = EstimateRatio({.classified = classified,
                                                  .negative = negative,
                                                  .rated = sentiment["rated"],
                                                  .rated_negative = sentiment["rated_negative"],
                                                  .negativity = sentiment["negativity"]},
                                                 CalibrationOf(sentiment["calibration"]));
    EXPECT_EQ(sentiment["negative_ratio"], Rounded(static_cast<double>(negative) / static_cast<double>(classified)));
    EXPECT_EQ(sentiment["low"], Rounded(estimate.interval.low));
    EXPECT_EQ(sentiment["high"], Rounded(estimate.interval.high));
    EXPECT_EQ(sentiment["corrected"].is_null(), !estimate.corrected.has_value());
    if (estimate.corrected.has_value()) {
      EXPECT_EQ(sentiment["corrected"], Rounded(*estimate.corrected));
    }
  }
  const Json& velocity = data["velocity"];
  const auto is_score = [](const Json& test) { return test["name"] == "surge_score"; };
  EXPECT_EQ(std::any_of(data["tests"].begin(), data["tests"].end(), is_score), !velocity["score"].is_null());
  if (!velocity["ratio"].is_null()) {
    EXPECT_EQ(velocity["ratio"], Rounded(velocity["per_minute"].get<double>() / velocity["expected"].get<double>()));
  }
  EXPECT_EQ(data["volume"]["mentions"], classified + sentiment["unclassified"].get<int64_t>());
  EXPECT_FALSE(data["summary"].get<std::string>().empty());
  EXPECT_FALSE(data["level_reasons"].empty());
}

TEST(ScenarioTest, EverySignalValidatesAndCanBeRecomputedFromItsOwnFields) {
  int64_t signals = 0;
  for (const double share : {0.1, 0.3, 0.6}) {
    SimulatedCourse course;
    const auto height = [](double minute) {
      const double since = minute - 30 * 60;
      return since < 0 ? 0.0 : since < 90 ? std::min(1.0, since / 20) : std::pow(1 + (since - 90) / 15, -1.5);
    };
    course.rate = [height](double minute) { return 2 + 23 * height(minute); };
    course.share = [height, share](double minute) { return 0.1 + (share - 0.1) * height(minute); };
    course.true_positive = 0.75;
    course.false_positive = 0.1;
    course.repost_share = 0.3;
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SimulatedMentions mentions(course, seed);
      SimulatedBrand brand;
      brand.options().calibration = SomeCalibration(seed);
      if (seed % 2 == 0) brand.evidence().set_sector({{1.1, 0.02}, {1.4123456, 0.0312345}, {2.5, -0.1}});
      brand.Run(&mentions, 0, 44 * 60);
      for (const Signal& signal : brand.signals()) {
        SCOPED_TRACE(SignalId(signal));
        CheckSignal(signal);
        ++signals;
      }
    }
  }
  EXPECT_GE(signals, 30);
}

TEST(ScenarioTest, EveryFeedNoticeValidatesAndCanBeRecomputedFromItsOwnFields) {
  std::set<std::string> told;
  for (const double rate : {0.1, 0.5, 2.0, 10.0}) {
    SimulatedCourse course;
    course.rate = [rate](double minute) {
      if (minute < 3 * 1'440) return rate;
      return minute < 4 * 1'440 ? 0.0 : (minute < 6 * 1'440 ? rate : rate / 5);
    };
    course.share = [](double) { return 0.1; };
    SimulatedMentions mentions(course, 7);
    SimulatedBrand brand;
    brand.Run(&mentions, 0, 8 * 1'440);
    for (const Signal& signal : brand.signals()) {
      SCOPED_TRACE(SignalId(signal));
      CheckSignal(signal);
      if (signal.kind == SignalKind::kFeedHealth) told.insert(signal.tests.front().name);
    }
  }
  EXPECT_EQ(told, (std::set<std::string>{"silence", "silence_over", "volume_24h"}));
}

}  // namespace
}  // namespace tocsin
