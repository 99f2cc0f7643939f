// A tweet source together with a review source that is 40 minutes late and one that stops at night.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "app/worker/detect_worker.h"
#include "app/worker/ingest_worker.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::nlohmann::json;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int64_t kSeconds = 45 * 60;
constexpr int64_t kCrisisSecond = 25 * 60;
constexpr int64_t kNightSecond = 5 * 60;
constexpr int64_t kReviewDelayMs = 40 * 60'000;
constexpr int64_t kReviewEverySeconds = 30;

constexpr char kTweetsOnly[] = R"(deployment: test
sources:
  - {topics: [tweets], preset: generic, start: earliest, out_of_orderness: 2s}
watchlist: w.yaml
metrics: {every: 60s}
topics: {mentions_partitions: 1}
)";
constexpr char kAllSources[] = R"(deployment: test
sources:
  - {topics: [tweets], preset: generic, start: earliest, out_of_orderness: 2s}
  - {topics: [reviews], preset: generic, start: earliest, out_of_orderness: 0s, max_drag: 60s}
  - {topics: [newspaper], preset: generic, start: earliest, out_of_orderness: 2s, idle_after: 10s}
watchlist: w.yaml
metrics: {every: 60s}
topics: {mentions_partitions: 1}
)";
constexpr char kWatchlist[] = R"(brands:
  - {id: acme, name: Acme, query: acme}
  - {id: bolt, name: Bolt, query: bolt}
)";

struct Seen {
  std::vector<json> signals;
  std::vector<int64_t> published_ms;  // when, by signal
  std::vector<json> metrics;
  AppMetrics::Totals totals;
};

class Feed {
 public:
  explicit Feed(MemoryLog* log) : log_(log) {}

  void Write(std::string_view topic, int64_t time_ms, int64_t now_ms, std::string_view author, std::string_view text) {
    const std::string post =
        absl::StrCat(R"({"id":")", topic, number_++, R"(","time":)", time_ms, R"(,"lang":"en","author":")", author,
                     R"(","author_id":")", author, R"(","text":")", text, R"("})");
    CHECK_OK(log_->Append({std::string(topic), 0}, std::nullopt, post, {}, now_ms).status());
  }

 private:
  MemoryLog* const log_;
  int64_t number_ = 0;
};

// One second of all feeds at `now_ms`.
void WriteSecond(int64_t second, int64_t now_ms, bool all_sources, std::mt19937_64* random, Feed* feed) {
  const auto below = [random](uint64_t bound) { return (*random)() % bound; };
  static constexpr std::string_view kWords[] = {"today",  "again", "parcel", "station", "counter", "delivery",
                                                "branch", "email", "ticket", "kitchen", "garage",  "window"};
  const auto word = [&] { return kWords[below(std::size(kWords))]; };
  if (below(10) == 0) {
    feed->Write("tweets", now_ms, now_ms, absl::StrCat("a", below(300)), absl::StrCat("acme opens at nine ", word()));
  }
  if (second >= kCrisisSecond && below(2) == 0) {
    feed->Write("tweets", now_ms, now_ms, absl::StrCat("c", below(1'000)),
                absl::StrCat("acme is a disaster, worst service ever, ", word(), " ", word(), " ", word()));
  }
  if (!all_sources) return;
  if (second % kReviewEverySeconds == 0) {
    feed->Write("reviews", now_ms - kReviewDelayMs, now_ms, absl::StrCat("r", second), "bolt was fine");
  }
  if (second < kNightSecond) feed->Write("newspaper", now_ms, now_ms, "paper", "nothing new");
}

Seen RunSources(bool all_sources) {
  ManualClock clock(absl::FromUnixMillis(kStartMs));
  AppMetrics metrics;
  absl::StatusOr<Config> config = ParseConfig(all_sources ? kAllSources : kTweetsOnly, "test.yaml");
  CHECK_OK(config.status());
  auto settings = MakeSettings(*std::move(config), kWatchlist);
  CHECK_OK(settings.status());
  MemoryLog log(&clock);
  std::vector<TopicSpec> topics = (*settings)->topic_specs;
  for (const char* topic : {"tweets", "reviews", "newspaper"}) topics.push_back({topic, 1, -1, {}});
  CHECK_OK(log.EnsureTopics(topics, true));

  IngestWorkerOptions ingest_options = (*settings)->ingest;
  ingest_options.transactional_id = ingest_options.member = ingest_options.group = "ingest";
  auto versions = std::make_shared<FixedVersions>((*settings)->watchlist, (*settings)->config_version);
  auto ingest = IngestWorker::Create(ingest_options, &log, &log, &clock, std::move(versions), (*settings)->model,
                                     metrics.Ingest("ingest"));
  CHECK_OK(ingest.status());
  DetectWorkerOptions detect_options = (*settings)->detect;
  detect_options.transactional_id = detect_options.member = detect_options.group = "detect";
  DetectTaskOptions task = (*settings)->task;
  task.monitor.baseline_ready_ms = 600'000;
  LogPublisher publisher((*settings)->topics, &clock);
  auto detect = DetectWorker::Create(
      detect_options, &log, &clock, [&](int32_t) { return std::make_unique<DetectTask>(task, (*settings)->watchlist); },
      &publisher, metrics.Detect("detect"));
  CHECK_OK(detect.status());

  Seen seen;
  Feed feed(&log);
  std::mt19937_64 random(7);
  size_t signals_before = 0;
  for (int64_t second = 0; second < kSeconds; ++second) {
    const int64_t now_ms = kStartMs + second * 1'000;
    clock.Set(absl::FromUnixMillis(now_ms));
    // The same draws in both runs.
    WriteSecond(second, now_ms, all_sources, &random, &feed);
    for (int i = 0; i < 2; ++i) {
      CHECK_OK((*ingest)->Step(absl::ZeroDuration()));
      CHECK_OK((*detect)->Step(absl::ZeroDuration()));
    }
    const auto signals = log.ReadStored({(*settings)->topics.signals, 0}, static_cast<Offset>(0));
    for (; signals_before < signals->size(); ++signals_before) {
      seen.signals.push_back(json::parse(*(*signals)[signals_before].value));
      seen.published_ms.push_back(now_ms);
    }
  }
  const auto metric_records = log.ReadStored({(*settings)->topics.brand_metrics, 0});
  for (const StoredRecord& record : *metric_records) seen.metrics.push_back(json::parse(*record.value));
  seen.totals = metrics.Sum();
  return seen;
}

class SlowSourcesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    alone_ = new Seen(RunSources(/*all_sources=*/false));
    together_ = new Seen(RunSources(/*all_sources=*/true));
  }
  static void TearDownTestSuite() {
    delete std::exchange(alone_, nullptr);
    delete std::exchange(together_, nullptr);
  }
  static Seen* alone_;
  static Seen* together_;
};
Seen* SlowSourcesTest::alone_ = nullptr;
Seen* SlowSourcesTest::together_ = nullptr;

