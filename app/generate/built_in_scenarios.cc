#include "app/generate/built_in_scenarios.h"

#include "app/generate/random.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {}  // namespace

Scenario MixedScenario(uint64_t seed, int64_t posts, int64_t duration_ms, int32_t brands, double matched_share) {
  Scenario scenario;
  scenario.seed = seed;
  scenario.start_ms = kDefaultStartMs + 9 * 60 * kMinuteMs;
  scenario.duration_ms = duration_ms;
  const double per_minute = static_cast<double>(posts) / (static_cast<double>(duration_ms) / kMinuteMs);
  double zipf = 0;
  for (int32_t i = 1; i <= brands; ++i) zipf += 1.0 / i;
  for (int32_t i = 0; i < brands; ++i) {
    scenario.brands.push_back(MadeUpBrand(static_cast<size_t>(i)));
    scenario.brands.back().per_minute = per_minute * matched_share / zipf / (i + 1);
  }
  scenario.unmatched_per_minute = per_minute * (1 - matched_share);
  return scenario;
}

Scenario DemoScenario(uint64_t seed, int64_t history_ms, double posts_per_minute) {
  Random random(seed ^ 0xD340);
  Scenario scenario =
      MixedScenario(seed, static_cast<int64_t>(posts_per_minute * 1'440), 24 * 60 * kMinuteMs, 12, 0.35);
  scenario.name = "demo";
  scenario.start_ms = kDefaultStartMs;
  scenario.duration_ms = history_ms + 13 * 60 * kMinuteMs;
  scenario.cycles.amplitude = 0.5;
  scenario.post_bytes = 1'400;
  scenario.streams[0].defects.disorder_ms = 1'500;
  scenario.streams[0].defects.duplicates = 0.005;
  scenario.streams[0].defects.malformed = 0.001;
  // Three different brands among the eight largest: the small ones would make the demo's times those of a small brand.
  const auto crisis = static_cast<size_t>(random.Below(4));
  const size_t surge = (crisis + 1 + random.Below(3)) % 8;
  size_t spam = (surge + 1 + random.Below(3)) % 8;
  while (spam == crisis || spam == surge) spam = (spam + 1) % 8;
  ScenarioEvent event;
  event.kind = ScenarioEvent::Kind::kCrisis;
  event.brands = {crisis};
  event.onset_ms = history_ms + (20 + random.Below(40)) * kMinuteMs;
  event.rise_ms = (25 + random.Below(20)) * kMinuteMs;
  event.hold_ms = (30 + random.Below(30)) * kMinuteMs;
  event.half_life_ms = (25 + random.Below(15)) * kMinuteMs;
  event.factor = 9 + random.Below(6);
  event.negative = 0.65 + 0.15 * random.Unit();
  scenario.events.push_back(event);
  event.kind = ScenarioEvent::Kind::kSurge;
  event.brands = {surge};
  event.onset_ms = history_ms + (50 + random.Below(60)) * kMinuteMs;
  event.factor = 8 + random.Below(5);
  event.negative = 0;
  event.positive = 0.75;
  scenario.events.push_back(event);
  event.kind = ScenarioEvent::Kind::kSpam;
  event.brands = {spam};
  event.onset_ms = history_ms + (90 + random.Below(60)) * kMinuteMs;
  event.rise_ms = 5 * kMinuteMs;
  event.hold_ms = 40 * kMinuteMs;
  event.factor = 8;
  event.negative = 1;
  event.positive = 0;
  event.by_one = 0.5;
  event.only_stream = 0;
  scenario.events.push_back(event);
  return scenario;
}

void AddGenericStream(double share, Scenario* scenario) {
  ScenarioStream stream;
  stream.name = "generic";
  stream.topic = "posts.generic";
  stream.shape = PostShape::kGeneric;
  stream.share = share;
  stream.defects = scenario->streams[0].defects;
  scenario->streams[0].share = 1 - share;
  scenario->streams.push_back(stream);
}

}  // namespace tocsin
