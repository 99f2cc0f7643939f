#include "operators/incident/brand_monitor.h"
#include "engine/base/time_units.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kDay = 1'440;  // minutes
constexpr int64_t kOnset = 30 * 60;

// Thirty hours at two a minute, a storm at 25 a minute and 65 % negative for `storm_minutes`, then a power-law tail.
SimulatedCourse StormCourse(double storm_minutes) {
  SimulatedCourse course;
  const auto height = [storm_minutes](double minute) {
    if (minute < kOnset) return 0.0;
    const double after = minute - kOnset - storm_minutes;
    return after < 0 ? std::min(1.0, (minute - kOnset) / 20) : std::pow(1 + after / 15, -1.5);
  };
  course.rate = [height](double minute) { return 2 + 23 * height(minute); };
  course.share = [height](double minute) { return 0.1 + 0.55 * height(minute); };
  return course;
}

SimulatedCourse QuietCourse() {
  SimulatedCourse course;
  course.rate = [](double) { return 2.0; };
  course.share = [](double) { return 0.1; };
  return course;
}

std::vector<std::string> Rendered(const std::vector<Signal>& signals) {
  std::vector<std::string> lines;
  for (const Signal& signal : signals) {
    lines.push_back(RenderStructuredCloudEvent(signal, std::nullopt));
    if (signal.post_crisis) lines.push_back(RenderPostCrisis(signal));
  }
  return lines;
}

// Shows where two series of signals part, not all of both.
void ExpectSame(const std::vector<std::string>& actual, const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    const auto [a, e] = std::mismatch(actual[i].begin(), actual[i].end(), expected[i].begin(), expected[i].end());
    const auto from = static_cast<size_t>(std::max<int64_t>(0, a - actual[i].begin() - 100));
    ASSERT_TRUE(a == actual[i].end() && e == expected[i].end()) << "signal " << i << "\n"
                                                                << actual[i].substr(from, 200) << "\n"
                                                                << expected[i].substr(from, 200);
  }
  EXPECT_EQ(actual.size(), expected.size());
}

TEST(BrandMonitorTest, OneStormIsOneIncidentFromProvisionalToResolved) {
  SimulatedMentions mentions(StormCourse(60), 1);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset + 12 * 60);
  const std::vector<Signal>& signals = brand.signals();
  ASSERT_FALSE(signals.empty());
  EXPECT_THAT(IncidentStates(signals), ElementsAre(IncidentState::kProvisional, IncidentState::kConfirmed,
                                                   IncidentState::kEasing, IncidentState::kResolved));
  int64_t sequence = 0;
  for (const Signal& signal : signals) {
    EXPECT_EQ(signal.kind, SignalKind::kCrisis);
    EXPECT_EQ(signal.incident_id, signals.front().incident_id);
    EXPECT_EQ(signal.sequence, ++sequence);
    EXPECT_EQ(signal.previous_level, sequence == 1 ? 0 : signals[static_cast<size_t>(sequence - 2)].level);
  }
  EXPECT_EQ(signals.front().message, SignalMessage::kAlert);
  EXPECT_EQ(signals.front().incident_id, IncidentId("united", *signals.front().times.onset_ms));
  EXPECT_EQ(signals.back().message, SignalMessage::kResolve);
  EXPECT_EQ(signals.back().level, 0);
  EXPECT_FALSE(brand.monitor().has_open_incident());
  ASSERT_TRUE(signals.back().post_crisis.has_value());
  EXPECT_GE(signals.back().post_crisis->highest_level, 4);
  EXPECT_GT(signals.back().post_crisis->mentions, 1'000);
  EXPECT_EQ(signals.back().post_crisis->timeline.back().state, IncidentState::kResolved);
}

