// Holds three things together: the table of keys, what the parser reads, and docs/CONFIG.md.
#include "app/config/config_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/config/config.h"
#include "app/config/yaml_reader.h"

namespace tocsin {
namespace {

using Flat = std::map<std::string, std::string>;

std::string Size(int64_t bytes) {
  if (bytes % (1 << 20) == 0) return absl::StrCat(bytes >> 20, "MB");
  if (bytes % (1 << 10) == 0) return absl::StrCat(bytes >> 10, "KB");
  return absl::StrCat(bytes);
}
std::string Truth(bool value) { return value ? "true" : "false"; }
std::string OrNull(const std::string& text) { return text.empty() ? "null" : text; }

void FlattenSource(const SourceConfig& source, Flat* flat) {
  (*flat)["sources[].start"] = source.start == SourceConfig::Start::kLatest ? "latest" : "earliest";
  (*flat)["sources[].out_of_orderness"] = DurationText(source.out_of_orderness);
  (*flat)["sources[].max_drag"] = DurationText(source.max_drag);
  (*flat)["sources[].idle_after"] = DurationText(source.idle_after);
  (*flat)["sources[].schema_registry_prefix"] = Truth(source.schema_registry_prefix);
  (*flat)["sources[].max_record_bytes"] = Size(source.max_record_bytes);
}

// Every key that holds one value, as it would be written.
Flat Flatten(const Config& config) {
  constexpr std::string_view kTexts[] = {"full", "masked", "none"};
  Flat flat = {{"deployment", config.deployment},
               {"windows.pane", DurationText(config.windows.pane)},
               {"windows.slide", DurationText(config.windows.slide)},
               {"metrics.every", DurationText(config.metrics.every)},
               {"metrics.listen", config.metrics.listen},
               {"metrics.top_brands", absl::StrCat(config.metrics.top_brands)},
               {"sentiment.model", config.sentiment.model},
               {"sentiment.calibration", OrNull(config.sentiment.calibration)},
               {"privacy.key_file", OrNull(config.privacy.key_file)},
               {"privacy.texts", std::string(kTexts[static_cast<size_t>(config.privacy.texts)])},
               {"workers.ingest", absl::StrCat(config.workers.ingest)},
               {"workers.detect", absl::StrCat(config.workers.detect)},
               {"topics.mentions", config.topics.mentions},
               {"topics.brand_metrics", config.topics.brand_metrics},
               {"topics.signals", config.topics.signals},
               {"topics.incidents", config.topics.incidents},
               {"topics.post_crisis", config.topics.post_crisis},
               {"topics.dead_letters", config.topics.dead_letters},
               {"topics.snapshots", config.topics.snapshots},
               {"topics.config", config.topics.config},
               {"topics.actions", config.topics.actions},
               {"topics.create", Truth(config.topics.create)},
               {"topics.mentions_partitions", absl::StrCat(config.topics.mentions_partitions)},
               {"topics.replication", absl::StrCat(config.topics.replication)},
               {"flush.every", DurationText(config.flush.every)},
               {"flush.bytes", Size(config.flush.bytes)},
               {"snapshot.every", DurationText(config.snapshot.every)},
               {"limits.dead_letters_per_second", absl::StrCat(config.limits.dead_letters_per_second)},
               {"limits.queue_bytes", Size(config.limits.queue_bytes)},
               {"limits.drain", DurationText(config.limits.drain)},
               {"detection.false_alarms", absl::StrCat(config.detection.false_alarms)},
               {"dedup.horizon", DurationText(config.dedup.horizon)},
               {"dedup.max_entries", absl::StrCat(config.dedup.max_entries)},
               {"log.format", config.log.json ? "json" : "text"},
               {"log.level", config.log.level},
               {"on_gap", config.stop_on_gap ? "stop" : "continue"}};
  FlattenSource(config.sources.front(), &flat);
  return flat;
}

absl::StatusOr<Config> ParseWith(std::vector<std::string> set) {
  ConfigSources sources;
  sources.set = std::move(set);
  return ParseConfig("sources: [{topics: [posts], preset: generic}]\nwatchlist: w\n", "t.yaml", sources);
}

// Where --set finds a key of the table.
std::string Place(std::string_view key) {
  const std::string_view source = "sources[].";
  return absl::StartsWith(key, source) ? absl::StrCat("sources.0.", key.substr(source.size())) : std::string(key);
}

std::string OtherValue(const ConfigKey& key, const std::string& now) {
  if (key.name == "windows.pane") return "5s";
  if (key.name == "metrics.listen") return "host:1";
  if (key.kind == "duration") return "30s";
  if (key.kind == "size") return "2MB";
  if (key.kind == "count" || key.kind == "number") return "7";
  if (key.kind == "true/false") return now == "true" ? "false" : "true";
  if (key.kind == "text") return "other";
  if (key.kind == "path") return "/other";
  for (std::string_view choice : {"none", "earliest", "json", "error", "stop"}) {
    if (absl::StrContains(key.kind, choice)) return std::string(choice);
  }
  return "unknown kind";
}

TEST(ConfigKeysTest, GivesTheDefaultOfEveryKeyThatHoldsOneValue) {
  const absl::StatusOr<Config> config = ParseWith({});
  ASSERT_TRUE(config.ok());
  const Flat flat = Flatten(*config);
  size_t found = 0;
  for (const ConfigKey& key : ConfigKeys()) {
    const auto value = flat.find(std::string(key.name));
    if (value == flat.end()) continue;
    ++found;
    const std::optional<absl::Duration> duration =
        key.kind == "duration" ? ParseDurationText(key.otherwise) : std::nullopt;
    EXPECT_EQ(value->second, duration.has_value() ? DurationText(*duration) : std::string(key.otherwise)) << key.name;
  }
  EXPECT_EQ(found, flat.size());
}

TEST(ConfigKeysTest, ReadsEveryKeyIntoItsOwnPlace) {
  const absl::StatusOr<Config> usual = ParseWith({});
  ASSERT_TRUE(usual.ok());
  for (const ConfigKey& key : ConfigKeys()) {
    Flat expected = Flatten(*usual);
    const auto value = expected.find(std::string(key.name));
    if (value == expected.end()) continue;
    value->second = OtherValue(key, value->second);
    const absl::StatusOr<Config> config = ParseWith({absl::StrCat(Place(key.name), "=", value->second)});
    ASSERT_TRUE(config.ok()) << key.name << ": " << config.status();
    EXPECT_EQ(Flatten(*config), expected) << key.name;
  }
}

TEST(ConfigKeysTest, ListsEveryKeyThatTheParserKnows) {
  Flat known;
  for (const ConfigKey& key : ConfigKeys()) known.emplace(key.name, key.kind);
  // An unknown key in a section makes the parser list those it knows there.
  for (std::string_view section : {"", "windows.", "metrics.", "sentiment.", "privacy.", "workers.", "topics.",
                                   "flush.", "snapshot.", "limits.", "detection.", "dedup.", "log.", "sources[]."}) {
    const absl::StatusOr<Config> config = ParseWith({Place(absl::StrCat(section, "quite_unknown_key=1"))});
    const std::string message(config.status().message());
    const size_t list = message.find("known here: ");
    ASSERT_NE(list, std::string::npos) << section << ": " << message;
    std::stringstream names(message.substr(list + 12));
    for (std::string name; std::getline(names >> std::ws, name, ',');) {
      const std::string key = absl::StrCat(section, name);
      const auto below = known.lower_bound(key + ".");
      const bool is_section = below != known.end() && absl::StartsWith(below->first, key + ".");
      EXPECT_TRUE(known.contains(key) || is_section) << key;
    }
  }
}

TEST(ConfigKeysTest, NamesTheVariableOfAKey) {
  EXPECT_EQ(EnvironmentName("windows.slide"), "TOCSIN_WINDOWS_SLIDE");
  EXPECT_EQ(EnvironmentName("topics.mentions_partitions"), "TOCSIN_TOPICS_MENTIONS_PARTITIONS");
}

TEST(ConfigKeysTest, ListsThePresetsThatThereAre) {
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.name != "sources[].preset") continue;
    EXPECT_EQ(key.kind, absl::StrJoin(Mapping::PresetNames(), ", "));
  }
}

TEST(ConfigKeysTest, IsDocumentedKeyByKey) {
  std::ifstream file("docs/CONFIG.md");
  std::stringstream document;
  document << file.rdbuf();
  size_t rows = 0;
  bool in_keys = false;
  for (std::string line; std::getline(document, line);) {
    if (absl::StartsWith(line, "## ")) in_keys = line == "## Keys";
    rows += in_keys && absl::StartsWith(line, "| `") ? 1U : 0U;
  }
  EXPECT_EQ(rows, ConfigKeys().size()) << "rows of docs/CONFIG.md";
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_THAT(document.str(), testing::HasSubstr(absl::StrCat("| `", key.name, "` | ", key.kind, " | ", key.otherwise,
                                                                " | ", key.meaning, " |\n")));
  }
}

}  // namespace
}  // namespace tocsin
