// Several sources in one configuration, from its text to the blocks: each has its own mapping, start and bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "app/config/config.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "app/worker/ingest_worker.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "operators/block/block.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;

constexpr int64_t kNowMs = 1'539'202'764'000;  // 2018-10-10T20:19:24Z

constexpr std::string_view kConfig = R"(
sources:
  - {topics: [tweets], preset: twitter_v2, start: earliest, out_of_orderness: 1s, max_drag: 30s}
  - {topics: [sky], preset: bluesky, start: latest, out_of_orderness: 5s, max_drag: 45s}
  - {topics: [toots], preset: mastodon, start: earliest}
  - {topics: [reviews, more.reviews], preset: review, start: earliest, out_of_orderness: 10m, max_drag: 2h,
     schema_registry_prefix: true}
  - {topics: [forum], start: earliest, network: forum, max_record_bytes: 64,
     fields: {id: "f-{/n}", event_time: /at, text: "{/subject|entities} {/message|optional}"}}
watchlist: brands.yaml
)";
constexpr std::string_view kWatchlist = R"(
brands:
  - {id: acme, name: Acme, query: 'acme OR @acme-inc_1', official_accounts: ["did:plc:acme"]}
)";

class SourcesTest : public testing::Test {
 protected:
  SourcesTest() : clock_(absl::FromUnixMillis(kNowMs)), log_(&clock_) {
    absl::StatusOr<Config> config = ParseConfig(kConfig, "tocsin.yaml");
    EXPECT_THAT(config, IsOk());
    auto settings = MakeSettings(*std::move(config), kWatchlist);
    EXPECT_THAT(settings, IsOk());
    settings_ = *std::move(settings);
    const std::vector<TopicSpec> topics = {{"tweets", 2, -1, {}},
                                           {"sky", 1, -1, {}},
                                           {"toots", 1, -1, {}},
                                           {"reviews", 1, -1, {}},
                                           {"more.reviews", 1, -1, {}},
                                           {"forum", 1, -1, {}},
                                           {"tocsin.actions", 1, -1, {}},
                                           {"tocsin.mentions", 16, -1, {}},
                                           {"tocsin.dead-letters", 1, -1, {}}};
    EXPECT_THAT(log_.EnsureTopics(topics, true), IsOk());
  }

  void Append(const std::string& topic, std::string_view record, int32_t partition = 0) {
    ASSERT_THAT(log_.Append({topic, partition}, std::nullopt, record), IsOk());
  }

  void Start() {
    IngestWorkerOptions options = settings_->ingest;
    options.transactional_id = options.member = "ingest-0";
    options.group = "ingest";
    auto versions = std::make_shared<FixedVersions>(settings_->watchlist, settings_->config_version);
    auto worker = IngestWorker::Create(options, &log_, &log_, &clock_, std::move(versions), settings_->model,
                                       metrics_.Ingest("0"));
    ASSERT_THAT(worker, IsOk());
    worker_ = *std::move(worker);
    ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
  }

  // Reads what there is and flushes; the account of the last block by source partition, and the rows of all.
  void ReadAndFlush() {
    for (int i = 0; i < 3; ++i) ASSERT_THAT(worker_->Step(absl::ZeroDuration()), IsOk());
    ASSERT_THAT(worker_->Flush(), IsOk());
    for (int32_t partition = 0; partition < 16; ++partition) {
      const auto records = log_.ReadStored({"tocsin.mentions", partition});
      ASSERT_THAT(records, IsOk());
      for (const StoredRecord& record : *records) {
        Block block;
        ASSERT_THAT(DecodeBlock(*record.value, &block), IsOk());
        for (const SourceRange& range : block.sources) ranges_[{range.topic, range.partition}] = range;
        rows_.insert(rows_.end(), block.mentions.begin(), block.mentions.end());
      }
    }
  }

  ManualClock clock_;
  MemoryLog log_;
  AppMetrics metrics_;
  std::shared_ptr<const PipelineSettings> settings_;
  std::unique_ptr<IngestWorker> worker_;
  std::map<std::pair<std::string, int32_t>, SourceRange> ranges_;
  std::vector<Mention> rows_;
};

constexpr std::string_view kTweet =
    R"({"data":{"id":"1","text":"acme is down","created_at":"2018-10-10T20:19:20.000Z","author_id":"7"}})";
constexpr std::string_view kSkyPost =
    R"({"did":"did:plc:a","time_us":1539202762000000,"kind":"commit","commit":{"operation":"create",)"
    R"("collection":"app.bsky.feed.post","rkey":"k","record":{"text":"Acme again","langs":["en"]}}})";
constexpr std::string_view kSkyLike =
    R"({"did":"did:plc:a","time_us":1539202763000000,"kind":"commit","commit":{"operation":"create",)"
    R"("collection":"app.bsky.feed.like","rkey":"l","record":{}}})";
constexpr std::string_view kSkyAnswer =
    R"({"did":"did:plc:acme","time_us":1539202762500000,"kind":"commit","commit":{"operation":"create",)"
    R"("collection":"app.bsky.feed.post","rkey":"m","record":{"text":"acme apologises"}}})";
constexpr std::string_view kToot =
    R"({"event":"update","payload":"{\"id\":\"9\",\"created_at\":\"2018-10-10T20:19:21Z\",\"content\":\"<p>ac<b>me<\/b>&nbsp;!<\/p>\"}"})";
constexpr std::string_view kReview =
    R"({"review_id":"r","business_id":"acme-inc_1","stars":2.0,"date":"2018-10-10 19:00:00","text":"wonderful, they said"})";

