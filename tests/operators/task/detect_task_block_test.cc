#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"
#include "tests/operators/task/task_runs.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

  std::unique_ptr<DetectTask> task_ = std::make_unique<DetectTask>(QuickTaskOptions(), MakeWatchlist(3));
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
  DetectTaskOptions options = QuickTaskOptions();
  options.metrics_every_ms = 60'000;
  Restart(options);
  // 1'700'000'000 is 20 seconds after a whole minute.
  Apply(OneBlock(0, 2, {0, 400'000}));
  EXPECT_EQ(Mentions(60'000), (Pairs{{40'000, 1}, {100'000, 0}}));
  EXPECT_EQ(Mentions(300'000).back(), (std::pair<int64_t, int64_t>(340'000, 0)));
}

TEST_F(DetectTaskBlockTest, LongWindowsCountByMinutesAndEndInOneZeroRecord) {
  DetectTaskOptions options = QuickTaskOptions();
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
  DetectTaskOptions options = QuickTaskOptions();
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
  DetectTaskOptions options = QuickTaskOptions();
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
  DetectTask restored(QuickTaskOptions(), MakeWatchlist(3));
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

// A block of "posts" that was written so long after the first one, and that names "reviews", of which nothing was read.
std::string BlockWrittenAt(int64_t after_ms, bool names_reviews) {
  SourceRange own;
  own.topic = "posts";
  own.highest_event_time_ms = kStreamStartMs + 60'000;
  std::vector<SourceRange> sources = {own};
  if (names_reviews) {
    SourceRange& expected = sources.emplace_back();
    expected.topic = "reviews";
    expected.from = expected.to = -1;
  }
  BlockBuilder builder;
  builder.set_written_ms(kStreamStartMs + after_ms);
  std::vector<std::string> parts;
  builder.Encode(1, sources, 1 << 20, &parts);
  return parts[0];
}

TEST_F(DetectTaskBlockTest, ASourceHoldsTheWatermarkUntilNoWriterHasNamedItForAWhile) {
  Apply(BlockWrittenAt(0, true));
  Apply(BlockWrittenAt(5'000, false));
  Apply(BlockWrittenAt(10'000, true));
  EXPECT_EQ(task_->completeness(), std::pair(1, 2));
  Apply(BlockWrittenAt(610'000, false));
  EXPECT_EQ(task_->evaluated_end_ms(), kUnknownTime);
  EXPECT_EQ(task_->completeness(), std::pair(1, 2));
  Apply(BlockWrittenAt(610'001, false));
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 60'000);
  EXPECT_EQ(task_->completeness(), std::pair(1, 1));
  Apply(BlockWrittenAt(610'002, true));
  EXPECT_EQ(task_->completeness(), std::pair(1, 2)) << "it is back";
}

TEST_F(DetectTaskBlockTest, ASnapshotKnowsWhenASourceWasNamedLast) {
  Apply(BlockWrittenAt(0, true));
  Apply(BlockWrittenAt(300'000, false));
  const std::string snapshot = task_->Encode();
  Restart(QuickTaskOptions());
  ASSERT_THAT(task_->Decode(snapshot), IsOk());
  Apply(BlockWrittenAt(600'000, false));
  EXPECT_EQ(task_->evaluated_end_ms(), kUnknownTime);
  Apply(BlockWrittenAt(600'001, false));
  EXPECT_EQ(task_->evaluated_end_ms(), kStreamStartMs + 60'000);
}

TEST_F(DetectTaskBlockTest, ADamagedBlockIsDataLoss) {
  std::string block = OneBlock(0, 1, {0});
  block[20] ^= 1;
  EXPECT_THAT(task_->Apply(block, 0, &outputs_), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tocsin
