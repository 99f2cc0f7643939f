// What is read from scenario files, and what is said of bad ones, word for word.
#include "app/generate/scenario_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

std::string ErrorOf(std::string_view yaml) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(yaml, "t.yaml");
  return scenario.ok() ? "no error" : std::string(scenario.status().message());
}

struct Case {
  std::string_view yaml;
  std::string_view error;  // behind "t.yaml:"
};

class ScenarioErrorTest : public testing::TestWithParam<Case> {};

TEST_P(ScenarioErrorTest, NamesPlaceAndRemedy) {
  EXPECT_EQ(ErrorOf(GetParam().yaml), absl::StrCat("t.yaml:", GetParam().error));
}

constexpr Case kCases[] = {
    {"sed: 1", "1:1: unknown key: sed; did you mean seed?"},
    {"seed: -1", "1:7: seed must be a whole number from 0 to 9223372036854775807, not \"-1\""},
    {"seed: 1\nseed: 2", "2:1: key given twice: seed"},
    {"duration: 5", "1:11: duration must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 0s, not \"5\""},
    {"duration: 0s", "1:11: duration must be longer than nothing"},
    {"start: yesterday",
     "1:8: start must be a time such as 2026-06-01T00:00:00Z, from 2000 to 2099, not \"yesterday\""},
    {"matched: 1.5", "1:10: matched must be a number from 0 to 1, not \"1.5\""},
    {"posts_per_minute: many", "1:19: posts_per_minute must be a number from 0.001 to 1e+08, not \"many\""},
    {"dispersion: nan", "1:13: dispersion must be a number from 1 to 1000, not \"nan\""},
    {"brands: 5", "1:9: brands must be a mapping of keys to values"},
    {"brands: {negative: 0.8, positive: 0.3}", "1:9: brands: negative and positive are shares, together at most 1"},
    {"brands:\n  named:\n    - {id: a b}", "3:12: brands.named.id must be letters, digits, - and _"},
    {"brands:\n  named:\n    - {id: a}\n    - {id: a}", "2:3: brands: two have the id \"a\""},
    {"brands: {named: a}", "1:17: brands.named must be a list"},
    {"brands: {sectors: air}", "1:19: brands.sectors must be a list of names, which the made-up brands take in turn"},
    {"languages: {ru: 1}",
     "1:12: languages: at least one needs a share\n"
     "t.yaml:1:13: unknown key: languages.ru; did you mean de?"},
    {"cycle: {hours: [1, 2]}",
     "1:16: cycle.hours must be a list of 24 numbers that are not negative, one of them at least above 0"},
    {"streams: []", "1:10: streams must be a list of 1 to 64"},
    {"streams: [{share: 1}]", "1:11: streams: a stream needs a network, such as twitter_v1"},
    {"streams: [{network: myspace}]",
     "1:21: streams.network must be one of twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic, not "
     "\"myspace\""},
    {"streams: [{network: reddit}, {network: reddit}]", "1:30: streams: two have the name or topic of reddit"},
    {"streams: [{network: reddit, partitions: 0}]",
     "1:41: streams.partitions must be a number such as 4, or a list of weights such as [40, 30, 20, 10]"},
    {"delivery: {late_from: 1h, late_to: 1m}", "1:11: late_to is shorter than late_from"},
    {"events: 3", "1:9: events must be a list"},
    {"events:\n  - {kind: party, rank: 1, onset: 1m}",
     "2:12: events.kind must be one of crisis, surge, spam, copied, reposts, sector_rise, not \"party\""},
    {"events:\n  - {kind: crisis, onset: 1m}",
     "2:5: events: an event needs a brand (its id) or a rank (1: the most popular)"},
    {"events:\n  - {kind: crisis, brand: nordaire, onset: 1m}",
     "2:27: events.brand: no brand has the id \"nordaire\"; did you mean nordair?"},
    {"events:\n  - {kind: crisis, rank: 1}", "2:5: events: an event needs an onset, since the start, such as 26h"},
    {"events:\n  - {kind: crisis, rank: 1, onset: 2h}",
     "2:36: events.onset is not before the end of the scenario's duration"},
    {"events:\n  - {kind: crisis, rank: 13, onset: 1m}",
     "2:26: events.rank must be a whole number from 1 to 12, not \"13\""},
    {"events:\n  - {kind: surge, rank: 1, onset: 1m, sector: x}", "2:47: events: only a sector_rise has a sector"},
    {"events:\n  - {kind: sector_rise, onset: 1m, sector: x}", "2:44: events.sector: no brand is of the sector \"x\""},
    {"events:\n  - {kind: crisis, rank: 1, onset: 1m, decay: {half_life: 1m, power: 2}}",
     "2:47: events.decay: either half_life, or power and scale"},
    {"events:\n  - {kind: crisis, rank: 1, onset: 1m, negative: 0.7, positive: 0.7}",
     "2:50: events: negative and positive are shares, together at most 1"},
    {"gaps:\n  - {from: 1m}", "2:5: gaps: a gap needs from (since the start) and for"},
    {"gaps:\n  - {from: 1m, for: 1m, posts: elsewhere}",
     "2:5: gaps: posts go elsewhere only from one partition of several"},
    {"a: [", "1:1: this is not YAML: end of sequence flow not found; correct the syntax here or just above"},
};
INSTANTIATE_TEST_SUITE_P(Cases, ScenarioErrorTest, testing::ValuesIn(kCases));

