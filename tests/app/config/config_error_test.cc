// What is said of bad configurations, word for word: file, line, column, what is wrong and what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "app/config/config.h"

namespace tocsin {
namespace {

// Lines 1 and 2 of most documents below: enough to be valid.
constexpr std::string_view kEnough = "sources: [{topics: [posts], preset: twitter_v1}]\nwatchlist: brands.yaml\n";

std::string ErrorOf(std::string_view yaml, const ConfigSources& sources = {}) {
  const absl::StatusOr<Config> config = ParseConfig(yaml, "t.yaml", sources);
  return config.ok() ? "no error" : std::string(config.status().message());
}

struct Case {
  std::string_view yaml;   // behind kEnough
  std::string_view error;  // behind "t.yaml:"
};

class ConfigErrorTest : public testing::TestWithParam<Case> {};

TEST_P(ConfigErrorTest, NamesPlaceAndRemedy) {
  EXPECT_EQ(ErrorOf(absl::StrCat(kEnough, GetParam().yaml)), absl::StrCat("t.yaml:", GetParam().error));
}

constexpr Case kCases[] = {
    {"windos: {}", "3:1: unknown key: windos; did you mean windows?"},
    {"windows: {slid: 5s}", "3:11: unknown key: windows.slid; did you mean slide?"},
    {"log: {colour: true}", "3:7: unknown key: log.colour; known here: format, level"},
    {"windows: 5s", "3:10: windows must be a mapping of keys to values"},
    {"windows: {slide: 5}",
     "3:18: windows.slide must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not \"5\""},
    {"windows: {slide: -5s}",
     "3:18: windows.slide must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not \"-5s\""},
    {"windows: {slide: inf}",
     "3:18: windows.slide must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not \"inf\""},
    {"windows: {pane: 100us}",
     "3:17: windows.pane must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not \"100us\""},
    {"windows: {slide: [5s]}", "3:18: windows.slide must be a single value"},
    {"windows: {pane: 2s}", "3:17: windows.slide, 5s, is not a multiple of windows.pane, 2s"},
    {"windows:\n  pane: 2s\n  slide: 5s", "5:10: windows.slide, 5s, is not a multiple of windows.pane, 2s"},
    {"windows: {pane: 100ms, slide: 500ms}",
     "3:31: windows.slide, 500ms, must divide 5m, in which brands are decided about, and be 1s or more: write 1s, 2s, "
     "5s, 10s, 30s"},
    {"windows: {slide: 8s, sizes: [80s]}\nmetrics: {every: 80s}",
     "3:18: windows.slide, 8s, must divide 5m, in which brands are decided about, and be 1s or more: write 1s, 2s, 5s, "
     "10s, 30s"},
    {"windows: {sizes: []}", "3:18: windows.sizes must be a list of at least one duration"},
    {"windows: {sizes: 60s}", "3:18: windows.sizes must be a list of at least one duration"},
    {"windows: {sizes: [60s, soon]}", "3:24: windows.sizes must hold durations such as 5m, or {size: 24h, slide: 1m}"},
    {"windows: {sizes: [60s, 62s]}", "3:24: window of 62s is not a multiple of its slide, 5s"},
    {"windows: {sizes: [60s, 5m, 1m]}", "3:28: window of 1m is given twice"},
    {"windows: {sizes: [60s, 2h]}",
     "3:24: window of 2h is longer than 1h: write {size: 2h, slide: 1m}, which gives counts only"},
    {"windows: {sizes: [60s, {size: 24h, slide: 7s}]}",
     "3:24: window of 1d is not a multiple of its slide, 7s\n"
     "t.yaml:3:24: window of 1d has a slide that is not a multiple of windows.slide, 5s\n"
     "t.yaml:3:24: window of 1d: a slide of its own must be whole minutes"},
    {"windows: {sizes: [60s, {size: 30d, slide: 1m}]}",
     "3:24: window of 30d is longer than 27h, for which counts are kept"},
    {"windows: {sizes: [{size: 24h, slide: 1m}]}",
     "3:18: windows.sizes needs at least one window without a slide of its own"},
    {"metrics: {every: 7s}", "3:18: metrics.every, 7s, is not a multiple of windows.slide, 5s"},
    {"metrics: {listen: here}", "3:19: metrics.listen must be host:port, such as 127.0.0.1:9464, or empty"},
    {"metrics: {listen: \"a:70000\"}", "3:19: metrics.listen must be host:port, such as 127.0.0.1:9464, or empty"},
    {"privacy: {texts: some}", "3:18: privacy.texts must be one of full, masked, none, not \"some\""},
    {"roles: [ingest, watch]", "3:8: roles are ingest and detect, not \"watch\""},
    {"roles: []", "3:8: roles must name ingest, detect or both"},
    {"workers: {ingest: 0}", "3:19: workers.ingest must be a whole number from 1 to 256, not \"0\""},
    {"workers: {detect: two}", "3:19: workers.detect must be a whole number from 1 to 256, not \"two\""},
    {"flush: {bytes: 512kB}",
     "3:16: flush.bytes must be a size such as 512KB, from 1024 to 67108864 bytes, not \"512kB\""},
    {"flush: {bytes: 1GB}", "3:16: flush.bytes must be a size such as 512KB, from 1024 to 67108864 bytes, not \"1GB\""},
    {"topics: {create: yes}", "3:18: topics.create must be true or false, not \"yes\""},
    {"topics: {signals: \"my signals\"}",
     "3:19: not a topic's name: \"my signals\"; letters, digits, '.', '_' and '-', at most 249"},
    {"topics: {signals: posts}", "3:19: topic posts is used twice: by a source and by topics.signals"},
    {"topics: {signals: a, incidents: a}", "3:33: topic a is used twice: by topics.signals and by topics.incidents"},
    {"topics: {replication: 0}", "3:23: topics.replication must be at least 1, or -1 for the cluster's default"},
    {"deployment: \"prod eu\"", "3:13: deployment may have letters, digits, '.', '_' and '-' only"},
    {"kafka: broker:9092", "3:8: kafka must be a mapping of librdkafka's properties"},
    {"kafka: {bootstrap.servers: [a, b]}", "3:9: kafka.bootstrap.servers must be a single value"},
    {"kafka:\n  client.id: a\n  client.id: b", "5:3: key given twice: kafka.client.id"},
    {"log: {level: loud}", "3:14: log.level must be one of debug, info, warning, error, not \"loud\""},
    {"log: {level: info}\nlog: {level: debug}", "4:1: key given twice: log"},
    {"on_gap: ignore", "3:9: on_gap must be one of continue, stop, not \"ignore\""},
    {"dedup: {max_entries: 1e6}", "3:22: dedup.max_entries must be a whole number from 1 to 1000000000, not \"1e6\""},
    {"kafka: {sasl.password: \"${SECRET}\"}",
     "3:24: environment variable SECRET is not set; set it, or write ${SECRET:default}"},
    {"kafka: {a: \"${X\"}", "3:12: ${ without its }; write $${ for the characters themselves"},
    {"deployment: \"a${}\"", "3:13: ${} names no environment variable"},
    {"[a, b]: c", "3:1: the document has a key that is no plain text"},
    {"log: {level: info", "3:1: this is not YAML: end of map flow not found; correct the syntax here or just above"},
    {"\tlog: x",
     "3:1: this is not YAML: illegal tab when looking for indentation; correct the syntax here or just above"},
};
INSTANTIATE_TEST_SUITE_P(Documents, ConfigErrorTest, testing::ValuesIn(kCases));

struct SourceCase {
  std::string_view source;
  std::string_view error;
};
class SourceErrorTest : public testing::TestWithParam<SourceCase> {};

TEST_P(SourceErrorTest, NamesPlaceAndRemedy) {
  EXPECT_EQ(ErrorOf(absl::StrCat("watchlist: w\nsources:\n- ", GetParam().source)),
            absl::StrCat("t.yaml:", GetParam().error));
}

constexpr SourceCase kSourceCases[] = {
    {"{preset: generic}", "3:3: sources[].topics is missing: name the topics to read"},
    {"{topics: [], preset: generic}", "3:12: sources[].topics is missing: name the topics to read"},
    {"{topics: {a: b}, preset: generic}", "3:12: sources[].topics must be a text or a list of texts"},
    {"{topics: [a, [b]], preset: generic}", "3:16: sources[].topics must hold plain texts"},
    {"{topics: [a, a], preset: generic}", "3:16: topic a is used twice: by a source and by a source"},
    {"{topics: a}",
     "3:3: a source needs either a preset (twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic) or "
     "fields"},
    {"{topics: a, preset: generic, fields: {id: /id}}",
     "3:3: a source needs either a preset (twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic) or "
     "fields"},
    {"{topics: a, preset: twitter}",
     "3:23: no such preset: twitter; there are twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic"},
    {"{topics: a, preset: generic, network: myspace}",
     "3:41: no such network: myspace; there are other, twitter, bluesky, mastodon, reddit, review, facebook, "
     "instagram, youtube, "
     "tiktok, linkedin, news, forum, threads"},
    {"{topics: a, preset: generic, start: now}", "3:39: sources[].start must be one of earliest, latest, not \"now\""},
    {"{topics: a, preset: generic, max_record_bytes: 1TB}",
     "3:50: sources[].max_record_bytes must be a size such as 512KB, from 64 to 67108864 bytes, not \"1TB\""},
    {"{topics: a, fields: [x]}", "3:23: sources[].fields must map fields of a post to JSON Pointers"},
    {"{topics: a, fields: {id: /id, event_time: /t}}",
     "3:23: sources[].fields: id, event_time and text are required; missing=text"},
    {"{topics: a, fields: {id: /id, event_time: /t, txt: /x, text: /x}}",
     "3:49: a post has no field txt; did you mean text?"},
    {"{topics: a, fields: {id: id, id: /id, event_time: /t, text: /x}}",
     "3:28: sources[].fields.id: a JSON Pointer begins with '/' and names a key, such as /user/id\n"
     "t.yaml:3:32: key given twice: sources[].fields.id"},
    {"{topics: a, fields: {id: /id, event_time: /t, text: /a/*/b}}",
     "3:55: sources[].fields.text: '*' (every element) is for hashtags, handles and urls; name one element by number"},
    {"just text",
     "3:3: sources[] must be a mapping of keys to values\n"
     "t.yaml:3:3: sources[].topics is missing: name the topics to read\n"
     "t.yaml:3:3: a source needs either a preset (twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic) "
     "or fields"},
};
INSTANTIATE_TEST_SUITE_P(Sources, SourceErrorTest, testing::ValuesIn(kSourceCases));

TEST(ConfigErrorsTest, NamesWhatIsMissingAltogether) {
  EXPECT_EQ(ErrorOf(""), "t.yaml:1:1: a configuration is a mapping of keys to values; docs/CONFIG.md lists the keys");
  EXPECT_EQ(ErrorOf("- a"),
            "t.yaml:1:1: a configuration is a mapping of keys to values; docs/CONFIG.md lists the keys");
  EXPECT_EQ(ErrorOf("deployment: x"),
            "t.yaml:1:1: sources is missing: say which topics hold posts, and in which form\n"
            "t.yaml:1:1: watchlist is missing: name the file with the brands");
  EXPECT_EQ(ErrorOf("watchlist: w\nsources: []"), "t.yaml:2:10: sources must be a list of at least one source");
}

TEST(ConfigErrorsTest, ReportsAllErrorsInTheOrderOfTheirPlaces) {
  EXPECT_EQ(
      ErrorOf("log: {level: x}\nsources: [{topics: [p], preset: p}]\nwindows: {pane: x}\nwatchlist: w\nz: 1"),
      "t.yaml:1:14: log.level must be one of debug, info, warning, error, not \"x\"\n"
      "t.yaml:2:33: no such preset: p; there are twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic\n"
      "t.yaml:3:17: windows.pane must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not \"x\"\n"
      "t.yaml:5:1: unknown key: z; known here: dedup, deployment, detection, flush, kafka, limits, log, metrics, "
      "on_gap, privacy, "
      "reload, roles, sentiment, snapshot, sources, topics, watchlist, windows, workers");
}

TEST(ConfigErrorsTest, NamesTheFlagOrVariableThatAWrongValueCameFrom) {
  ConfigSources sources;
  sources.set = {"windows.slide=x", "nonsense",          "=1",       "windows.slid=5s",      "sources.3.start=latest",
                 "deployment.x=1",  "log={level: loud}", "topics=[", "metrics.listen=secret"};
  sources.environment = [](std::string_view name) {
    return name == "TOCSIN_WORKERS_INGEST" ? std::optional<std::string>("many") : std::nullopt;
  };
  EXPECT_EQ(ErrorOf(kEnough, sources),
            "--set: write key=value, such as --set windows.slide=10s\n"
            "--set: write key=value, such as --set windows.slide=10s\n"
            "--set sources.3.start: there is no element 3\n"
            "--set topics: the value is not YAML\n"
            "--set deployment.x: deployment must be a single value\n"
            "--set windows.slide: windows.slide must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least 1ms, not "
            "\"x\"\n"
            "--set windows.slid: unknown key: windows.slid; did you mean slide?\n"
            "--set metrics.listen: metrics.listen must be host:port, such as 127.0.0.1:9464, or empty\n"
            "TOCSIN_WORKERS_INGEST: workers.ingest must be a whole number from 1 to 256, not \"many\"\n"
            "--set log: log.level must be one of debug, info, warning, error, not \"loud\"");
}

TEST(ConfigErrorsTest, NeverShowsValuesOfKafkasProperties) {
  ConfigSources sources;
  sources.set = {"kafka.sasl.password=hunter2", "kafka.x.y=[hunter2", "kafkaa=hunter2"};
  const std::string error = ErrorOf(kEnough, sources);
  EXPECT_EQ(error.find("hunter2"), std::string::npos) << error;
}

TEST(ConfigErrorsTest, RefusesADocumentThatItsAliasesMultiply) {
  std::string yaml = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c <= 'j'; ++c) {
    const std::string before(1, static_cast<char>(c - 1));
    absl::StrAppend(&yaml, std::string(1, c), ": &", std::string(1, c), " [");
    for (int i = 0; i < 10; ++i) absl::StrAppend(&yaml, i > 0 ? "," : "", "*", before);
    absl::StrAppend(&yaml, "]\n");
  }
  EXPECT_THAT(ErrorOf(yaml), testing::HasSubstr("the configuration has too many values"));
}

TEST(ConfigErrorsTest, AnAliasInsideOfWhatItStandsForIsRefused) {
  for (const char* const yaml :
       {"deployment: &x\n  c: *x\n", "sources: &x [*x, *x]\n", "a: &x {b: [{c: *x}], d: *x}\n"}) {
    EXPECT_THAT(ErrorOf(yaml), testing::HasSubstr("nested too deeply, or an alias inside of what it stands for"))
        << yaml;
  }
}

TEST(ConfigErrorsTest, AnAliasInsideOfWhatItStandsForIsRefusedInAFlagToo) {
  for (const char* const value : {"&x {level: *x}", "&x [*x]", "&x {? [*x] : 1}"}) {
    ConfigSources sources;
    sources.set.push_back(absl::StrCat("log=", value));
    const absl::Status status = ParseConfig("watchlist: w\n", "t.yaml", sources).status();
    EXPECT_THAT(status.message(), testing::HasSubstr("--set log: the value is too large, or an alias stands inside of"))
        << value;
  }
}

}  // namespace
}  // namespace tocsin
