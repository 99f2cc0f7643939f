#include "app/worker/ingest_worker.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "engine/base/clock.h"
#include "engine/log/memory/fault_injector.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/block/block.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr char kConfig[] = R"(deployment: test
sources:
  - {topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s, idle_after: 5s}
watchlist: w.yaml
topics: {mentions_partitions: 2}
)";
constexpr char kWatchlist[] = R"(brands:
  - {id: acme, name: Acme, query: acme, official_accounts: [acmecare]}
)";

// Fails the calls of one kind as long as told to.
class FailingCalls : public FaultInjector {
 public:
  absl::Status OnCall(LogCall call, CallMoment moment, std::string_view) override {
    if (call == failing_ && moment == CallMoment::kBefore) return absl::UnavailableError("no answer");
    return absl::OkStatus();
  }
  void Fail(std::optional<LogCall> call) { failing_ = call; }

 private:
  std::optional<LogCall> failing_;
};

class IngestWorkerTest : public testing::Test {
 protected:
  IngestWorkerTest() : clock_(absl::FromUnixMillis(kStartMs)) {
    absl::StatusOr<Config> config = ParseConfig(kConfig, "test.yaml");
    CHECK_OK(config.status());
    auto settings = MakeSettings(*std::move(config), kWatchlist);
    CHECK_OK(settings.status());
    settings_ = *std::move(settings);
    MemoryLogOptions options;
    options.fault_injector = &calls_;
    log_ = std::make_unique<MemoryLog>(&clock_, options);
    std::vector<TopicSpec> topics = settings_->topic_specs;
    topics.push_back({"posts", 2, -1, {}});
    CHECK_OK(log_->EnsureTopics(topics, true));
    worker_ = MakeWorker();
  }

  std::unique_ptr<IngestWorker> MakeWorker() {
    IngestWorkerOptions options = settings_->ingest;
    options.transactional_id = options.member = "ingest-0";
    options.group = "ingest";
    auto versions = std::make_shared<FixedVersions>(settings_->watchlist, settings_->config_version);
    auto worker = IngestWorker::Create(options, log_.get(), log_.get(), &clock_, std::move(versions), settings_->model,
                                       metrics_.Ingest("ingest-0"));
    CHECK_OK(worker.status());
    return *std::move(worker);
  }

  void Append(int32_t partition, std::string_view value) {
    CHECK_OK(log_->Append({"posts", partition}, std::nullopt, value).status());
  }
  static std::string Post(std::string_view id, std::string_view text, int64_t time_ms = kStartMs,
                          std::string_view author = "someone") {
    return absl::StrCat(R"({"id":")", id, R"(","time":)", time_ms, R"(,"author":")", author, R"(","text":")", text,
                        R"("})");
  }

  // Steps until what is there has been read, then lets the next flush fall due and takes it.
  void StepAndFlush(absl::Duration pass = absl::Seconds(1)) {
    for (int i = 0; i < 4; ++i) ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
    clock_.Advance(pass);
    ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
  }

  // The sources of the last block of mentions partition 0, by partition, without that of actions.
  std::vector<SourceRange> LastSources() {
    const auto records = log_->ReadStored({settings_->ingest.mentions_topic, 0});
    CHECK_OK(records.status());
    CHECK(!records->empty());
    Block block;
    CHECK_OK(DecodeBlock(*records->back().value, &block));
    std::erase_if(block.sources, [](const SourceRange& source) { return source.control; });
    std::sort(block.sources.begin(), block.sources.end(),
              [](const SourceRange& a, const SourceRange& b) { return a.partition < b.partition; });
    return block.sources;
  }
  size_t Blocks() { return log_->ReadStored({settings_->ingest.mentions_topic, 0})->size(); }
  std::vector<StoredRecord> DeadLetters() { return *log_->ReadStored({settings_->ingest.dead_letters_topic, 0}); }

  ManualClock clock_;
  FailingCalls calls_;
  AppMetrics metrics_;
  std::shared_ptr<const PipelineSettings> settings_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<IngestWorker> worker_;
};

