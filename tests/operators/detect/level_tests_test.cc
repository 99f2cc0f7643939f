#include "operators/detect/level_tests.h"

#include <string>

#include "gtest/gtest.h"
#include "operators/detect/tail.h"

namespace tocsin {
namespace {

const RuleBook kBook;

// Two mentions a minute, a tenth of them negative, for `bins` bins.
BrandBaseline SteadyBaseline(int64_t bins) {
  BrandBaseline baseline(300'000, 86'400'000);
  BaselineSample sample;
  sample.mentions_hour = 120;
  sample.negative_authors = {1, 3, 12};
  sample.classified = 10;
  sample.negative = 1;
  sample.positive = 2;
  for (int64_t bin = 0; bin < bins; ++bin) baseline.Add(sample);
  return baseline;
}

CourseEvidence StormEvidence() {
  CourseEvidence storm;
  storm.ten_minutes = {100, 60, 100};
  storm.half_hour = {330, 200, 330};
  storm.hour = {660, 400, 660};
  storm.two_hours = {2'400, 1'500, 2'400};
  storm.since_onset = {660, 400, 660};
  storm.since_onset_s = 3'600;
  storm.negative_authors = 300;
  return storm;
}

TEST(LevelTestsTest, LevelsFollowTheTable) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  ASSERT_EQ(ExpectedPerMinute(baseline), 2);
  EXPECT_EQ(DecideLevel(CourseEvidence(), kBook, baseline).level, 1);

  CourseEvidence storm = StormEvidence();
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 5);
  storm.two_hours = {800, 500, 800};  // V = 3.3
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 4);
  storm.hour = {500, 300, 500};  // V = 4.2
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 3);
  storm.half_hour = {330, 70, 330};  // N = 0.17, not 15 points over 0.1
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 2);
  storm.ten_minutes.mentions = 59;  // V = 2.95
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1);
  storm.ten_minutes.mentions = 60;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 2);
  storm.negative_authors = 19;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1);
  storm.negative_authors = 20;
  storm.since_onset = {660, 80, 660};  // N = 0.098
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1);
}

// Of the storm's mentions 400 of 660 are negative, 0.57 at least, and ten minutes have five times the usual.
TEST(LevelTestsTest, ABrandMustStandOutOfASectorThatRises) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence storm = StormEvidence();
  const auto level = [&](int64_t brands, double ratio, double shift) {
    storm.sector = {brands, ratio, shift};
    return DecideLevel(storm, kBook, baseline).tested_level;
  };
  EXPECT_EQ(level(4, 1, 0), 5);
  EXPECT_EQ(level(4, 2.5, 0.5), 5) << "twice as much as the sector";
  EXPECT_EQ(level(4, 2.6, 0.5), 1);
  EXPECT_EQ(level(4, 2.6, 0.4), 5) << "much more negative than the sector";
  EXPECT_EQ(level(1, 2.6, 0.5), 5) << "one other brand is no sector";
  EXPECT_EQ(level(4, 0.2, -0.3), 5) << "a sector that is calmer than usual does not make a crisis of its brands";

  const LevelDecision decision = (level(4, 2.6, 0.5), DecideLevel(storm, kBook, baseline));
  EXPECT_EQ(decision.next_tests.size(), 5U) << "and no balance, which is not known here";
  EXPECT_EQ(decision.next_tests.back().threshold, 0.6501) << "0.1001 + 0.5 + 0.05";
  storm.sector = {4, 2.6, 0.4};
  for (const SignalTest& test : DecideLevel(storm, kBook, baseline).next_tests) {
    EXPECT_NE(test.name, "velocity_over_sector") << "one of the two is enough";
  }
}

TEST(LevelTestsTest, WhereBothSidesGrowThereIsNoCrisis) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  ASSERT_TRUE(baseline.knows_balance());
  ASSERT_NEAR(baseline.NegativeBalance(), -0.1, 1e-3);  // a tenth negative, a fifth positive
  CourseEvidence storm = StormEvidence();
  storm.since_onset = {660, 200, 660};
  // (200 - 192) / 660 = 0.0121, less 1.96 sqrt((392 / 660 - 0.0121^2) / 660): -0.0467, over -0.1 + 0.05.
  storm.positive = 192;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 5);
  storm.positive = 196;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1);
  storm.positive = std::nullopt;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 5)
      << "not asked of an incident that began before it was counted";
}