TEST(BrandMonitorTest, WhatTheWholeSectorDoesStaysProvisionalUntilTheBrandStandsOut) {
  SimulatedMentions mentions(StormCourse(120), 1);
  SimulatedBrand brand;
  brand.evidence().set_sector({{11, 0.5}, {12, 0.6}, {13, 0.55}});
  brand.Run(&mentions, 0, kOnset + 60);
  ASSERT_FALSE(brand.signals().empty());
  EXPECT_THAT(IncidentStates(brand.signals()), ElementsAre(IncidentState::kProvisional));
  const Signal& last = brand.signals().back();
  EXPECT_EQ(last.sector.brands, 3);
  EXPECT_EQ(last.sector.ratio, 12);
  EXPECT_EQ(last.sector.negative_shift, 0.55);
  EXPECT_EQ(last.type.name, "spillover");
  const auto over = std::ranges::find(last.tests, "velocity_over_sector", &SignalTest::name);
  ASSERT_NE(over, last.tests.end());
  EXPECT_NEAR(last.type.confidence, std::min(1.0, 12 / over->observed), 1e-4);
  EXPECT_THAT(last.missing_for_next_level,
              ElementsAre(HasSubstr("24 times would stand out of the sector"), HasSubstr("stand out of the sector")));

  brand.evidence().set_sector({{11, 0.5}, {2, 0.1}, {1, 0}});
  brand.Run(&mentions, kOnset + 60, kOnset + 75);
  EXPECT_THAT(IncidentStates(brand.signals()), ElementsAre(IncidentState::kProvisional, IncidentState::kConfirmed));
  EXPECT_EQ(brand.signals().back().type.name, "unknown") << "now it is the brand's own";
  // What is confirmed stays so when the sector follows.
  brand.evidence().set_sector({{11, 0.5}, {12, 0.6}, {13, 0.55}});
  brand.Run(&mentions, kOnset + 75, kOnset + 110);
  EXPECT_EQ(IncidentStates(brand.signals()).size(), 2U);
}

