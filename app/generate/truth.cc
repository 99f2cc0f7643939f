#include "app/generate/truth.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "app/generate/intensity.h"
#include "app/generate/planner.h"

namespace tocsin {
namespace {

using Object = nlohmann::ordered_json;

constexpr std::array<std::string_view, kMalformations> kMalformationNames = {
    "none", "truncated", "invalid_utf8", "no_id", "text_is_number", "absurd_time", "no_json", "too_deep"};
constexpr std::array<std::string_view, kMalformations> kDroppedAs = {
    "none", "not_json", "not_utf8", "missing_field", "wrong_type", "absurd_time", "not_json", "too_deep"};

int64_t Sum(const std::array<int64_t, kMoods>& moods) {
  return std::accumulate(moods.begin(), moods.end(), int64_t{0});
}

Object Moods(const std::array<int64_t, kMoods>& moods) {
  return {{"posts", Sum(moods)}, {"negative", moods[0]}, {"neutral", moods[1]}, {"positive", moods[2]}};
}

std::string Instant(int64_t ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

Object Decay(const ScenarioEvent& event) {
  if (event.half_life_ms > 0) return {{"half_life_s", event.half_life_ms / 1'000}};
  return {{"power", event.power}, {"scale_s", event.scale_ms / 1'000}};
}

}  // namespace

std::string_view DroppedAs(Malformation malformation) { return kDroppedAs[static_cast<size_t>(malformation)]; }

Truth::Truth(const Scenario& scenario)
    : scenario_(scenario),
      brands_(scenario.brands.size()),
      events_(scenario.events.size()),
      streams_(scenario.streams.size()) {
  for (size_t i = 0; i < streams_.size(); ++i) {
    streams_[i].partition_records.resize(scenario.streams[i].partition_weights.size());
  }
}

void Truth::Count(const PlannedPost& post, PostLanguage language, size_t bytes) {
  ++records_;
  bytes_ += static_cast<int64_t>(bytes);
  StreamCounts& stream = streams_[post.stream];
  ++stream.partition_records[static_cast<size_t>(post.partition)];
  stream.bytes += static_cast<int64_t>(bytes);
  stream.held += post.held ? 1 : 0;
  if (post.malformation != Malformation::kNone) {
    ++stream.malformed[static_cast<size_t>(post.malformation)];
    return;
  }
  if (post.duplicate) {
    ++stream.duplicates;
    return;
  }
  ++stream.posts;
  stream.late += post.late ? 1 : 0;
  stream.reposts += post.root != 0 ? 1 : 0;
  ++languages_[static_cast<size_t>(language)];
  if (post.brand < 0) {
    ++stream.chatter;
    return;
  }
  BrandCounts& brand = brands_[static_cast<size_t>(post.brand)];
  ++brand.moods[static_cast<size_t>(post.mood)];
  if (post.event < 0) return;
  ++brand.by_events;
  EventCounts& event = events_[static_cast<size_t>(post.event)];
  if (Sum(event.moods) == 0) event.first_ms = event.last_ms = post.event_ms;
  event.first_ms = std::min(event.first_ms, post.event_ms);
  event.last_ms = std::max(event.last_ms, post.event_ms);
  ++event.moods[static_cast<size_t>(post.mood)];
  if (post.author >= kAuthors && (post.author - kAuthors) % kEventAuthors == 0) ++event.by_one;
}

Object Truth::BrandsJson() const {
  Object brands = Object::array();
  for (size_t i = 0; i < brands_.size(); ++i) {
    const ScenarioBrand& brand = scenario_.brands[i];
    Object entry = {
        {"id", brand.id}, {"name", brand.name}, {"per_minute", brand.per_minute}, {"negative", brand.negative}};
    if (!brand.sector.empty()) entry["sector"] = brand.sector;
    entry["mentions"] = Moods(brands_[i].moods);
    entry["mentions_by_events"] = brands_[i].by_events;
    brands.push_back(std::move(entry));
  }
  return brands;
}

Object Truth::EventsJson() const {
  Object events = Object::array();
  for (size_t i = 0; i < events_.size(); ++i) {
    const ScenarioEvent& event = scenario_.events[i];
    const EventPhases phases = PhasesOf(event);
    const auto at = [this](int64_t since_start_ms) { return Instant(scenario_.start_ms + since_start_ms); };
    Object entry = {{"kind", EventKindName(event.kind)}, {"brand", scenario_.brands[event.brands.front()].id}};
    for (const size_t brand : event.brands) entry["brands"].push_back(scenario_.brands[brand].id);
    entry["onset"] = at(phases.onset_ms);
    entry["peak"] = at(phases.peak_ms);
    entry["peak_end"] = at(phases.peak_end_ms);
    entry["half"] = at(phases.half_ms);
    entry["end"] = at(phases.end_ms);
    entry["rise_s"] = event.rise_ms / 1'000;
    entry["hold_s"] = event.hold_ms / 1'000;
    entry["decay"] = Decay(event);
    entry["factor"] = event.factor;
    entry["negative"] = event.negative;
    entry["positive"] = event.positive;
    entry["mentions"] = Moods(events_[i].moods);
    entry["mentions_by_one_author"] = events_[i].by_one;
    const bool any = Sum(events_[i].moods) > 0;
    entry["first_post"] = any ? Object(Instant(events_[i].first_ms)) : Object();
    entry["last_post"] = any ? Object(Instant(events_[i].last_ms)) : Object();
    events.push_back(std::move(entry));
  }
  return events;
}

Object Truth::StreamsJson() const {
  Object streams = Object::array();
  for (size_t i = 0; i < streams_.size(); ++i) {
    const StreamCounts& counts = streams_[i];
    const ScenarioStream& stream = scenario_.streams[i];
    Object malformed = Object::object();
    int64_t malformed_total = 0;
    for (size_t kind = 1; kind < kMalformations; ++kind) {
      malformed_total += counts.malformed[kind];
      malformed[std::string(kMalformationNames[kind])] = {{"records", counts.malformed[kind]},
                                                          {"dropped_as", kDroppedAs[kind]}};
    }
    streams.push_back({{"name", stream.name},
                       {"preset", ShapeName(stream.shape)},
                       {"topic", stream.topic},
                       {"records", counts.posts + counts.duplicates + malformed_total},
                       {"posts", counts.posts},
                       {"posts_of_no_brand", counts.chatter},
                       {"reposts", counts.reposts},
                       {"duplicates", counts.duplicates},
                       {"malformed", malformed_total},
                       {"malformed_kinds", std::move(malformed)},
                       {"late", counts.late},
                       {"held", counts.held},
                       {"lost", counts.lost},
                       {"disorder_ms", stream.defects.disorder_ms},
                       {"bytes", counts.bytes},
                       {"partition_records", counts.partition_records}});
  }
  return streams;
}

std::string Truth::Json() const {
  Object truth;
  truth["scenario"] = scenario_.name;
  truth["seed"] = scenario_.seed;
  truth["start"] = Instant(scenario_.start_ms);
  truth["end"] = Instant(scenario_.start_ms + scenario_.duration_ms);
  truth["records"] = records_;
  for (size_t i = 0; i < kPostLanguages; ++i) {
    truth["languages"][std::string(LanguageTag(static_cast<PostLanguage>(i)))] = languages_[i];
  }
  truth["streams"] = StreamsJson();
  truth["brands"] = BrandsJson();
  truth["events"] = EventsJson();
  truth["gaps"] = Object::array();
  for (const ScenarioGap& gap : scenario_.gaps) {
    truth["gaps"].push_back({{"stream", scenario_.streams[static_cast<size_t>(gap.stream)].name},
                             {"partition", gap.partition < 0 ? Object() : Object(gap.partition)},
                             {"from", Instant(scenario_.start_ms + gap.from_ms)},
                             {"to", Instant(scenario_.start_ms + gap.from_ms + gap.length_ms)},
                             {"posts", GapPostsName(gap.posts)}});
  }
  return truth.dump(2) + "\n";
}

}  // namespace tocsin