TEST(LevelTestsTest, WhatFollowsTheOpeningMustBeAsNegativeByItself) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  const auto passes = [&](int64_t negative, int64_t classified, double of_sector = 0) {
    return AllPassed(FreshTests({classified, negative, classified}, 300, of_sector, kBook, baseline));
  };
  EXPECT_TRUE(passes(10, 25));
  EXPECT_FALSE(passes(260, 2'000)) << "too many for chance, yet not five points over the usual";
  EXPECT_FALSE(passes(2, 4)) << "five points over the usual, yet no more than chance gives";
  EXPECT_FALSE(passes(10, 25, 0.2)) << "no more negative than the whole sector";
  EXPECT_TRUE(passes(20, 25, 0.2));
}

TEST(LevelTestsTest, TheSectorsShareIsLeftToItUnlessTheBrandStandsOutByVolume) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence storm = StormEvidence();
  EXPECT_EQ(LeftToSector(DecideLevel(storm, kBook, baseline)), 0) << "no sector";
  storm.sector = SectorOf({{1, 0.1}, {1, 0.15}, {1, 0.2}});
  EXPECT_EQ(LeftToSector(DecideLevel(storm, kBook, baseline)), 0) << "it has risen and the others have not";
  storm.sector = SectorOf({{100, 0.1}, {100, 0.15}, {100, 0.2}});
  EXPECT_EQ(LeftToSector(DecideLevel(storm, kBook, baseline)), 0.15);
  storm.sector = SectorOf({{100, -0.1}, {100, -0.15}, {100, -0.2}});
  EXPECT_EQ(LeftToSector(DecideLevel(storm, kBook, baseline)), 0) << "a sector that is happier explains nothing";
}

TEST(LevelTestsTest, SafetyOrBreachMakesACrisisSevere) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence storm = StormEvidence();
  storm.hour = storm.two_hours = {500, 300, 500};
  storm.safety_or_breach_authors = 59;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 3);
  storm.safety_or_breach_authors = 60;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 5);
}

TEST(LevelTestsTest, RaisesLiftByOneAndNeverGate) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence storm = StormEvidence();
  storm.hour = storm.two_hours = {500, 300, 500};
  storm.high_reach_negatives = 1;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 4);
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).tested_level, 3);
  storm.second_network_negatives = 100;
  storm.call_to_action_authors = 100;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 4) << "all together still by one";
  storm.ten_minutes.mentions = 0;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1) << "a raise alone is no crisis";
}

TEST(LevelTestsTest, ABrandsOwnThresholdsTakeTheRulesPlace) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence rise;
  rise.ten_minutes = {44, 20, 44};  // V = 2.2
  rise.since_onset = {44, 20, 44};  // N = 0.317
  rise.since_onset_s = 600;
  rise.negative_authors = 12;
  const auto level = [&](const BrandThresholds& own) {
    return DecideLevel(rise, MakeRuleBook(kFalseAlarms, own), baseline).tested_level;
  };
  BrandThresholds own;
  EXPECT_EQ(level(own), 1);
  own.confirmed_velocity = 2.2;
  EXPECT_EQ(level(own), 1) << "twelve authors are not twenty";
  own.confirmed_authors = 12;
  EXPECT_EQ(level(own), 2);
  own.confirmed_margin = 0.21;
  EXPECT_EQ(level(own), 2);
  own.confirmed_margin = 0.22;
  EXPECT_EQ(level(own), 1) << "0.1001 + 0.22 is more than 0.317";
  own.confirmed_margin.reset();
  own.confirmed_velocity = 2.3;
  EXPECT_EQ(level(own), 1);

  const auto authors = [&](double budget, const BrandThresholds& thresholds) {
    return NegativeAuthorsThreshold(0, MakeRuleBook(budget, thresholds), baseline);
  };
  EXPECT_EQ(authors(kFalseAlarms, {.false_alarms = 0.1}), authors(0.1, {})) << "its own budget, not the common one";
  EXPECT_LT(authors(kFalseAlarms, {}), authors(0.1, {}));
  EXPECT_EQ(authors(kFalseAlarms, {.negative_authors = 50}), 50);
  // What ends an incident is never above what confirms one.
  CourseEvidence calm;
  calm.two_hours = {200, 25, 200};  // N = 0.086
  EXPECT_TRUE(AllPassed(CalmTests(calm, kBook, baseline)));
  calm.two_hours = {200, 38, 200};  // N = 0.142
  EXPECT_TRUE(AllPassed(CalmTests(calm, kBook, baseline)));
  EXPECT_FALSE(AllPassed(CalmTests(calm, MakeRuleBook(kFalseAlarms, {.confirmed_margin = 0.03}), baseline)));
}

