// The watermark of a task: the event time below which all source partitions that count are believed to be complete.
//
// A source partition's own watermark is its highest event time less its out_of_orderness. The task's is the smallest
// own one over the partitions that count, and never goes back. These do not count:
//
//   idle      at its end, with nothing new for the idle time-out, or nothing that was ever of use
//   gone      its topic was taken out of the configuration (SetGone); it is none of the sources any more
//   dragging  caught up with its end, yet more than its max_drag behind the most advanced partition: a slow feed
//
// That a dragging partition must be caught up goes beyond the design, which leaves out whatever is further behind than
// max_drag: then after an outage the largest backlog would be dropped as late. A backlog that is still being read holds
// the watermark, however far behind it is.
//
// A partition without any event time yet holds the watermark where it is, unless it is idle or gone.
// When all that are not gone (nor dragging) are idle, the watermark is the slide end after the largest event time, and
// stops there.
//
// Pure logic without a clock: the same calls give the same watermarks. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/base/bytes.h"

namespace tocsin {

// Below every event time: nothing is known yet.
inline constexpr int64_t kNoEventTime = std::numeric_limits<int64_t>::min();

struct SourceBounds {
  int64_t out_of_orderness_ms = 2'000;
  int64_t max_drag_ms = 60'000;
};

class WatermarkTracker {
 public:
  explicit WatermarkTracker(int64_t slide_ms) : slide_ms_(slide_ms) {}

  // Returns the index of the new source partition: 0, 1, ... One that is added later holds the watermark until it has
  // told an event time or is idle.
  size_t AddSource(const SourceBounds& bounds);
  // Bounds may change with the configuration.
  void SetBounds(size_t source, const SourceBounds& bounds);

  // `highest_event_time_ms` of all that was read of it so far (kNoEventTime: none); a lower one than before is not
  // believed.
  void Update(size_t source, int64_t highest_event_time_ms, bool idle, bool caught_up);
  void SetGone(size_t source, bool gone);

  // Moves the watermark to where it belongs after what was told since, and returns it; kNoEventTime as long as there is
  // none. O(sources).
  int64_t Advance();
  int64_t watermark() const { return watermark_; }

  // The largest event time of all sources, whether they count or not.
  int64_t LargestEventTime() const;
  // Where the watermark is when all sources are idle; kNoEventTime without any event time.
  int64_t AllIdleWatermark() const;

  // Partitions whose data the watermark vouches for, of all that are not gone: less the dragging, those without event
  // time (unless idle: they have nothing), and those whose newest data came late by more than their max_drag, though
  // they are idle now: a slow feed that pauses still owes what lies between.
  int32_t Complete() const;
  int32_t Total() const;

  // All but the bounds, which belong to the configuration: Decode needs the same number of sources, added before.
  // False, and nothing changed, if the bytes do not fit.
  void Encode(ByteWriter* writer) const;
  [[nodiscard]] bool Decode(ByteReader* reader);

 private:
  struct Source {
    SourceBounds bounds;
    int64_t highest_ms = kNoEventTime;
    bool is_idle = false;
    bool is_caught_up = false;
    bool is_gone = false;
    bool is_slow = false;  // its newest data was behind by more than max_drag when it came

    bool HasTime() const { return highest_ms != kNoEventTime; }
    int64_t Own() const { return highest_ms - bounds.out_of_orderness_ms; }
  };

  // kNoEventTime if no source that is not gone has any.
  int64_t MostAdvanced() const;
  static bool IsDragging(const Source& source, int64_t most_advanced);

  const int64_t slide_ms_;
  std::vector<Source> sources_;
  int64_t watermark_ = kNoEventTime;
};

}  // namespace tocsin
