// Texts and names of the few held mentions that can become evidence.
//
// Of each brand and slide these are kept: the negative originals and the mentions with the lowest post hashes, the
// first in time, and the one with the furthest reach. Ingest lets the text of at least those travel, whatever its
// flushes; choosing again here, over all flushes, makes what is kept independent of them and of the order of arrival.
//
// Not thread-safe: one task owns it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "operators/mention/mention.h"

namespace tocsin {

class SampleStore {
 public:
  static constexpr size_t kNegative = 3;
  static constexpr size_t kAny = 2;
  static constexpr uint32_t kHighReach = 100'000;

  // Keeps a copy of `sample` if `mention` is among those kept of (brand, pane) so far, perhaps in place of another.
  // Returns its handle, -1 if it was not kept. `brand` is a hash of its id: that stays when the watchlist changes.
  int32_t Offer(uint64_t brand, int64_t pane_start_ms, const Mention& mention, const Sample& sample);

  // Null: not kept any more. The pointer is valid until the next Offer or DropBefore.
  const Sample* Find(int32_t handle) const;

  // Drops the samples of all panes that start before `pane_start_ms`.
  void DropBefore(int64_t pane_start_ms);

  size_t size() const { return stored_.size(); }
  size_t memory_bytes() const { return bytes_ + stored_.size() * (sizeof(Stored) + sizeof(Candidate) + 40); }

 private:
  struct Stored {
    std::string bytes;
    Sample sample;  // views into bytes
  };
  struct Candidate {
    int64_t event_time_ms = 0;
    uint64_t post_hash = 0;
    uint32_t reach = 0;
    int32_t handle = -1;
    bool is_negative_original = false;
    bool is_kept = false;
  };

  static void MarkKept(std::vector<Candidate>* candidates);
  void Store(int32_t handle, const Sample& sample);
  void Release(int32_t handle);

  int32_t next_handle_ = 0;
  size_t bytes_ = 0;
  std::map<int64_t, absl::flat_hash_map<uint64_t, std::vector<Candidate>>> panes_;
  absl::flat_hash_map<int32_t, std::unique_ptr<Stored>> stored_;
};

}  // namespace tocsin