TEST(LevelTestsTest, WhileABrandLearnsItsOwnThresholdsCanOnlyRaiseTheRules) {
  const RuleBook low = MakeRuleBook(kFalseAlarms, {.negative_authors = 3, .confirmed_authors = 5});
  EXPECT_EQ(low.ready.least_negative_authors, 3);
  EXPECT_EQ(low.ready.confirmed_authors, 5);
  EXPECT_EQ(low.learning.least_negative_authors, kBook.learning.least_negative_authors);
  EXPECT_EQ(low.learning.confirmed_authors, kBook.learning.confirmed_authors);
  const RuleBook high = MakeRuleBook(kFalseAlarms, {.negative_authors = 300, .confirmed_authors = 500});
  EXPECT_EQ(high.learning.least_negative_authors, 300);
  EXPECT_EQ(high.learning.confirmed_authors, 500);
}

TEST(LevelTestsTest, AHistoryOfCrisesRaisesAConfirmedOneByOne) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  CourseEvidence storm = StormEvidence();
  storm.hour = storm.two_hours = {500, 300, 500};
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 3);
  storm.past_crises = 0;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 3) << "those to come do not count";
  storm.past_crises = 2;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 4);
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).tests.back().name, "raise_crisis_history");
  storm.ten_minutes.mentions = 0;
  EXPECT_EQ(DecideLevel(storm, kBook, baseline).level, 1) << "a raise alone is no crisis";
}

TEST(LevelTestsTest, LearningRulesAreWider) {
  const BrandBaseline learning = SteadyBaseline(100);
  const BrandBaseline ready = SteadyBaseline(3'000);
  ASSERT_FALSE(learning.ready());
  for (size_t window = 0; window < kDecisionWindows; ++window) {
    EXPECT_GE(NegativeAuthorsThreshold(window, kBook, learning), 30);
    EXPECT_GT(NegativeAuthorsThreshold(window, kBook, learning), NegativeAuthorsThreshold(window, kBook, ready));
  }
  CourseEvidence storm = StormEvidence();
  storm.ten_minutes.mentions = 100;  // V = 5
  EXPECT_EQ(DecideLevel(storm, kBook, learning).level, 1);
  storm.ten_minutes.mentions = 120;  // V = 6
  EXPECT_GE(DecideLevel(storm, kBook, learning).level, 2);
}

TEST(LevelTestsTest, GatesNeverHideWhatTheThresholdWouldLetThrough) {
  for (const int64_t authors : {0, 1, 4, 40, 400, 4'000}) {
    for (const int64_t bins : {30, 60, 300, 3'000}) {
      BrandBaseline baseline(300'000, 86'400'000);
      for (int64_t bin = 0; bin < bins; ++bin) {
        BaselineSample sample;
        const int64_t wild = bin % 10 == 0 ? 5 * authors : authors / 2;
        sample.negative_authors = {wild, 3 * wild, 12 * wild};
        baseline.Add(sample);
      }
      if (!baseline.usable()) continue;
      for (size_t window = 0; window < kDecisionWindows; ++window) {
        for (const double false_alarms : {kFalseAlarmsRange.least, kFalseAlarms, kFalseAlarmsRange.most}) {
          const RuleBook book = MakeRuleBook(false_alarms, {.negative_authors = kNegativeAuthorsRange.least});
          EXPECT_LT(baseline.GateOfWindow(window), NegativeAuthorsThreshold(window, book, baseline))
              << authors << " " << bins << " " << false_alarms;
        }
      }
    }
  }
}

TEST(LevelTestsTest, AShareIsTestedAgainstChanceAtTheBaseline) {
  const BrandBaseline baseline = SteadyBaseline(3'000);
  const double q = baseline.NegativeShareTested();
  const int64_t threshold = BinomialThreshold(60, q, 1e-4);
  EXPECT_FALSE(NegativeShareTest("negative_share", 300, {60, threshold - 1, 60}, 10'000, baseline).passed);
  const SignalTest test = NegativeShareTest("negative_share", 300, {60, threshold, 60}, 10'000, baseline);
  EXPECT_TRUE(test.passed);
  EXPECT_EQ(test.trials, 60);
  EXPECT_EQ(test.baseline_share, q);
  EXPECT_FALSE(NegativeShareTest("negative_share", 300, {3, 3, 3}, 10'000, baseline).passed)
      << "three of three prove nothing at one in 10,000";
}

}  // namespace
}  // namespace tocsin