TEST(BrandMonitorTest, ACrowdThatCheersAndCursesIsNotConfirmed) {
  // 1 in 10 is negative and 27 in 100 are positive before; then 25 and 70.
  SimulatedCourse course = StormCourse(120);
  course.share = [](double minute) { return minute < kOnset ? 0.1 : 0.25; };
  for (const bool crowd : {false, true}) {
    SimulatedMentions posts(course, 1);
    SimulatedBrand brand;
    brand.Run(&posts, 0, kOnset);
    for (int64_t minute = kOnset; minute < kOnset + 90; ++minute) {
      std::vector<HeldMention> rows;
      posts.Minute(minute, &rows);
      for (HeldMention& row : rows) {
        if (crowd && row.sentiment == SentimentClass::kNeutral) row.sentiment = SentimentClass::kPositive;
        brand.Add(row);
      }
      brand.RunTo(kSimulationStartMs + (minute + 1) * 60'000);
    }
    const std::vector<IncidentState> states = IncidentStates(brand.signals());
    EXPECT_EQ(std::count(states.begin(), states.end(), IncidentState::kConfirmed), crowd ? 0 : 1);
    EXPECT_EQ(std::count(states.begin(), states.end(), IncidentState::kProvisional), 1);
  }
}

// Goal: leaving out slide ends at which nothing is due changes nothing. Method: both ways over a course with idle days.
TEST(BrandMonitorTest, LeavingOutIdleSlidesGivesTheSameSignalsAndState) {
  for (const uint64_t seed : {1U, 2U, 3U}) {
    SimulatedCourse course = StormCourse(40);
    const auto rate = course.rate;
    // A brand that is hardly named before and after: most hours are empty.
    course.rate = [rate, seed](double minute) {
      if (seed == 3) return rate(minute);
      return minute < kOnset ? 0.02 : rate(minute) - 1.99;
    };
    SimulatedMentions one(course, seed);
    SimulatedMentions other(course, seed);
    SimulatedBrand every(SimulatedBrand::Evaluation::kEverySlide);
    SimulatedBrand due(SimulatedBrand::Evaluation::kWhenDue);
    every.Run(&one, 0, kOnset + kDay);
    due.Run(&other, 0, kOnset + kDay);
    for (SimulatedBrand* brand : {&every, &due}) {
      brand->Add(PlainMention(kSimulationStartMs + (kOnset + kDay) * kMinuteMs + 1, 1, SentimentClass::kNeutral));
      brand->RunTo(kSimulationStartMs + (kOnset + kDay) * kMinuteMs + 5'000);
    }
    EXPECT_FALSE(every.signals().empty());
    ExpectSame(Rendered(due.signals()), Rendered(every.signals()));
    EXPECT_TRUE(due.Encoded() == every.Encoded()) << seed;
    EXPECT_LT(due.evaluations(), every.evaluations());
  }
}

TEST(BrandMonitorTest, ContinuesIdenticallyFromItsEncodingAtAnyMinute) {
  SimulatedMentions one(StormCourse(40), 5);
  SimulatedMentions other(StormCourse(40), 5);
  SimulatedBrand straight;
  SimulatedBrand reloaded;
  straight.Run(&one, 0, kOnset + 10 * 60);
  for (int64_t minute = 0; minute < kOnset + 10 * 60; ++minute) {
    reloaded.Run(&other, minute, minute + 1);
    if (minute >= kOnset || minute % 50 == 0) reloaded.Reload();
  }
  EXPECT_FALSE(straight.signals().empty());
  ExpectSame(Rendered(reloaded.signals()), Rendered(straight.signals()));
  EXPECT_TRUE(reloaded.Encoded() == straight.Encoded());
}

TEST(BrandMonitorTest, TheOrderOfArrivalChangesNothing) {
  std::vector<std::vector<std::string>> results;
  for (const uint64_t shuffle : {0U, 1U, 2U}) {
    SimulatedMentions mentions(StormCourse(40), 6);
    std::mt19937_64 random(shuffle);
    SimulatedBrand brand;
    std::vector<HeldMention> batch;
    for (int64_t minute = 0; minute < kOnset + 6 * 60; ++minute) {
      mentions.Minute(minute, &batch);
      // Up to three minutes are on their way at once.
      if (minute % 3 != 2) continue;
      if (shuffle > 0) std::shuffle(batch.begin(), batch.end(), random);
      for (const HeldMention& mention : batch) brand.Add(mention);
      batch.clear();
      brand.RunTo(kSimulationStartMs + (minute + 1) * kMinuteMs);
    }
    results.push_back(Rendered(brand.signals()));
  }
  EXPECT_FALSE(results[0].empty());
  ExpectSame(results[1], results[0]);
  ExpectSame(results[2], results[0]);
}

TEST(BrandMonitorTest, MissingDataNeverResolvesAnIncident) {
  SimulatedMentions mentions(StormCourse(60), 9);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset + 60);
  ASSERT_TRUE(brand.monitor().has_open_incident());
  brand.quality().sources_complete = 3;
  brand.Run(&mentions, kOnset + 60, kOnset + 2 * kDay);
  EXPECT_TRUE(brand.monitor().has_open_incident()) << "3 of 4 sources for two days";
  brand.quality().sources_complete = 4;
  brand.Run(&mentions, kOnset + 2 * kDay, kOnset + 2 * kDay + 110);
  EXPECT_TRUE(brand.monitor().has_open_incident()) << "whole for less than two hours";
  brand.Run(&mentions, kOnset + 2 * kDay + 110, kOnset + 2 * kDay + 240);
  EXPECT_FALSE(brand.monitor().has_open_incident());
}

TEST(BrandMonitorTest, SilenceWhereMuchIsExpectedIsMissingDataToo) {
  SimulatedCourse course = StormCourse(60);
  const auto rate = course.rate;
  course.rate = [rate](double minute) { return minute > kOnset + 60 && minute < kOnset + kDay ? 0.0 : rate(minute); };
  SimulatedMentions mentions(course, 9);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset + kDay);
  EXPECT_TRUE(brand.monitor().has_open_incident()) << "not one mention for 23 hours, all sources said to be there";
  brand.Run(&mentions, kOnset + kDay, kOnset + kDay + 240);
  EXPECT_FALSE(brand.monitor().has_open_incident());
}

