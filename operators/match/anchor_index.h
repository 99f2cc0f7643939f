// From the tokens of a post to the queries that may match it, laid out for misses.
//
// A key is the hash of a token, or of two adjacent ones, of which the rarer one announces the pair. A filter of some
// eight to sixteen bits a key answers for most tokens and stays in the cache; only what passes it touches the table of
// keys. The table keeps 32 bits of each key, so that a look-up may, very rarely, name a query whose key is not there:
// what it names is a candidate, nothing more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "engine/base/prefetch.h"

namespace tocsin {

// Immutable after construction, so thread-safe.
class AnchorIndex {
 public:
  enum class Kind : uint8_t { kToken, kPairByFirst, kPairBySecond };  // by the token that announces the pair

  struct Anchor {
    uint64_t key;    // TokenHash, or PairKey
    uint64_t token;  // TokenHash of the token that announces a pair
    uint32_t value;  // below 2^31
    Kind kind;
  };

  static uint64_t PairKey(uint64_t first, uint64_t second) {
    const uint64_t mixed = (first ^ (second >> 32 | second << 32)) * 0x9E3779B97F4A7C15;
    return mixed ^ mixed >> 29;
  }

  AnchorIndex() = default;
  explicit AnchorIndex(std::vector<Anchor> anchors);

  bool empty() const { return slots_.empty(); }

  // What the filter says of a token; bits, none of them for most tokens. Each may be wrongly set for a few.
  enum Role : uint8_t { kIsKey = 1, kStartsPair = 2, kEndsPair = 4 };

  // REQUIRES: not empty.
  uint32_t RolesOf(uint64_t token) const {
    const uint64_t word = filter_[token >> 32 & filter_mask_];
    if ((word >> (token & 63) & word >> (token >> 6 & 63) & 1) == 0) return 0;
    return static_cast<uint32_t>(word >> (token >> 12 & 63) & 1) * kIsKey |
           static_cast<uint32_t>(word >> (token >> 18 & 63) & 1) * kStartsPair |
           static_cast<uint32_t>(word >> (token >> 24 & 63) & 1) * kEndsPair;
  }
  bool MayHavePair(uint64_t key) const { return (RolesOf(key) & kIsKey) != 0; }

  // Starts to load what Find will look at.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(uint64_t key) const { tocsin::Prefetch(&slots_[key & mask_]); }

  // The values of the key.
  std::span<const uint32_t> Find(uint64_t key) const {
    const uint32_t tag = TagOf(key);
    for (size_t slot = key & mask_; slots_[slot].tag != 0; slot = (slot + 1) & mask_) {
      const Slot& at = slots_[slot];
      if (at.tag != tag) continue;
      if ((at.value & kIsList) == 0) return {&at.value, 1};
      const uint32_t* const list = &lists_[at.value & ~kIsList];
      return {list + 1, list[0]};
    }
    return {};
  }

  size_t MemoryBytes() const {
    return slots_.capacity() * sizeof(Slot) + filter_.capacity() * sizeof(uint64_t) +
           lists_.capacity() * sizeof(uint32_t);
  }

 private:
  static constexpr uint32_t kIsList = uint32_t{1} << 31;

  struct Slot {
    uint32_t tag = 0;  // 0: free
    uint32_t value = 0;
  };

  static uint32_t TagOf(uint64_t key) { return static_cast<uint32_t>(key >> 32) | 1; }
  // Two bits of a word for whatever is known, and one for the role.
  void Enter(uint64_t hash, Role role) {
    const int shift = role == kIsKey ? 12 : role == kStartsPair ? 18 : 24;
    filter_[hash >> 32 & filter_mask_] |=
        uint64_t{1} << (hash & 63) | uint64_t{1} << (hash >> 6 & 63) | uint64_t{1} << (hash >> shift & 63);
  }

  std::vector<uint64_t> filter_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> lists_;  // each: how many, then the values
  uint64_t filter_mask_ = 0;
  uint64_t mask_ = 0;
};

}  // namespace tocsin
