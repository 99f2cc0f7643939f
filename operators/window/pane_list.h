// Slices of event time that hold anything, in order of their start: sparse, cheap to add at the end and to drop at the
// front.
//
// Elements are numbered from the front; dropping and inserting renumber, and both tell. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/log/check.h"

namespace tocsin {

// T has a member `start`, an integer in the caller's unit of time, and moves without throwing.
template <typename T>
class PaneList {
 public:
  bool empty() const { return first_ == items_.size(); }
  size_t size() const { return items_.size() - first_; }
  T& operator[](size_t number) { return items_[first_ + number]; }
  const T& operator[](size_t number) const { return items_[first_ + number]; }
  const T& back() const { return items_.back(); }

  // Number of the first element that starts at `start` or later; size() if there is none.
  size_t LowerBound(int64_t start) const {
    if (empty() || items_.back().start < start) return size();
    const auto from = items_.begin() + static_cast<ptrdiff_t>(first_);
    const auto found =
        std::lower_bound(from, items_.end(), start, [](const T& item, int64_t value) { return item.start < value; });
    return static_cast<size_t>(found - from);
  }

  // Number of the element that starts at `start`, and whether it was made: then all from there on are one number
  // further.
  std::pair<size_t, bool> FindOrInsert(int64_t start) {
    if (!empty() && items_.back().start == start) return {size() - 1, false};
    const size_t number = LowerBound(start);
    if (number < size() && (*this)[number].start == start) return {number, false};
    if (items_.size() == items_.capacity()) MakeRoom();
    T item;
    item.start = static_cast<decltype(item.start)>(start);
    DCHECK_EQ(item.start, start);
    items_.insert(items_.begin() + static_cast<ptrdiff_t>(first_ + number), std::move(item));
    return {number, true};
  }

  // Drops the elements that start before `start`; returns how many.
  size_t DropBefore(int64_t start) {
    size_t dropped = 0;
    while (first_ < items_.size() && items_[first_].start < start) {
      items_[first_] = T();
      ++first_;
      ++dropped;
    }
    if (empty()) {
      Clear();
    } else if (first_ > kCompactAt && first_ > items_.size() / 2) {
      Compact();
    }
    return dropped;
  }

  // Also gives the memory back.
  void Clear() {
    items_ = std::vector<T>();
    first_ = 0;
  }

  size_t memory_bytes() const { return items_.capacity() * sizeof(T); }

 private:
  static constexpr size_t kCompactAt = 8;

  void Compact() {
    items_.erase(items_.begin(), items_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }

  // There are lists of hours for each of many brands: so what lies dropped at the front is used again where it is an
  // eighth or more, and the block grows by an eighth, not to twice.
  void MakeRoom() {
    if (first_ > 0 && first_ >= items_.size() / 8) {
      Compact();
    } else {
      items_.reserve(items_.size() + items_.size() / 8 + 1);
    }
  }

  std::vector<T> items_;
  size_t first_ = 0;
};

}  // namespace tocsin
