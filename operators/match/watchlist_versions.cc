#include "operators/match/watchlist_versions.h"

#include <algorithm>
#include <iterator>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"

namespace tocsin {

size_t VersionAt(const WatchlistTimeline& timeline, int64_t event_time_ms) {
  const auto next =
      std::upper_bound(timeline.begin(), timeline.end(), event_time_ms,
                       [](int64_t time_ms, const WatchlistVersion& version) { return time_ms < version.effective_ms; });
  return next == timeline.begin() ? 0 : static_cast<size_t>(std::distance(timeline.begin(), next)) - 1;
}

std::optional<size_t> FindVersion(const WatchlistTimeline& timeline, uint64_t id) {
  const auto found = std::find_if(timeline.begin(), timeline.end(),
                                  [id](const WatchlistVersion& version) { return version.id == id; });
  if (found == timeline.end()) return std::nullopt;
  return static_cast<size_t>(std::distance(timeline.begin(), found));
}

FixedVersions::FixedVersions(std::shared_ptr<const Watchlist> watchlist, uint64_t config_version)
    : FixedVersions(std::vector<Entry>(1, Entry(WatchlistVersion{.id = config_version,
                                                                 .config_version = config_version,
                                                                 .effective_ms = kFromTheBeginning},
                                                std::move(watchlist)))) {}

FixedVersions::FixedVersions(std::vector<Entry> entries) : entries_(std::move(entries)) {
  CHECK(!entries_.empty());
  auto timeline = std::make_shared<WatchlistTimeline>();
  for (const auto& [version, watchlist] : entries_) {
    CHECK(timeline->empty() || timeline->back().effective_ms < version.effective_ms);
    timeline->push_back(version);
  }
  timeline_ = std::move(timeline);
}

absl::StatusOr<std::shared_ptr<const Watchlist>> FixedVersions::Load(const WatchlistVersion& version) {
  for (const auto& [known, watchlist] : entries_) {
    if (known.id == version.id) return watchlist;
  }
  return absl::FailedPreconditionError(absl::StrCat("no such version of the watchlist; id=", absl::Hex(version.id)));
}

}  // namespace tocsin
