// When a detect worker commits: what it has to publish soon, what is only progress now and then, and what it leaves.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/metrics/app_metrics.h"
#include "app/worker/detect_worker.h"
#include "app/worker/publisher.h"
#include "app/worker/recovery.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "engine/state/snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::testing::Field;
using ::testing::Gt;

constexpr size_t kBrands = 4;
const TopicPartition kMentions{"tocsin.mentions", 0};

class DetectCommitTest : public testing::Test {
 protected:
  DetectCommitTest() {
    const OutputTopics topics;
    CHECK_OK(log_.EnsureTopics({{kMentions.topic, 1, -1, {}},
                                {"tocsin.snapshots", 1, -1, {}},
                                {topics.brand_metrics, 1, -1, {}},
                                {topics.signals, 1, -1, {}},
                                {topics.incidents, 1, -1, {}},
                                {topics.post_crisis, 1, -1, {}}},
                               true));
    StreamOptions stream;
    stream.seed = 7;
    stream.brands = kBrands;
    stream.duration_ms = 600'000;
    stream.posts = 2'000;
    blocks_ = CutIntoBlocks(MakePosts(stream), {.seed = 7, .flush_ms = 20'000});
    Start();
  }

  // A worker in place of the one that was there, if any.
  void Start() {
    worker_.reset();
    DetectWorkerOptions options;
    options.transactional_id = options.group = options.member = "detect";
    options.commit_every = absl::Minutes(1);
    options.publish_within = absl::Milliseconds(50);
    DetectTaskOptions task;
    task.metrics_every_ms = 60'000;
    auto worker = DetectWorker::Create(
        options, &log_, &clock_, [task](int32_t) { return std::make_unique<DetectTask>(task, MakeWatchlist(kBrands)); },
        &publisher_, metrics_.Detect("detect"));
    CHECK_OK(worker.status());
    worker_ = *std::move(worker);
    StepAfter(absl::ZeroDuration());  // takes the partition
  }

  void Append(const std::string& block) {
    ASSERT_THAT(log_.Append(kMentions, std::nullopt, block, {}, absl::ToUnixMillis(clock_.Now())), IsOk());
  }

  void StepAfter(absl::Duration duration) {
    clock_.Advance(duration);
    for (int i = 0; i < 5; ++i) ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
  }

  // Behind the last block of which the group knows; 0 as long as it knows of none.
  Offset Committed() {
    const auto committed = log_.CommittedOffsets("detect", {kMentions});
    CHECK_OK(committed.status());
    return committed->front().committed.value_or(0);
  }

  // The offset that the newest snapshot reaches to; -1: there is none.
  Offset SnapshotReachesTo() {
    SnapshotAssembler assembler(0);
    CHECK_OK(ReadAll(&log_, {"tocsin.snapshots", 0}, [&assembler](const Record& record) {
      assembler.Add(record.key, record.has_value ? std::optional<std::string_view>(record.value) : std::nullopt);
      return absl::OkStatus();
    }));
    const absl::StatusOr<std::optional<Snapshot>> newest = assembler.Newest();
    CHECK_OK(newest.status());
    return newest->has_value() ? (*newest)->applied_to : -1;
  }

  ManualClock clock_{absl::FromUnixMillis(kStreamStartMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  LogPublisher publisher_{OutputTopics(), &clock_};
  std::vector<std::string> blocks_;
  std::unique_ptr<DetectWorker> worker_;
};

TEST_F(DetectCommitTest, ProgressAloneIsCommittedNowAndThen) {
  ASSERT_NO_FATAL_FAILURE(Append(blocks_.front()));
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Seconds(59)));
  EXPECT_EQ(Committed(), 0);
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Seconds(1)));
  EXPECT_EQ(Committed(), 1);
}

TEST_F(DetectCommitTest, OutputsWaitForThoseOfOtherPartitionsAndNoLonger) {
  for (const std::string& block : blocks_) ASSERT_NO_FATAL_FAILURE(Append(block));
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::ZeroDuration()));
  EXPECT_EQ(Committed(), 0);
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Milliseconds(49)));
  EXPECT_EQ(Committed(), 0);
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Milliseconds(1)));
  EXPECT_EQ(Committed(), static_cast<Offset>(blocks_.size()));
  EXPECT_THAT(log_.Offsets({OutputTopics().brand_metrics, 0}), IsOkAndHolds(Field(&OffsetRange::end, Gt(0))));
}

TEST_F(DetectCommitTest, DrainLeavesSnapshotOfWhatWasCommittedLongAgo) {
  ASSERT_NO_FATAL_FAILURE(Append(blocks_.front()));
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Minutes(1)));
  ASSERT_EQ(Committed(), 1);
  ASSERT_EQ(SnapshotReachesTo(), -1);
  EXPECT_THAT(worker_->Drain(), IsOk());
  EXPECT_EQ(SnapshotReachesTo(), 1);
}

TEST_F(DetectCommitTest, DrainLeavesSnapshotOfWhatWasReplayed) {
  ASSERT_NO_FATAL_FAILURE(Append(blocks_.front()));
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Minutes(1)));
  ASSERT_NO_FATAL_FAILURE(Start());  // the one before has died
  ASSERT_EQ(SnapshotReachesTo(), -1);
  EXPECT_THAT(worker_->Drain(), IsOk());
  EXPECT_EQ(SnapshotReachesTo(), 1);
}

TEST_F(DetectCommitTest, DrainLeavesNoSecondSnapshot) {
  ASSERT_NO_FATAL_FAILURE(Append(blocks_.front()));
  ASSERT_NO_FATAL_FAILURE(StepAfter(absl::Minutes(1)));
  ASSERT_THAT(worker_->Drain(), IsOk());
  const Offset end = log_.Offsets({"tocsin.snapshots", 0})->end;
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(worker_->Drain(), IsOk());
  EXPECT_EQ(log_.Offsets({"tocsin.snapshots", 0})->end, end);
}

}  // namespace
}  // namespace tocsin
