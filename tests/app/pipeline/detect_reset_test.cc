// Goal: `tocsin source reset --detect` gets detect going again after each loss of history that recovery names, and what
// was published is not published again.
// Method: both workers over the log in memory; history is taken away, the worker must refuse it by name, be reset, and
// count on with what comes.
#include "app/pipeline/detect_reset.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/metrics/app_metrics.h"
#include "app/worker/detect_worker.h"
#include "app/worker/ingest_worker.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr char kMentions[] = "tocsin.mentions";
constexpr char kSnapshots[] = "tocsin.snapshots";
constexpr char kMetrics[] = "tocsin.brand-metrics";

class DetectResetTest : public testing::Test {
 protected:
  DetectResetTest() {
    std::vector<TopicSpec> topics = {{"posts", 1, -1, {}}};
    for (const char* topic : {kMentions, kSnapshots, kMetrics, "tocsin.dead-letters", "tocsin.signals",
                              "tocsin.incidents", "tocsin.post-crisis"}) {
      topics.push_back({topic, 1, -1, {}});
    }
    EXPECT_THAT(log_.EnsureTopics(topics, true), IsOk());
  }

  // A post every second of event time, taken in by an ingest worker of its own.
  void Posts(int seconds) {
    IngestWorkerOptions options;
    options.transactional_id = options.member = options.group = "ingest";
    options.chain.mentions_partitions = 1;
    IngestSource& source = options.sources.emplace_back();
    source.topics = {"posts"};
    source.mapping = *Mapping::Preset("generic", std::nullopt);
    source.start.kind = StartPosition::Kind::kEarliest;
    auto worker = IngestWorker::Create(options, &log_, &log_, &clock_, std::make_shared<FixedVersions>(watchlist_, 1),
                                       &SentimentModel::Default(), metrics_.Ingest("ingest"));
    ASSERT_THAT(worker.status(), IsOk());
    for (int i = 0; i < seconds; ++i) {
      clock_.Advance(absl::Seconds(1));
      const int64_t now_ms = absl::ToUnixMillis(clock_.Now());
      const std::string post =
          absl::StrCat(R"({"id": ")", ++posts_, R"(", "time": )", now_ms, R"(, "text": "acme", "lang": "en"})");
      ASSERT_THAT(log_.Append({"posts", 0}, std::nullopt, post, {}, now_ms).status(), IsOk());
      ASSERT_THAT((*worker)->Step(absl::ZeroDuration()), IsOk());
    }
    ASSERT_THAT((*worker)->Drain(), IsOk());
  }
  // What a detect worker says that starts, reads what there is, and ends.
  absl::Status Detect() {
    DetectWorkerOptions options;
    options.transactional_id = options.member = "detect-0";
    options.group = group_;
    auto worker = DetectWorker::Create(
        options, &log_, &clock_, [this](int32_t) { return MakeTask(); }, &publisher_, metrics_.Detect("detect"));
    if (!worker.ok()) return worker.status();
    do {
      if (absl::Status status = (*worker)->Step(absl::ZeroDuration()); !status.ok()) return status;
    } while (!(*worker)->ready() || (*worker)->last_step_blocks() > 0);
    return (*worker)->Drain();
  }
  std::unique_ptr<DetectTask> MakeTask() {
    DetectTaskOptions options;
    options.metrics_every_ms = options.windows.slide_ms;
    return std::make_unique<DetectTask>(options, watchlist_);
  }
  absl::StatusOr<std::vector<DetectResetPartition>> Reset(
      DetectReset::Start start = DetectReset::Start::kWhereItStopped) {
    DetectReset reset;
    reset.topics = {kMentions, kSnapshots, group_};
    reset.transactional_id = "reset";
    reset.start = start;
    return ResetDetect(
        reset, &log_, [this](int32_t) { return MakeTask(); },
        [this](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
          return log_.SetCommittedOffsets(group, offsets);
        });
  }
  Offset End(const char* topic) { return log_.Offsets({topic, 0})->end; }
  // (window end, size) of all metrics, each of which must be there once.
  std::set<std::string> Windows() {
    std::set<std::string> windows;
    const auto records = log_.ReadStored({kMetrics, 0});
    for (const StoredRecord& record : records.value()) {
      const auto metric = nlohmann::json::parse(*record.value);
      const std::string window = absl::StrCat(metric["window_end"].get<std::string>(), " ", metric["window_s"].dump());
      EXPECT_TRUE(windows.insert(window).second) << window << " twice";
    }
    return windows;
  }
  double Applied() { return metrics_.Sum().applied; }

