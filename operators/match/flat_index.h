// A read-only map from 64-bit hashes to short lists, laid out for misses: a bit filter, then one open-addressed probe.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "engine/base/prefetch.h"

namespace tocsin {

// Immutable after construction, so thread-safe. Keys are hashes, well mixed and never 0.
template <typename Value>
class FlatIndex {
 public:
  FlatIndex() = default;

  // Lists keep the order of `pairs`.
  explicit FlatIndex(std::vector<std::pair<uint64_t, Value>> pairs) {
    if (pairs.empty()) return;
    std::stable_sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    size_t keys = 1;
    for (size_t i = 1; i < pairs.size(); ++i) keys += pairs[i].first != pairs[i - 1].first ? 1u : 0u;
    slots_.resize(std::bit_ceil(keys * 2));
    // 16 bits a key: a miss passes 1 time in 16, and the filter of 100,000 keys still fits the second-level cache.
    filter_.resize(std::max<size_t>(1, std::bit_ceil(keys * 16) / 64));
    values_.reserve(pairs.size());
    for (size_t i = 0; i < pairs.size();) {
      const uint64_t key = pairs[i].first;
      const auto begin = static_cast<uint32_t>(values_.size());
      for (; i < pairs.size() && pairs[i].first == key; ++i) values_.push_back(pairs[i].second);
      filter_[FilterWord(key)] |= FilterBit(key);
      size_t slot = key & (slots_.size() - 1);
      while (slots_[slot].key != 0) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = {key, begin, static_cast<uint32_t>(values_.size()) - begin};
    }
  }

  bool empty() const { return slots_.empty(); }

  // False for most keys that are not there. REQUIRES: not empty.
  bool MayContain(uint64_t key) const { return (filter_[FilterWord(key)] & FilterBit(key)) != 0; }

  // Starts to load what Find will look at. REQUIRES: not empty.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(uint64_t key) const {
    tocsin::Prefetch(&filter_[FilterWord(key)]);
    tocsin::Prefetch(&slots_[key & (slots_.size() - 1)]);
  }

  std::span<const Value> Find(uint64_t key) const {
    if (slots_.empty() || !MayContain(key)) return {};
    for (size_t slot = key & (slots_.size() - 1);; slot = (slot + 1) & (slots_.size() - 1)) {
      const Slot& at = slots_[slot];
      if (at.key == key) return {values_.data() + at.begin, at.count};
      if (at.key == 0) return {};
    }
  }

  size_t MemoryBytes() const {
    return slots_.capacity() * sizeof(Slot) + filter_.capacity() * sizeof(uint64_t) +
           values_.capacity() * sizeof(Value);
  }

 private:
  struct Slot {
    uint64_t key = 0;
    uint32_t begin = 0;
    uint32_t count = 0;
  };

  size_t FilterWord(uint64_t key) const { return (key >> 38) & (filter_.size() - 1); }
  static uint64_t FilterBit(uint64_t key) { return uint64_t{1} << ((key >> 32) & 63); }

  std::vector<Slot> slots_;
  std::vector<uint64_t> filter_;
  std::vector<Value> values_;
};

}  // namespace tocsin
