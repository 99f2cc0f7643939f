// A watchlist that changes while a task lives.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "operators/signal/signal.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::nlohmann::json;

constexpr int64_t kSlideMs = 5'000;
constexpr int64_t kHourMs = 3'600'000;

DetectTaskOptions Options() {
  DetectTaskOptions options;
  options.monitor.baseline_ready_ms = 1'800'000;
  options.metrics_every_ms = 15'000;
  return options;
}

// Id of a brand and its query.
using Entries = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const Watchlist> Make(const Entries& entries) {
  std::string yaml = "brands:\n";
  for (const auto& [id, query] : entries) {
    absl::StrAppend(&yaml, "  - {id: ", id, ", name: Brand ", id, ", query: ", query, "}\n");
  }
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  EXPECT_THAT(watchlist.status(), IsOk());
  return *watchlist;
}

// Three watchlists over the brands of a stream. The second is in another order, has lost brand-00 (of the crisis) and
// brand-01, has another query for brand-02, thresholds of its own for brand-03, and has brand-10, which sorts between
// others; the third has brand-01 again.
class Versions {
 public:
  static std::string OwnThresholds() {
    return "thresholds: {false_alarms: 50, negative_authors: 3, confirmed_authors: 5}, crisis_history: [2020-02-29]";
  }
  Versions(int64_t first_ms, int64_t second_ms) {
    const Entries first = {{"brand-00", "a"}, {"brand-01", "b"}, {"brand-02", "c"},
                           {"brand-03", "d"}, {"brand-04", "e"}, {"brand-05", "f"}};
    const Entries second = {{"brand-05", "f"},
                            {"brand-10", "x"},
                            {"brand-02", "changed"},
                            {"brand-03", "d, " + OwnThresholds()},
                            {"brand-04", "e"}};
    const Entries third = {{"brand-01", "b"}, {"brand-10", "x"}, {"brand-02", "changed"}, {"brand-05", "f"}};
    all_ = std::make_shared<FixedVersions>(std::vector<FixedVersions::Entry>{
        {{.id = 1, .config_version = 101, .effective_ms = kFromTheBeginning}, Make(first)},
        {{.id = 2, .config_version = 102, .effective_ms = first_ms}, Make(second)},
        {{.id = 3, .config_version = 103, .effective_ms = second_ms}, Make(third)}});
  }

  std::shared_ptr<WatchlistVersions> all() const { return all_; }
  uint64_t IdAt(int64_t ms) const { return (*all_->Timeline())[VersionAt(*all_->Timeline(), ms)].id; }

  // What ingest would have found: brands of the version that counts at the post's own time. Posts of brand-04 are
  // those of brand-10 as well.
  std::vector<StreamPost> Matched(std::vector<StreamPost> posts) const {
    for (StreamPost& post : posts) {
      std::vector<std::string> brands;
      const uint64_t id = IdAt(post.mention.event_time_ms);
      for (std::string& brand : post.brands) {
        const bool gone = (id == 2 && (brand == "brand-00" || brand == "brand-01")) ||
                          (id == 3 && (brand == "brand-00" || brand == "brand-03" || brand == "brand-04"));
        if (id >= 2 && brand == "brand-04") brands.emplace_back("brand-10");
        if (!gone) brands.push_back(brand);
      }
      post.brands = std::move(brands);
    }
    return posts;
  }

 private:
  std::shared_ptr<FixedVersions> all_;
};

std::string Line(const DetectOutput& output) {
  std::string line = absl::StrCat(output.window_end_ms, " ", output.brand_id, " ", output.sequence, " ");
  if (output.kind == DetectOutput::Kind::kMetric) return line + output.metric;
  Signal signal = *output.signal;
  signal.quality = {};
  for (SignalPost& post : signal.evidence.samples) post.offset = 0, post.source = {};
  for (auto* post : {&signal.evidence.first_post, &signal.evidence.first_high_reach_post}) {
    if (post->has_value()) (*post)->offset = 0, (*post)->source = {};
  }
  return line + RenderSignalData(signal, std::nullopt);
}

