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

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kSlideMs = 5'000;

DetectTaskOptions Options() {
  DetectTaskOptions options;
  options.monitor.baseline_ready_ms = 1'800'000;
  return options;
}

// One line per output; what the promise excludes is blanked out: feed quality and, if asked, places in the log.
std::string Line(const DetectOutput& output, bool with_places) {
  std::string line = absl::StrCat(output.window_end_ms, " ", output.brand_id, " ", output.sequence, " ");
  if (output.kind == DetectOutput::Kind::kMetric) return line + output.metric;
  Signal signal = *output.signal;
  signal.quality = {};
  const auto blank = [&](std::optional<SignalPost>* post) {
    if (with_places || !post->has_value()) return;
    (*post)->source = {};
    (*post)->offset = 0;
  };
  blank(&signal.evidence.first_post);
  blank(&signal.evidence.first_high_reach_post);
  if (!with_places) {
    for (SignalPost& post : signal.evidence.samples) {
      post.source = {};
      post.offset = 0;
    }
  }
  return line + RenderSignalData(signal, std::nullopt);
}

std::vector<std::string> Lines(const std::vector<DetectOutput>& outputs, bool with_places) {
  std::vector<std::string> lines;
  lines.reserve(outputs.size());
  for (const DetectOutput& output : outputs) lines.push_back(Line(output, with_places));
  return lines;
}

// Says where two runs part instead of printing both.
void ExpectSameLines(const std::vector<std::string>& actual, const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    ASSERT_EQ(actual[i], expected[i]) << "line " << i;
  }
  ASSERT_EQ(actual.size(), expected.size());
}

