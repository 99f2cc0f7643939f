// What a recovery replays is compared with what had been published.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
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
#include "app/worker/signal_journal.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kBrands = 4;
const TopicPartition kMentions{"tocsin.mentions", 0};
const TopicPartition kOthers{"tocsin.mentions", 1};

// A mentions partition with a crisis in it, and detect workers that die without having drained.
class RecoveryJournalTest : public testing::Test {
 protected:
  RecoveryJournalTest() {
    const OutputTopics topics;
    CHECK_OK(log_.EnsureTopics({{kMentions.topic, 2, -1, {}},
                                {"tocsin.snapshots", 2, -1, {}},
                                {topics.brand_metrics, 1, -1, {}},
                                {topics.signals, 1, -1, {}},
                                {topics.incidents, 1, -1, {}},
                                {topics.post_crisis, 1, -1, {}}},
                               true));
    StreamOptions stream;
    stream.seed = 41;
    stream.brands = kBrands;
    stream.duration_ms = 4 * 3'600'000;
    stream.posts = 12'000;
    stream.lull = 0.1;
    blocks_ = CutIntoBlocks(MakePosts(stream), {.seed = 41, .flush_ms = 20'000});
    options_.transactional_id = options_.group = options_.member = "detect";
    task_.monitor.baseline_ready_ms = 1'800'000;
    task_.metrics_every_ms = 60'000;
  }

  // A worker reads the next `share` of all blocks as they come, and dies.
  void RunWorker(double share, absl::Duration snapshot_every) {
    options_.snapshot_every = snapshot_every;
    auto worker = DetectWorker::Create(options_, &log_, &clock_, MakeTask(), &publisher_, metrics_.Detect("detect"));
    ASSERT_THAT(worker, IsOk());
    const auto end = next_ + static_cast<size_t>(share * static_cast<double>(blocks_.size()));
    while (next_ < std::min(end, blocks_.size())) {
      for (int i = 0; i < 20 && next_ < blocks_.size(); ++i) Append(kMentions, blocks_[next_++]);
      ASSERT_NO_FATAL_FAILURE(Step(worker->get()));
    }
    for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(Step(worker->get()));
    if (!then_.empty()) {
      clock_.Advance(before_then_);
      Append(kOthers, then_);
      for (int i = 0; i < 5; ++i) ASSERT_NO_FATAL_FAILURE(Step(worker->get()));
    }
  }

  void Append(const TopicPartition& partition, const std::string& block) {
    ASSERT_THAT(log_.Append(partition, std::nullopt, block, {}, absl::ToUnixMillis(clock_.Now())), IsOk());
  }

  void Step(DetectWorker* worker) {
    clock_.Advance(absl::Seconds(2));
    ASSERT_THAT(worker->Step(absl::ZeroDuration()), IsOk());
  }

  absl::StatusOr<RecoveredTask> Recover(const AssignedPartition& assigned) {
    return RecoverTask({kMentions.topic, options_.snapshots_topic, options_.group}, &log_, MakeTask(), assigned);
  }

  DetectTaskFactory MakeTask() const {
    return [this](int32_t) { return std::make_unique<DetectTask>(task_, MakeWatchlist(kBrands)); };
  }

  SignalJournal Committed() {
    const auto committed = log_.CommittedOffsets(options_.group, {kMentions});
    CHECK_OK(committed.status());
    SignalJournal journal;
    CHECK(DecodeJournal(committed->front().metadata, &journal)) << committed->front().metadata;
    return journal;
  }

  double Differences() const { return metrics_.Sum().recovery_differences; }

  ManualClock clock_{absl::FromUnixMillis(kStreamStartMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  LogPublisher publisher_{OutputTopics(), &clock_};
  DetectWorkerOptions options_;
  DetectTaskOptions task_;
  std::vector<std::string> blocks_;
  size_t next_ = 0;
  std::string then_;            // comes last, and through the other partition,
  absl::Duration before_then_;  // so much later
};

TEST_F(RecoveryJournalTest, WhatIsReplayedIsWhatWasPublished) {
  RunWorker(0.3, absl::InfiniteDuration());
  EXPECT_EQ(Committed().since, 0);
  RunWorker(0.5, absl::Minutes(1));  // replays, goes on, and writes snapshots
  EXPECT_GT(Committed().since, 0);
  RunWorker(1, absl::InfiniteDuration());
  EXPECT_GT(Committed().signals, 0);
  RunWorker(0, absl::InfiniteDuration());
  EXPECT_EQ(Differences(), 0);
}

TEST_F(RecoveryJournalTest, AJournalStartsAnewWithASnapshotThoughNothingHasBeenReadSince) {
  then_ = blocks_.front();
  before_then_ = absl::Hours(1);  // so that the snapshots are due when only the other partition goes on
  RunWorker(1, before_then_);
  const auto committed = log_.CommittedOffsets(options_.group, {kMentions});
  ASSERT_THAT(committed, IsOkAndHolds(ElementsAre(Field(&AssignedPartition::metadata, StartsWith("v1 ")))));
  EXPECT_EQ(Committed().since, *committed->front().committed);
  EXPECT_EQ(Committed().signals, 0);
  RunWorker(0, absl::InfiniteDuration());
  EXPECT_EQ(Differences(), 0);
}

TEST_F(RecoveryJournalTest, ASignalThatWouldNotBeDecidedAgainIsNoticed) {
  RunWorker(1, absl::InfiniteDuration());
  ASSERT_GT(Committed().signals, 0);
  task_.monitor.baseline_ready_ms *= 100;  // as a release that decides otherwise
  RunWorker(0, absl::InfiniteDuration());
  EXPECT_EQ(Differences(), 1);
}

TEST_F(RecoveryJournalTest, OffsetsThatWereSetByHandHaveNothingToCompareWith) {
  RunWorker(1, absl::InfiniteDuration());
  const auto committed = log_.CommittedOffsets(options_.group, {kMentions});
  ASSERT_THAT(committed, IsOk());
  ASSERT_THAT(log_.SetCommittedOffsets(options_.group, {{kMentions, *committed->front().committed, ""}}), IsOk());
  task_.monitor.baseline_ready_ms *= 100;
  RunWorker(0, absl::InfiniteDuration());
  EXPECT_EQ(Differences(), 0);
}

TEST_F(RecoveryJournalTest, ARecoverySaysWhatItHasRead) {
  RunWorker(0.5, absl::Seconds(10));
  RunWorker(0.2, absl::InfiniteDuration());
  const auto committed = log_.CommittedOffsets(options_.group, {kMentions});
  ASSERT_THAT(committed, IsOk());
  const auto recovered = Recover(committed->front());
  ASSERT_THAT(recovered, IsOk());
  const auto bytes = [this](Offset from, Offset end) {
    int64_t sum = 0;
    for (Offset offset = from; offset < end; ++offset) sum += std::ssize(blocks_[static_cast<size_t>(offset)]);
    return sum;
  };
  const Offset from = recovered->rebuild_from;
  const Offset snapshot = Committed().since;
  const Offset end = *committed->front().committed;
  ASSERT_LT(from, snapshot);
  ASSERT_LT(snapshot, end);
  EXPECT_GT(recovered->cost.snapshot_bytes, 0);
  EXPECT_EQ(recovered->cost.rebuilt_blocks, snapshot - from);
  EXPECT_EQ(recovered->cost.rebuilt_bytes, bytes(from, snapshot));
  EXPECT_EQ(recovered->cost.replayed_blocks, end - snapshot);
  EXPECT_EQ(recovered->cost.replayed_bytes, bytes(snapshot, end));
}

// A worker that stood still between its assignment and its recovery, while another made the group's first commit.
TEST_F(RecoveryJournalTest, ASnapshotOfWhoHasTakenOverIsNotALossOfTheOffset) {
  RunWorker(0.5, absl::Seconds(10));
  ASSERT_GT(Committed().since, 0);
  EXPECT_THAT(Recover({kMentions, std::nullopt, ""}).status(),
              StatusIs(absl::StatusCode::kAborted, HasSubstr("taken")));
}

TEST_F(RecoveryJournalTest, ASnapshotWithoutAnOffsetIsALoss) {
  RunWorker(0.5, absl::Seconds(10));
  options_.group = "another";
  EXPECT_THAT(Recover({kMentions, std::nullopt, ""}).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("source reset --detect")));
}

TEST_F(RecoveryJournalTest, ALogThatEndsBeforeWhatWasCommittedIsALoss) {
  RunWorker(0.5, absl::Seconds(10));
  const Offset end = log_.Offsets(kMentions)->end;
  EXPECT_THAT(Recover({kMentions, end + 1, ""}).status(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ends before")));
}

TEST(SignalJournalTest, TextAndBack) {
  const SignalJournal journal{.since = 77, .signals = 3, .digest = 0xFEDCBA9876543210};
  SignalJournal read;
  ASSERT_TRUE(DecodeJournal(EncodeJournal(journal), &read));
  EXPECT_EQ(read, journal);
  for (const char* text : {"", "v1", "v1 77 3", "v2 77 3 fe", "v1 77 3 fe more", "v1 x 3 fe", "v1 77 3 xy"}) {
    EXPECT_FALSE(DecodeJournal(text, &read)) << text;
  }
}

}  // namespace
}  // namespace tocsin