std::vector<std::string> Lines(const std::vector<DetectOutput>& outputs) {
  std::vector<std::string> lines;
  lines.reserve(outputs.size());
  for (const DetectOutput& output : outputs) lines.push_back(Line(output));
  return lines;
}

std::vector<DetectOutput> Outputs(const std::vector<std::string>& blocks, const Versions& versions) {
  DetectTask task(Options(), versions.all());
  std::vector<DetectOutput> outputs;
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_THAT(task.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  }
  task.Flush(&outputs);
  EXPECT_EQ(task.counters().unknown_brand, 0);
  EXPECT_EQ(task.config_version(), 103U);
  return outputs;
}

// As Outputs, but for holding no more at a time than `enough` and what one slide end adds.
std::vector<DetectOutput> OutputsInSteps(const std::vector<std::string>& blocks, const Versions& versions,
                                         size_t enough) {
  DetectTask task(Options(), versions.all());
  std::vector<DetectOutput> all, step;
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_THAT(task.Accept(blocks[i], static_cast<Offset>(i)), IsOk());
    for (bool more = true; more;) {
      step.clear();
      more = task.EvaluateSome(enough, &step);
      EXPECT_TRUE(!more || step.size() >= enough);
      EXPECT_TRUE(step.size() <= enough || step[enough - 1].window_end_ms == step.back().window_end_ms);
      all.insert(all.end(), step.begin(), step.end());
    }
  }
  task.Flush(&all);
  return all;
}

struct Setting {
  explicit Setting(uint64_t seed, int64_t first_ms = kHourMs + 1'800'000)
      : versions(kStreamStartMs + first_ms, kStreamStartMs + 3 * kHourMs) {
    stream.seed = seed;
    stream.duration_ms = 4 * kHourMs;
    stream.posts = 3'000;
    stream.lull = 0;
  }
  CutOptions Cut(uint64_t seed) const {
    return {.seed = seed,
            .partitions = 1 + static_cast<int32_t>(seed) % 4,
            .workers = 1 + static_cast<int32_t>(seed) % 2 * static_cast<int32_t>(seed % 4 > 0),
            .flush_ms = seed % 2 == 0 ? 1'500 : 40'000,
            .version_at = [this](int64_t ms) { return versions.IdAt(ms); }};
  }

  StreamOptions stream;
  // The crisis of brand-00 begins at a third; the first change, by default, is in its midst.
  Versions versions;
};

TEST(TaskVersionsTest, EvaluatedInStepsTheOutputsAreTheSame) {
  const Setting setting(4);
  const std::vector<std::string> blocks = CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)),
                                                        setting.Cut(5));  // some of 40 s, so of many slide ends
  const std::vector<std::string> expected = Lines(Outputs(blocks, setting.versions));
  for (const size_t enough : {size_t{1}, size_t{20}}) {
    const std::vector<std::string> lines = Lines(OutputsInSteps(blocks, setting.versions, enough));
    ASSERT_EQ(lines.size(), expected.size());
    for (size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(lines[i], expected[i]) << "line " << i << ", enough " << enough;
  }
}

