// Goal: a backfilled deployment begins with the baselines of its history and with nothing else of it; one that has run
// is refused; and a backfill that was interrupted is begun again. Method: histories in files; both workers over the log
// in memory. On a broker: tests/app/command/backfill_test.py.
#include "app/pipeline/backfill.h"

#include <atomic>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/config/config.h"
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
using ::testing::IsEmpty;

constexpr int64_t kHistoryMs = 1'767'225'600'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHistoryMinutes = 30 * 60;
constexpr char kMetrics[] = "tocsin.brand-metrics";

std::string Post(int64_t time_ms, const std::string& text) {
  return absl::StrCat(R"({"id": ")", time_ms, text, R"(", "time": )", time_ms, R"(, "text": ")", text,
                      R"(", "author_id": ")", time_ms, R"(", "lang": "en"})");
}

class BackfillTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme}, {id: bolt, name: Bolt, query: bolt}]");
    Write("config.yaml",
          absl::StrCat("deployment: warm\nsources: [{topics: [posts], preset: generic, start: earliest}]\nwatchlist: ",
                       Path("watchlist.yaml"), "\ntopics: {mentions_partitions: 2}\n"));
    absl::StatusOr<Config> config = LoadConfig(Path("config.yaml"), {});
    ASSERT_THAT(config.status(), IsOk());
    absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = MakeSettings(*std::move(config));
    ASSERT_THAT(settings.status(), IsOk());
    settings_ = *std::move(settings);
    std::vector<TopicSpec> topics = settings_->topic_specs;
    topics.push_back({"posts", 1, -1, {}});
    ASSERT_THAT(log_.EnsureTopics(topics, true), IsOk());
  }

  std::string Path(const std::string& name) const { return absl::StrCat(testing::TempDir(), "/backfill_", name); }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }

  // Two posts about acme in each of so many minutes.
  absl::StatusOr<LearntHistory> Learn(int64_t minutes = kHistoryMinutes) {
    std::string posts;
    for (int64_t half = 0; half < 2 * minutes; ++half) {
      absl::StrAppend(&posts, Post(kHistoryMs + half * kMinuteMs / 2, "acme"), "\n");
    }
    Write("posts", posts);
    return LearnHistory({{"posts", Path("posts")}}, settings_, &metrics_, nullptr);
  }
  absl::Status WriteLearnt(const LearntHistory& history) {
    return WriteBaselines(history.payloads, topics_, "warm-backfill", &log_);
  }
  // Ingest and detect take in two posts of another time, with a post in between that ends windows.
  void RunLive(int64_t start_ms) {
    IngestWorkerOptions ingest = settings_->ingest;
    ingest.transactional_id = ingest.member = ingest.group = "warm-ingest";
    ingest.actions_topic.clear();
    DetectWorkerOptions detect = settings_->detect;
    detect.transactional_id = detect.member = "warm-detect-0";
    detect.group = topics_.group;
    const auto versions = std::make_shared<FixedVersions>(settings_->watchlist, settings_->config_version);
    const auto make_task = [this, versions](int32_t partition) {
      DetectTaskOptions task = settings_->task;
      task.partition = partition;
      return std::make_unique<DetectTask>(task, versions);
    };
    clock_.Set(absl::FromUnixMillis(start_ms + kMinuteMs));
    for (const int64_t after_ms : {0, 70'000}) {
      const std::string post = Post(start_ms + after_ms, "acme");
      ASSERT_THAT(log_.Append({"posts", 0}, std::nullopt, post, {}, start_ms + after_ms).status(), IsOk());
    }
    auto reads = IngestWorker::Create(ingest, &log_, &log_, &clock_, versions, settings_->model, metrics_.Ingest("i"));
    ASSERT_THAT(reads.status(), IsOk());
    for (int i = 0; i < 5; ++i) {
      ASSERT_THAT((*reads)->Step(absl::ZeroDuration()), IsOk());
      clock_.Advance(absl::Seconds(1));
    }
    ASSERT_THAT((*reads)->Drain(), IsOk());
    auto decides = DetectWorker::Create(detect, &log_, &clock_, make_task, &publisher_, metrics_.Detect("d"));
    ASSERT_THAT(decides.status(), IsOk());
    do {
      ASSERT_THAT((*decides)->Step(absl::ZeroDuration()), IsOk());
    } while (!(*decides)->ready() || (*decides)->last_step_blocks() > 0);
    ASSERT_THAT((*decides)->Drain(), IsOk());
  }
  // What the brand metrics expected a minute.
  std::vector<double> Expected() {
    std::vector<double> expected;
    for (int32_t partition = 0; partition < log_.PartitionCount(kMetrics).value(); ++partition) {
      const auto records = log_.ReadStored({kMetrics, partition});
      for (const StoredRecord& record : records.value()) {
        const auto metric = nlohmann::json::parse(*record.value);
        expected.push_back(metric["expected"].is_null() ? -1 : metric["expected"].get<double>());
      }
    }
    return expected;
  }

  ManualClock clock_{absl::FromUnixMillis(kHistoryMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  LogPublisher publisher_{OutputTopics{}, &clock_};
  std::shared_ptr<const PipelineSettings> settings_;
  RecoveryOptions topics_{"tocsin.mentions", "tocsin.snapshots", "warm-detect"};
};

TEST_F(BackfillTest, TheFirstStartExpectsWhatTheHistoryTaughtHoweverLongAgoItWas) {
  const absl::StatusOr<LearntHistory> history = Learn();
  ASSERT_THAT(history.status(), IsOk());
  EXPECT_EQ(history->ready, 1);
  EXPECT_EQ(history->learning, 0);
  EXPECT_EQ(history->end_ms, kHistoryMs + kHistoryMinutes * kMinuteMs - 25'000) << "the slide end behind the last post";
  ASSERT_EQ(history->payloads.size(), 2U);
  ASSERT_THAT(WriteLearnt(*history), IsOk());
  EXPECT_THAT(Expected(), IsEmpty()) << "nothing of the past is published";
  RunLive(kHistoryMs + 40LL * 24 * 60 * kMinuteMs);
  const std::vector<double> expected = Expected();
  ASSERT_FALSE(expected.empty());
  // The shape of a window that fills up is in the average.
  for (const double each : expected) EXPECT_NEAR(each, 2, 0.1);
  EXPECT_EQ(metrics_.Sum().gaps, 0);
}

TEST_F(BackfillTest, WithoutItNothingIsExpected) {
  RunLive(kHistoryMs);
  ASSERT_FALSE(Expected().empty());
  for (const double each : Expected()) EXPECT_EQ(each, -1);
}

TEST_F(BackfillTest, AShorterHistoryGoesOnLearning) {
  const absl::StatusOr<LearntHistory> history = Learn(10 * 60);
  ASSERT_THAT(history.status(), IsOk());
  EXPECT_EQ(history->ready, 0);
  EXPECT_EQ(history->learning, 1);
}

TEST_F(BackfillTest, AHistoryThatMentionsNobodyIsAnError) {
  Write("posts", Post(kHistoryMs, "nobody"));
  EXPECT_THAT(LearnHistory({{"posts", Path("posts")}}, settings_, &metrics_, nullptr).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(BackfillTest, AnotherBackfillTakesThePlaceOfTheFirstUntilTheDeploymentHasRun) {
  const absl::StatusOr<LearntHistory> shorter = Learn(10 * 60);
  const absl::StatusOr<LearntHistory> history = Learn();
  ASSERT_THAT(WriteLearnt(*shorter), IsOk());
  ASSERT_THAT(WriteLearnt(*history), IsOk());
  RunLive(kHistoryMs + 31 * 60 * kMinuteMs);
  for (const double each : Expected()) EXPECT_NEAR(each, 2, 0.1);
  EXPECT_THAT(CheckHasNeverRun(topics_, &log_), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has run")));
  EXPECT_THAT(WriteLearnt(*history), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("has run")));
}

TEST_F(BackfillTest, WhileTheGroupHasAMemberNothingIsWritten) {
  const absl::StatusOr<LearntHistory> history = Learn();
  class Anyone : public AssignmentListener {
    absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
      return std::vector<StartPosition>(partitions.size());
    }
    void OnRevoked(bool /*lost*/) override {}
  } anyone;
  auto member = log_.OpenGroupReader({topics_.group, "warm-detect-0", {topics_.mentions_topic}});
  ASSERT_THAT(member.status(), IsOk());
  std::atomic<bool> stops = false;
  std::thread service([&] {
    std::vector<RecordBatch> batches;
    while (!stops) EXPECT_THAT((*member)->Poll(absl::Milliseconds(1), anyone, &batches), IsOk());
    EXPECT_THAT((*member)->Close(anyone), IsOk());
  });
  EXPECT_THAT(WriteLearnt(*history),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the service is running: stop it")));
  EXPECT_EQ(log_.Offsets({topics_.snapshots_topic, 0})->end, 0);
  stops = true;
  service.join();
  // A member with a name is waited for as long as its session lasts.
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(WriteLearnt(*history), IsOk());
}

TEST_F(BackfillTest, AnotherNumberOfPartitionsIsRefused) {
  absl::StatusOr<LearntHistory> history = Learn();
  history->payloads.pop_back();
  EXPECT_THAT(WriteLearnt(*history),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("number of partitions")));
}

}  // namespace
}  // namespace tocsin
