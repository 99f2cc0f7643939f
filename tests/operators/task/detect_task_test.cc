#include "operators/task/detect_task.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "operators/signal/signal.h"
#include "tests/operators/task/post_stream.h"
#include "tests/operators/task/task_runs.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::nlohmann::json;

constexpr int64_t kSlideMs = 5'000;

struct NaiveCounts {
  int64_t mentions = 0, negative = 0, neutral = 0, positive = 0, unclassified = 0, before = 0;
  std::set<uint64_t> authors;
};

// Every (slide end, brand, window) in which a post or the end of posts must be told, counted one post at a time.
std::map<std::tuple<int64_t, std::string, int64_t>, NaiveCounts> CountNaively(const std::vector<StreamPost>& posts,
                                                                              const std::vector<int64_t>& sizes_ms) {
  std::map<std::tuple<int64_t, std::string, int64_t>, NaiveCounts> counts;
  std::set<std::pair<std::string, uint64_t>> seen;
  int64_t largest = 0;
  for (const StreamPost& post : posts) largest = std::max(largest, post.mention.event_time_ms);
  const int64_t last_end = largest / kSlideMs * kSlideMs + kSlideMs;
  for (const StreamPost& post : posts) {
    const Mention& mention = post.mention;
    for (const std::string& brand : post.brands) {
      if (!seen.emplace(brand, mention.post_hash).second) continue;
      const int64_t first_end = mention.event_time_ms / kSlideMs * kSlideMs + kSlideMs;
      for (const int64_t size : sizes_ms) {
        for (int64_t end = first_end; end <= std::min(last_end, mention.event_time_ms + 2 * size); end += kSlideMs) {
          if (mention.event_time_ms < end - size) {
            ++counts[{end, brand, size}].before;
            continue;
          }
          NaiveCounts& window = counts[{end, brand, size}];
          ++window.mentions;
          window.negative += mention.sentiment == SentimentClass::kNegative ? 1 : 0;
          window.neutral += mention.sentiment == SentimentClass::kNeutral ? 1 : 0;
          window.positive += mention.sentiment == SentimentClass::kPositive ? 1 : 0;
          window.unclassified += mention.sentiment == SentimentClass::kUnclassified ? 1 : 0;
          window.authors.insert(mention.author_hash);
        }
      }
    }
  }
  return counts;
}

TEST(DetectTaskTest, MetricsEqualANaiveRecountOfThePosts) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    StreamOptions stream;
    stream.seed = seed;
    stream.posts = 600;
    const std::vector<StreamPost> posts = MakePosts(stream);
    const DetectTaskOptions options = QuickTaskOptions();
    const auto naive = CountNaively(posts, options.windows.sizes_ms);
    const auto outputs = RunWhole(CutIntoBlocks(posts, {.seed = seed}), options, stream.brands);
    size_t nonzero = 0;
    for (const DetectOutput& output : outputs) {
      if (output.kind != DetectOutput::Kind::kMetric) continue;
      const json record = json::parse(output.metric);
      const auto found = naive.find({output.window_end_ms, output.brand_id, output.sequence});
      const NaiveCounts expected = found == naive.end() ? NaiveCounts() : found->second;
      ASSERT_EQ(record["mentions"], expected.mentions) << output.metric;
      ASSERT_EQ(record["negative"], expected.negative) << output.metric;
      ASSERT_EQ(record["neutral"], expected.neutral) << output.metric;
      ASSERT_EQ(record["positive"], expected.positive) << output.metric;
      ASSERT_EQ(record["unclassified"], expected.unclassified) << output.metric;
      ASSERT_EQ(record["unique_authors"], expected.authors.size()) << output.metric;
      ASSERT_EQ(record["window_s"], output.sequence / 1'000);
      const double minutes = static_cast<double>(output.sequence) / 60'000;
      ASSERT_NEAR(record["velocity_per_minute"], static_cast<double>(expected.mentions) / minutes, 5e-5);
      ASSERT_NEAR(record["acceleration"], static_cast<double>(expected.mentions - expected.before) / minutes, 5e-5)
          << output.metric;
      nonzero += expected.mentions > 0 ? 1 : 0;
    }
    size_t expected_nonzero = 0;
    for (const auto& [key, counts] : naive) expected_nonzero += counts.mentions > 0 ? 1 : 0;
    EXPECT_EQ(nonzero, expected_nonzero);
  }
}