std::vector<DetectOutput> ApplyAll(DetectTask* task, const std::vector<std::string>& blocks, size_t from = 0) {
  std::vector<DetectOutput> outputs;
  for (size_t i = from; i < blocks.size(); ++i) {
    EXPECT_THAT(task->Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  }
  return outputs;
}

std::vector<DetectOutput> RunWhole(const std::vector<std::string>& blocks, const DetectTaskOptions& options,
                                   size_t brands) {
  DetectTask task(options, MakeWatchlist(brands));
  std::vector<DetectOutput> outputs = ApplyAll(&task, blocks);
  task.Flush(&outputs);
  return outputs;
}

int64_t CountSignals(const std::vector<DetectOutput>& outputs) {
  return std::count_if(outputs.begin(), outputs.end(),
                       [](const DetectOutput& output) { return output.kind == DetectOutput::Kind::kSignal; });
}

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
    const DetectTaskOptions options = Options();
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
  DetectTaskOptions options = Options();
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
  const auto outputs = RunWhole(CutIntoBlocks(MakePosts(stream), {}), Options(), stream.brands);
  ASSERT_GT(outputs.size(), 1'000u);
  for (size_t i = 1; i < outputs.size(); ++i) {
    ASSERT_LE(std::tie(outputs[i - 1].window_end_ms, outputs[i - 1].brand_id),
              std::tie(outputs[i].window_end_ms, outputs[i].brand_id));
  }
}

// What a mentions log holds on a bad day: repeats, overlaps, gaps, torn blocks, copies with other times, late rows.
std::vector<std::string> BadDay(uint64_t seed, const StreamOptions& stream) {
  std::mt19937_64 random(seed);
  const std::vector<StreamPost> posts = MakePosts(stream);
  const std::vector<std::string> clean =
      CutIntoBlocks(posts, {.seed = seed, .partitions = 3, .workers = 2, .flush_ms = 30'000, .max_part_bytes = 1'500});
  std::vector<std::string> blocks;
  for (size_t i = 0; i < clean.size(); ++i) {
    if (random() % 40 == 0) continue;  // a gap, or a part that is missing
    blocks.push_back(clean[i]);
    if (random() % 30 == 0) blocks.push_back(clean[i]);
    if (random() % 30 == 0) blocks.push_back(clean[random() % (i + 1)]);
    if (random() % 30 == 0 && i + 1 < clean.size())
      std::swap(blocks.back(), blocks[blocks.size() - 1 - random() % 2 % blocks.size()]);
  }
  return blocks;
}

// Goal: a task that is restored from any snapshot goes on exactly as the one that was never stopped.
// Method: on a log with every kind of fault, snapshot at each k-th record, rebuild from where the snapshot says, apply
// the rest, and compare every later output and the final state byte for byte.
TEST(DetectTaskTest, ARestoredTaskContinuesByteForByte) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    StreamOptions stream;
    stream.seed = seed;
    stream.duration_ms = 3 * 3'600'000;
    stream.posts = 2'500;
    stream.duplicates = 0.1;
    stream.other_time = 0.5;
    DetectTaskOptions options = Options();
    options.metrics_every_ms = 15'000;
    options.long_windows = {{.size_ms = 2 * 3'600'000, .slide_ms = 60'000}};
    if (seed == 2) options.dedup_entries_max = 300;
    const std::vector<std::string> blocks = BadDay(seed, stream);
    const auto watchlist = MakeWatchlist(stream.brands);

    DetectTask straight(options, watchlist);
    std::vector<std::string> expected;
    std::vector<size_t> lines_before(blocks.size() + 1);
    std::map<size_t, std::pair<std::string, Offset>> snapshots;
    for (size_t i = 0; i < blocks.size(); ++i) {
      if (i % 97 == 50) snapshots[i] = {straight.Encode(), straight.rebuild_from()};
      lines_before[i] = expected.size();
      std::vector<DetectOutput> outputs;
      ASSERT_THAT(straight.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
      for (std::string& line : Lines(outputs, true)) expected.push_back(std::move(line));
    }
    const DetectCounters& counters = straight.counters();
    EXPECT_GT(counters.repeats, 0);
    EXPECT_GT(counters.gaps, 0);
    EXPECT_GT(counters.torn, 0);
    EXPECT_GT(counters.duplicates, 100);
    EXPECT_GT(counters.signals, 0);
    EXPECT_EQ(counters.dedup_cuts > 0, seed == 2);
    EXPECT_EQ(counters.rows, counters.applied + counters.duplicates + counters.repeated + counters.late_dropped +
                                 counters.unknown_brand);
    ASSERT_GT(snapshots.size(), 3u);
    for (const auto& [at, snapshot] : snapshots) {
      DetectTask restored(options, watchlist);
      ASSERT_THAT(restored.Decode(snapshot.first), IsOk());
      ASSERT_LE(snapshot.second, static_cast<Offset>(at));
      for (auto i = static_cast<size_t>(snapshot.second); i < at; ++i) {
        ASSERT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
      }
      EXPECT_EQ(restored.rebuild_from(), snapshot.second);
      EXPECT_EQ(restored.Encode(), snapshot.first) << "seed " << seed << " at " << at;
      const std::vector<std::string> rest = Lines(ApplyAll(&restored, blocks, at), true);
      const std::vector<std::string> tail(expected.begin() + static_cast<ptrdiff_t>(lines_before[at]), expected.end());
      ASSERT_NO_FATAL_FAILURE(ExpectSameLines(rest, tail)) << "seed " << seed << " at " << at;
      EXPECT_EQ(restored.Encode(), straight.Encode()) << "seed " << seed << " at " << at;
    }
  }
}

TEST(DetectTaskTest, RebuildNeedsOnlyTheLastHour) {
  StreamOptions stream;
  stream.duration_ms = 6 * 3'600'000;
  stream.lull = 0;
  const std::vector<std::string> blocks = CutIntoBlocks(MakePosts(stream), {.flush_ms = 10'000});
  DetectTask task(Options(), MakeWatchlist(stream.brands));
  ApplyAll(&task, blocks);
  const auto all = static_cast<Offset>(blocks.size());
  EXPECT_GT(task.rebuild_from(), all * 3 / 4);
  EXPECT_LT(task.rebuild_from(), all);
}

// A block of one source partition, with a row of brand-00 for each time.
std::string OneBlock(Offset from, Offset to, const std::vector<int64_t>& times, bool idle = false, uint8_t flags = 0,
                     std::string_view brand = "brand-00") {
  SourceRange range;
  range.topic = "posts";
  range.from = from;
  range.to = to;
  range.idle = idle;
  range.out_of_orderness_ms = kStreamBoundMs;
  BlockBuilder builder;
  for (size_t i = 0; i < times.size(); ++i) {
    Mention mention;
    mention.event_time_ms = kStreamStartMs + times[i];
    mention.offset = from + static_cast<Offset>(i);
    mention.post_hash = static_cast<uint64_t>(mention.offset) + 1;
    mention.author_hash = mention.post_hash;
    mention.flags = flags;
    builder.Add(mention, brand, nullptr);
    range.highest_event_time_ms = std::max(range.highest_event_time_ms, mention.event_time_ms);
  }
  std::vector<std::string> parts;
  builder.Encode(1, {range}, 1 << 20, &parts);
  return parts[0];
}

class DetectTaskBlockTest : public testing::Test {
 protected:
  void Apply(const std::string& block) { ASSERT_THAT(task_->Apply(block, next_++, &outputs_), IsOk()); }
  void Restart(const DetectTaskOptions& options) {
    task_ = std::make_unique<DetectTask>(options, MakeWatchlist(3));
    outputs_.clear();
    next_ = 0;
  }
  // Mentions by window end of the given window, relative to the start.
  std::vector<std::pair<int64_t, int64_t>> Mentions(int64_t window_ms) {
    std::vector<std::pair<int64_t, int64_t>> mentions;
    for (const DetectOutput& output : outputs_) {
      if (output.kind != DetectOutput::Kind::kMetric || output.sequence != window_ms) continue;
      mentions.emplace_back(output.window_end_ms - kStreamStartMs, json::parse(output.metric)["mentions"]);
    }
    return mentions;
  }

  std::unique_ptr<DetectTask> task_ = std::make_unique<DetectTask>(Options(), MakeWatchlist(3));
  std::vector<DetectOutput> outputs_;
  Offset next_ = 0;
};

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

TEST_F(DetectTaskBlockTest, EvaluatesUpToTheWatermarkAndNoFurther) {
  Apply(OneBlock(0, 1, {0}));
  EXPECT_THAT(outputs_, IsEmpty());
  Apply(OneBlock(1, 2, {6'999}));
  EXPECT_THAT(outputs_, IsEmpty());
  Apply(OneBlock(2, 3, {7'000}));
  EXPECT_EQ(Mentions(60'000), (Pairs{{5'000, 1}}));
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 5'000);
  EXPECT_EQ(task_->watermark_ms(), kStreamStartMs + 5'000);
}

TEST_F(DetectTaskBlockTest, WhenAllSourcesAreIdleItStopsAtTheSlideEndAfterTheLastPost) {
  Apply(OneBlock(0, 2, {0, 11'000}));
  Apply(OneBlock(2, 2, {}, /*idle=*/true));
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 15'000);
  Apply(OneBlock(2, 2, {}, /*idle=*/true));
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 15'000);
}

TEST_F(DetectTaskBlockTest, FlushClosesTheSlideOfTheLastPost) {
  Apply(OneBlock(0, 2, {0, 11'000}));
  task_->Flush(&outputs_);
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 15'000);
  EXPECT_EQ(Mentions(60'000).back(), (std::pair<int64_t, int64_t>(15'000, 2)));
}

TEST_F(DetectTaskBlockTest, OneZeroRecordFollowsTheLastMention) {
  Apply(OneBlock(0, 2, {0, 200'000}));
  const Pairs minute = Mentions(60'000);
  ASSERT_THAT(minute, SizeIs(13));
  EXPECT_EQ(minute[11], (std::pair<int64_t, int64_t>(60'000, 1)));
  EXPECT_EQ(minute[12], (std::pair<int64_t, int64_t>(65'000, 0)));
  EXPECT_THAT(outputs_.back().metric, HasSubstr("\"window_s\":3600"));
}

TEST_F(DetectTaskBlockTest, AtASlowerCadenceTheZeroRecordComesAtTheNextEnd) {
  DetectTaskOptions options = Options();
  options.metrics_every_ms = 60'000;
  Restart(options);
  // 1'700'000'000 is 20 seconds after a whole minute.
  Apply(OneBlock(0, 2, {0, 400'000}));
  EXPECT_EQ(Mentions(60'000), (Pairs{{40'000, 1}, {100'000, 0}}));
  EXPECT_EQ(Mentions(300'000).back(), (std::pair<int64_t, int64_t>(340'000, 0)));
}

TEST_F(DetectTaskBlockTest, LongWindowsCountByMinutesAndEndInOneZeroRecord) {
  DetectTaskOptions options = Options();
  options.long_windows = {{.size_ms = 6 * 3'600'000, .slide_ms = 60'000}};
  Restart(options);
  Apply(OneBlock(0, 3, {0, 1'000, 8 * 3'600'000}));
  const Pairs counts = Mentions(6 * 3'600'000);
  ASSERT_THAT(counts, SizeIs(361));
  EXPECT_EQ(counts.front(), (std::pair<int64_t, int64_t>(40'000, 2)));
  EXPECT_EQ(counts[359].second, 2);
  EXPECT_EQ(counts[360].second, 0);
  for (const DetectOutput& output : outputs_) {
    if (output.sequence != 6 * 3'600'000) continue;
    EXPECT_THAT(output.metric, HasSubstr("\"unique_authors\":null"));
  }
}

TEST_F(DetectTaskBlockTest, MetricsAreWrittenForTheChosenWindowsOnly) {
  DetectTaskOptions options = Options();
  options.metric_sizes_ms = {300'000};
  Restart(options);
  Apply(OneBlock(0, 2, {0, 10'000'000}));
  EXPECT_THAT(Mentions(300'000), SizeIs(61));
  EXPECT_THAT(outputs_, SizeIs(61));
}

TEST_F(DetectTaskBlockTest, AYearOfSilenceIsLeapt) {
  Apply(OneBlock(0, 2, {0, int64_t{366} * 86'400'000}));
  EXPECT_LT(task_->counters().evaluations, 1'000);
  EXPECT_LT(task_->counters().metrics, 2'000);
}

TEST_F(DetectTaskBlockTest, RepeatsAreDroppedAndOverlapsCutToTheNewRows) {
  Apply(OneBlock(0, 3, {0, 1'000, 2'000}));
  Apply(OneBlock(0, 3, {0, 1'000, 2'000}));
  EXPECT_EQ(task_->counters().repeats, 1);
  EXPECT_EQ(task_->counters().repeated, 3);
  Apply(OneBlock(1, 5, {1'000, 2'000, 3'000, 4'000}));
  EXPECT_EQ(task_->counters().repeated, 5);
  EXPECT_EQ(task_->counters().applied, 5);
  EXPECT_EQ(task_->counters().duplicates, 0);
}

TEST_F(DetectTaskBlockTest, AGapIsCountedAndGoesOnOrStops) {
  Apply(OneBlock(0, 1, {0}));
  Apply(OneBlock(5, 6, {1'000}));
  EXPECT_EQ(task_->counters().gaps, 1);
  EXPECT_EQ(task_->counters().applied, 2);
  DetectTaskOptions options = Options();
  options.stop_on_gap = true;
  Restart(options);
  Apply(OneBlock(0, 1, {0}));
  EXPECT_THAT(task_->Apply(OneBlock(5, 6, {1'000}), 1, &outputs_), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(task_->counters().applied, 1);
}

TEST_F(DetectTaskBlockTest, LateRowsAreAddedWhileHeldAndThenDropped) {
  Apply(OneBlock(0, 1, {7'200'000}));
  Apply(OneBlock(1, 3, {7'000'000, 1'000}));
  EXPECT_EQ(task_->counters().late_added, 1);
  EXPECT_EQ(task_->counters().late_dropped, 1);
  Apply(OneBlock(3, 4, {7'210'000}));
  EXPECT_EQ(Mentions(300'000).back(), (std::pair<int64_t, int64_t>(7'205'000, 2)));
}

TEST_F(DetectTaskBlockTest, ALateRowIsLookedAtAtTheNextSlideEndAfterARestoreToo) {
  Apply(OneBlock(0, 2, {0, 7'200'000}));
  Apply(OneBlock(2, 3, {7'000'500}));
  ASSERT_EQ(task_->counters().late_added, 1);
  DetectTask restored(Options(), MakeWatchlist(3));
  ASSERT_THAT(restored.Decode(task_->Encode()), IsOk());
  const std::vector<std::string> blocks = {OneBlock(0, 2, {0, 7'200'000}), OneBlock(2, 3, {7'000'500})};
  for (auto i = static_cast<size_t>(task_->rebuild_from()); i < blocks.size(); ++i) {
    ASSERT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
  }
  EXPECT_EQ(restored.Encode(), task_->Encode());
  std::vector<DetectOutput> rest;
  ASSERT_THAT(restored.Apply(OneBlock(3, 4, {7'208'000}), 2, &rest), IsOk());
  outputs_.clear();
  Apply(OneBlock(3, 4, {7'208'000}));
  EXPECT_EQ(Lines(rest, true), Lines(outputs_, true));
  EXPECT_EQ(restored.Encode(), task_->Encode());
}

TEST_F(DetectTaskBlockTest, OfficialPostsAreNoMentions) {
  Apply(OneBlock(0, 1, {0}, false, kOfficial));
  Apply(OneBlock(1, 2, {20'000}));
  task_->Flush(&outputs_);
  EXPECT_EQ(task_->counters().official, 1);
  EXPECT_EQ(task_->counters().rows, 1);
  EXPECT_EQ(Mentions(60'000), (Pairs{{25'000, 1}}));
}

TEST_F(DetectTaskBlockTest, BrandsThatAreNotWatchedAreCountedAndLeftOut) {
  Apply(OneBlock(0, 1, {0}, false, 0, "stranger"));
  Apply(OneBlock(1, 2, {20'000}));
  EXPECT_EQ(task_->counters().unknown_brand, 1);
  EXPECT_THAT(outputs_, IsEmpty());
}

TEST_F(DetectTaskBlockTest, AnExpectedSourceHoldsTheWatermarkUntilItIsLeftOut) {
  SourceRange own;
  own.topic = "posts";
  own.from = 0;
  own.to = 1;
  own.highest_event_time_ms = kStreamStartMs + 60'000;
  SourceRange expected;
  expected.topic = "reviews";
  expected.from = expected.to = -1;
  BlockBuilder builder;
  std::vector<std::string> parts;
  builder.Encode(1, {own, expected}, 1 << 20, &parts);
  Apply(parts[0]);
  EXPECT_EQ(task_->evaluated_end_ms(), kUnknownTime);
  task_->SetLeftOut({"reviews", 0}, true);
  own.from = own.to = 1;
  builder.Encode(1, {own, expected}, 1 << 20, &parts);
  Apply(parts[0]);
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 60'000);
}

TEST_F(DetectTaskBlockTest, ADamagedBlockIsDataLoss) {
  std::string block = OneBlock(0, 1, {0});
  block[20] ^= 1;
  EXPECT_THAT(task_->Apply(block, 0, &outputs_), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DetectTaskTest, DamagedSnapshotsAreRefusedWithoutACrash) {
  StreamOptions stream;
  stream.posts = 300;
  const auto watchlist = MakeWatchlist(stream.brands);
  DetectTask task(Options(), watchlist);
  ApplyAll(&task, CutIntoBlocks(MakePosts(stream), {}));
  const std::string good = task.Encode();
  for (size_t size = 0; size < good.size(); size += 1 + size / 50) {
    DetectTask restored(Options(), watchlist);
    EXPECT_FALSE(restored.Decode(std::string_view{good}.substr(0, size)).ok()) << size;
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    DetectTask restored(Options(), watchlist);
    const absl::Status status = restored.Decode(bad);
    EXPECT_EQ(status.ok(), status.message().empty());
  }
  DetectTaskOptions other = Options();
  other.windows.slide_ms = 10'000;
  other.monitor.slide_ms = other.metrics_every_ms = 10'000;
  DetectTask restored(other, watchlist);
  EXPECT_THAT(restored.Decode(good), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace tocsin
