// Drops what was seen before: a post that a brand already had within the horizon, whichever partition it came through.
//
// Keys are remembered for `horizon_ms` of event time, then forgotten as event time moves on. The answer does not depend
// on the order of arrival as long as copies carry the same event time. Bounded: above `max_entries` the oldest are
// given up early and `cut_ms` says from where on the answer is whole.
//
// Not thread-safe: one task owns it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/base/dense_table.h"
#include "operators/parse/post.h"

namespace tocsin {

struct DedupOptions {
  int64_t horizon_ms = 3'600'000;
  size_t max_entries = 8'000'000;  // about 16 bytes each
};

class Deduplicator {
 public:
  enum class Result : uint8_t {
    kNew,
    kDuplicate,
    kDuplicateOfOtherTime,  // a duplicate whose event time differs from that of the copy that was kept
    kUnchecked,             // older than what is remembered: taken as new
  };

  explicit Deduplicator(const DedupOptions& options) : options_(options) {}

  // `key` must be well mixed, in its low bits too: MixKey.
  Result Insert(uint64_t key, int64_t event_time_ms);

  // Forgets what is older than `now_ms - horizon_ms`. Never goes back.
  void AdvanceTo(int64_t now_ms);

  // Gives up the oldest entries if there are more than the bound. Returns the new cut, or kUnknownTime if nothing was
  // cut. Apart from Insert, so that the caller chooses the places in the log at which it can happen.
  int64_t EnforceBound();
  // Forgets what is older than `cut_ms`, as EnforceBound had done it.
  void CutTo(int64_t cut_ms);

  int64_t cut_ms() const { return cut_ms_; }  // kUnknownTime: the bound has never cut
  size_t size() const { return live_; }
  size_t memory_bytes() const;

  static uint64_t MixKey(uint64_t brand_hash, uint64_t post_hash);

 private:
  using NearTable = DenseTable<uint32_t>;
  // Small tables, chosen by the key's low bits. A large one would be copied whole each time it grows: a pause, twice
  // the memory for that time, and a hole in the heap afterwards.
  static constexpr size_t kNearTables = 64;

  int64_t BucketMs() const;
  bool IsNear(int64_t event_time_ms) const;
  int64_t TimeOf(uint32_t near) const { return base_ms_ + int64_t{near} - 1; }
  bool IsLive(uint32_t near) const { return TimeOf(near) >= start_ms_; }
  void MoveBase(int64_t event_time_ms);
  // The event time that is remembered of `key`, where it says so whether it is live or not.
  Result Remember(uint64_t key, int64_t event_time_ms);
  Result Compare(int64_t known_ms, int64_t event_time_ms) const;
  void ForgetBefore(int64_t start_ms);
  bool IsStale() const;
  void SweepIfStale();

  NearTable& NearOf(uint64_t key) { return near_[key % kNearTables]; }
  size_t NearSize() const;

  const DedupOptions options_;
  // Event times; those before start_ms_ count as absent. Near ones, which is all of them as long as clocks are not out
  // by weeks, as one more than the milliseconds since base_ms_.
  std::array<NearTable, kNearTables> near_;
  size_t next_sweep_ = 0;  // index into near_
  absl::flat_hash_map<uint64_t, int64_t> far_;
  int64_t base_ms_ = kUnknownTime;
  std::deque<std::pair<int64_t, size_t>> buckets_;  // number of time bucket, live entries in it; ascending
  size_t live_ = 0;
  int64_t start_ms_ = kUnknownTime;
  int64_t cut_ms_ = kUnknownTime;
};

}  // namespace tocsin
