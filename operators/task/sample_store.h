// Texts and names of the few held mentions that can become evidence: the winners of each brand and group, by
// sample_rule.h.
//
// Ingest lets the text of at least those travel, whatever its flushes; choosing again here, over all flushes, makes
// what is kept independent of them and of the order of arrival.
//
// Not thread-safe: one task owns it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "operators/mention/mention.h"
#include "operators/mention/sample_rule.h"

namespace tocsin {

class SampleStore {
 public:
  explicit SampleStore(int64_t slide_ms) : groups_(slide_ms) {}
  ~SampleStore();
  SampleStore(const SampleStore&) = delete;
  SampleStore& operator=(const SampleStore&) = delete;

  // Keeps a copy of `sample` if `mention` is a winner of its group so far, perhaps in place of another. `brand` is a
  // hash of its id: that stays when the watchlist changes.
  void Offer(uint64_t brand, const Mention& mention, const Sample& sample);

  // The sample of the brand's mention of that post; nullopt: not kept, or not any more. Its views are valid until the
  // next Offer or AdvanceTo.
  std::optional<Sample> Find(uint64_t brand, int64_t event_time_ms, uint64_t post_hash) const;

  // Joins the groups that are old at the slide end `end_ms`, and drops those that end before or at `drop_ms`.
  void AdvanceTo(int64_t end_ms, int64_t drop_ms);

  size_t size() const { return size_; }
  size_t memory_bytes() const;

 private:
  // Behind the last member, in the same block of memory: the sizes of the sample's fields as varints, then their bytes.
  struct Stored {
    Stored* next = nullptr;  // of the same brand and group, by post hash
    uint64_t post_hash = 0;
    int64_t event_time_ms = 0;
    uint32_t reach = 0;
    bool is_negative_original = false;
    bool is_kept = false;
  };
  using Chains = absl::flat_hash_map<uint64_t, Stored*>;  // by brand

  // In the block, before the fields' sizes: what Stored leaves empty at its end is used.
  static constexpr size_t kHeadBytes = offsetof(Stored, is_kept) + sizeof(bool);

  static Stored* Make(const Stored& head, const Sample& sample);
  static Sample SampleOf(const Stored& stored);
  static size_t BytesOf(const Stored& stored);
  static void MarkKept(Stored* first);
  // Puts it in its place among those from `*link` on; returns the link to it.
  static Stored** Insert(Stored* stored, Stored** link);
  // Those of the chain that MarkKept has not marked.
  void ReleaseLosers(Stored** link);
  void Release(Stored* stored);
  void ReleaseAll(const Chains& chains);
  void Join(int64_t from_ms, int64_t to_ms);
  // Takes the chain `from` into `*into`.
  void JoinChains(Stored* from, Stored** into);

  SampleGroups groups_;
  size_t size_ = 0;
  size_t bytes_ = 0;                    // of the blocks
  size_t chains_ = 0;                   // in by_start_
  std::map<int64_t, Chains> by_start_;  // groups
};

}  // namespace tocsin