TEST(BrandMonitorTest, ARelapseWithinTwelveHoursKeepsTheIncident) {
  for (const int64_t gap_hours : {6, 40}) {
    SimulatedCourse course = StormCourse(40);
    const int64_t second = kOnset + gap_hours * 60 + 240;
    const auto rate = course.rate;
    const auto share = course.share;
    const auto again = [second](double minute) { return minute >= static_cast<double>(second); };
    course.rate = [rate, again, second](double minute) {
      return again(minute) ? rate(minute - static_cast<double>(second) + kOnset) : rate(minute);
    };
    course.share = [share, again, second](double minute) {
      return again(minute) ? share(minute - static_cast<double>(second) + kOnset) : share(minute);
    };
    SimulatedMentions mentions(course, 10);
    SimulatedBrand brand;
    brand.Run(&mentions, 0, second + 600);
    std::set<std::string> ids;
    int64_t alerts = 0;
    int64_t resolutions = 0;
    for (const Signal& signal : brand.signals()) {
      if (signal.kind != SignalKind::kCrisis) continue;
      ids.insert(signal.incident_id);
      alerts += signal.message == SignalMessage::kAlert ? 1 : 0;
      resolutions += signal.message == SignalMessage::kResolve ? 1 : 0;
    }
    EXPECT_EQ(alerts, 2) << gap_hours;
    EXPECT_EQ(resolutions, 2) << gap_hours;
    EXPECT_EQ(ids.size(), gap_hours == 6 ? 1U : 2U) << gap_hours;
  }
}

TEST(BrandMonitorTest, UpdatesComeAtWideningIntervalsAndLevelRisesAtOnce) {
  SimulatedMentions mentions(StormCourse(20 * 60), 11);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset + 20 * 60);
  int64_t last = 0;
  std::vector<int64_t> gaps;
  for (const Signal& signal : brand.signals()) {
    const int64_t minute = signal.times.window_end_ms / kMinuteMs;
    if (signal.message == SignalMessage::kUpdate && signal.level == signal.previous_level &&
        signal.state == IncidentState::kConfirmed) {
      gaps.push_back(minute - last);
    }
    last = minute;
    ASSERT_TRUE(signal.route.next_update_by_ms.has_value());
    EXPECT_GT(*signal.route.next_update_by_ms, signal.times.window_end_ms);
  }
  ASSERT_GE(gaps.size(), 3U);
  EXPECT_THAT(std::vector<int64_t>(gaps.end() - 3, gaps.end()), ElementsAre(30, 120, 360)) << "then 24 hours";
  EXPECT_EQ(brand.monitor().level(), 5);
}

TEST(BrandMonitorTest, ABaselineIsTakenAsItWasAndNothingElse) {
  for (const bool in_crisis : {false, true}) {
    SimulatedMentions mentions(StormCourse(600), 14);
    SimulatedBrand history;
    history.Run(&mentions, 0, in_crisis ? kOnset + 240 : kOnset - 60);
    ASSERT_EQ(history.monitor().has_open_incident(), in_crisis);
    const double expected = history.monitor().ExpectedPerMinute();
    SimulatedBrand brand;
    brand.monitor().TakeBaseline(history.monitor(), history.windows().end_ms());
    EXPECT_TRUE(brand.monitor().baseline_ready());
    EXPECT_FALSE(brand.monitor().has_open_incident());
    EXPECT_EQ(brand.monitor().NextDueMs(), INT64_MAX) << "nothing is known of it yet";
    EXPECT_EQ(brand.monitor().ExpectedPerMinute(), expected);
    // However long ago that was, the time between was no silence.
    SimulatedMentions later(QuietCourse(), 15);
    brand.RunTo(kSimulationStartMs + 30 * kDayMs);
    brand.Run(&later, 30 * kDay, 30 * kDay + 60);
    EXPECT_NEAR(brand.monitor().ExpectedPerMinute(), expected, 0.05 * expected);
  }
}

