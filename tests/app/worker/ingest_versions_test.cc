// An ingest worker whose watchlist changes, over the log in memory.
#include <memory>
#include <mutex>
#include <string>
#include <utility>
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

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr char kGroup[] = "ingest";

std::shared_ptr<const Watchlist> Watching(const std::vector<std::string>& brands) {
  std::string yaml = "brands:\n";
  for (const std::string& brand : brands) absl::StrAppend(&yaml, "  - {id: ", brand, ", name: x, query: acme}\n");
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  EXPECT_THAT(watchlist.status(), IsOk());
  return *watchlist;
}

// What has been published becomes known when somebody catches up.
class PublishedVersions : public WatchlistVersions {
 public:
  void Publish(const WatchlistVersion& version, std::shared_ptr<const Watchlist> watchlist) {
    entries_.emplace_back(version, std::move(watchlist));
  }
  std::shared_ptr<const WatchlistTimeline> Timeline() const override { return known_; }
  absl::Status CatchUp() override {
    auto timeline = std::make_shared<WatchlistTimeline>();
    for (const auto& [version, watchlist] : entries_) timeline->push_back(version);
    known_ = std::move(timeline);
    return absl::OkStatus();
  }
  absl::StatusOr<std::shared_ptr<const Watchlist>> Load(const WatchlistVersion& version) override {
    for (const auto& [known, watchlist] : entries_) {
      if (known.id == version.id && watchlist != nullptr) return watchlist;
    }
    return absl::InvalidArgumentError("this release can't read it");
  }

 private:
  std::vector<FixedVersions::Entry> entries_;
  std::shared_ptr<const WatchlistTimeline> known_;
};

class IngestVersionsTest : public testing::Test {
 protected:
  IngestVersionsTest() {
    EXPECT_THAT(log_.EnsureTopics(
                    std::vector<TopicSpec>{
                        {"posts", 1, -1, {}}, {"tocsin.mentions", 1, -1, {}}, {"tocsin.dead-letters", 1, -1, {}}},
                    true),
                IsOk());
    versions_->Publish({.id = 1, .config_version = 11}, Watching({"one", "both"}));
    EXPECT_THAT(versions_->CatchUp(), IsOk());
  }

  void Post(int64_t ms) {
    const std::string post =
        absl::StrCat(R"({"id": ")", ++posts_, R"(", "time": )", kStartMs + ms, R"(, "text": "acme", "lang": "en"})");
    EXPECT_THAT(log_.Append({"posts", 0}, std::nullopt, post, {}, kStartMs + ms).status(), IsOk());
  }
  void PublishSecond(int64_t ms) {
    versions_->Publish({.id = 2, .config_version = 12, .effective_ms = kStartMs + ms}, Watching({"two", "both"}));
  }
  std::unique_ptr<IngestWorker> Make() {
    IngestWorkerOptions options;
    options.transactional_id = options.member = "worker";
    options.group = kGroup;
    options.chain.mentions_partitions = 1;
    options.flush_every = absl::Hours(1);
    IngestSource& source = options.sources.emplace_back();
    source.topics = {"posts"};
    source.mapping = *Mapping::Preset("generic", std::nullopt);
    source.start.kind = StartPosition::Kind::kEarliest;
    absl::StatusOr<std::unique_ptr<IngestWorker>> worker = IngestWorker::Create(
        options, &log_, &log_, &clock_, versions_, &SentimentModel::Default(), metrics_.Ingest("worker"));
    EXPECT_THAT(worker.status(), IsOk());
    return *std::move(worker);
  }
  static void ReadAll(IngestWorker* worker) {
    do {
      ASSERT_THAT(worker->Step(absl::ZeroDuration()), IsOk());
    } while (!worker->AllAtEnd());
  }
  // "version: brand@offset brand@offset" of each block.
  std::vector<std::string> Blocks() {
    std::vector<std::string> lines;
    const absl::StatusOr<std::vector<StoredRecord>> records = log_.ReadStored({"tocsin.mentions", 0});
    for (const StoredRecord& record : *records) {
      Block block;
      EXPECT_THAT(DecodeBlock(*record.value, &block), IsOk());
      std::string& line = lines.emplace_back(absl::StrCat(block.config_version, ":"));
      for (const Mention& row : block.mentions) absl::StrAppend(&line, " ", block.brands[row.brand], "@", row.offset);
    }
    return lines;
  }

