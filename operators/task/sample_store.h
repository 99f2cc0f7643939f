// Texts and names of the few held mentions that can become evidence.
//
// Of each brand and slide these are kept: the negative originals and the mentions with the lowest post hashes, the
// first in time, and the one with the furthest reach. Ingest lets the text of at least those travel, whatever its
// flushes; choosing again here, over all flushes, makes what is kept independent of them and of the order of arrival.
//
// Not thread-safe: one task owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

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

  // nullopt: not kept any more. Its views are valid until the next Offer or DropBefore.
  std::optional<Sample> Find(int32_t handle) const;

  // Drops the samples of all panes that start before `pane_start_ms`.
  void DropBefore(int64_t pane_start_ms);

  size_t size() const { return stored_.size(); }
  size_t memory_bytes() const;

 private:
  // Behind the last member, in the same block of memory: the sizes of the sample's fields as varints, then their bytes.
  struct Stored {
    Stored* next = nullptr;  // of the same brand and pane, by post hash
    uint64_t post_hash = 0;
    int64_t event_time_ms = 0;
    uint32_t reach = 0;
    int32_t handle = -1;
    bool is_negative_original = false;
    bool is_kept = false;
  };
  struct Free {
    void operator()(Stored* stored) const { std::free(stored); }
  };
  using Owned = std::unique_ptr<Stored, Free>;

  // In the block, before the fields' sizes: what Stored leaves empty at its end is used.
  static constexpr size_t kHeadBytes = offsetof(Stored, is_kept) + sizeof(bool);

  static Owned Make(const Stored& head, const Sample& sample);
  static Sample SampleOf(const Stored& stored);
  static size_t BytesOf(const Stored& stored);
  void Release(const Stored& stored);
  static void MarkKept(Stored* first);

  int32_t next_handle_ = 0;
  size_t bytes_ = 0;                                                 // of the blocks
  size_t chains_ = 0;                                                // in panes_
  std::map<int64_t, absl::flat_hash_map<uint64_t, Stored*>> panes_;  // a chain of each brand
  absl::flat_hash_map<int32_t, Owned> stored_;
};

}  // namespace tocsin
