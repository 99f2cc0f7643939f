#include "operators/detect/count_series.h"

#include <cmath>
#include <random>
#include <vector>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr int64_t kBinMs = 5 * kMinuteMs;
constexpr int64_t kStartMs = 1'425'000'000'000;

// Over-dispersed counts with a day's rhythm, and bursts now and then.
std::vector<int64_t> RandomCounts(uint64_t seed, size_t bins, double rate = 8) {
  std::mt19937_64 random(seed);
  std::vector<int64_t> counts;
  double burst = 0;
  for (size_t bin = 0; bin < bins; ++bin) {
    if (std::uniform_int_distribution<int>(0, 500)(random) == 0) burst = 12;
    burst *= 0.97;
    const double day = 1 + 0.5 * std::sin(static_cast<double>(bin) * 2 * M_PI / 288);
    const double noise = std::gamma_distribution<double>(5, 0.2)(random);
    counts.push_back(std::poisson_distribution<int64_t>(rate * day * noise * (1 + burst))(random));
  }
  return counts;
}

std::vector<double> Scores(const std::vector<int64_t>& counts, int64_t row_ms = kBinMs) {
  CountSeries series({});
  std::vector<double> scores;
  for (size_t i = 0; i < counts.size(); ++i) {
    scores.push_back(series.Add(kStartMs + static_cast<int64_t>(i) * row_ms, counts[i]).value());
  }
  return scores;
}

std::vector<size_t> Alarms(const std::vector<double>& scores) {
  std::vector<size_t> alarms;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] >= 0.5) alarms.push_back(i);
  }
  return alarms;
}

// Of the bin at index `last`: everything anew from the counts, in long double.
long double NaiveScore(const std::vector<int64_t>& hours, size_t last) {
  // The first 11 hours are not full; 12 wait while learning, 36 after a day.
  const auto i = static_cast<int64_t>(last);
  const int64_t fed = std::max(std::min<int64_t>(i, 286) - 22, i - 46);
  if (i < 287 || fed < 144) return 0;
  long double mean = 0;
  long double variance = 0;
  for (int64_t n = 1; n <= fed; ++n) {
    const long double alpha = std::max(1 - std::pow(2.0L, -1.0L / 2016), 1.0L / static_cast<long double>(n));
    const long double d = static_cast<long double>(hours[static_cast<size_t>(10 + n)]) - mean;
    mean += alpha * d;
    variance = (1 - alpha) * (variance + alpha * d * d);
  }
  const auto hour = static_cast<long double>(hours[last]);
  if (hour < 2 * mean || hour < 20) return 0;
  return (hour - mean) / std::sqrt(std::max(variance, (mean + 1) / 4));
}

// Goal: alarms are those of C2-EWMA with the rules of a surge.
// Method: the formulas of docs/DETECTION.md computed anew for every row from all counts before it.
TEST(CountSeriesTest, AlarmsAreThoseOfTheFormula) {
  size_t alarms = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    const std::vector<int64_t> counts = RandomCounts(seed, 2'500, seed % 2 == 0 ? 1 : 20);
    const std::vector<double> scores = Scores(counts);
    std::vector<int64_t> hours;
    for (size_t i = 0; i < counts.size(); ++i) {
      int64_t hour = 0;
      for (size_t back = 0; back < 12 && back <= i; ++back) hour += counts[i - back];
      hours.push_back(hour);
    }
    int streak = 0;
    size_t rearm = 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      const long double z = NaiveScore(hours, i);
      streak = z >= 3.84L ? streak + 1 : 0;
      const bool fires = streak >= 2 && i >= rearm;
      ASSERT_EQ(scores[i] >= 0.5, fires) << "seed " << seed << ", row " << i;
      if (!fires) continue;
      rearm = i + 288;
      ++alarms;
      EXPECT_NEAR(scores[i], static_cast<double>(1 - 3.84L / (2 * z)), 2e-4) << i;
    }
  }
  EXPECT_GE(alarms, 10U);
}

