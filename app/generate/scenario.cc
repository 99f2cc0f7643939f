#include "app/generate/scenario.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "app/generate/firehose.h"
#include "app/generate/random.h"

namespace tocsin {
namespace {

constexpr int64_t kMinuteMs = 60'000;
// 2026-06-01T00:00:00Z, a Monday: event time of synthetic firehoses is fixed, so that the same seed gives the same
// bytes.
constexpr int64_t kDefaultStartMs = 1'780'272'000'000;

constexpr auto kFirstNames = std::to_array<std::string_view>({"Nord", "Vel",  "Acme",  "Luma", "Ost",   "Kara", "Brio",
                                                              "Tavi", "Orla", "Zeph",  "Mira", "Cobal", "Fjor", "Hexa",
                                                              "Juno", "Pavo", "Quill", "Rook", "Sable", "Umbra"});
constexpr auto kLastNames =
    std::to_array<std::string_view>({"air", "bank", "mart", "fone", "motor", "food", "rail", "wear", "play", "med",
                                     "home", "ship", "soft", "brew", "gym"});

ScenarioBrand MakeBrand(size_t index, double per_minute) {
  // Every pair of first and last name once, walked so that neighbours differ in both.
  const size_t first = index % kFirstNames.size();
  const size_t round = index / kFirstNames.size();
  const size_t last = (index + round) % kLastNames.size();
  ScenarioBrand brand;
  brand.name = absl::StrCat(kFirstNames[first], kLastNames[last]);
  if (round >= kLastNames.size()) absl::StrAppend(&brand.name, round);
  brand.id = absl::AsciiStrToLower(brand.name);
  brand.handle = brand.id;
  brand.query = absl::StrCat(brand.id, " OR @", brand.handle, " OR #", brand.handle);
  brand.per_minute = per_minute;
  return brand;
}

}  // namespace

Scenario MixedScenario(uint64_t seed, int64_t posts, int64_t duration_ms, int32_t brands, double matched_share) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.start_ms = kDefaultStartMs + 9 * 60 * kMinuteMs;
  scenario.duration_ms = duration_ms;
  scenario.daily_amplitude = 0;
  const double per_minute = static_cast<double>(posts) / (static_cast<double>(duration_ms) / kMinuteMs);
  double zipf = 0;
  for (int32_t i = 1; i <= brands; ++i) zipf += 1.0 / i;
  for (int32_t i = 0; i < brands; ++i) {
    scenario.brands.push_back(MakeBrand(static_cast<size_t>(i), per_minute * matched_share / zipf / (i + 1)));
  }
  scenario.unmatched_per_minute = per_minute * (1 - matched_share);
  return scenario;
}

Scenario DemoScenario(uint64_t seed, int64_t history_ms, double posts_per_minute) {
  Random random(seed ^ 0xD340);
  Scenario scenario =
      MixedScenario(seed, static_cast<int64_t>(posts_per_minute * 1'440), 24 * 60 * kMinuteMs, 12, 0.35);
  scenario.start_ms = kDefaultStartMs;
  scenario.duration_ms = history_ms + 13 * 60 * kMinuteMs;
  scenario.daily_amplitude = 0.5;
  scenario.disorder_ms = 1'500;
  scenario.duplicates = 0.005;
  scenario.malformed = 0.001;
  scenario.post_bytes = 1'400;
  // Three different brands among the eight largest: the small ones would make the demo's times those of a small brand.
  const auto crisis = static_cast<size_t>(random.Below(4));
  const size_t surge = (crisis + 1 + random.Below(3)) % 8;
  const size_t spam = (surge + 1 + random.Below(3)) % 8 == crisis ? (surge + 4) % 8 : (surge + 1 + random.Below(3)) % 8;
  ScenarioEvent event;
  event.kind = ScenarioEvent::Kind::kCrisis;
  event.brand = crisis;
  event.onset_ms = history_ms + (20 + random.Below(40)) * kMinuteMs;
  event.rise_ms = (25 + random.Below(20)) * kMinuteMs;
  event.hold_ms = (30 + random.Below(30)) * kMinuteMs;
  event.half_life_ms = (25 + random.Below(15)) * kMinuteMs;
  event.factor = 9 + random.Below(6);
  event.negative = 0.65 + 0.15 * random.Unit();
  scenario.events.push_back(event);
  event.kind = ScenarioEvent::Kind::kSurge;
  event.brand = surge;
  event.onset_ms = history_ms + (50 + random.Below(60)) * kMinuteMs;
  event.factor = 8 + random.Below(5);
  event.negative = 0.75;
  scenario.events.push_back(event);
  event.kind = ScenarioEvent::Kind::kSpam;
  event.brand = spam == crisis || spam == surge ? (crisis + 5) % 8 : spam;
  if (event.brand == surge) event.brand = (event.brand + 1) % 8;
  event.onset_ms = history_ms + (90 + random.Below(60)) * kMinuteMs;
  event.rise_ms = 5 * kMinuteMs;
  event.hold_ms = 40 * kMinuteMs;
  event.factor = 8;
  scenario.events.push_back(event);
  return scenario;
}

std::string WatchlistYaml(const Scenario& scenario) {
  std::string yaml = "brands:\n";
  for (const ScenarioBrand& brand : scenario.brands) {
    absl::StrAppend(&yaml, "  - id: ", brand.id, "\n    name: ", brand.name, "\n    query: '", brand.query,
                    "'\n    official_accounts: [", brand.handle, "_help]\n    route: on-call\n");
  }
  absl::StrAppend(&yaml,
                  "routes:\n  on-call: {owner: \"comms on call\", channel: \"#crisis\", playbook_url: "
                  "\"https://example.com/playbook\", language: en}\n");
  return yaml;
}

std::string TruthJson(const Scenario& scenario) {
  const auto time = [&scenario](int64_t since_start_ms) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMillis(scenario.start_ms + since_start_ms),
                            absl::UTCTimeZone());
  };
  constexpr std::array<std::string_view, 4> kKinds = {"crisis", "surge", "spam", "reposts"};
  nlohmann::ordered_json truth;
  truth["seed"] = scenario.seed;
  truth["start"] = time(0);
  truth["end"] = time(scenario.duration_ms);
  truth["brands"] = nlohmann::ordered_json::array();
  for (const ScenarioBrand& brand : scenario.brands) {
    truth["brands"].push_back({{"id", brand.id}, {"per_minute", brand.per_minute}, {"negative", brand.negative}});
  }
  truth["events"] = nlohmann::ordered_json::array();
  for (const ScenarioEvent& event : scenario.events) {
    truth["events"].push_back({{"kind", std::string(kKinds[static_cast<size_t>(event.kind)])},
                               {"brand", scenario.brands[event.brand].id},
                               {"onset", time(event.onset_ms)},
                               {"rise_s", event.rise_ms / 1'000},
                               {"hold_s", event.hold_ms / 1'000},
                               {"half_life_s", event.half_life_ms / 1'000},
                               {"factor", event.factor},
                               {"negative", event.negative}});
  }
  return truth.dump(2) + "\n";
}

}  // namespace tocsin