TEST(DetectTaskTest, TheSamePostsGiveTheSameOutputsUnderAnyBlocksWorkersAndPartitions) {
  StreamOptions stream;
  stream.duration_ms = 4 * 3'600'000;
  stream.posts = 4'000;
  const std::vector<StreamPost> posts = MakePosts(stream);
  DetectTaskOptions options = QuickTaskOptions();
  options.metrics_every_ms = 60'000;
  const auto first = RunWhole(CutIntoBlocks(posts, {.seed = 1, .partitions = 1, .workers = 1}), options, stream.brands);
  EXPECT_GT(CountSignals(first), 1);
  const std::vector<std::string> expected = Lines(first, false);
  for (uint64_t seed = 2; seed <= 7; ++seed) {
    CutOptions cut;
    cut.seed = seed;
    cut.partitions = 1 + static_cast<int32_t>(seed) % 5;
    cut.workers = 1 + static_cast<int32_t>(seed) % cut.partitions;
    cut.flush_ms = seed % 2 == 0 ? 700 : 20'000;
    if (seed % 3 == 0) cut.max_part_bytes = 600;
    ASSERT_NO_FATAL_FAILURE(
        ExpectSameLines(Lines(RunWhole(CutIntoBlocks(posts, cut), options, stream.brands), false), expected))
        << "seed " << seed;
  }
}

TEST(DetectTaskTest, OutputsAreSortedByWindowEndAndBrand) {
  StreamOptions stream;
  const auto outputs = RunWhole(CutIntoBlocks(MakePosts(stream), {}), QuickTaskOptions(), stream.brands);
  ASSERT_GT(outputs.size(), 1'000u);
  for (size_t i = 1; i < outputs.size(); ++i) {
    ASSERT_LE(std::tie(outputs[i - 1].window_end_ms, outputs[i - 1].brand_id),
              std::tie(outputs[i].window_end_ms, outputs[i].brand_id));
  }
}

// Goal: a task that is restored from any snapshot goes on exactly as the one that was never stopped.
// Method: on a log with every kind of fault.
TEST(DetectTaskTest, ARestoredTaskContinuesByteForByte) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    StreamOptions stream;
    stream.seed = seed;
    stream.duration_ms = 3 * 3'600'000;
    stream.posts = 2'500;
    stream.duplicates = 0.1;
    stream.other_time = 0.5;
    DetectTaskOptions options = QuickTaskOptions();
    options.metrics_every_ms = 15'000;
    options.long_windows = {{.size_ms = 2 * 3'600'000, .slide_ms = 60'000}};
    if (seed == 2) options.dedup_entries_max = 300;
    const DetectCounters counters = ExpectRestoresAnywhere(BadDay(seed, stream), options, stream.brands);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    EXPECT_GT(counters.repeats, 0);
    EXPECT_GT(counters.gaps, 0);
    EXPECT_GT(counters.torn, 0);
    EXPECT_GT(counters.duplicates, 100);
    EXPECT_GT(counters.signals, 0);
    EXPECT_EQ(counters.dedup_cuts > 0, seed == 2);
    EXPECT_EQ(counters.rows, counters.applied + counters.duplicates + counters.repeated + counters.late_dropped +
                                 counters.unknown_brand);
  }
}

TEST(DetectTaskTest, RebuildNeedsOnlyTheLastHour) {
  StreamOptions stream;
  stream.duration_ms = 6 * 3'600'000;
  stream.lull = 0;
  const std::vector<std::string> blocks = CutIntoBlocks(MakePosts(stream), {.flush_ms = 10'000});
  DetectTask task(QuickTaskOptions(), MakeWatchlist(stream.brands));
  ApplyAll(&task, blocks);
  const auto all = static_cast<Offset>(blocks.size());
  EXPECT_GT(task.rebuild_from(), all * 3 / 4);
  EXPECT_LT(task.rebuild_from(), all);
}

TEST(DetectTaskTest, DamagedSnapshotsAreRefusedWithoutACrash) {
  StreamOptions stream;
  stream.posts = 300;
  const auto watchlist = MakeWatchlist(stream.brands);
  DetectTask task(QuickTaskOptions(), watchlist);
  ApplyAll(&task, CutIntoBlocks(MakePosts(stream), {}));
  const std::string good = task.Encode();
  for (size_t size = 0; size < good.size(); size += 1 + size / 50) {
    DetectTask restored(QuickTaskOptions(), watchlist);
    EXPECT_FALSE(restored.Decode(std::string_view{good}.substr(0, size)).ok()) << size;
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    DetectTask restored(QuickTaskOptions(), watchlist);
    const absl::Status status = restored.Decode(bad);
    EXPECT_EQ(status.ok(), status.message().empty());
  }
  DetectTaskOptions other = QuickTaskOptions();
  other.windows.slide_ms = 10'000;
  other.monitor.slide_ms = other.metrics_every_ms = 10'000;
  DetectTask restored(other, watchlist);
  EXPECT_THAT(restored.Decode(good), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tocsin
