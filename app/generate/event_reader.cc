#include "app/generate/event_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

constexpr size_t kMostEvents = 1'000;  // each has a million numbers for accounts of its own
constexpr int64_t kMostAccounts = 900'000;

class EventReader {
 public:
  EventReader(const YAML::Node& node, Random* random, Scenario* scenario, YamlErrors* errors)
      : map_(node, "events.", errors), random_(random), scenario_(scenario), errors_(errors) {}

  void Read() {
    std::string kind = "crisis";
    map_.Choice("kind", {"crisis", "surge", "spam", "copied", "reposts", "sector_rise"}, &kind);
    if (!map_.Take("kind").IsDefined()) errors_->Add(map_.node(), "events: an event needs a kind");
    SetDefaults(kind);
    ReadBrands();
    ReadCourse();
    ReadContent();
    map_.Finish();
    if (!event_.brands.empty()) scenario_->events.push_back(std::move(event_));
  }

 private:
  void SetDefaults(std::string_view kind);
  void ReadBrands();
  void ReadCourse();
  void ReadDecay();
  void ReadContent();
  void ReadDuration(std::string_view key, int64_t* ms);

  YamlMap map_;
  Random* const random_;
  Scenario* const scenario_;
  YamlErrors* const errors_;
  ScenarioEvent event_;
};

void EventReader::SetDefaults(std::string_view kind) {
  using Kind = ScenarioEvent::Kind;
  for (const Kind each : {Kind::kCrisis, Kind::kSurge, Kind::kSpam, Kind::kCopied, Kind::kReposts, Kind::kSectorRise}) {
    if (EventKindName(each) == kind) event_.kind = each;
  }
  event_.rise_ms = 30 * kMinuteMs;
  event_.hold_ms = 30 * kMinuteMs;
  switch (event_.kind) {
    case Kind::kCrisis:
      event_.negative = 0.7;
      break;
    case Kind::kSurge:
      event_.negative = 0.05;
      event_.positive = 0.7;
      break;
    case Kind::kSpam:
    case Kind::kCopied:
    case Kind::kReposts:
      event_.negative = 1;
      break;
    case Kind::kSectorRise:
      event_.factor = 4;
      event_.negative = 0.3;
      event_.positive = 0.1;
      break;
  }
}

void EventReader::ReadBrands() {
  std::string id;
  std::string sector;
  int64_t rank = 0;
  map_.String("brand", &id);
  map_.Integer("rank", 1, static_cast<int64_t>(scenario_->brands.size()), &rank);
  map_.String("sector", &sector);
  const bool of_sector = event_.kind == ScenarioEvent::Kind::kSectorRise;
  if (of_sector) {
    if (!id.empty() || rank > 0) errors_->Add(map_.node(), "events: a sector_rise has a sector, not a brand");
  } else if (!sector.empty()) {
    errors_->Add(map_.Take("sector"), absl::StrCat("events: only a sector_rise has a sector"));
  }
  std::vector<std::string> known;
  for (size_t i = 0; i < scenario_->brands.size(); ++i) {
    const ScenarioBrand& brand = scenario_->brands[i];
    if (!of_sector || !brand.sector.empty()) known.push_back(of_sector ? brand.sector : brand.id);
    const bool is_meant = of_sector ? !sector.empty() && brand.sector == sector
                                    : (rank > 0 ? i + 1 == static_cast<size_t>(rank) : brand.id == id);
    if (is_meant) event_.brands.push_back(i);
  }
  if (!event_.brands.empty()) return;
  if (of_sector) {
    const YAML::Node node = map_.Take("sector");
    errors_->Add(node.IsDefined() ? node : map_.node(),
                 sector.empty() ? "events: a sector_rise needs a sector"
                                : absl::StrCat("events.sector: no brand is of the sector \"", sector, "\"",
                                               DidYouMean(sector, known)));
    return;
  }
  const YAML::Node node = map_.Take("brand");
  if (node.IsDefined()) {
    errors_->Add(node, absl::StrCat("events.brand: no brand has the id \"", id, "\"", DidYouMean(id, known)));
  } else if (!map_.Take("rank").IsDefined()) {
    errors_->Add(map_.node(), "events: an event needs a brand (its id) or a rank (1: the most popular)");
  }
}

void EventReader::ReadDuration(std::string_view key, int64_t* ms) {
  absl::Duration value = absl::Milliseconds(*ms);
  map_.Duration(key, absl::ZeroDuration(), &value);
  *ms = absl::ToInt64Milliseconds(value);
}

void EventReader::ReadDecay() {
  const YAML::Node node = map_.Take("decay");
  YamlMap decay(node, "events.decay.", errors_);
  absl::Duration half_life;
  absl::Duration scale = absl::Milliseconds(event_.scale_ms);
  decay.Duration("half_life", absl::Seconds(1), &half_life);
  decay.Number("power", 0.5, 20, &event_.power);
  decay.Duration("scale", absl::Seconds(1), &scale);
  decay.Finish();
  if (half_life > absl::ZeroDuration() && (decay.Take("power").IsDefined() || decay.Take("scale").IsDefined())) {
    errors_->Add(node, "events.decay: either half_life, or power and scale");
  }
  event_.half_life_ms = absl::ToInt64Milliseconds(half_life);
  event_.scale_ms = absl::ToInt64Milliseconds(scale);
}