TEST(TaskVersionsTest, MetricsEqualANaiveRecountUnderTheVersionOfEachPostsOwnTime) {
  for (uint64_t seed = 1; seed <= Rounds(3U, 1U); ++seed) {
    const Setting setting(seed);
    const std::vector<StreamPost> posts = setting.versions.Matched(MakePosts(setting.stream));
    std::map<std::tuple<int64_t, std::string, int64_t>, int64_t> expected;
    std::set<std::pair<std::string, uint64_t>> seen;
    int64_t largest_ms = 0;
    for (const StreamPost& post : posts) largest_ms = std::max(largest_ms, post.mention.event_time_ms);
    const int64_t last_end_ms = largest_ms / kSlideMs * kSlideMs + kSlideMs;
    for (const StreamPost& post : posts) {
      for (const std::string& brand : post.brands) {
        if (!seen.emplace(brand, post.mention.post_hash).second) continue;
        const int64_t ms = post.mention.event_time_ms;
        for (const int64_t size : Options().windows.sizes_ms) {
          for (int64_t end = ms / 15'000 * 15'000 + 15'000; end <= std::min(last_end_ms, ms + size); end += 15'000) {
            ++expected[{end, brand, size}];
          }
        }
      }
    }
    std::map<std::tuple<int64_t, std::string, int64_t>, int64_t> found;
    std::map<std::pair<std::string, int64_t>, int64_t> last;
    for (const DetectOutput& output : Outputs(CutIntoBlocks(posts, setting.Cut(seed)), setting.versions)) {
      if (output.kind != DetectOutput::Kind::kMetric) continue;
      const int64_t mentions = json::parse(output.metric)["mentions"];
      if (mentions > 0) found[{output.window_end_ms, output.brand_id, output.sequence}] = mentions;
      last[{output.brand_id, output.sequence}] = mentions;
    }
    ASSERT_EQ(found, expected) << "seed " << seed;
    // A brand that has gone ends in a zero record.
    EXPECT_EQ((last[{"brand-00", kHourMs}]), 0);
  }
}

TEST(TaskVersionsTest, TheSamePostsGiveTheSameOutputsUnderAnyBlocksWorkersAndPartitions) {
  // In the second setting brand-01 comes back after all that it was has been forgotten.
  for (const int64_t first_ms : {kHourMs + 1'800'000, kHourMs / 2}) {
    const Setting setting(1, first_ms);
    const std::vector<StreamPost> posts = setting.versions.Matched(MakePosts(setting.stream));
    const auto expected = Lines(Outputs(CutIntoBlocks(posts, setting.Cut(4)), setting.versions));
    for (uint64_t seed = Rounds(5U, 9U); seed <= 10; ++seed) {
      CutOptions cut = setting.Cut(seed);
      if (seed == 10) cut.flush_ms = 2 * kHourMs;
      const auto lines = Lines(Outputs(CutIntoBlocks(posts, cut), setting.versions));
      ASSERT_EQ(lines.size(), expected.size()) << "seed " << seed;
      for (size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(lines[i], expected[i]) << "seed " << seed << " line " << i;
    }
  }
}

TEST(TaskVersionsTest, OutputsStaySortedByWindowEndAndBrand) {
  const Setting setting(2);
  const auto outputs =
      Outputs(CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)), setting.Cut(3)), setting.versions);
  for (size_t i = 1; i < outputs.size(); ++i) {
    ASSERT_LE(std::tie(outputs[i - 1].window_end_ms, outputs[i - 1].brand_id),
              std::tie(outputs[i].window_end_ms, outputs[i].brand_id));
  }
}

// Goal: a task that is restored at any moment, so also between the block that names a version and the switch, goes on
// as the one that was never stopped. (Its bytes may differ in what nobody can see any more: the history of a brand that
// has left and is not looked at.)
TEST(TaskVersionsTest, ARestoredTaskGivesTheSameOutputsByteForByte) {
  const Setting setting(3);
  const std::vector<std::string> blocks =
      CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)), setting.Cut(3));
  DetectTask straight(Options(), setting.versions.all());
  std::vector<DetectOutput> outputs;
  std::vector<std::tuple<size_t, std::string, Offset, size_t>> snapshots;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 13 == 3) snapshots.emplace_back(i, straight.Encode(), straight.rebuild_from(), outputs.size());
    ASSERT_THAT(straight.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  }
  const std::vector<std::string> expected = Lines(outputs);
  ASSERT_GT(snapshots.size(), 20U);
  for (const auto& [at, bytes, from, lines_before] : snapshots) {
    DetectTask restored(Options(), setting.versions.all());
    ASSERT_THAT(restored.Decode(bytes), IsOk());
    for (auto i = static_cast<size_t>(from); i < at; ++i) {
      ASSERT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
    }
    std::vector<DetectOutput> rest;
    for (size_t i = at; i < blocks.size(); ++i) {
      ASSERT_THAT(restored.Apply(blocks[i], static_cast<Offset>(i), &rest), IsOk());
    }
    ASSERT_EQ(Lines(rest),
              std::vector<std::string>(expected.begin() + static_cast<ptrdiff_t>(lines_before), expected.end()))
        << "at " << at;
  }
}