  ManualClock clock_{absl::FromUnixMillis(kStartMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  LogPublisher publisher_{OutputTopics{}, &clock_};
  std::shared_ptr<const Watchlist> watchlist_ =
      *Watchlist::Parse("brands: [{id: acme, name: Acme, query: acme}]", "watchlist.yaml");
  std::string group_ = "detect";
  int posts_ = 0;
};

TEST_F(DetectResetTest, OffsetsThatHaveExpiredAreTakenFromTheSnapshotAndNothingIsPublishedTwice) {
  Posts(60);
  ASSERT_THAT(Detect(), IsOk());
  const size_t before = Windows().size();
  ASSERT_GT(before, 0U);
  const Offset stopped = End(kMentions);
  group_ = "one without offsets";
  ASSERT_THAT(Detect(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tocsin source reset --detect")));
  Posts(60);
  const auto reset = Reset();
  ASSERT_THAT(reset.status(), IsOk());
  ASSERT_EQ(reset->size(), 1U);
  EXPECT_EQ(reset->front().from, stopped);
  EXPECT_EQ(reset->front().skipped, -1);
  ASSERT_THAT(Detect(), IsOk());
  EXPECT_GT(Windows().size(), before);
  EXPECT_EQ(metrics_.Sum().gaps, 0);
  EXPECT_EQ(Applied(), 120);
}

TEST_F(DetectResetTest, WhatTheMentionsLogHasLostIsPassedOverAndTold) {
  Posts(30);
  ASSERT_THAT(Detect(), IsOk());
  const Offset committed = End(kMentions);
  Posts(30);
  const Offset lost = End(kMentions);
  Posts(30);
  ASSERT_THAT(log_.Trim({kMentions, 0}, lost), IsOk());
  ASSERT_THAT(Detect(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tocsin source reset --detect")));
  const auto reset = Reset();
  ASSERT_THAT(reset.status(), IsOk());
  EXPECT_EQ(reset->front().from, log_.Offsets({kMentions, 0})->begin);
  EXPECT_EQ(reset->front().skipped, reset->front().from - committed);
  ASSERT_THAT(Detect(), IsOk());
  EXPECT_EQ(Applied(), 60);
  ASSERT_THAT(Detect(), IsOk()) << "an ordinary start";
}

TEST_F(DetectResetTest, ADamagedSnapshotIsReplaced) {
  Posts(30);
  ASSERT_THAT(Detect(), IsOk());
  const auto records = log_.ReadStored({kSnapshots, 0});
  for (const StoredRecord& record : records.value()) {
    ASSERT_THAT(log_.Append({kSnapshots, 0}, record.key, "damaged").status(), IsOk());
  }
  ASSERT_THAT(Detect(), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("tocsin source reset --detect")));
  ASSERT_THAT(Reset().status(), IsOk());
  Posts(30);
  ASSERT_THAT(Detect(), IsOk());
  ASSERT_THAT(Detect(), IsOk());
  EXPECT_EQ(Applied(), 60);
  Windows();
}

TEST_F(DetectResetTest, TheStartCanBeChosen) {
  Posts(30);
  ASSERT_THAT(Detect(), IsOk());
  Posts(30);
  auto reset = Reset(DetectReset::Start::kLatest);
  ASSERT_THAT(reset.status(), IsOk());
  EXPECT_EQ(reset->front().from, End(kMentions));
  ASSERT_THAT(Detect(), IsOk());
  EXPECT_EQ(Applied(), 30);
  reset = Reset(DetectReset::Start::kEarliest);
  ASSERT_THAT(reset.status(), IsOk());
  EXPECT_EQ(reset->front().from, 0);
  EXPECT_EQ(reset->front().skipped, 0);
  ASSERT_THAT(Detect(), IsOk());
  EXPECT_EQ(Applied(), 90);
}

TEST_F(DetectResetTest, AGroupWithMembersKeepsItsState) {
  Posts(30);
  ASSERT_THAT(Detect(), IsOk());
  const Offset snapshots = End(kSnapshots);
  DetectReset reset;
  reset.topics = {kMentions, kSnapshots, group_};
  reset.transactional_id = "reset";
  const auto refused = [](const std::string&, absl::Span<const ConsumedOffset>) {
    return absl::FailedPreconditionError("the group has members");
  };
  EXPECT_THAT(ResetDetect(
                  reset, &log_, [this](int32_t) { return MakeTask(); }, refused)
                  .status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(End(kSnapshots), snapshots);
}

}  // namespace
}  // namespace tocsin
