// Which watchlist counts from which event time on.
//
// A change of the watchlist takes effect at an event time, not at a moment of some worker's clock: every post is
// matched under the version that counts at its own event time, whoever reads it, whenever, and however often. So two
// versions (seldom more) are alive around a change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "operators/match/watchlist.h"

namespace tocsin {

inline constexpr int64_t kFromTheBeginning = std::numeric_limits<int64_t>::min();

struct WatchlistVersion {
  uint64_t id = 0;              // of the change, never given twice: what blocks name
  uint64_t config_version = 0;  // hash of configuration, watchlist and model: what signals name
  int64_t effective_ms = kFromTheBeginning;

  friend bool operator==(const WatchlistVersion&, const WatchlistVersion&) = default;
};

// Never empty; each is effective later than the one before. The first also counts for what is earlier than it.
using WatchlistTimeline = std::vector<WatchlistVersion>;

// Index of the version that counts at `event_time_ms`.
size_t VersionAt(const WatchlistTimeline& timeline, int64_t event_time_ms);
// Index of the version `id`.
std::optional<size_t> FindVersion(const WatchlistTimeline& timeline, uint64_t id);

// The versions as a process knows them. Thread-safe, as are its implementations.
class WatchlistVersions {
 public:
  virtual ~WatchlistVersions() = default;

  // What is known by now. Cheap, never null.
  virtual std::shared_ptr<const WatchlistTimeline> Timeline() const = 0;

  // Returns when everything is known that had been published before the call.
  virtual absl::Status CatchUp() = 0;

  // The watchlist of `version`, compiled; waits while it is being compiled. FailedPrecondition: it is not known (any
  // more). InvalidArgument: this release can't read it.
  virtual absl::StatusOr<std::shared_ptr<const Watchlist>> Load(const WatchlistVersion& version) = 0;
};

// Versions that are known from the start and never change: of replay and of tests.
class FixedVersions : public WatchlistVersions {
 public:
  using Entry = std::pair<WatchlistVersion, std::shared_ptr<const Watchlist>>;

  // One version for all time.
  FixedVersions(std::shared_ptr<const Watchlist> watchlist, uint64_t config_version);
  // REQUIRES: in the order of a timeline.
  explicit FixedVersions(std::vector<Entry> entries);

  std::shared_ptr<const WatchlistTimeline> Timeline() const override { return timeline_; }
  absl::Status CatchUp() override { return absl::OkStatus(); }
  absl::StatusOr<std::shared_ptr<const Watchlist>> Load(const WatchlistVersion& version) override;

 private:
  // Constant after construction.
  std::vector<Entry> entries_;
  std::shared_ptr<const WatchlistTimeline> timeline_;
};

}  // namespace tocsin