TEST(TaskVersionsTest, AnIncidentOfABrandThatIsGoneEndsAtTheNextSlideEndAndSaysWhy) {
  const Setting setting(1);
  const auto outputs =
      Outputs(CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)), setting.Cut(4)), setting.versions);
  std::vector<const DetectOutput*> signals;
  for (const DetectOutput& output : outputs) {
    if (output.kind == DetectOutput::Kind::kSignal && output.brand_id == "brand-00") signals.push_back(&output);
  }
  ASSERT_GE(signals.size(), 2U) << "the crisis of the stream must have been detected";
  const Signal& last = *signals.back()->signal;
  EXPECT_EQ(last.message, SignalMessage::kResolve);
  EXPECT_EQ(last.level, 0);
  EXPECT_EQ(signals.back()->window_end_ms, kStreamStartMs + kHourMs + 1'800'000 + kSlideMs);
  EXPECT_THAT(last.level_reasons, testing::ElementsAre("the brand is not watched any more"));
  EXPECT_EQ(last.brand_name, "Brand brand-00");
}

TEST(TaskVersionsTest, ABrandWithAnotherQueryLearnsAnewAndTheOthersDoNot) {
  // `expected` is null until a baseline is usable.
  const int64_t after_ms = 2 * kHourMs + 3'000'000;
  const Setting setting(1, after_ms);
  std::map<std::string, std::pair<bool, bool>> expected;  // by brand: just before the change, just after it
  const int64_t change_ms = kStreamStartMs + after_ms;
  for (const DetectOutput& output :
       Outputs(CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)), setting.Cut(4)), setting.versions)) {
    if (output.kind != DetectOutput::Kind::kMetric || output.sequence != kHourMs) continue;
    const bool known = !json::parse(output.metric)["expected"].is_null();
    const int64_t last_before_ms = change_ms / 15'000 * 15'000;
    if (output.window_end_ms == last_before_ms) expected[output.brand_id].first = known;
    if (output.window_end_ms == last_before_ms + 15'000) expected[output.brand_id].second = known;
  }
  EXPECT_EQ(expected["brand-03"], std::pair(true, true));
  EXPECT_EQ(expected["brand-02"], std::pair(true, false));
  EXPECT_FALSE(expected["brand-10"].second);
}

TEST(TaskVersionsTest, ABlockThatNamesAnUnknownVersionChangesNothing) {
  const Setting setting(1);
  StreamOptions stream = setting.stream;
  stream.duration_ms = kHourMs;
  CutOptions cut = setting.Cut(2);
  const std::vector<std::string> plain = CutIntoBlocks(MakePosts(stream), cut);
  cut.version_at = [](int64_t ms) { return static_cast<uint64_t>(ms); };
  const std::vector<std::string> strange = CutIntoBlocks(MakePosts(stream), cut);
  ASSERT_EQ(plain.size(), strange.size());
  DetectTask a(Options(), setting.versions.all());
  DetectTask b(Options(), setting.versions.all());
  std::vector<DetectOutput> outputs_a;
  std::vector<DetectOutput> outputs_b;
  for (size_t i = 0; i < plain.size(); ++i) {
    ASSERT_THAT(a.Apply(plain[i], static_cast<Offset>(i), &outputs_a), IsOk());
    ASSERT_THAT(b.Apply(strange[i], static_cast<Offset>(i), &outputs_b), IsOk());
  }
  EXPECT_EQ(Lines(outputs_a), Lines(outputs_b));
  EXPECT_EQ(a.config_version(), 101U);
}

