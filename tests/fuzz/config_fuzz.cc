// Configurations, and --set flags over them.
//
// Input: the number of flags in the first byte, a line for each, the YAML.
#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "app/config/config.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {
namespace {

constexpr size_t kMaxFlags = 3;
constexpr std::string_view kWhole = R"(deployment: prod-eu
kafka: {bootstrap.servers: "broker:9092", security.protocol: ssl}
sources:
  - {topics: [posts], preset: twitter_v1, start: latest, out_of_orderness: 2s, max_drag: 60s}
  - topics: other
    network: forum
    fields: {id: /id, event_time: [/time, /created], text: /text, hashtags: /tags/*/name}
watchlist: "${DIR:lists}/watchlist.yaml"
windows: {pane: 1s, slide: 5s, sizes: [60s, 5m, {size: 24h, slide: 1m}]}
metrics: {every: 60s, listen: "127.0.0.1:0"}
privacy: {key_file: null, texts: masked}
roles: [ingest]
topics: {mentions_partitions: 8, create: false}
on_gap: stop
)";

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  seeds.push_back(std::string(1, '\0').append(kWhole));
  seeds.push_back(std::string("\1windows.slide=10s\n").append(kWhole));
  seeds.push_back(std::string("\2sources.0.topics=[a, b]\nkafka.acks=1\n").append(kWhole));
  seeds.push_back(std::string(1, '\0') + "a: &x [1, 2]\nb: *x\n? c\n: |\n  d\n");
  seeds.push_back(std::string(1, '\0') + "a: &x {b: [{c: *x}], d: *x}\n");
  seeds.push_back(std::string("\1log=&x {level: *x}\n").append(kWhole));
  seeds.push_back(std::string(1, '\0') + "a: &x {? [*x] : 1}\n");
  // Short ones, from which runs of short inputs begin.
  for (const std::string_view part :
       {"deployment: prod\n", "kafka: {acks: 1, linger.ms: 5}\n", "sources: [{topics: p, preset: reddit}]\n",
        "sources:\n- topics: [p, q]\n  network: forum\n  fields: {id: /id, text: [/a, /b/*/c]}\n",
        "windows: {pane: 1s, sizes: [60s, {size: 1h, slide: 1m}]}\n", "watchlist: \"${NAME:x}/${OTHER}\"\n",
        "metrics: {listen: \"[::1]:9\"}\n", "privacy: {key_file: ~, texts: masked}\n", "roles: [ingest, detect]\n",
        "topics: {mentions_partitions: 8}\n", "on_gap: stop\n", "a: !!int \"1\"\n---\nb: >-\n  c\n"}) {
    seeds.push_back(std::string(1, '\0').append(part));
  }
  seeds.push_back(std::string(1, '\0') + "sources: [{}]\nwindows: 3\nwindow: {}\nroles: {a: b}\ntopics: {create: 7}\n");
  return seeds;
}

void FuzzOne(std::string_view input) {
  ConfigSources sources;
  for (size_t flags = TakeByte(&input) % (kMaxFlags + 1); flags > 0; --flags) {
    const std::pair<std::string_view, std::string_view> parts = absl::StrSplit(input, absl::MaxSplits('\n', 1));
    sources.set.emplace_back(parts.first);
    input = parts.second;
  }
  sources.environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "NAME") return "value";
    return std::nullopt;
  };
  const absl::StatusOr<Config> config = ParseConfig(input, "config.yaml", sources);
  if (!config.ok()) {
    CHECK(absl::IsInvalidArgument(config.status()) && !config.status().message().empty());
    return;
  }
  CHECK(!config->sources.empty() && !config->watchlist.empty());
  CHECK(absl::StartsWith(CanonicalText(*config), "tocsin configuration"));
}

}  // namespace tocsin
