// The configuration in the log: publishing and following, over the log in memory.
#include "app/versions/config_publisher.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/versions/config_versions.h"
#include "engine/base/hash.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;

constexpr char kTopic[] = "tocsin.config";
constexpr int64_t kNowMs = 1'700'000'003'000;

std::string Yaml(const std::string& query) {
  return absl::StrCat("brands:\n  - {id: acme, name: Acme, query: ", query, "}\n");
}

ConfigText Text(const std::string& query) { return {"configuration", 7, Yaml(query)}; }

// A process with its files.
class Process {
 public:
  Process(Log* log, Clock* clock, std::string name, const int64_t* highest_ms) {
    absl::StatusOr<std::unique_ptr<ConfigVersions>> opened = ConfigVersions::Open(log, kTopic);
    EXPECT_THAT(opened.status(), IsOk());
    versions = *std::move(opened);
    PublisherOptions options;
    options.topic = kTopic;
    options.transactional_id = "test-config";
    options.process = std::move(name);
    options.highest_event_time_ms = [highest_ms] { return absl::StatusOr<int64_t>(*highest_ms); };
    publisher = std::make_unique<ConfigPublisher>(std::move(options), log, versions.get(), clock);
  }

  PublishResult Publish(const std::string& query, PublishOccasion occasion) const {
    const ConfigText text = Text(query);
    absl::StatusOr<PublishResult> result = publisher->Publish(Hash64(text.watchlist), text, occasion);
    EXPECT_THAT(result.status(), IsOk());
    return *result;
  }
  PublishResult Start(const std::string& query) const { return Publish(query, PublishOccasion::kStart); }
  PublishResult Reload(const std::string& query) const { return Publish(query, PublishOccasion::kReload); }
  // The query that counts at `ms`.
  std::string QueryAt(int64_t ms) const {
    EXPECT_THAT(versions->CatchUp(), IsOk());
    const std::shared_ptr<const WatchlistTimeline> timeline = versions->Timeline();
    const auto watchlist = versions->Load((*timeline)[VersionAt(*timeline, ms)]);
    EXPECT_THAT(watchlist.status(), IsOk());
    return (*watchlist)->brands()[0].query;
  }

  std::unique_ptr<ConfigVersions> versions;
  std::unique_ptr<ConfigPublisher> publisher;
};

class ConfigPublisherTest : public testing::Test {
 protected:
  ConfigPublisherTest() {
    EXPECT_THAT(log_.EnsureTopics(std::vector<TopicSpec>{{kTopic, 1, -1, {{"cleanup.policy", "compact"}}}}, true),
                IsOk());
  }

  Process Make(const std::string& name) { return Process(&log_, &clock_, name, &highest_ms_); }
  Offset End() { return log_.Offsets({kTopic, 0})->end; }

  ManualClock clock_{absl::FromUnixMillis(kNowMs)};
  MemoryLog log_{&clock_};
  int64_t highest_ms_ = kUnknownTime;
};

TEST_F(ConfigPublisherTest, TheFirstCountsFromTheBeginningAndALaterOneFromBehindTheMargin) {
  const Process process = Make("0");
  EXPECT_EQ(process.Start("one").newest.effective_ms, kFromTheBeginning);
  const PublishResult second = process.Reload("two");
  EXPECT_TRUE(second.published);
  // Ten seconds on, taken up to a slide end.
  EXPECT_EQ(second.newest.effective_ms, 1'700'000'015'000);
  EXPECT_EQ(process.QueryAt(0), "one");
  EXPECT_EQ(process.QueryAt(1'700'000'014'999), "one");
  EXPECT_EQ(process.QueryAt(1'700'000'015'000), "two");
}

