// When each brand must be evaluated next.
//
// Most active brands are due at the very next slide end, the sleeping ones far ahead or never: the former are a list,
// the latter a heap, so that a stretch in which nothing is due costs nothing. Not thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <utility>
#include <vector>

namespace tocsin {

class BrandSchedule {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  // Brands are numbered 0 .. count - 1.
  BrandSchedule(size_t count, int64_t slide_ms) : slide_ms_(slide_ms), due_ms_(count, kNever) {}

  // Makes `brand` due at `ms` unless it is due earlier already.
  void Set(uint32_t brand, int64_t ms);

  // When `brand` is due; kNever if it is not.
  int64_t DueMs(uint32_t brand) const { return due_ms_[brand]; }

  // The earliest time at which a brand is due; kNever if none is.
  int64_t NextMs();

  // Replaces `*brands` by those due at `ms` or before, ascending, and takes them off the schedule.
  void Take(int64_t ms, std::vector<uint32_t>* brands);

 private:
  using Entry = std::pair<int64_t, uint32_t>;

  void TakeOne(uint32_t brand, int64_t ms, std::vector<uint32_t>* brands);

  int64_t slide_ms_;
  std::vector<int64_t> due_ms_;
  int64_t near_ms_ = kNever;    // all of near_ were set for this time: the slide after what was taken last
  std::vector<uint32_t> near_;  // a brand may have been taken or moved ahead since: due_ms_ decides
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> far_;  // likewise
};

}  // namespace tocsin