  ManualClock clock_{absl::FromUnixMillis(kStartMs)};
  MemoryLog log_{&clock_};
  AppMetrics metrics_;
  std::shared_ptr<PublishedVersions> versions_ = std::make_shared<PublishedVersions>();
  int posts_ = 0;
};

TEST_F(IngestVersionsTest, EveryPostIsMatchedUnderTheVersionOfItsOwnTime) {
  PublishSecond(5'000);
  ASSERT_THAT(versions_->CatchUp(), IsOk());
  const auto worker = Make();
  for (const int64_t ms : {4'000, 6'000, 4'999, 5'000, 1'000}) Post(ms);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  EXPECT_THAT(Blocks(), ElementsAre("2: one@0 both@0 two@1 both@1 one@2 both@2 two@3 both@3 one@4 both@4"));
}

TEST_F(IngestVersionsTest, ABlockNamesTheVersionOfTheLatestPostThatWasRead) {
  PublishSecond(5'000);
  const auto worker = Make();
  Post(4'000);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  Post(5'000);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  Post(3'000);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  EXPECT_THAT(Blocks(), ElementsAre("1: one@0 both@0", "2: two@1 both@1", "2: one@2 both@2"));
}

TEST_F(IngestVersionsTest, AVersionPublishedWhileRowsAreHeldIsLearntAtTheFlushAndCountsForTheNext) {
  const auto worker = Make();
  Post(4'000);
  ReadAll(worker.get());
  PublishSecond(5'000);
  ASSERT_THAT(worker->Flush(), IsOk());
  Post(6'000);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  EXPECT_THAT(Blocks(), ElementsAre("1: one@0 both@0", "2: two@1 both@1"));
}

TEST_F(IngestVersionsTest, RowsThatWereMatchedBeforeTheirVersionWasKnownAreReadAgain) {
  Post(4'000);
  Post(6'000);
  {
    const auto worker = Make();
    ReadAll(worker.get());
    PublishSecond(5'000);
    // Another worker of the process has asked meanwhile: that must not hide it.
    ASSERT_THAT(versions_->CatchUp(), IsOk());
    EXPECT_THAT(worker->Flush(), StatusIs(absl::StatusCode::kAborted));
    EXPECT_THAT(Blocks(), IsEmpty());
  }
  const auto successor = Make();
  ReadAll(successor.get());
  ASSERT_THAT(successor->Flush(), IsOk());
  EXPECT_THAT(Blocks(), ElementsAre("2: one@0 both@0 two@1 both@1"));
}

TEST_F(IngestVersionsTest, AVersionThatCantBeReadStopsTheWorkerBeforeAnythingIsCommitted) {
  versions_->Publish({.id = 2, .config_version = 12, .effective_ms = kStartMs + 5'000}, nullptr);
  ASSERT_THAT(versions_->CatchUp(), IsOk());
  const auto worker = Make();
  Post(4'000);
  Post(6'000);
  EXPECT_THAT(worker->Step(absl::ZeroDuration()), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(worker->Flush(), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Blocks(), IsEmpty());
}

TEST_F(IngestVersionsTest, TheHighestEventTimeOfTheGroupIsInTheCommittedOffsets) {
  EXPECT_THAT(HighestCommittedEventTime(&log_, kGroup, {"posts", "missing"}), IsOkAndHolds(kUnknownTime));
  const auto worker = Make();
  Post(6'000);
  Post(4'000);
  ReadAll(worker.get());
  ASSERT_THAT(worker->Flush(), IsOk());
  EXPECT_THAT(HighestCommittedEventTime(&log_, kGroup, {"posts", "missing"}), IsOkAndHolds(kStartMs + 6'000));
}

}  // namespace
}  // namespace tocsin