TEST_F(IngestWorkerTest, ActionsTravelInTheBlockOfTheirBrandOrBecomeDeadLetters) {
  const std::string& topic = settings_->ingest.actions_topic;
  const std::string ack = absl::StrCat(R"({"action":"ack","brand_id":"acme","by":"anna","at":)", kStartMs, "}");
  for (const std::string& action :
       {ack, std::string("{broken"),
        absl::StrCat(R"({"action":"ack","brand_id":"nobody","by":"anna","at":)", kStartMs, "}"),
        std::string(R"({"action":"explode","brand_id":"acme"})")}) {
    CHECK_OK(log_->Append({topic, 0}, std::nullopt, action).status());
  }
  StepAndFlush();
  std::vector<std::string> actions;
  for (const int32_t partition : {0, 1}) {
    const auto blocks = log_->ReadStored({settings_->ingest.mentions_topic, partition});
    CHECK_OK(blocks.status());
    ASSERT_THAT(*blocks, SizeIs(1));
    Block block;
    CHECK_OK(DecodeBlock(*blocks->front().value, &block));
    EXPECT_EQ(block.written_ms, kStartMs + 1'000);
    const auto range =
        std::find_if(block.sources.begin(), block.sources.end(), [](const auto& s) { return s.control; });
    ASSERT_NE(range, block.sources.end());
    EXPECT_EQ(range->topic, topic);
    EXPECT_EQ(range->to, 4);
    EXPECT_EQ(range->matched, 1u);
    EXPECT_EQ(range->dead, 3u);
    EXPECT_FALSE(range->idle || range->caught_up);
    for (const BlockAction& action : block.actions) actions.emplace_back(action.text);
  }
  EXPECT_THAT(actions, testing::ElementsAre(ack));
  std::vector<std::string> reasons;
  for (const StoredRecord& letter : DeadLetters()) reasons.push_back(letter.headers.front().second);
  EXPECT_THAT(reasons, testing::ElementsAre("not_json", "unknown_brand", "unknown_action"));
  EXPECT_EQ(log_->CommittedOffsets("ingest", {{topic, 0}})->front().committed, 4);
  EXPECT_EQ(metrics_.Sum().posts, 0);
}

TEST_F(IngestWorkerTest, ABlockAccountsForEveryRecordThatWasRead) {
  Append(0, Post("1", "acme is down"));
  Append(0, Post("2", "nice weather"));
  Append(0, "{broken");
  Append(0, Post("3", "acme support is looking into it", kStartMs, "acmecare"));
  StepAndFlush();
  const std::vector<SourceRange> sources = LastSources();
  ASSERT_THAT(sources, SizeIs(2));
  EXPECT_EQ(sources[0].from, 0);
  EXPECT_EQ(sources[0].to, 4);
  EXPECT_EQ(sources[0].records, 4u);
  EXPECT_EQ(sources[0].matched, 1u);
  EXPECT_EQ(sources[0].unmatched, 1u);
  EXPECT_EQ(sources[0].dead, 1u);
  EXPECT_EQ(sources[0].official, 1u);
  EXPECT_EQ(sources[0].highest_event_time_ms, kStartMs);
  EXPECT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_EQ(log_->CommittedOffsets("ingest", {{"posts", 0}})->front().committed, 4);
}

// A record without a value is not parsed, so nobody else can have said what is wrong with it.
TEST_F(IngestWorkerTest, ADeadLetterNamesTheFieldOfItsOwnRecordOnly) {
  Append(0, R"({"id":"1","time":1540000000000})");
  CHECK_OK(log_->Append({"posts", 0}, "key", std::nullopt).status());
  StepAndFlush();
  using Headers = std::map<std::string, std::string>;
  std::vector<std::string> said;
  for (const StoredRecord& letter : DeadLetters()) {
    Headers headers(letter.headers.begin(), letter.headers.end());
    said.push_back(headers["error"] + " " + headers["field"]);
  }
  EXPECT_THAT(said, testing::ElementsAre("missing_field text", "empty "));
}

TEST_F(IngestWorkerTest, NothingOfAFlushThatFailsIsVisibleAndItsSuccessorReadsAgain) {
  Append(0, Post("1", "acme is down"));
  Append(0, "{broken");
  for (int i = 0; i < 4; ++i) ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
  calls_.Fail(LogCall::kEndTransaction);
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(worker_->Step(absl::ZeroDuration()), StatusIs(absl::StatusCode::kUnavailable));
  calls_.Fail(std::nullopt);
  EXPECT_EQ(Blocks(), 0u);
  EXPECT_THAT(DeadLetters(), IsEmpty());
  EXPECT_EQ(metrics_.Sum().posts, 0);
  // Its rows are gone: it must not account for their records without them.
  EXPECT_THAT(worker_->Flush(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(worker_->Drain(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Blocks(), 0u);

  worker_.reset();
  worker_ = MakeWorker();
  StepAndFlush();
  EXPECT_EQ(Blocks(), 1u);
  EXPECT_THAT(DeadLetters(), SizeIs(1));
  EXPECT_EQ(LastSources()[0].matched, 1U);
  EXPECT_EQ(LastSources()[0].to, 2);
  EXPECT_EQ(metrics_.Sum().posts, 2);
}

TEST_F(IngestWorkerTest, ASuccessorKnowsTheHighestEventTimeOfTheWorkerBefore) {
  Append(0, Post("1", "acme is down", kStartMs + 30'000));
  StepAndFlush();
  worker_.reset();
  worker_ = MakeWorker();
  Append(0, Post("2", "acme is back", kStartMs + 10'000));
  StepAndFlush();
  EXPECT_EQ(LastSources()[0].from, 1);
  EXPECT_EQ(LastSources()[0].highest_event_time_ms, kStartMs + 30'000);
}

TEST_F(IngestWorkerTest, APartitionAtItsEndIsIdleAfterAWhile) {
  Append(0, Post("1", "acme is down"));
  StepAndFlush();
  EXPECT_FALSE(LastSources()[0].idle);
  StepAndFlush(absl::Seconds(6));
  EXPECT_TRUE(LastSources()[0].idle);
  Append(0, Post("2", "acme is back"));
  StepAndFlush();
  EXPECT_FALSE(LastSources()[0].idle);
}

// Else one source whose mapping fits none of its records would hold back the windows of all.
TEST_F(IngestWorkerTest, APartitionOfWhichNothingWasEverOfUseIsIdleHoweverMuchComes) {
  Append(1, Post("1", "acme is down"));
  for (int second = 0; second < 5; ++second) {
    Append(0, "{broken");
    StepAndFlush();
    EXPECT_EQ(LastSources()[0].idle, second == 4) << second;
  }
  Append(0, Post("2", "acme is back"));
  StepAndFlush();
  EXPECT_FALSE(LastSources()[0].idle);
  Append(0, "{broken");
  StepAndFlush(absl::Seconds(4));
  EXPECT_FALSE(LastSources()[0].idle);
}

TEST_F(IngestWorkerTest, NoPostFillsABlockWithItsAddressOrItsNames) {
  const std::string address = "https://acme.example/" + std::string(1'000'000, 'a');
  const std::string name(300'000, 'n');
  std::string tags;
  for (int i = 0; i < 90; ++i) absl::StrAppend(&tags, " #", std::string(9'000, static_cast<char>('a' + i % 26)), i);
  Append(0, absl::StrCat(R"({"id":"1","time":)", kStartMs, R"(,"text":"acme is down","urls":[")", address, R"("]})"));
  Append(0, absl::StrCat(R"({"id":")", name, R"(","time":)", kStartMs + 5'000, R"(,"author":")", name,
                         R"(","text":"acme is down again"})"));
  Append(0, Post("3", "acme" + tags, kStartMs + 10'000));
  StepAndFlush();
  ASSERT_EQ(LastSources()[0].matched, 3U);
  size_t samples = 0;
  for (const int32_t partition : {0, 1}) {
    const auto blocks = log_->ReadStored({settings_->ingest.mentions_topic, partition});
    CHECK_OK(blocks.status());
    for (const StoredRecord& record : *blocks) {
      EXPECT_LT(record.value->size(), 10'000U);
      Block block;
      CHECK_OK(DecodeBlock(*record.value, &block));
      samples += block.samples.size();
    }
  }
  EXPECT_EQ(samples, 3U);
}

// An outage looks just like silence to a reader. Called idle, a partition would let the watermark pass what it holds.
TEST_F(IngestWorkerTest, ALogThatDoesNotAnswerMakesNoPartitionIdleOrCaughtUp) {
  Append(0, Post("1", "acme is down"));
  StepAndFlush();
  EXPECT_TRUE(LastSources()[0].caught_up);
  calls_.Fail(LogCall::kOffsets);
  StepAndFlush(absl::Seconds(60));
  EXPECT_FALSE(LastSources()[0].idle);
  EXPECT_FALSE(LastSources()[0].caught_up);
  calls_.Fail(std::nullopt);
  StepAndFlush(absl::Seconds(6));
  EXPECT_TRUE(LastSources()[0].idle);
  EXPECT_TRUE(LastSources()[0].caught_up);
}

TEST_F(IngestWorkerTest, ADrainedWorkerHasCommittedWhatItRead) {
  Append(1, Post("1", "acme is down"));
  for (int i = 0; i < 4; ++i) ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
  EXPECT_EQ(Blocks(), 0u);
  EXPECT_THAT(worker_->Drain(), IsOk());
  EXPECT_EQ(LastSources()[1].to, 1);
  EXPECT_EQ(log_->CommittedOffsets("ingest", {{"posts", 1}})->front().committed, 1);
}

}  // namespace
}  // namespace tocsin
