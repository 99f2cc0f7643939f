// Which mentions' texts travel from ingest to detect and stay there, so that evidence can show them.
//
// Of each brand and group these win: the negative originals and the mentions with the lowest post hashes, the negative
// original that is first in time, and the mention with the furthest reach; ties go to the smaller hash. A group is a
// slide of event time, and once that is old the slides of half a minute. Who wins in a whole wins in each part that has
// it: so neither how ingest cuts its flushes nor when detect joins slides has a say in what a signal shows. (But for
// posts of which there are copies with other event times: ingest knows nothing of copies in other flushes, and one that
// detect drops may have won in its flush.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/time/slide.h"

namespace tocsin {

inline constexpr size_t kNegativeSamples = 3;
inline constexpr size_t kOtherSamples = 2;       // whatever they say
inline constexpr uint32_t kHighReach = 100'000;  // followers from which one author alone carries a post far

// Slides that begin so long before the last slide end, or less, are groups of their own, and some before them.
inline constexpr int64_t kOwnGroupMs = 120'000;
inline constexpr int64_t kJoinedGroupMs = 30'000;  // at most, unless a slide is longer

// The groups as they are at one slide end. REQUIRES: slide_ms > 0.
class SampleGroups {
 public:
  explicit constexpr SampleGroups(int64_t slide_ms)
      : slide_ms_(slide_ms), joined_ms_(slide_ms * std::max<int64_t>(1, kJoinedGroupMs / slide_ms)) {}

  // Joins what is old at the slide end `end_ms`; what has been joined stays so.
  constexpr void AdvanceTo(int64_t end_ms) {
    joined_before_ms_ = std::max(joined_before_ms_, FloorToSlide(end_ms - kOwnGroupMs, joined_ms_));
  }

  // Event time from which on slides are groups of their own: the start of a group either way.
  constexpr int64_t joined_before_ms() const { return joined_before_ms_; }
  constexpr int64_t SizeAt(int64_t event_time_ms) const {
    return event_time_ms < joined_before_ms_ ? joined_ms_ : slide_ms_;
  }
  constexpr int64_t StartOf(int64_t event_time_ms) const { return FloorToSlide(event_time_ms, SizeAt(event_time_ms)); }

 private:
  int64_t slide_ms_;
  int64_t joined_ms_;  // a multiple of the slide
  int64_t joined_before_ms_ = INT64_MIN;
};

}  // namespace tocsin