TEST(BrandMonitorTest, ABaselineIsTakenWithTheSilenceAtItsEnd) {
  SimulatedMentions mentions(QuietCourse(), 16);
  SimulatedBrand silent;
  silent.Run(&mentions, 0, kOnset - 1'200);
  const double before = silent.monitor().ExpectedPerMinute();
  silent.RunTo(kSimulationStartMs + kOnset * kMinuteMs);
  SimulatedBrand brand;
  brand.monitor().TakeBaseline(silent.monitor(), kSimulationStartMs + kOnset * kMinuteMs);
  EXPECT_LT(brand.monitor().ExpectedPerMinute(), 0.9 * before) << "twenty hours without a mention";
}

TEST(BrandMonitorTest, TheBrandsOwnResponseIsMeasured) {
  SimulatedMentions mentions(StormCourse(60), 12);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset);
  const int64_t response_ms = kSimulationStartMs + (kOnset + 45) * kMinuteMs;
  // Known before it is due, and told twice: it still counts once, from its own time on.
  brand.monitor().AddOfficial(response_ms + kMinuteMs, "second");
  brand.monitor().AddOfficial(response_ms, "first");
  brand.monitor().AddOfficial(response_ms, "first");
  brand.Run(&mentions, kOnset, kOnset + 10 * 60);
  for (const Signal& signal : brand.signals()) {
    const bool answered = signal.times.window_end_ms > response_ms + kMinuteMs;
    EXPECT_EQ(signal.response.official_posts, answered ? 2 : 0);
    EXPECT_EQ(signal.response.first_official_post, answered ? "first" : "");
    if (answered) {
      EXPECT_EQ(*signal.response.minutes_to_respond,
                static_cast<double>(response_ms - *signal.times.onset_ms) / kMinuteMs);
    }
  }
  EXPECT_EQ(brand.signals().back().response.official_posts, 2);
}

TEST(BrandMonitorTest, ABrandWithoutHistorySaysLearningAndIsHardToAlarm) {
  SimulatedCourse course;
  course.rate = [](double minute) { return minute < 8 * 60 ? 2.0 : 25.0; };
  course.share = [](double minute) { return minute < 8 * 60 ? 0.1 : 0.65; };
  SimulatedMentions mentions(course, 13);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, 120);
  EXPECT_LT(brand.monitor().ExpectedPerMinute(), 0) << "two hours tell nothing yet";
  brand.Run(&mentions, 120, 12 * 60);
  ASSERT_FALSE(brand.signals().empty()) << "a large crisis is found even so";
  for (const Signal& signal : brand.signals()) EXPECT_FALSE(signal.quality.baseline_ready);
  EXPECT_GE(brand.signals().front().volume.negative_authors, 30);

  SimulatedCourse morning;
  morning.rate = [](double minute) { return minute < 8 * 60 ? 2.0 : 8.0; };
  morning.share = [](double) { return 0.2; };
  SimulatedMentions quiet(morning, 14);
  SimulatedBrand learner;
  learner.Run(&quiet, 0, 20 * 60);
  EXPECT_THAT(learner.signals(), ::testing::IsEmpty()) << "a night-to-morning rise while learning";
}

// Thirty hours at twelve an hour, then `rate` a minute, of which nearly half complain.
SimulatedCourse SmallBrandsTrouble(double rate) {
  SimulatedCourse course;
  course.rate = [rate](double minute) { return minute < kOnset ? 0.2 : rate; };
  course.share = [](double minute) { return minute < kOnset ? 0.02 : 0.45; };
  course.size = 100;
  return course;
}