TEST_F(ConfigPublisherTest, AChangeIsEffectiveBehindEveryEventTimeThatWasCommitted) {
  const Process process = Make("0");
  process.Start("one");
  highest_ms_ = kNowMs + 40'000;
  EXPECT_EQ(process.Reload("two").newest.effective_ms, kNowMs + 52'000);
}

TEST_F(ConfigPublisherTest, EachIsEffectiveLaterThanTheOneBeforeEvenIfTheClockWasSetBack) {
  const Process process = Make("0");
  process.Start("one");
  const int64_t second = process.Reload("two").newest.effective_ms;
  clock_.Set(absl::FromUnixMillis(kNowMs - 3'600'000));
  EXPECT_GT(process.Reload("three").newest.effective_ms, second);
}

TEST_F(ConfigPublisherTest, UnchangedFilesAreNotPublishedAgain) {
  const Process process = Make("0");
  process.Start("one");
  const Offset end = End();
  EXPECT_FALSE(process.Start("one").published);
  EXPECT_FALSE(process.Reload("one").published);
  EXPECT_FALSE(Make("0").Start("one").published);
  EXPECT_EQ(End(), end);
}

TEST_F(ConfigPublisherTest, TheNewerOfTwoProcessesWinsAndARestartOfTheOtherChangesNothing) {
  const Process first = Make("0");
  const Process other = Make("1");
  first.Start("one");
  EXPECT_TRUE(other.Start("two").published);
  EXPECT_EQ(first.QueryAt(kNowMs + 60'000), "two");
  const PublishResult again = Make("0").Start("one");
  EXPECT_FALSE(again.published);
  EXPECT_TRUE(again.superseded);
  // Somebody wants it.
  EXPECT_TRUE(first.Reload("one").published);
  EXPECT_EQ(other.QueryAt(kNowMs + 60'000), "one");
}

TEST_F(ConfigPublisherTest, ARestartWithChangedFilesPublishesThemEvenIfTheyWereThereBefore) {
  const Process process = Make("0");
  process.Start("one");
  process.Start("two");
  clock_.Advance(absl::Minutes(1));
  const PublishResult back = Make("0").Start("one");
  EXPECT_TRUE(back.published);
  EXPECT_EQ(process.QueryAt(kNowMs + 120'000), "one");
  EXPECT_EQ(process.QueryAt(kNowMs + 30'000), "two");
}

TEST_F(ConfigPublisherTest, OfManyThatPublishAtOnceTheVersionsFormOneLine) {
  Make("0").Start("zero");
  constexpr int kProcesses = 5;
  std::vector<Process> processes;
  processes.reserve(kProcesses);
  for (int i = 0; i < kProcesses; ++i) processes.push_back(Make(absl::StrCat(i)));
  std::vector<std::thread> threads;
  threads.reserve(kProcesses);
  for (int i = 0; i < kProcesses; ++i) {
    threads.emplace_back([&processes, i] { processes[static_cast<size_t>(i)].Reload(absl::StrCat("query", i)); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Process& process : processes) ASSERT_THAT(process.versions->CatchUp(), IsOk());
  const ConfigHistory history = *processes[0].versions->History();
  ASSERT_EQ(history.versions.size(), kProcesses + 1U);
  for (size_t i = 1; i < history.versions.size(); ++i) {
    EXPECT_LT(history.versions[i - 1].version.effective_ms, history.versions[i].version.effective_ms);
  }
  for (const Process& process : processes) EXPECT_EQ(*process.versions->History(), history);
}

TEST_F(ConfigPublisherTest, ManyThatStartWithTheSameNewFilesPublishThemOnce) {
  Make("0").Start("zero");
  constexpr int kProcesses = 4;
  std::vector<Process> processes;
  processes.reserve(kProcesses);
  for (int i = 0; i < kProcesses; ++i) processes.push_back(Make(absl::StrCat(i)));
  std::vector<std::thread> threads;
  threads.reserve(kProcesses);
  for (const Process& process : processes) threads.emplace_back([&process] { process.Start("one"); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_THAT(processes[0].versions->CatchUp(), IsOk());
  EXPECT_EQ(processes[0].versions->History()->versions.size(), 2U);
}

TEST_F(ConfigPublisherTest, CompactionKeepsTheWholeHistory) {
  const Process process = Make("0");
  for (int i = 0; i < 12; ++i) process.Reload(absl::StrCat("query", i));
  ASSERT_THAT(log_.Compact(kTopic), IsOk());
  const Process later = Make("1");
  EXPECT_EQ(*later.versions->History(), *process.versions->History());
  EXPECT_EQ(later.versions->Timeline()->size(), 12U);
}

TEST_F(ConfigPublisherTest, AVersionThatIsForgottenOrThatThisReleaseCantReadIsAnError) {
  const Process process = Make("0");
  process.Start("one");
  EXPECT_THAT(process.versions->Load({.id = 99}), StatusIs(absl::StatusCode::kFailedPrecondition));
  const ConfigText newer{"configuration", 7, "brands:\n  - {id: acme, name: Acme, query: a, novelty: 1}\n"};
  ASSERT_THAT(process.publisher->Publish(5, newer, PublishOccasion::kReload).status(), IsOk());
  EXPECT_THAT(process.versions->Load(process.versions->Timeline()->back()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ConfigPublisherTest, ManyVersionsAreCompiledAgainWhenTheyAreAskedFor) {
  const Process process = Make("0");
  for (int i = 0; i < 12; ++i) process.Reload(absl::StrCat("query", i));
  const WatchlistTimeline timeline = *process.versions->Timeline();
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 0; i < timeline.size(); ++i) {
      EXPECT_EQ((*process.versions->Load(timeline[i]))->brands()[0].query, absl::StrCat("query", i));
    }
  }
}

}  // namespace
}  // namespace tocsin