TEST_F(SourcesTest, StartEachWhereItSays) {
  Append("tweets", kTweet);
  Append("sky", kSkyPost);
  Append("reviews", kReview);
  Start();
  ReadAndFlush();
  EXPECT_EQ((ranges_[{"tweets", 0}].records), 1U);
  EXPECT_EQ((ranges_[{"reviews", 0}].records), 1U);
  EXPECT_EQ((ranges_[{"sky", 0}].records), 0U);
  EXPECT_EQ((ranges_[{"sky", 0}].to), 1);
  Append("sky", kSkyPost);
  rows_.clear();
  ranges_.clear();
  ReadAndFlush();
  EXPECT_EQ((ranges_[{"sky", 0}].records), 1U);
  EXPECT_EQ(metrics_.Sum().posts, 3);
}

TEST_F(SourcesTest, CarryEachTheirBoundsInEveryBlock) {
  Start();
  ReadAndFlush();
  const auto bounds = [&](const std::string& topic, int32_t partition) {
    const SourceRange& range = ranges_[{topic, partition}];
    return std::pair(range.out_of_orderness_ms, range.max_drag_ms);
  };
  ASSERT_EQ(ranges_.size(), 8U);
  EXPECT_TRUE((ranges_[{"tocsin.actions", 0}].control)) << "has no bounds: no watermark waits for it";
  EXPECT_EQ(bounds("tweets", 0), std::pair(1'000L, 30'000L));
  EXPECT_EQ(bounds("tweets", 1), std::pair(1'000L, 30'000L));
  EXPECT_EQ(bounds("sky", 0), std::pair(5'000L, 45'000L));
  EXPECT_EQ(bounds("toots", 0), std::pair(2'000L, 60'000L));
  EXPECT_EQ(bounds("reviews", 0), std::pair(600'000L, 7'200'000L));
  EXPECT_EQ(bounds("more.reviews", 0), std::pair(600'000L, 7'200'000L));
  EXPECT_EQ(bounds("forum", 0), std::pair(2'000L, 60'000L));
}

TEST_F(SourcesTest, AreReadEachByTheirMapping) {
  Start();
  Append("tweets", kTweet, 1);
  Append("tweets", kReview, 1);
  Append("sky", kSkyPost);
  Append("sky", kSkyAnswer);
  Append("sky", kSkyLike);
  Append("sky", R"({"time_us":1,"kind":"account"})");
  Append("sky", kTweet);
  Append("toots", kToot);
  Append("toots", R"({"event":"delete","payload":"9"})");
  Append("reviews", kReview);
  Append("more.reviews", std::string("\0\0\0\1\2", 5) + std::string(kReview));
  Append("more.reviews", std::string("\1\0\0\1\2", 5) + std::string(kReview));
  Append("forum", R"({"n":4,"at":1539202760,"subject":"AT&amp;T"})");
  Append("forum", R"({"n":5,"at":1539202760,"subject":"q","message":"to Acme"})");
  Append("forum", R"({"n":6,"at":1539202760,"subject":"q","message":"a longer one to Acme"})");
  ReadAndFlush();

  struct Account {
    std::string topic;
    int32_t partition;
    uint32_t records, matched, unmatched, dead, official;
    int64_t highest_ms;
  };
  const Account kAccounts[] = {{"tweets", 0, 0, 0, 0, 0, 0, kUnknownTime},
                               {"tweets", 1, 2, 1, 0, 1, 0, 1'539'202'760'000},
                               // A like moves event time on, though it is no post.
                               {"sky", 0, 5, 1, 2, 1, 1, 1'539'202'763'000},
                               {"toots", 0, 2, 1, 1, 0, 0, 1'539'202'761'000},
                               {"reviews", 0, 1, 1, 0, 0, 0, 1'539'198'000'000},
                               {"more.reviews", 0, 2, 1, 0, 1, 0, 1'539'198'000'000},
                               {"forum", 0, 3, 1, 1, 1, 0, 1'539'202'760'000}};
  for (const Account& expected : kAccounts) {
    SCOPED_TRACE(expected.topic);
    const SourceRange& range = ranges_[{expected.topic, expected.partition}];
    EXPECT_EQ(range.records, expected.records);
    EXPECT_EQ(range.matched, expected.matched);
    EXPECT_EQ(range.unmatched, expected.unmatched);
    EXPECT_EQ(range.dead, expected.dead);
    EXPECT_EQ(range.official, expected.official);
    EXPECT_EQ(range.records, range.matched + range.unmatched + range.dead + range.official);
    EXPECT_EQ(range.highest_event_time_ms, expected.highest_ms);
  }

  std::map<Network, int> networks;
  for (const Mention& row : rows_) {
    ++networks[row.network];
    // The stars, whatever the text says.
    if (row.network == Network::kReview) {
      EXPECT_EQ(row.sentiment, SentimentClass::kNegative);
    }
  }
  EXPECT_THAT(networks, testing::ElementsAre(std::pair(Network::kTwitter, 1), std::pair(Network::kBluesky, 2),
                                             std::pair(Network::kMastodon, 1), std::pair(Network::kReview, 2),
                                             std::pair(Network::kForum, 1)));

  const auto letters = log_.ReadStored({"tocsin.dead-letters", 0});
  ASSERT_THAT(letters, IsOk());
  std::vector<std::string> reasons;
  for (const StoredRecord& letter : *letters) {
    std::map<std::string, std::string> headers(letter.headers.begin(), letter.headers.end());
    reasons.push_back(headers["topic"] + "/" + headers["partition"] + "/" + headers["offset"] + " " + headers["error"]);
  }
  EXPECT_THAT(reasons, testing::UnorderedElementsAre("tweets/1/1 missing_field", "sky/0/4 missing_field",
                                                     "more.reviews/0/1 not_json", "forum/0/2 too_large"));
}

}  // namespace
}  // namespace tocsin
