#include "bench/quality/nab/nab_score.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using testing::ElementsAre;

double S(double y) { return 2 / (1 + std::exp(5 * y)) - 1; }

// 1,000 rows, of which the first 150 are probation; windows of 100 rows.
const std::vector<LabelledSeries> kSeries = {{1'000, {{300, 399}, {600, 699}}}};

TEST(NabScoreTest, NothingIsZeroAndTheFirstRowOfEachWindowIsAHundred) {
  EXPECT_THAT(ScoreAlarms(kSeries, {{}}).profiles, ElementsAre(0, 0, 0));
  const NabScore best = ScoreAlarms(kSeries, {{300, 600}});
  EXPECT_THAT(best.profiles, ElementsAre(100, 100, 100));
  EXPECT_EQ(best.hits, 2U);
  EXPECT_EQ(best.windows, 2U);
  EXPECT_EQ(best.false_alarms, 0U);
  EXPECT_EQ(best.scored_rows, 850U);
}

TEST(NabScoreTest, OnlyTheEarliestAlarmOfAWindowCountsAndLaterIsLess) {
  const NabScore once = ScoreAlarms(kSeries, {{350, 600}});
  EXPECT_THAT(ScoreAlarms(kSeries, {{350, 360, 399, 600}}).profiles, once.profiles);
  const double earned = 1 + S(-0.5) / S(-1);
  EXPECT_NEAR(once.profiles[0], 100 * (earned + 2) / 4, 1e-9);
  EXPECT_NEAR(once.profiles[2], 100 * (earned + 4) / 6, 1e-9);
}

TEST(NabScoreTest, FalseAlarmsCostMoreTheFurtherTheyAreFromTheWindowBefore) {
  const double perfect = 2;
  // Before any window the whole weight; behind one, its sigmoid.
  EXPECT_NEAR(ScoreAlarms(kSeries, {{200, 300, 600}}).profiles[0], 100 * (perfect - 0.11 + 2) / 4, 1e-9);
  EXPECT_NEAR(ScoreAlarms(kSeries, {{200, 300, 600}}).profiles[1], 100 * (perfect - 0.22 + 2) / 4, 1e-9);
  EXPECT_NEAR(ScoreAlarms(kSeries, {{300, 409, 600}}).profiles[0], 100 * (perfect + 0.11 * S(10.0 / 99) + 2) / 4, 1e-9);
  EXPECT_NEAR(ScoreAlarms(kSeries, {{300, 600, 999}}).profiles[0], 100 * (perfect - 0.11 + 2) / 4, 1e-5);
  EXPECT_EQ(ScoreAlarms(kSeries, {{200, 300, 409, 600, 999}}).false_alarms, 3U);
}

TEST(NabScoreTest, ProbationCountsForNothing) {
  EXPECT_THAT(ScoreAlarms(kSeries, {{0, 149, 300, 600}}).profiles, ElementsAre(100, 100, 100));
  // A window that begins in probation is hit by what comes behind it only; one that ends in it can't be missed.
  const std::vector<LabelledSeries> early = {{1'000, {{100, 199}}}};
  EXPECT_EQ(ScoreAlarms(early, {{120}}).hits, 0U);
  EXPECT_EQ(ScoreAlarms(early, {{150}}).hits, 1U);
  EXPECT_THAT(ScoreAlarms({{1'000, {{10, 20}, {300, 399}}}}, {{}}).profiles, ElementsAre(0, 0, 0));
}

TEST(NabScoreTest, SeriesAddUpBeforeTheyAreScaled) {
  const std::vector<LabelledSeries> two = {{1'000, {{300, 399}}}, {1'000, {{300, 399}, {500, 599}, {700, 799}}}};
  EXPECT_NEAR(ScoreAlarms(two, {{300}, {}}).profiles[0], 25, 1e-9);
  EXPECT_NEAR(ScoreAlarms(two, {{}, {300, 500, 700}}).profiles[0], 75, 1e-9);
}

}  // namespace
}  // namespace tocsin