// When, at which level, and for which window the brand of the tweets was signalled.
std::vector<std::string> AcmeCourse(const Seen& seen) {
  std::vector<std::string> course;
  for (size_t i = 0; i < seen.signals.size(); ++i) {
    const json& signal = seen.signals[i];
    // That the reviews are behind is told beside.
    if (signal["brand_id"] != "acme" || signal["kind"] == "feed_health") continue;
    course.push_back(absl::StrCat(seen.published_ms[i], " level ", signal["level"].get<int>(), " ",
                                  signal["times"]["window_end"].get<std::string>()));
  }
  return course;
}

TEST_F(SlowSourcesTest, TheTweetsSignalsComeAsSoonAsAlone) {
  ASSERT_THAT(AcmeCourse(*alone_), Not(IsEmpty()));
  EXPECT_EQ(AcmeCourse(*together_), AcmeCourse(*alone_));
  const auto notices = [](const Seen& seen) {
    return std::count_if(seen.signals.begin(), seen.signals.end(),
                         [](const json& signal) { return signal["kind"] == "feed_health"; });
  };
  EXPECT_GE(notices(*together_), 1) << "that the reviews are behind";
  EXPECT_EQ(notices(*alone_), 0);
}

TEST_F(SlowSourcesTest, LateMentionsCountInTheWindowsThatStillHoldThem) {
  int64_t last_hour = 0;
  for (const json& metric : together_->metrics) {
    if (metric["brand_id"] == "bolt" && metric["window_s"] == 3600) last_hour = metric["mentions"];
  }
  // A window of an hour that ends about now holds the reviews of event times from 60 to 40 minutes ago.
  EXPECT_GE(last_hour, 20 * 60 / kReviewEverySeconds - 4);
  EXPECT_LE(last_hour, 20 * 60 / kReviewEverySeconds + 4);
  EXPECT_GT(together_->totals.late_added, 0);
  EXPECT_EQ(together_->totals.late_dropped, 0);
}

// The newspaper lacks nothing, it only sleeps; the reviews of the last 40 minutes are still to come.
TEST_F(SlowSourcesTest, CompletenessSaysWhatIsMissing) {
  for (const json& signal : alone_->signals) EXPECT_EQ(signal["quality"]["completeness"], "1/1");
  for (const json& signal : together_->signals) EXPECT_EQ(signal["quality"]["completeness"], "2/3");
}

}  // namespace
}  // namespace tocsin
