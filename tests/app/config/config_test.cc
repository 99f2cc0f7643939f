#include "app/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::Eq;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr std::string_view kEnough = "sources: [{topics: [posts], preset: twitter_v1}]\nwatchlist: brands.yaml\n";

Config Parse(std::string_view yaml, const ConfigSources& sources = {}) {
  absl::StatusOr<Config> config = ParseConfig(yaml, "etc/t.yaml", sources);
  EXPECT_THAT(config, IsOk()) << yaml;
  return config.ok() ? *std::move(config) : Config();
}
Config With(std::string_view more, const ConfigSources& sources = {}) {
  return Parse(absl::StrCat(kEnough, more), sources);
}

std::function<std::optional<std::string>(std::string_view)> Environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(ConfigTest, ReadsAWholeDocument) {
  const Config config = Parse(R"(deployment: prod-eu
kafka: {bootstrap.servers: "broker:9092", sasl.username: u}
sources:
  - {topics: [posts], preset: twitter_v1, start: latest, out_of_orderness: 3s, max_drag: 90s}
  - topics: reviews
    fields: {id: /a, event_time: [/b, /c], text: /d, hashtags: /e/*/f}
    network: review
    start: earliest
    max_record_bytes: 64KB
    schema_registry_prefix: true
watchlist: lists/watchlist.yaml
windows: {pane: 500ms, slide: 10s, sizes: [15m, 60s, {size: 24h, slide: 1m}]}
metrics: {every: 2m, listen: "0.0.0.0:0"}
sentiment: {model: default, calibration: null}
privacy: {key_file: /run/key, texts: masked}
roles: [detect]
on_gap: stop
)");
  EXPECT_EQ(config.deployment, "prod-eu");
  EXPECT_THAT(config.kafka, ElementsAre(Pair("bootstrap.servers", "broker:9092"), Pair("sasl.username", "u")));
  ASSERT_EQ(config.sources.size(), 2U);
  EXPECT_THAT(config.sources[0].topics, ElementsAre("posts"));
  EXPECT_EQ(config.sources[0].preset, "twitter_v1");
  EXPECT_EQ(config.sources[0].mapping->network(), Network::kTwitter);
  EXPECT_EQ(config.sources[0].out_of_orderness, absl::Seconds(3));
  EXPECT_EQ(config.sources[0].max_drag, absl::Seconds(90));
  EXPECT_EQ(config.sources[0].start, SourceConfig::Start::kLatest);
  EXPECT_THAT(config.sources[1].topics, ElementsAre("reviews"));
  EXPECT_EQ(config.sources[1].preset, "");
  EXPECT_EQ(config.sources[1].mapping->network(), Network::kReview);
  EXPECT_THAT(config.sources[1].fields.at(PostField::kEventTime), ElementsAre("/b", "/c"));
  EXPECT_EQ(config.sources[1].start, SourceConfig::Start::kEarliest);
  EXPECT_EQ(config.sources[1].max_record_bytes, 64 * 1'024);
  EXPECT_TRUE(config.sources[1].schema_registry_prefix);
  EXPECT_EQ(config.watchlist, "etc/lists/watchlist.yaml");
  EXPECT_EQ(config.windows.pane, absl::Milliseconds(500));
  ASSERT_EQ(config.windows.sizes.size(), 3U);
  EXPECT_EQ(config.windows.sizes[0].size, absl::Seconds(60));
  EXPECT_EQ(config.windows.sizes[2].size, absl::Hours(24));
  EXPECT_EQ(config.windows.sizes[2].slide, absl::Minutes(1));
  EXPECT_EQ(config.metrics.every, absl::Minutes(2));
  EXPECT_EQ(config.metrics.listen, "0.0.0.0:0");
  EXPECT_EQ(config.sentiment.model, "default");
  EXPECT_EQ(config.sentiment.calibration, "");
  EXPECT_EQ(config.privacy.key_file, "/run/key");
  EXPECT_EQ(config.privacy.texts, Config::Privacy::Texts::kMasked);
  EXPECT_FALSE(config.ingest);
  EXPECT_TRUE(config.detect);
  EXPECT_TRUE(config.stop_on_gap);
}

TEST(ConfigTest, TakesEmptySectionsForTheirDefaults) {
  const Config config = With("log:\nwindows: {}\nmetrics: {every: null}\nkafka:\nroles:\n");
  EXPECT_EQ(CanonicalText(config), CanonicalText(With("")));
  EXPECT_EQ(config.metrics.every, absl::Seconds(60));
  EXPECT_THAT(config.kafka, IsEmpty());
  EXPECT_TRUE(config.ingest && config.detect);
}

TEST(ConfigTest, PrefersFlagThenEnvironmentThenFileThenDefault) {
  const std::string_view file = "flush: {every: 2s}\n";
  EXPECT_EQ(With("").flush.every, absl::Seconds(1));
  EXPECT_EQ(With(file).flush.every, absl::Seconds(2));
  ConfigSources sources;
  sources.environment = Environment({{"TOCSIN_FLUSH_EVERY", "3s"}});
  EXPECT_EQ(With(file, sources).flush.every, absl::Seconds(3));
  EXPECT_EQ(With("", sources).flush.every, absl::Seconds(3));
  sources.set = {"flush.every=4s", "flush.every=5s"};
  EXPECT_EQ(With(file, sources).flush.every, absl::Seconds(5));
}

TEST(ConfigTest, SetsKeysOfAnyDepthByFlag) {
  ConfigSources sources;
  sources.set = {"kafka.bootstrap.servers=a:1,b:2",
                 "kafka.ssl.key.password=x: [y",
                 "sources.0.start=earliest",
                 "sources.0.topics=[p, q]",
                 "windows.sizes=[60s, {size: 2h, slide: 1m}]",
                 "roles=ingest",
                 "log.format=json"};
  const Config config = With("", sources);
  EXPECT_THAT(config.kafka, ElementsAre(Pair("bootstrap.servers", "a:1,b:2"), Pair("ssl.key.password", "x: [y")));
  EXPECT_EQ(config.sources[0].start, SourceConfig::Start::kEarliest);
  EXPECT_THAT(config.sources[0].topics, ElementsAre("p", "q"));
  EXPECT_EQ(config.windows.sizes.size(), 2U);
  EXPECT_FALSE(config.detect);
  EXPECT_TRUE(config.log.json);
}

TEST(ConfigTest, PutsTheEnvironmentIntoValues) {
  ConfigSources sources;
  sources.environment = Environment({{"HOST", "h"}, {"EMPTY", ""}, {"ODD", "${HOST}: x"}});
  const Config config = With(
      "kafka:\n  a: ${HOST}:${PORT:9092}\n  b: \"${EMPTY:z}${NONE:}\"\n  c: ${ODD}\n  d: \"$${HOST} $5\"\n  e: "
      "\"${X:a:b}\"\n"
      "deployment: ${NAME:prod}\n",
      sources);
  EXPECT_THAT(config.kafka, ElementsAre(Pair("a", "h:9092"), Pair("b", ""), Pair("c", "${HOST}: x"),
                                        Pair("d", "${HOST} $5"), Pair("e", "a:b")));
  EXPECT_EQ(config.deployment, "prod");
}

TEST(ConfigTest, WritesOneTextForWhatMeansTheSame) {
  const std::string text = CanonicalText(With("windows: {slide: 5s, sizes: [5m, 60s]}\n"));
  EXPECT_EQ(text, CanonicalText(With("# other\nwindows:\n  sizes: [1m, 300s]\n  slide: 5000ms\n")));
  EXPECT_EQ(text, CanonicalText(With("windows: {sizes: [60s, 5m]}\nlog: {level: debug}\nworkers: {ingest: 7}\n"
                                     "kafka: {sasl.password: secret}\nmetrics: {listen: \"\", every: 5m}\n")));
  EXPECT_EQ(CanonicalText(
                Parse("watchlist: w\nsources: [{topics: [a, b], preset: generic}, {topics: c, preset: twitter_v1}]")),
            CanonicalText(
                Parse("watchlist: v\nsources: [{topics: c, preset: twitter_v1}, {topics: [b, a], preset: generic}]")));
}

TEST(ConfigTest, WritesAnotherTextForWhatDecidesOtherwise) {
  const std::string text = CanonicalText(With(""));
  for (std::string_view more :
       {"deployment: other", "windows: {slide: 10s}", "windows: {pane: 5s}", "windows: {sizes: [60s]}",
        "dedup: {horizon: 2h}", "privacy: {texts: none}", "on_gap: stop"}) {
    EXPECT_NE(CanonicalText(With(more)), text) << more;
  }
  const auto with_source = [](std::string_view source) {
    return CanonicalText(Parse(absl::StrCat("watchlist: brands.yaml\nsources:\n- {", source, "}")));
  };
  EXPECT_EQ(with_source("topics: posts, preset: twitter_v1, start: earliest"), text);
  for (std::string_view source :
       {"topics: other, preset: twitter_v1", "topics: posts, preset: generic",
        "topics: posts, preset: twitter_v1, max_drag: 1m1s", "topics: posts, preset: twitter_v1, network: forum",
        "topics: posts, preset: twitter_v1, max_record_bytes: 2MB",
        "topics: posts, fields: {id: /a, event_time: /b, text: /c}"}) {
    EXPECT_NE(with_source(source), text) << source;
  }
  EXPECT_NE(with_source("topics: posts, fields: {id: /a, event_time: /b, text: /c}"),
            with_source("topics: posts, fields: {id: /a, event_time: /b, text: [/c, /d]}"));
}

TEST(ConfigTest, KeepsSecretsOutOfTheText) {
  EXPECT_THAT(CanonicalText(With("kafka: {sasl.password: hunter2}\nprivacy: {key_file: /hunter2}\n")),
              Not(HasSubstr("hunter2")));
}

TEST(ConfigTest, SaysWhichFileIsNotThere) {
  EXPECT_THAT(LoadConfig("no/such/file.yaml"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no/such/file.yaml")));
}

}  // namespace
}  // namespace tocsin