TEST(ScenarioReaderTest, GathersAllErrorsInTheOrderOfTheirPlaces) {
  EXPECT_EQ(
      ErrorOf("matched: 2\nevents:\n  - {kind: crisis, rank: 1, onset: 1m, factor: x}\nunknown: 1"),
      "t.yaml:1:10: matched must be a number from 0 to 1, not \"2\"\n"
      "t.yaml:3:48: events.factor must be a number from 1 to 100000, not \"x\"\n"
      "t.yaml:4:1: unknown key: unknown; known here: brands, cycle, delivery, dispersion, duration, events, gaps, "
      "languages, matched, name, post_bytes, posts_per_minute, reposts, seed, start, streams");
}

TEST(ScenarioReaderTest, SharesMentionsByRankAndLeavesRatesThatAreGiven) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(
      "posts_per_minute: 100\nmatched: 0.6\nbrands: {count: 3, zipf: 1, named: [{id: big, per_minute: 7}]}", "t.yaml");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_DOUBLE_EQ(scenario->brands[0].per_minute, 7);
  EXPECT_DOUBLE_EQ(scenario->brands[1].per_minute, 36);  // 60 * (1/2) / (1/2 + 1/3)
  EXPECT_DOUBLE_EQ(scenario->brands[2].per_minute, 24);
  EXPECT_DOUBLE_EQ(scenario->unmatched_per_minute, 40);
}

TEST(ScenarioReaderTest, OverridesWinOverTheFile) {
  const absl::StatusOr<Scenario> scenario =
      ParseScenario("seed: 1\nduration: 10m\npost_bytes: 2000\nposts_per_minute: 100", "t.yaml",
                    {.seed = 9, .posts = 500, .post_bytes = 1'000, .duration_ms = 300'000});
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->seed, 9U);
  EXPECT_EQ(scenario->post_bytes, 1'000);
  EXPECT_EQ(scenario->duration_ms, 300'000);
  double per_minute = scenario->unmatched_per_minute;
  for (const ScenarioBrand& brand : scenario->brands) per_minute += brand.per_minute;
  EXPECT_NEAR(per_minute, 100, 1e-9);
}

TEST(ScenarioReaderTest, AFileThatIsNotThereIsNotFound) {
  EXPECT_EQ(ReadScenario("no/such.yaml").status().code(), absl::StatusCode::kNotFound);
}

TEST(ScenarioReaderTest, EveryReadyScenarioIsValidAndHasSomethingToDetectOrToLeaveAlone) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("bench/quality/scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const absl::StatusOr<Scenario> scenario = ReadScenario(entry.path().string());
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    if (entry.path().stem() == "crisis_while_learning") continue;
    EXPECT_GE(scenario->duration_ms, int64_t{30} * 3'600'000) << entry.path() << ": a day to learn from, and more";
  }
  EXPECT_GE(files, 10);
}

}  // namespace
}  // namespace tocsin
