#include "app/pipeline/source_reset.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/metrics/app_metrics.h"
#include "app/worker/ingest_worker.h"
#include "app/worker/offset_metadata.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/block/block.h"
#include "operators/task/detect_task.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr char kGroup[] = "ingest";

class SourceResetTest : public testing::Test {
 protected:
  SourceResetTest() {
    EXPECT_THAT(log_.EnsureTopics(
                    std::vector<TopicSpec>{
                        {"posts", 2, -1, {}}, {"tocsin.mentions", 1, -1, {}}, {"tocsin.dead-letters", 1, -1, {}}},
                    true),
                IsOk());
  }

  void Post(int32_t partition, int64_t ms) {
    const std::string post =
        absl::StrCat(R"({"id": ")", ++posts_, R"(", "time": )", kStartMs + ms, R"(, "text": "acme", "lang": "en"})");
    EXPECT_THAT(log_.Append({"posts", partition}, std::nullopt, post, {}, kStartMs + ms).status(), IsOk());
  }
  absl::StatusOr<SourceResetResult> Reset(const std::string& topic, bool from_latest = false) {
    return ResetSource({kGroup, topic, from_latest}, &log_, &clock_,
                       [this](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
                         return log_.SetCommittedOffsets(group, offsets);
                       });
  }
  std::vector<std::string> Committed() {
    std::vector<std::string> lines;
    const auto committed = log_.CommittedOffsets(kGroup, {{"posts", 0}, {"posts", 1}});
    EXPECT_THAT(committed.status(), IsOk());
    for (const AssignedPartition& each : committed.value()) {
      lines.push_back(absl::StrCat(each.committed.value_or(-1), " ", each.metadata));
    }
    return lines;
  }
  // Reads what there is with a worker of its own.
  void Ingest() {
    IngestWorkerOptions options;
    options.transactional_id = options.member = "worker";
    options.group = kGroup;
    options.chain.mentions_partitions = 1;
    IngestSource& source = options.sources.emplace_back();
    source.topics = {"posts"};
    source.mapping = *Mapping::Preset("generic", std::nullopt);
    source.start.kind = StartPosition::Kind::kEarliest;
    auto worker = IngestWorker::Create(options, &log_, &log_, &clock_, std::make_shared<FixedVersions>(watchlist_, 1),
                                       &SentimentModel::Default(), metrics_.Ingest("worker"));
    ASSERT_THAT(worker.status(), IsOk());
    do {
      ASSERT_THAT((*worker)->Step(absl::ZeroDuration()), IsOk());
    } while (!(*worker)->AllAtEnd());
    ASSERT_THAT((*worker)->Drain(), IsOk());
  }

  ManualClock clock_{absl::FromUnixMillis(kStartMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  std::shared_ptr<const Watchlist> watchlist_ =
      *Watchlist::Parse("brands: [{id: acme, name: Acme, query: acme}]", "watchlist.yaml");
  int posts_ = 0;
};

TEST_F(SourceResetTest, OffsetsBeginAgainUnderAHigherEpochAndEventTimesAreKept) {
  Post(0, 1'000);
  Post(0, 2'000);
  Ingest();
  ASSERT_THAT(Committed()[0], absl::StrCat("2 v1 0 ", kStartMs + 2'000));
  const auto result = Reset("posts");
  ASSERT_THAT(result.status(), IsOk());
  EXPECT_EQ(result->epoch, 1U);
  EXPECT_EQ(result->partitions, 2);
  EXPECT_THAT(Committed(),
              ElementsAre(absl::StrCat("0 v1 1 ", kStartMs + 2'000), absl::StrCat("0 v1 1 ", kUnknownTime)));
  ASSERT_THAT(Reset("posts", /*from_latest=*/true).status(), IsOk());
  EXPECT_THAT(Committed()[0], absl::StrCat("2 v1 2 ", kStartMs + 2'000));
}

TEST_F(SourceResetTest, MetadataThatIsNotTocsinsGivesAnEpochAboveAnyThatWasCounted) {
  ASSERT_THAT(log_.SetCommittedOffsets(kGroup, {{{"posts", 1}, 5, "something else"}}), IsOk());
  const auto result = Reset("posts");
  ASSERT_THAT(result.status(), IsOk());
  EXPECT_EQ(result->epoch, kStartMs / 1'000 + 1);
}

// Kafka forgets what a group has committed of a topic when that is deleted, and with it which epoch it was.
TEST_F(SourceResetTest, OffsetsThatAreForgottenGiveAnEpochAboveAnyThatWasCounted) {
  const auto set_offsets = [this](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
    return log_.SetCommittedOffsets(group, offsets);
  };
  const auto first = ResetSource({"forgotten", "posts"}, &log_, &clock_, set_offsets);
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_EQ(first->epoch, kStartMs / 1'000 + 1);
  clock_.Advance(absl::Hours(1));
  const auto second = ResetSource({"forgotten again", "posts"}, &log_, &clock_, set_offsets);
  ASSERT_THAT(second.status(), IsOk());
  EXPECT_GT(second->epoch, first->epoch);
}

TEST_F(SourceResetTest, ATopicThatDoesNotExistIsNotFound) {
  EXPECT_THAT(Reset("tweets").status(), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(SourceResetTest, DetectGoesOnWithTheNewTopicWithoutRepeatsOrGaps) {
  Post(0, 1'000);
  Post(1, 2'000);
  Ingest();
  ASSERT_THAT(Reset("posts").status(), IsOk());
  // The log in memory can't make a topic anew: the same posts stand for it, and deduplication knows them.
  Post(0, 3'000);
  Ingest();
  DetectTask task(DetectTaskOptions(), watchlist_);
  std::vector<DetectOutput> outputs;
  const absl::StatusOr<std::vector<StoredRecord>> blocks = log_.ReadStored({"tocsin.mentions", 0});
  for (const StoredRecord& block : *blocks) ASSERT_THAT(task.Apply(*block.value, block.offset, &outputs), IsOk());
  EXPECT_EQ(task.counters().repeats, 0);
  EXPECT_EQ(task.counters().gaps, 0);
  EXPECT_EQ(task.counters().duplicates, 2);
  EXPECT_EQ(task.counters().applied, 3);
}

}  // namespace
}  // namespace tocsin