void EventReader::ReadCourse() {
  const YAML::Node onset = map_.Take("onset");
  if (!onset.IsDefined()) errors_->Add(map_.node(), "events: an event needs an onset, since the start, such as 26h");
  ReadDuration("onset", &event_.onset_ms);
  int64_t jitter_ms = 0;
  ReadDuration("onset_jitter", &jitter_ms);
  // Whole seconds, and always drawn, so that one event's jitter does not move the others.
  const double place = random_->Unit();
  event_.onset_ms += static_cast<int64_t>(place * static_cast<double>(jitter_ms) / 1'000) * 1'000;
  if (onset.IsDefined() && event_.onset_ms >= scenario_->duration_ms) {
    errors_->Add(onset, "events.onset is not before the end of the scenario's duration");
  }
  ReadDuration("rise", &event_.rise_ms);
  ReadDuration("hold", &event_.hold_ms);
  ReadDecay();
}

void EventReader::ReadContent() {
  map_.Number("factor", 1, 100'000, &event_.factor);
  double peak = 0;
  map_.Number("peak_per_minute", 0, 1e7, &peak);
  if (peak > 0 && map_.Take("factor").IsDefined()) {
    errors_->Add(map_.Take("peak_per_minute"), "events: either factor or peak_per_minute");
  }
  if (peak > 0 && !event_.brands.empty()) {
    double mean = 0;
    for (const size_t brand : event_.brands) mean += scenario_->brands[brand].per_minute;
    event_.factor = 1 + peak / std::max(mean, 1e-9);
  }
  const bool has_negative = map_.Take("negative").IsDefined();
  const bool has_positive = map_.Take("positive").IsDefined();
  map_.Number("negative", 0, 1, &event_.negative);
  map_.Number("positive", 0, 1, &event_.positive);
  // One that is given pushes the other's default aside.
  if (event_.negative + event_.positive > 1) {
    if (has_negative && !has_positive) event_.positive = 1 - event_.negative;
    if (has_positive && !has_negative) event_.negative = 1 - event_.positive;
  }
  if (event_.negative + event_.positive > 1 + 1e-9) {
    errors_->Add(map_.Take("negative"), "events: negative and positive are shares, together at most 1");
  }
  map_.Number("by_one", 0, 1, &event_.by_one);
  int64_t accounts = event_.accounts;
  map_.Integer("accounts", int64_t{1}, kMostAccounts, &accounts);
  event_.accounts = static_cast<int32_t>(accounts);
  // Copies and reposts are of one network unless said otherwise.
  const bool of_copies = event_.kind == ScenarioEvent::Kind::kSpam || event_.kind == ScenarioEvent::Kind::kCopied ||
                         event_.kind == ScenarioEvent::Kind::kReposts;
  std::string stream = of_copies ? scenario_->streams.front().name : "all";
  std::vector<std::string> names = {"all"};
  for (const ScenarioStream& each : scenario_->streams) names.push_back(each.name);
  map_.Choice("stream", names, &stream);
  const auto at = std::find(names.begin(), names.end(), stream);
  event_.only_stream = static_cast<int32_t>(at - names.begin()) - 1;
}

}  // namespace

void ReadEvents(const YAML::Node& events, Random* random, Scenario* scenario, YamlErrors* errors) {
  if (!events.IsDefined() || events.IsNull()) return;
  if (!events.IsSequence()) return errors->Add(events, "events must be a list");
  if (events.size() > kMostEvents) return errors->Add(events, absl::StrCat("events: at most ", kMostEvents));
  for (const auto& event : events) EventReader(event, random, scenario, errors).Read();
}

void ReadGaps(const YAML::Node& gaps, Scenario* scenario, YamlErrors* errors) {
  if (!gaps.IsDefined() || gaps.IsNull()) return;
  if (!gaps.IsSequence()) return errors->Add(gaps, "gaps must be a list");
  for (const auto& node : gaps) {
    YamlMap map(node, "gaps.", errors);
    ScenarioGap gap;
    std::vector<std::string> names;
    for (const ScenarioStream& stream : scenario->streams) names.push_back(stream.name);
    std::string stream = names.front();
    map.Choice("stream", names, &stream);
    gap.stream = static_cast<int32_t>(std::find(names.begin(), names.end(), stream) - names.begin());
    const auto partitions =
        static_cast<int64_t>(scenario->streams[static_cast<size_t>(gap.stream)].partition_weights.size());
    int64_t partition = -1;
    map.Integer("partition", 0, partitions - 1, &partition);
    gap.partition = static_cast<int32_t>(partition);
    absl::Duration from;
    absl::Duration length;
    map.Duration("from", absl::ZeroDuration(), &from);
    map.Duration("for", absl::Milliseconds(1), &length);
    if (!map.Take("from").IsDefined() || !map.Take("for").IsDefined()) {
      errors->Add(node, "gaps: a gap needs from (since the start) and for");
    }
    gap.from_ms = absl::ToInt64Milliseconds(from);
    gap.length_ms = absl::ToInt64Milliseconds(length);
    const std::vector<std::string> kinds = {"lost", "held", "elsewhere"};  // in the order of the enumerators
    std::string posts = kinds.front();
    map.Choice("posts", kinds, &posts);
    gap.posts = static_cast<ScenarioGap::Posts>(std::find(kinds.begin(), kinds.end(), posts) - kinds.begin());
    if (gap.posts == ScenarioGap::Posts::kElsewhere && (gap.partition < 0 || partitions < 2)) {
      errors->Add(node, "gaps: posts go elsewhere only from one partition of several");
    }
    map.Finish();
    scenario->gaps.push_back(gap);
  }
}

}  // namespace tocsin