TEST(TaskVersionsTest, ABrandThatIsGoneIsLetGoWhenItsWindowsHaveRunEmpty) {
  const Setting setting(1);
  const std::vector<std::string> blocks =
      CutIntoBlocks(setting.versions.Matched(MakePosts(setting.stream)), setting.Cut(4));
  DetectTask task(Options(), setting.versions.all());
  std::vector<DetectOutput> outputs;
  const int64_t change_ms = kStreamStartMs + kHourMs + 1'800'000;
  bool kept = false;
  bool let_go = false;
  for (size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_THAT(task.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
    if (i % 20 != 0) continue;
    const bool held = task.Encode().find("brand-00") != std::string::npos;
    if (task.evaluated_end_ms() > change_ms + kSlideMs && task.evaluated_end_ms() < change_ms + kHourMs) kept |= held;
    if (task.evaluated_end_ms() > change_ms + 2 * kHourMs + 60'000) let_go |= !held;
  }
  EXPECT_TRUE(kept);
  EXPECT_TRUE(let_go);
}

// Goal: a list that gives the bits anew in the midst of a crisis makes no row say what it did not say, after a restart
// neither.
TEST(TaskVersionsTest, TypesOfOnesOwnAreKnownByNameThroughAChangeOfTheirList) {
  const int64_t change_ms = kStreamStartMs + kHourMs + 1'800'000;
  const auto with_types = [](std::string_view types) {
    return *Watchlist::Parse(absl::StrCat("types: [", types, "]\nbrands: [{id: brand-00, name: A, query: a}]"),
                             "w.yaml");
  };
  const auto versions = std::make_shared<FixedVersions>(std::vector<FixedVersions::Entry>{
      {{.id = 1, .config_version = 101, .effective_ms = kFromTheBeginning}, with_types("{type: strike, terms: [a]}")},
      {{.id = 2, .config_version = 102, .effective_ms = change_ms},
       with_types("{type: fees, terms: [b]}, {type: strike, terms: [a]}")}});
  StreamOptions stream;
  stream.duration_ms = 4 * kHourMs;
  stream.posts = 3'000;
  stream.lull = 0;
  std::vector<StreamPost> posts = MakePosts(stream);
  for (StreamPost& post : posts) {
    std::erase_if(post.brands, [](const std::string& brand) { return brand != "brand-00"; });
    post.mention.terms = uint32_t{1} << (kOwnTypeShift + (post.mention.event_time_ms < change_ms ? 0 : 1));
  }
  const std::vector<std::string> blocks =
      CutIntoBlocks(posts, {.version_at = [&](int64_t ms) -> uint64_t { return ms < change_ms ? 1 : 2; }});
  DetectTask whole(Options(), versions);
  std::vector<DetectOutput> outputs, after;
  std::string snapshot;
  size_t next = 0;
  Offset rebuild_from = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    ASSERT_THAT(whole.Apply(blocks[i], static_cast<Offset>(i), snapshot.empty() ? &outputs : &after), IsOk());
    if (!snapshot.empty() || whole.config_version() != 102) continue;
    snapshot = whole.Encode();
    rebuild_from = whole.rebuild_from();
    next = i + 1;
  }
  int64_t over_the_change = 0;
  for (const auto* each : {&outputs, &after}) {
    for (const DetectOutput& output : *each) {
      if (output.signal == nullptr || output.signal->type.name == "unknown") continue;
      EXPECT_EQ(output.signal->type.name, "strike");
      EXPECT_EQ(output.signal->type.confidence, 1);
      const Signal::Times& times = output.signal->times;
      if (times.window_start_ms < change_ms && times.window_end_ms > change_ms) ++over_the_change;
    }
  }
  EXPECT_GT(over_the_change, 0);

  DetectTask restored(Options(), versions);
  ASSERT_THAT(restored.Decode(snapshot), IsOk());
  for (auto i = static_cast<size_t>(rebuild_from); i < next; ++i) {
    ASSERT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
  }
  std::vector<DetectOutput> again;
  for (size_t i = next; i < blocks.size(); ++i) {
    ASSERT_THAT(restored.Apply(blocks[i], static_cast<Offset>(i), &again), IsOk());
  }
  EXPECT_EQ(Lines(again), Lines(after));
}

}  // namespace
}  // namespace tocsin
