// Goal: a signal says why its mentions matched: the reasons that ingest finds arrive in `matching.reasons`.
// Method: posts whose texts are put together from terms of known kinds go through both workers over the log in memory;
// every signal is held against a count of those posts.
#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
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
#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

using ::nlohmann::json;
using ::testing::SizeIs;

constexpr int64_t kStartMs = 1'767'225'600'000;
constexpr int64_t kSeconds = 35 * 60;
constexpr int64_t kCrisisSecond = 25 * 60;
constexpr char kConfig[] = R"(deployment: test
sources:
  - {topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s}
watchlist: w.yaml
topics: {mentions_partitions: 1}
)";
constexpr char kWatchlist[] = R"(brands:
  - id: acme
    name: Acme Air
    query: 'acmeline OR "acme air" OR #acmefail OR @acmeair OR (luggage NEAR/2 acme) OR $ACM'
)";

struct Term {
  std::string_view text;
  std::string_view reason;
  std::string_view field;  // of the record, that has it too
  std::string_view entity;
};
constexpr Term kTerms[] = {{"acmeline", "word", "", ""},
                           {"acme air", "phrase", "", ""},
                           {"#acmefail", "hashtag", "hashtags", "acmefail"},
                           {"@acmeair", "handle", "handles", "acmeair"},
                           {"luggage with acme", "near", "", ""},
                           {"$ACM", "cashtag", "", ""}};
constexpr std::string_view kWords[] = {"today",  "again", "parcel", "station", "counter", "delivery",
                                       "branch", "email", "ticket", "kitchen", "garage",  "window"};

struct Post {
  int64_t time_ms = 0;
  uint64_t terms = 0;  // bits of kTerms
};

// One to three of the terms, so far from each other that they make no third one.
std::string RecordOf(const Post& post, int64_t number, bool negative, std::mt19937_64* random) {
  const auto word = [random] { return kWords[(*random)() % std::size(kWords)]; };
  std::string text = negative ? "a disaster, worst service ever" : "opens at nine";
  std::string fields;
  for (size_t i = 0; i < std::size(kTerms); ++i) {
    absl::StrAppend(&text, " ", word(), " ", word(), " ", word());
    if ((post.terms >> i & 1) == 0) continue;
    absl::StrAppend(&text, " ", kTerms[i].text);
    if (!kTerms[i].field.empty()) absl::StrAppend(&fields, ",\"", kTerms[i].field, "\":[\"", kTerms[i].entity, "\"]");
  }
  return absl::StrCat(R"({"id":")", number, R"(","time":)", post.time_ms, R"(,"lang":"en","author_id":"a)", number,
                      R"(","text":")", text, "\"", fields, "}");
}

struct Seen {
  std::vector<Post> posts;
  std::vector<json> signals;
};

Seen RunPosts() {
  ManualClock clock(absl::FromUnixMillis(kStartMs));
  AppMetrics metrics;
  absl::StatusOr<Config> config = ParseConfig(kConfig, "test.yaml");
  CHECK_OK(config.status());
  const auto settings = MakeSettings(*std::move(config), kWatchlist);
  CHECK_OK(settings.status());
  MemoryLog log(&clock);
  std::vector<TopicSpec> topics = (*settings)->topic_specs;
  topics.push_back({"posts", 1, -1, {}});
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
  std::mt19937_64 random(11);
  for (int64_t second = 0; second < kSeconds; ++second) {
    const int64_t now_ms = kStartMs + second * 1'000;
    clock.Set(absl::FromUnixMillis(now_ms));
    const bool crisis = second >= kCrisisSecond;
    if (random() % (crisis ? 2 : 10) == 0) {
      Post& post = seen.posts.emplace_back(Post{.time_ms = now_ms, .terms = 0});
      for (uint64_t i = random() % 3 + 1; i > 0; --i) post.terms |= uint64_t{1} << random() % std::size(kTerms);
      const std::string record = RecordOf(post, std::ssize(seen.posts), crisis, &random);
      CHECK_OK(log.Append({"posts", 0}, std::nullopt, record, {}, now_ms).status());
    }
    for (int i = 0; i < 2; ++i) {
      CHECK_OK((*ingest)->Step(absl::ZeroDuration()));
      CHECK_OK((*detect)->Step(absl::ZeroDuration()));
    }
  }
  const auto signals = log.ReadStored({(*settings)->topics.signals, 0});
  for (const StoredRecord& signal : *signals) seen.signals.push_back(json::parse(*signal.value));
  return seen;
}

TEST(MatchReasonsTest, EverySignalCountsTheReasonsOfTheMentionsInItsWindow) {
  const Seen seen = RunPosts();
  int64_t compared = 0;
  for (const json& signal : seen.signals) {
    const json& times = signal["times"];
    const int64_t start_ms = ParseEventTime(times["window_start"].get<std::string>()).value();
    const int64_t end_ms = ParseEventTime(times["window_end"].get<std::string>()).value();
    std::map<std::string, int64_t> expected;
    int64_t mentions = 0;
    for (const Post& post : seen.posts) {
      if (post.time_ms < start_ms || post.time_ms >= end_ms) continue;
      ++mentions;
      for (size_t i = 0; i < std::size(kTerms); ++i) {
        if ((post.terms >> i & 1) != 0) ++expected[std::string(kTerms[i].reason)];
      }
    }
    ASSERT_EQ(signal["volume"]["mentions"], mentions) << signal["sequence"];
    EXPECT_EQ((signal["matching"]["reasons"].get<std::map<std::string, int64_t>>()), expected) << signal["sequence"];
    EXPECT_EQ(signal["matching"]["ambiguous_share"], 0.0);
    EXPECT_THAT(expected, SizeIs(std::size(kTerms)));
    ++compared;
  }
  EXPECT_GE(compared, 2) << "a provisional and a confirmed crisis";
}

}  // namespace
}  // namespace tocsin
