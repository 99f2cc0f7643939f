#include "operators/detect/level_tests.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "operators/detect/tail.h"

namespace tocsin {
namespace {

constexpr int64_t kSecondsOfMinute = 60;
constexpr int64_t kHourS = 3'600;
constexpr int64_t kRaiseNegatives = 5;
constexpr int64_t kSurgeShareOneIn = 100;
constexpr int64_t kFreshShareOneIn = 100;
constexpr double kSectorMargin = 0.05;  // of shares over those of the sector
constexpr double kCalmMargin = 0.05;    // of shares over what is usual, when it is over
// How many times more than its sector a brand must have risen to stand out by volume.
constexpr double kOverSector = 2;
constexpr char kOverSectorTest[] = "velocity_over_sector";
constexpr char kLowOverSectorTest[] = "negative_low_over_sector";

struct LevelRule {
  int64_t window_s;
  double velocity;
  double margin;  // of N over q0
};
// Levels 3, 4 and 5.
constexpr std::array<LevelRule, 3> kUpperLevels = {LevelRule{1'800, 5, 0.15}, LevelRule{3'600, 5, 0.25},
                                                   LevelRule{7'200, 8, 0.25}};

struct AuthorsModel {
  double expected;
  double dispersion;
};

AuthorsModel ModelOfWindow(size_t window, const LevelRules& rules, const BrandBaseline& baseline) {
  const BaselineLevel level = baseline.NegativeAuthors(window);
  return {RoundPublished(level.mean * rules.expected_factor), std::max(level.dispersion, rules.least_dispersion)};
}

SignalTest CountTest(std::string name, int64_t window_s, int64_t observed, int64_t threshold) {
  SignalTest test;
  test.name = std::move(name);
  test.window_s = window_s;
  test.observed = static_cast<double>(observed);
  test.threshold = static_cast<double>(threshold);
  test.passed = observed >= threshold;
  return test;
}

const ShareCounts& CountsOfLevel(int level, const CourseEvidence& evidence) {
  if (level == 3) return evidence.half_hour;
  return level == 4 ? evidence.hour : evidence.two_hours;
}

// Negatives minus positives: when both sides grow, as at a match, it is no crisis. Lower 95 % bound of the difference
// of two shares of one sample (a multinomial's): its variance is (negative + positive) / n - (difference)^2.
SignalTest NegativeBalanceTest(const CourseEvidence& evidence, double margin, const BrandBaseline& baseline) {
  const int64_t positive = evidence.positive.value_or(0);
  const auto classified = static_cast<double>(std::max<int64_t>(1, evidence.since_onset.classified));
  SignalTest test;
  test.name = "negative_balance_since_onset";
  test.window_s = evidence.since_onset_s;
  test.count = evidence.since_onset.negative - positive;
  test.trials = evidence.since_onset.classified;
  const double balance = static_cast<double>(*test.count) / classified;
  const double variance =
      static_cast<double>(evidence.since_onset.negative + positive) / classified - balance * balance;
  test.observed = RoundPublished(balance - kNormal95 * std::sqrt(std::max(0.0, variance) / classified));
  test.expected = baseline.NegativeBalance();
  test.threshold = RoundPublished(*test.expected + margin);
  test.passed = test.observed >= test.threshold;
  return test;
}

// A handful among thousands of authors is no sign.
int64_t ShareOfAuthors(int64_t authors, int64_t percent) {
  return std::max<int64_t>(kRaiseNegatives, (authors * percent + 99) / 100);
}

}  // namespace

std::optional<double> ExpectedPerMinute(const BrandBaseline& baseline) {
  if (!baseline.usable()) return std::nullopt;
  return RoundPublished(std::max(baseline.MentionsPerHour().mean / 60, kLeastExpectedPerMinute));
}

RuleBook MakeRuleBook(double false_alarms, const BrandThresholds& own) {
  RuleBook book;
  const double budget = own.false_alarms.value_or(false_alarms);
  for (LevelRules* rules : {&book.ready, &book.learning}) {
    for (int64_t* one_in : {&rules->authors_one_in, &rules->share_one_in, &rules->late_share_one_in}) {
      *one_in = std::llround(static_cast<double>(*one_in) * kFalseAlarms / budget);
    }
    rules->confirmed_velocity = own.confirmed_velocity.value_or(rules->confirmed_velocity);
    rules->confirmed_margin = own.confirmed_margin.value_or(rules->confirmed_margin);
  }
  const auto set_authors = [](std::optional<int64_t> authors, int64_t* ready, int64_t* learning) {
    *ready = authors.value_or(*ready);
    *learning = std::max(*learning, *ready);
  };
  set_authors(own.negative_authors, &book.ready.least_negative_authors, &book.learning.least_negative_authors);
  set_authors(own.confirmed_authors, &book.ready.confirmed_authors, &book.learning.confirmed_authors);
  return book;
}

int64_t NegativeAuthorsThreshold(size_t window, const RuleBook& book, const BrandBaseline& baseline) {
  const LevelRules& rules = book.For(baseline);
  const AuthorsModel model = ModelOfWindow(window, rules, baseline);
  return std::max(
      rules.least_negative_authors,
      NegativeBinomialThreshold(model.expected, model.dispersion, 1 / static_cast<double>(rules.authors_one_in)));
}

SignalTest NegativeAuthorsTest(size_t window, int64_t authors, int64_t threshold, const RuleBook& book,
                               const BrandBaseline& baseline) {
  const LevelRules& rules = book.For(baseline);
  const AuthorsModel model = ModelOfWindow(window, rules, baseline);
  SignalTest test = CountTest("negative_authors", kDecisionWindowMs[window] / 1000, authors, threshold);
  test.expected = model.expected;
  test.dispersion = model.dispersion;
  test.one_in = rules.authors_one_in;
  return test;
}

SignalTest NegativeShareTest(std::string name, int64_t window_s, const ShareCounts& share, int64_t one_in,
                             const BrandBaseline& baseline) {
  const double q = baseline.NegativeShareTested();
  const int64_t threshold = BinomialThreshold(share.classified, q, 1 / static_cast<double>(one_in));
  SignalTest test = CountTest(std::move(name), window_s, share.negative, threshold);
  test.expected = RoundPublished(static_cast<double>(share.classified) * q);
  test.baseline_share = q;
  test.count = share.negative;
  test.trials = share.classified;
  test.one_in = one_in;
  return test;
}

std::vector<SignalTest> FreshTests(const ShareCounts& since_opening, int64_t since_opening_s, double of_sector,
                                   const RuleBook& book, const BrandBaseline& baseline) {
  const double margin = of_sector + book.For(baseline).confirmed_margin;
  return {NegativeShareTest("negative_share_since_opening", since_opening_s, since_opening, kFreshShareOneIn, baseline),
          NegativeLowTest("negative_low_since_opening", since_opening_s, since_opening, margin, baseline)};
}

std::vector<SignalTest> SectorTests(const CourseEvidence& evidence, const BrandBaseline& baseline) {
  const SectorCourse& sector = evidence.sector;
  if (!sector.known()) return {};
  return {VelocityTest(kOverSectorTest, 600, evidence.ten_minutes.mentions,
                       RoundPublished(kOverSector * std::max(1.0, sector.ratio)), baseline),
          NegativeLowTest(kLowOverSectorTest, evidence.since_onset_s, evidence.since_onset,
                          std::max(0.0, sector.negative_shift) + kSectorMargin, baseline)};
}

std::vector<SignalTest> WatchTests(const WindowEvidence& evidence, int64_t share_one_in, const RuleBook& book,
                                   const BrandBaseline& baseline) {
  std::vector<SignalTest> tests;
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    tests.push_back(NegativeAuthorsTest(i, evidence.negative_authors[i], NegativeAuthorsThreshold(i, book, baseline),
                                        book, baseline));
    tests.push_back(
        NegativeShareTest("negative_share", kDecisionWindowMs[i] / 1000, evidence.shares[i], share_one_in, baseline));
  }
  return tests;
}

SignalTest VelocityTest(std::string name, int64_t window_s, int64_t mentions, double threshold,
                        const BrandBaseline& baseline) {
  const double expected = ExpectedPerMinute(baseline).value_or(0);
  const double minutes = static_cast<double>(window_s) / kSecondsOfMinute;
  SignalTest test;
  test.name = std::move(name);
  test.window_s = window_s;
  test.observed = expected > 0 ? RoundPublished(static_cast<double>(mentions) / minutes / expected) : 0;
  test.expected = expected;
  test.count = mentions;
  test.threshold = threshold;
  test.passed = test.observed >= test.threshold;
  return test;
}

SignalTest NegativeLowTest(std::string name, int64_t window_s, const ShareCounts& share, double margin,
                           const BrandBaseline& baseline) {
  const double q = baseline.ready() ? baseline.NegativeShare() : baseline.NegativeShareTested();
  SignalTest test;
  test.name = std::move(name);
  test.window_s = window_s;
  test.observed = RoundPublished(WilsonInterval(share.negative, share.classified).low);
  test.baseline_share = q;
  test.count = share.negative;
  test.trials = share.classified;
  test.threshold = RoundPublished(q + margin);
  test.passed = test.observed >= test.threshold;
  return test;
}

std::vector<SignalTest> TestsOfLevel(int level, const CourseEvidence& evidence, const RuleBook& book,
                                     const BrandBaseline& baseline) {
  const LevelRules& rules = book.For(baseline);
  const double factor = rules.velocity_factor;
  std::vector<SignalTest> tests;
  if (level == kConfirmedLevel) {
    tests.push_back(VelocityTest("velocity_10min", 600, evidence.ten_minutes.mentions,
                                 RoundPublished(rules.confirmed_velocity * factor), baseline));
    tests.push_back(CountTest("negative_authors_since_onset", evidence.since_onset_s, evidence.negative_authors,
                              rules.confirmed_authors));
    tests.push_back(NegativeLowTest("negative_low_since_onset", evidence.since_onset_s, evidence.since_onset,
                                    rules.confirmed_margin, baseline));
    // A thousand reposts are one text, which the classifier reads once.
    if (evidence.originals) {
      tests.push_back(NegativeLowTest("negative_low_of_originals_since_onset", evidence.since_onset_s,
                                      *evidence.originals, rules.confirmed_margin, baseline));
    }
    if (evidence.positive && baseline.knows_balance()) {
      tests.push_back(NegativeBalanceTest(evidence, rules.confirmed_margin, baseline));
    }
  } else if (level > kConfirmedLevel && level <= kHighestLevel) {
    const LevelRule& rule = kUpperLevels[static_cast<size_t>(level - 3)];
    const ShareCounts& counts = CountsOfLevel(level, evidence);
    const std::string suffix = "_" + std::to_string(rule.window_s / kSecondsOfMinute) + "min";
    tests.push_back(
        VelocityTest("velocity" + suffix, rule.window_s, counts.mentions, rule.velocity * factor, baseline));
    tests.push_back(NegativeLowTest("negative_low" + suffix, rule.window_s, counts, rule.margin, baseline));
    if (level == kHighestLevel) {
      tests.push_back(CountTest("safety_or_breach_authors", evidence.since_onset_s, evidence.safety_or_breach_authors,
                                ShareOfAuthors(evidence.negative_authors, 20)));
    }
  }
  return tests;
}

std::vector<SignalTest> CalmTests(const CourseEvidence& evidence, const RuleBook& book, const BrandBaseline& baseline) {
  // What confirms is never calm.
  const double margin = std::min(kCalmMargin, book.For(baseline).confirmed_margin);
  std::vector<SignalTest> tests = {
      VelocityTest("velocity_calm", 7'200, evidence.two_hours.mentions, kConfirmedVelocityRange.least, baseline),
      NegativeLowTest("negative_low_calm", 7'200, evidence.two_hours, margin, baseline)};
  for (SignalTest& test : tests) {
    test.below = true;
    test.passed = test.observed < test.threshold;
  }
  return tests;
}

SignalTest ScoreTest(const SurgeRules& rules, int64_t mentions_hour, const BrandBaseline& baseline) {
  const BaselineLevel level = baseline.MentionsPerHour();
  SignalTest score = CountTest("surge_score", kHourS, 0, 0);
  score.observed = baseline.Score(mentions_hour);
  score.expected = level.mean;
  score.dispersion = level.dispersion;
  score.count = mentions_hour;
  score.threshold = rules.score;
  score.passed = score.observed >= score.threshold;
  return score;
}

std::vector<SignalTest> SurgeTests(const SurgeRules& rules, const ShareCounts& hour, const BrandBaseline& baseline) {
  SignalTest share = NegativeShareTest("surge_negative_share", kHourS, hour, kSurgeShareOneIn, baseline);
  share.below = true;
  share.passed = share.observed < share.threshold;
  return {ScoreTest(rules, hour.mentions, baseline),
          VelocityTest("surge_velocity", kHourS, hour.mentions, rules.velocity, baseline),
          CountTest("surge_mentions", kHourS, hour.mentions, rules.least_mentions), share};
}

std::vector<SignalTest> RaiseTests(const CourseEvidence& evidence) {
  const int64_t some = ShareOfAuthors(evidence.negative_authors, 10);
  std::vector<SignalTest> tests = {
      CountTest("raise_second_network", evidence.since_onset_s, evidence.second_network_negatives, some),
      CountTest("raise_high_reach", evidence.since_onset_s, evidence.high_reach_negatives, 1),
      CountTest("raise_call_to_action", evidence.since_onset_s, evidence.call_to_action_authors, some)};
  // Who has had a crisis is thought to be more to blame for the next (Coombs 2007, "crisis history").
  if (evidence.past_crises) {
    tests.push_back(CountTest("raise_crisis_history", evidence.since_onset_s, *evidence.past_crises, 1));
  }
  return tests;
}

double LeftToSector(const LevelDecision& decision) {
  if (!decision.sector.known()) return 0;
  const auto by_volume = std::ranges::find(decision.tests, kOverSectorTest, &SignalTest::name);
  const bool stands_out = by_volume != decision.tests.end() && by_volume->passed;
  return stands_out ? 0 : std::max(0.0, decision.sector.negative_shift);
}

std::optional<double> ExplainedBySector(const LevelDecision& decision) {
  const SectorCourse& sector = decision.sector;
  if (!sector.known() || (sector.ratio < kOverSector && sector.negative_shift < kSectorMargin)) return std::nullopt;
  const auto by_volume = std::ranges::find(decision.tests, kOverSectorTest, &SignalTest::name);
  const auto by_share = std::ranges::find(decision.tests, kLowOverSectorTest, &SignalTest::name);
  if (by_volume == decision.tests.end() || by_share == decision.tests.end()) return std::nullopt;
  if (by_volume->passed || by_share->passed) return std::nullopt;
  const double risen = std::max(1.0, sector.ratio);
  return RoundPublished(risen / std::max(risen, by_volume->observed));
}

bool AllPassed(const std::vector<SignalTest>& tests) {
  return std::all_of(tests.begin(), tests.end(), [](const SignalTest& test) { return test.passed; });
}

LevelDecision DecideLevel(const CourseEvidence& evidence, const RuleBook& book, const BrandBaseline& baseline) {
  LevelDecision decision;
  decision.sector = evidence.sector;
  decision.tests = TestsOfLevel(kConfirmedLevel, evidence, book, baseline);
  decision.next_tests = decision.tests;
  const std::vector<SignalTest> sector = SectorTests(evidence, baseline);
  const bool stands_out =
      sector.empty() || std::any_of(sector.begin(), sector.end(), [](const SignalTest& test) { return test.passed; });
  const auto passed_tests =
      std::count_if(decision.tests.begin(), decision.tests.end(), [](const SignalTest& test) { return test.passed; });
  const int64_t asked = static_cast<int64_t>(decision.tests.size()) + (sector.empty() ? 0 : 1);
  const int64_t passed_of_all = passed_tests + (!sector.empty() && stands_out ? 1 : 0);
  decision.confirming = static_cast<double>(passed_of_all) / static_cast<double>(asked);
  decision.tests.insert(decision.tests.end(), sector.begin(), sector.end());
  if (!stands_out) decision.next_tests = decision.tests;
  if (passed_of_all < asked) return decision;
  decision.next_tests.clear();
  decision.level = kConfirmedLevel;
  for (int level = 3; level <= kHighestLevel; ++level) {
    std::vector<SignalTest> tests = TestsOfLevel(level, evidence, book, baseline);
    bool passed = AllPassed(tests);
    if (level == kHighestLevel) {
      passed = (tests[0].passed && tests[1].passed) || (decision.level >= 3 && tests[2].passed);
    }
    decision.tests.insert(decision.tests.end(), tests.begin(), tests.end());
    if (passed) decision.level = level;
  }
  decision.tested_level = decision.level;
  if (decision.tested_level < kHighestLevel) {
    decision.next_tests = TestsOfLevel(decision.tested_level + 1, evidence, book, baseline);
  }
  const std::vector<SignalTest> raises = RaiseTests(evidence);
  const bool raised = std::any_of(raises.begin(), raises.end(), [](const SignalTest& test) { return test.passed; });
  if (raised && decision.level < kHighestLevel) ++decision.level;
  decision.tests.insert(decision.tests.end(), raises.begin(), raises.end());
  return decision;
}

}  // namespace tocsin