TEST(CountSeriesTest, WhatComesLaterChangesNoScore) {
  const std::vector<int64_t> counts = RandomCounts(7, 2'000);
  const std::vector<double> whole = Scores(counts);
  std::vector<int64_t> other = counts;
  for (const std::ptrdiff_t cut : {1, 2, 300, 1'000, 1'999}) {
    for (auto i = static_cast<size_t>(cut); i < other.size(); ++i) other[i] = 40'000 - counts[i];
    const std::vector<double> changed = Scores(other);
    EXPECT_TRUE(std::equal(whole.begin(), whole.begin() + cut, changed.begin())) << cut;
    other = counts;
  }
}

TEST(CountSeriesTest, ScoresStayBelowOneHalfWithoutAnAlarm) {
  for (const double score : Scores(RandomCounts(8, 3'000))) {
    EXPECT_GE(score, 0);
    EXPECT_LT(score, 1);
    EXPECT_TRUE(score >= 0.5 || score <= 0.4999) << score;
  }
}

TEST(CountSeriesTest, TimesThatJitterByLessThanHalfARowChangeNothing) {
  const std::vector<int64_t> counts = RandomCounts(9, 3'000);
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> jitter(-kBinMs / 2 + 1, kBinMs / 2 - 1);
  CountSeriesOptions options;
  options.row_ms = kBinMs;
  CountSeries series(options);
  std::vector<double> scores;
  for (size_t i = 0; i < counts.size(); ++i) {
    const int64_t time_ms = kStartMs + static_cast<int64_t>(i) * kBinMs + (i == 0 ? 0 : jitter(random));
    scores.push_back(series.Add(time_ms, counts[i]).value());
  }
  EXPECT_EQ(scores, Scores(counts));
  EXPECT_FALSE(Alarms(scores).empty());
}

TEST(CountSeriesTest, RowsOfAMinuteAlarmWithTheLastRowOfTheBin) {
  const std::vector<int64_t> counts = RandomCounts(10, 3'000);
  std::vector<int64_t> minutes;
  for (const int64_t count : counts) {
    for (int64_t minute = 0; minute < 5; ++minute) minutes.push_back(count / 5 + (minute < count % 5 ? 1 : 0));
  }
  const std::vector<size_t> alarms = Alarms(Scores(counts));
  std::vector<size_t> expected;
  expected.reserve(alarms.size());
  for (const size_t bin : alarms) expected.push_back(bin * 5 + 4);
  EXPECT_FALSE(alarms.empty());
  EXPECT_EQ(Alarms(Scores(minutes, kMinuteMs)), expected);
}

TEST(CountSeriesTest, HoursAndDaysAreBinsOfTheirOwn) {
  for (const int64_t row_ms : {kHourMs, kDayMs}) {
    std::mt19937_64 random(11);
    std::vector<int64_t> counts(400);
    for (int64_t& count : counts) count = std::poisson_distribution<int64_t>(200)(random);
    EXPECT_TRUE(Alarms(Scores(counts, row_ms)).empty());
    for (const size_t row : {300U, 301U, 302U}) counts[row] += 500;
    // A day later the cooldown is over.
    const std::vector<size_t> expected = row_ms == kHourMs ? std::vector<size_t>{301} : std::vector<size_t>{301, 302};
    EXPECT_EQ(Alarms(Scores(counts, row_ms)), expected);
  }
}

TEST(CountSeriesTest, WhatIsNotKnownIsNeitherCountedNorDecidedAbout) {
  const std::vector<int64_t> counts = RandomCounts(12, 3'000);
  const std::vector<double> whole = Scores(counts);
  // The same counts with rows in between whose count is unknown, or that are absent.
  for (const bool absent : {false, true}) {
    CountSeries series({});
    std::vector<double> scores;
    int64_t time_ms = kStartMs;
    for (size_t i = 0; i < counts.size(); ++i, time_ms += kBinMs) {
      // The cooldown runs on while nothing is known, so the last alarm must not be pushed over a day.
      if (i == 400) {
        for (int row = 0; row < 30; ++row, time_ms += kBinMs) {
          if (absent) continue;
          EXPECT_EQ(series.Add(time_ms, std::nullopt).value(), 0);
        }
      }
      scores.push_back(series.Add(time_ms, counts[i]).value());
    }
    EXPECT_EQ(scores, whole) << absent;
  }
}

TEST(CountSeriesTest, AbsentRowsAreZeroIfAskedFor) {
  const std::vector<int64_t> counts = RandomCounts(13, 3'000, 0.3);
  CountSeriesOptions options;
  options.row_ms = kBinMs;
  options.absent_rows_are_zero = true;
  CountSeries series(options);
  std::vector<double> scores;
  std::vector<double> expected;
  const std::vector<double> whole = Scores(counts);
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0 && i > 0) continue;
    scores.push_back(series.Add(kStartMs + static_cast<int64_t>(i) * kBinMs, counts[i]).value());
    expected.push_back(whole[i]);
  }
  EXPECT_LT(scores.size(), counts.size() * 9 / 10);
  EXPECT_EQ(Alarms(scores), Alarms(expected));
}

TEST(CountSeriesTest, AClockThatIsSetBackChangesNothing) {
  const std::vector<int64_t> counts = RandomCounts(14, 3'000);
  CountSeries series({});
  std::vector<double> scores;
  for (size_t i = 0; i < counts.size(); ++i) {
    const int64_t set_back = i < 1'000 ? 0 : kHourMs;
    scores.push_back(series.Add(kStartMs + static_cast<int64_t>(i) * kBinMs - set_back, counts[i]).value());
  }
  EXPECT_EQ(scores, Scores(counts));
}

TEST(CountSeriesTest, RefusesWhatIsNoSeriesOfCountsAndTakesNothingOfIt) {
  CountSeries series({});
  ASSERT_TRUE(series.Add(kStartMs, 5).ok());
  ASSERT_TRUE(series.Add(kStartMs + kBinMs, 5).ok());
  EXPECT_THAT(series.Add(kStartMs + 2 * kBinMs, -1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("below zero")));
  EXPECT_THAT(series.Add(kStartMs + 2 * kBinMs, CountSeries::kMostInHour),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("in an hour")));
  EXPECT_THAT(series.Add(kStartMs - 3 * kHourMs, 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time goes back")));
  EXPECT_THAT(series.Add(kStartMs + 4'000 * kDayMs, 5),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time jumps")));
  EXPECT_TRUE(series.Add(kStartMs + 2 * kBinMs, 5).ok());
}

TEST(CountSeriesTest, TheLargestCountsDoNotOverflow) {
  CountSeries series({});
  size_t alarms = 0;
  for (int64_t i = 0; i < 3'000; ++i) {
    const int64_t count = i % 600 < 12 && i > 300 ? CountSeries::kMostInHour / 12 : 0;
    if (series.Add(kStartMs + i * kBinMs, count).value() >= 0.5) ++alarms;
  }
  EXPECT_GT(alarms, 0U);
}

}  // namespace
}  // namespace tocsin
