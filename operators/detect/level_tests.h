// The statistical tests behind the levels: pure functions from counts and a baseline to SignalTests.
//
// Everything that is compared is rounded as published first, so a test is recomputed from its own fields alone.
// Formulas and sources: docs/DETECTION.md. Pure functions, thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/time_units.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/detect/sector_course.h"
#include "operators/detect/thresholds.h"
#include "operators/signal/signal.h"

namespace tocsin {

inline constexpr int kWatchLevel = 1;
inline constexpr int kConfirmedLevel = 2;
inline constexpr int kHighestLevel = 5;

// Constants of the tests; the learning ones are wider, since the expectation is young.
struct LevelRules {
  int64_t least_negative_authors;  // of level 1, in a window
  int64_t authors_one_in;          // the count's point of the negative binomial
  int64_t share_one_in;            // that the share came about by chance, while the alarm is young
  int64_t late_share_one_in;       // the same later: hours of high volume are many tests
  double expected_factor;          // on the expectation of level 1
  double least_dispersion;
  double velocity_factor;     // on every V
  double confirmed_velocity;  // V of level 2, before the factor
  int64_t confirmed_authors;  // A of level 2
  double confirmed_margin;    // of shares over what is usual, level 2
};

// What one brand is held against: before its baseline is ready, and from then on.
struct RuleBook {
  LevelRules ready = {8, 100'000, 5'000, 100'000, 1, 1, 1, 3, 20, 0.05};
  LevelRules learning = {30, 100'000, 1'000'000, 1'000'000, 2, 4, 2, 3, 40, 0.05};

  const LevelRules& For(const BrandBaseline& baseline) const { return baseline.ready() ? ready : learning; }
};

// The rules for a budget (see kFalseAlarms, for which they are written) and what the brand has of its own. While it
// learns, no number of authors is less than that of the rules.
RuleBook MakeRuleBook(double false_alarms, const BrandThresholds& own);

// What velocity is measured against is never less than this, so that a brand that is hardly ever named has a finite V.
inline constexpr double kLeastExpectedPerMinute = 0.01;

// Mentions and sentiment of one stretch of time.
struct ShareCounts {
  int64_t mentions = 0;
  int64_t negative = 0;
  int64_t classified = 0;
};

// What level 1 looks at: the decision windows.
struct WindowEvidence {
  std::array<int64_t, kDecisionWindows> negative_authors =
      {};  // min(distinct authors, distinct texts) of negative originals
  std::array<ShareCounts, kDecisionWindows> shares = {};
};

// What levels 2 to 5 look at.
struct CourseEvidence {
  ShareCounts ten_minutes;
  ShareCounts half_hour;
  ShareCounts hour;
  ShareCounts two_hours;
  ShareCounts since_onset;
  int64_t since_onset_s = 0;
  std::optional<int64_t> positive;       // since onset; nullopt: not counted from its beginning
  std::optional<ShareCounts> originals;  // since onset without reposts; nullopt likewise
  SectorCourse sector;                   // the other brands', shares since onset
  int64_t negative_authors = 0;          // A: min(distinct authors, distinct texts) since onset
  int64_t safety_or_breach_authors = 0;  // negative authors who used such a term
  // For the raise.
  int64_t second_network_negatives = 0;  // negative originals on the network that has the second most
  int64_t high_reach_negatives = 0;      // negative originals by authors with at least 100,000 followers
  int64_t call_to_action_authors = 0;
  std::optional<int64_t> past_crises;  // of the brand's crisis history, before the onset; nullopt: it has none
};

// Rounded expectation of velocity; nullopt until the baseline is usable.
std::optional<double> ExpectedPerMinute(const BrandBaseline& baseline);

// Smallest number of negative authors that is too many for the window. REQUIRES: baseline.usable().
int64_t NegativeAuthorsThreshold(size_t window, const RuleBook& book, const BrandBaseline& baseline);

SignalTest NegativeAuthorsTest(size_t window, int64_t authors, int64_t threshold, const RuleBook& book,
                               const BrandBaseline& baseline);
// `one_in`: the share is too high if chance gives it at most once in so many.
SignalTest NegativeShareTest(std::string name, int64_t window_s, const ShareCounts& share, int64_t one_in,
                             const BrandBaseline& baseline);

// The tests of level 1, `negative_authors` and `negative_share` for each decision window in ascending order. A window
// fires if both pass.
std::vector<SignalTest> WatchTests(const WindowEvidence& evidence, int64_t share_one_in, const RuleBook& book,
                                   const BrandBaseline& baseline);

// Of level 2, at the second check: the mentions since the opening alone, which had no part in opening, must be negative
// beyond what chance gives once in a hundred, and by as much as those since the onset. Without these the same accident
// would open and confirm. `of_sector`: what of the share must be left to the sector, see LeftToSector.
std::vector<SignalTest> FreshTests(const ShareCounts& since_opening, int64_t since_opening_s, double of_sector,
                                   const RuleBook& book, const BrandBaseline& baseline);

// Of level 2, of which one must pass: the brand must stand out of its sector, by volume or by how negative it is. Empty
// unless the sector is known.
std::vector<SignalTest> SectorTests(const CourseEvidence& evidence, const BrandBaseline& baseline);

// The tests of levels 2 to 5, without those of the sector; those of level 5 come as {velocity, negative_low} and,
// behind, {safety_or_breach}, which with level 3 stands for them.
std::vector<SignalTest> TestsOfLevel(int level, const CourseEvidence& evidence, const RuleBook& book,
                                     const BrandBaseline& baseline);

// What ends an incident: volume and negative share over two hours, both `below`.
std::vector<SignalTest> CalmTests(const CourseEvidence& evidence, const RuleBook& book, const BrandBaseline& baseline);

// Constants of the surge alarm.
struct SurgeRules {
  double score = 3.84;           // of C2-EWMA, at the published operating point
  double velocity = 2;           // times the usual
  int64_t least_mentions = 20;   // in the hour
  int64_t checks = 2;            // in succession
  int64_t cooldown_ms = kDayMs;  // one event is told once
};

// The score of the hour's volume, C2-EWMA's, with what it is computed from. REQUIRES: baseline.scores().
SignalTest ScoreTest(const SurgeRules& rules, int64_t mentions_hour, const BrandBaseline& baseline);

// A surge: the hour's volume is far out while its negative share is not. REQUIRES: baseline.scores().
std::vector<SignalTest> SurgeTests(const SurgeRules& rules, const ShareCounts& hour, const BrandBaseline& baseline);

// Tests of which one that passes raises the level by one, never more and never over 5.
std::vector<SignalTest> RaiseTests(const CourseEvidence& evidence);

struct LevelDecision {
  int level = kWatchLevel;             // with the raise
  int tested_level = kWatchLevel;      // without
  std::vector<SignalTest> tests;       // of level 2; once it passes also those of levels 3 to 5 and of the raise
  std::vector<SignalTest> next_tests;  // of the level after `tested_level`; empty at the highest
  double confirming = 0;               // share of the tests of level 2 that pass; those of the sector count as one
  SectorCourse sector;
};

// The highest level whose tests pass. Level 2 gates 3 to 5. Persistence of level 2 is the caller's.
LevelDecision DecideLevel(const CourseEvidence& evidence, const RuleBook& book, const BrandBaseline& baseline);

// By how much the whole sector is more negative, where the brand stands out of it by that alone and not by volume; 0
// else.
double LeftToSector(const LevelDecision& decision);

// How much of the brand's rise its sector explains, 0.5 to 1, if the sector as a whole is in trouble (risen as much, or
// as much more negative, as the tests of the sector ask of the brand beyond it) and the brand does not stand out of it.
std::optional<double> ExplainedBySector(const LevelDecision& decision);

bool AllPassed(const std::vector<SignalTest>& tests);

// Lower 95 % Wilson bound as published, against q0 plus a margin.
SignalTest NegativeLowTest(std::string name, int64_t window_s, const ShareCounts& share, double margin,
                           const BrandBaseline& baseline);
SignalTest VelocityTest(std::string name, int64_t window_s, int64_t mentions, double threshold,
                        const BrandBaseline& baseline);

}  // namespace tocsin
