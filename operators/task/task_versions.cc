// A task's watchlist over time: which versions it knows, when it switches, what becomes of the brands.
#include <algorithm>
#include <iterator>
#include <utility>

#include "operators/match/mentions_partition.h"
#include "operators/task/task_state.h"

namespace tocsin {

void DetectTask::State::BrandState::Bind(const Watched& watched) {
  brand = watched.brand;
  monitor.Rebind(watched.brand, watched.route);
  leaves_ms = BrandSchedule::kNever;
  own.reset();
}

void DetectTask::State::BrandState::Leave(int64_t effective_ms) {
  const Route* const route = monitor.route();
  own = std::make_unique<const OwnWatched>(
      OwnWatched{*brand, route == nullptr ? std::nullopt : std::optional<Route>(*route)});
  brand = &own->brand;
  monitor.Rebind(brand, own->route.has_value() ? &*own->route : nullptr);
  leaves_ms = effective_ms;
}

absl::Status DetectTask::State::Start(int64_t event_time_ms) {
  if (watchlist != nullptr) return absl::OkStatus();
  const std::shared_ptr<const WatchlistTimeline> timeline = versions->Timeline();
  const WatchlistVersion& version = (*timeline)[VersionAt(*timeline, event_time_ms)];
  absl::StatusOr<std::shared_ptr<const Watchlist>> loaded = versions->Load(version);
  if (!loaded.ok()) return loaded.status();
  current = version;
  watchlist = *std::move(loaded);
  options.monitor.config_hash = current.config_version;
  type_names.push_back({current.effective_ms, watchlist->own_types()});
  Renumber();
  return absl::OkStatus();
}

absl::Status DetectTask::State::Announce(uint64_t id) {
  if (absl::Status status = Start(evaluated_ms); !status.ok()) return status;
  if (id == named) return absl::OkStatus();
  named = id;
  std::shared_ptr<const WatchlistTimeline> timeline = versions->Timeline();
  std::optional<size_t> found = FindVersion(*timeline, id);
  if (!found.has_value() && !unknown.contains(id)) {
    // It was published before the block was written, so whoever asks now finds it, or it has been forgotten since.
    if (absl::Status status = versions->CatchUp(); !status.ok()) return status;
    timeline = versions->Timeline();
    found = FindVersion(*timeline, id);
    if (!found.has_value()) unknown.insert(id);
  }
  return found.has_value() ? TakeIn(*timeline, *found) : absl::OkStatus();
}

absl::Status DetectTask::State::TakeIn(const WatchlistTimeline& timeline, size_t last) {
  const int64_t known_ms = coming.empty() ? current.effective_ms : coming.back().version.effective_ms;
  if (timeline[last].effective_ms <= known_ms) return absl::OkStatus();
  for (size_t i = 0; i <= last; ++i) {
    if (timeline[i].effective_ms <= known_ms) continue;
    absl::StatusOr<std::shared_ptr<const Watchlist>> loaded = versions->Load(timeline[i]);
    if (!loaded.ok()) return loaded.status();
    coming.push_back({timeline[i], *std::move(loaded)});
  }
  Renumber();
  return absl::OkStatus();
}

bool DetectTask::State::Owns(const Brand& brand) const {
  return options.partition < 0 ||
         MentionsPartition(brand, options.partitions) == static_cast<uint32_t>(options.partition);
}

std::optional<uint32_t> DetectTask::State::FindOwn(const Watchlist& list, std::string_view id) const {
  const std::optional<uint32_t> index = list.Find(id);
  return index.has_value() && Owns(list.brands()[*index]) ? index : std::nullopt;
}

void DetectTask::State::BindToCurrent(BrandState* brand, int64_t effective_ms) {
  const std::optional<uint32_t> index = FindOwn(*watchlist, brand->brand->id);
  if (!index.has_value()) {
    if (brand->leaves()) return;
    brand->Leave(effective_ms);
    brand->rank = kUnwatched;
    return;
  }
  const Brand& now = watchlist->brands()[*index];
  const bool changed = brand->leaves() || brand->brand->config_hash != now.config_hash;
  // What has been let go, or might have been, begins as if it had never been there. What its windows hold waits for a
  // slide end behind the effective time.
  const bool forgotten = brand->leaves() && effective_ms >= ForgottenMs(*brand);
  brand->Bind({&now, watchlist->RouteOf(*index)});
  if (changed) brand->rank = kUnwatched;
  if (forgotten) {
    brand->monitor.Restart();
  } else if (changed) {
    brand->monitor.Relearn();
  }
}

int64_t DetectTask::State::ForgottenMs(const BrandState& brand) const {
  // Twice a window is what its acceleration looks back.
  int64_t longest_ms = options.windows.sizes_ms.back();
  for (const LongWindow& window : options.long_windows) longest_ms = std::max(longest_ms, window.size_ms);
  int64_t step_ms = options.metrics_every_ms;
  for (size_t i = 0; i < options.long_windows.size(); ++i) step_ms = std::max(step_ms, LongStep(i));
  return brand.leaves_ms + 2 * longest_ms + step_ms;
}

void DetectTask::State::SwitchToNext() {
  const std::shared_ptr<const Watchlist> before = std::move(watchlist);
  current = coming.front().version;
  watchlist = std::move(coming.front().watchlist);
  coming.pop_front();
  options.monitor.config_hash = current.config_version;
  type_names.push_back({current.effective_ms, watchlist->own_types()});
  while (type_names.size() > 1 && IsTooLate(type_names[1].from_ms - 1)) type_names.pop_front();
  for (const std::unique_ptr<BrandState>& brand : brands) {
    if (brand == nullptr) continue;
    const std::string& id = brand->brand->id;
    // What only a later version has stays as it is.
    const bool concerned = brand->leaves() || FindOwn(*before, id).has_value() || FindOwn(*watchlist, id).has_value();
    if (concerned) BindToCurrent(brand.get(), current.effective_ms);
  }
  Renumber();
}

std::string_view DetectTask::State::BrandEvidence::OwnType(size_t number, int64_t event_time_ms) const {
  const std::deque<TypeNames>& type_names = state_->type_names;
  const auto of = std::find_if(type_names.rbegin(), type_names.rend(),
                               [event_time_ms](const TypeNames& each) { return each.from_ms <= event_time_ms; });
  const TypeNames& types = of == type_names.rend() ? type_names.front() : *of;
  if (number >= types.names.size()) return {};
  return types.names[number];
}

void DetectTask::State::FindTypeNamesBefore(const WatchlistTimeline& timeline, size_t index) {
  for (; index > 0 && !IsTooLate(timeline[index].effective_ms - 1); --index) {
    const WatchlistVersion& before = timeline[index - 1];
    const absl::StatusOr<std::shared_ptr<const Watchlist>> loaded = versions->Load(before);
    // One that can't be read any more is no reason not to go on: its rows then say nothing of types of one's own.
    type_names.push_front({before.effective_ms, loaded.ok() ? (*loaded)->own_types() : std::vector<std::string>()});
  }
}

void DetectTask::State::Renumber() {
  const auto id_of = [](const Watched& each) -> std::string_view { return each.brand->id; };
  const auto before = [&](const Watched& a, const Watched& b) { return id_of(a) < id_of(b); };
  const auto sorted = [this](const Watchlist& list) {
    std::vector<Watched> all;
    all.reserve(list.brands().size());
    for (const uint32_t index : list.by_id()) {
      const Brand& brand = list.brands()[index];
      if (Owns(brand)) all.push_back({&brand, list.RouteOf(index)});
    }
    return all;
  };
  // Of two with the same id the first is taken: the version that counts now goes before those to come, and what leaves
  // is last.
  std::vector<Watched> all = sorted(*watchlist);
  const auto merge = [&](const std::vector<Watched>& more) {
    std::vector<Watched> merged;
    merged.reserve(all.size() + more.size());
    std::set_union(all.begin(), all.end(), more.begin(), more.end(), std::back_inserter(merged), before);
    all = std::move(merged);
  };
  for (const Coming& each : coming) merge(sorted(*each.watchlist));
  std::vector<Watched> gone;
  for (const std::unique_ptr<BrandState>& brand : brands) {
    if (brand != nullptr && brand->leaves()) gone.push_back({brand->brand, nullptr});
  }
  std::sort(gone.begin(), gone.end(), before);
  merge(gone);

  watched = std::move(all);
  rank_of_brand.clear();
  rank_of_brand.reserve(watched.size());
  ranks_of_sector.clear();
  for (uint32_t rank = 0; rank < watched.size(); ++rank) {
    const Brand& brand = *watched[rank].brand;
    rank_of_brand.emplace(brand.id, rank);
    if (!brand.sector.empty() && !brand.topic) ranks_of_sector[brand.sector].push_back(rank);
  }
  PlaceBrands();
}

void DetectTask::State::PlaceBrands() {
  std::vector<std::unique_ptr<BrandState>> old_brands = std::exchange(brands, {});
  const BrandSchedule old_schedule = std::exchange(schedule, BrandSchedule(watched.size(), options.windows.slide_ms));
  brands.resize(watched.size());
  leaving.clear();
  for (std::unique_ptr<BrandState>& brand : old_brands) {
    if (brand == nullptr) continue;
    const uint32_t old_rank = brand->rank;
    brand->rank = rank_of_brand.at(brand->brand->id);
    if (old_rank != kUnwatched) {
      schedule.Set(brand->rank, old_schedule.DueMs(old_rank));
    } else if (evaluated_ms != kUnknownTime) {
      schedule.Set(brand->rank, NextDue(*brand, evaluated_ms));
    }
    if (brand->leaves()) leaving.push_back(brand->rank);
    brands[brand->rank] = std::move(brand);
  }
}

void DetectTask::State::DropLeft() {
  if (leaving.empty()) return;
  std::erase_if(leaving, [&](uint32_t rank) {
    const BrandState& brand = *brands[rank];
    // A version to come that has it again may have rows of it already.
    if (evaluated_ms < ForgottenMs(brand) || watched[rank].brand != brand.brand) return false;
    rank_of_brand.erase(brand.brand->id);
    watched[rank] = {};
    brands[rank].reset();
    return true;
  });
}

void DetectTask::State::EncodeVersions(ByteWriter* writer) const {
  writer->Fixed64(current.id);
  writer->Signed(coming.empty() ? current.effective_ms : coming.back().version.effective_ms);
}

absl::Status DetectTask::State::DecodeVersions(uint8_t state_version, ByteReader* reader) {
  uint64_t id = 0;
  int64_t known_ms = kFromTheBeginning;
  if (state_version >= kVersionWithWatchlists) {
    id = reader->Fixed64();
    known_ms = reader->Signed();
  }
  std::shared_ptr<const WatchlistTimeline> timeline = versions->Timeline();
  std::optional<size_t> found = FindVersion(*timeline, id);
  if (!found.has_value() && state_version >= kVersionWithWatchlists) {
    if (absl::Status status = versions->CatchUp(); !status.ok()) return status;
    timeline = versions->Timeline();
    found = FindVersion(*timeline, id);
  }
  const size_t index = found.value_or(VersionAt(*timeline, evaluated_ms));
  if (absl::Status status = Start(found.has_value() ? (*timeline)[index].effective_ms : evaluated_ms); !status.ok()) {
    return status;
  }
  FindTypeNamesBefore(*timeline, index);
  const size_t last = VersionAt(*timeline, known_ms);
  return last > index ? TakeIn(*timeline, last) : absl::OkStatus();
}

}  // namespace tocsin