TEST(BrandMonitorTest, ASmallBrandMayHaveThresholdsOfItsOwn) {
  int64_t opened = 0, opened_by_own = 0, raised = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SimulatedBrand brand, own;
    // A crisis long ago, and this one, which someone has written down already.
    own.Define({.false_alarms = 50, .negative_authors = 4, .confirmed_velocity = 1.5, .confirmed_authors = 8},
               {0, kSimulationStartMs + kDayMs});
    for (SimulatedBrand* each : {&brand, &own}) {
      SimulatedMentions mentions(SmallBrandsTrouble(0.22), seed);
      each->Run(&mentions, 0, kOnset + 60);
    }
    opened += static_cast<int64_t>(!IncidentStates(brand.signals()).empty());
    opened_by_own += static_cast<int64_t>(!IncidentStates(own.signals()).empty());
    for (const Signal& signal : own.signals()) {
      const auto history = std::ranges::find(signal.tests, "raise_crisis_history", &SignalTest::name);
      if (history == signal.tests.end()) continue;
      EXPECT_EQ(history->observed, 1);
      raised += static_cast<int64_t>(signal.level > kConfirmedLevel);
    }
  }
  EXPECT_GE(opened_by_own, 10);
  EXPECT_LE(2 * opened, opened_by_own) << "six complaints an hour are too few by the common rules";
  EXPECT_GE(raised, 1);
}

TEST(BrandMonitorTest, OwnThresholdsCountFromTheSlideAtWhichTheyCome) {
  int64_t opened = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    // Just behind a bin's end, whose threshold the monitor then knows.
    const int64_t change = kOnset + 21;
    std::vector<std::string> results[2];
    for (const bool reloads : {false, true}) {
      SimulatedMentions mentions(SmallBrandsTrouble(0.35), seed);
      SimulatedBrand brand;
      brand.Define({.false_alarms = 0.01, .negative_authors = 3});
      brand.Run(&mentions, 0, change);
      EXPECT_TRUE(IncidentStates(brand.signals()).empty()) << "seed " << seed;
      brand.Define({.false_alarms = 100, .negative_authors = 3});
      if (reloads) brand.Reload();
      brand.Run(&mentions, change, change + 4);
      results[reloads ? 1 : 0] = Rendered(brand.signals());
      if (!reloads) opened += static_cast<int64_t>(!IncidentStates(brand.signals()).empty());
    }
    ExpectSame(results[0], results[1]);
  }
  EXPECT_GE(opened, 1) << "within the bin in which they came";
}

TEST(BrandMonitorTest, FeedHealthIsANoticeOutsideAnyIncident) {
  SimulatedBrand brand;
  const Signal notice =
      brand.monitor().FeedHealthNotice(kSimulationStartMs, brand.quality(), "no record for 10 minutes");
  EXPECT_EQ(notice.kind, SignalKind::kFeedHealth);
  EXPECT_EQ(notice.sequence, 1);
  EXPECT_THAT(notice.level_reasons, ElementsAre("no record for 10 minutes"));
  EXPECT_EQ(brand.monitor().FeedHealthNotice(kSimulationStartMs, brand.quality(), "again").sequence, 2);
}

TEST(BrandMonitorTest, DamagedStateIsRefused) {
  SimulatedMentions mentions(StormCourse(60), 15);
  SimulatedBrand brand;
  brand.Run(&mentions, 0, kOnset + 60);
  const std::string bytes = brand.Encoded();
  for (size_t size = 0; size < bytes.size(); size += 101) {
    SimulatedBrand other;
    ByteReader reader(std::string_view{bytes}.substr(0, size));
    EXPECT_FALSE(other.monitor().Decode(&reader).ok()) << size;
  }
}

}  // namespace
}  // namespace tocsin
