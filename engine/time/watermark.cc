#include "engine/time/watermark.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "engine/time/slide.h"

namespace tocsin {
namespace {

constexpr uint8_t kGoneBit = 1;
constexpr uint8_t kSlowBit = 2;

bool IsBehind(int64_t own, int64_t most_advanced, int64_t max_drag_ms) {
  return most_advanced != kNoEventTime && own < most_advanced - max_drag_ms;
}

}  // namespace

size_t WatermarkTracker::AddSource(const SourceBounds& bounds) {
  sources_.emplace_back().bounds = bounds;
  return sources_.size() - 1;
}

void WatermarkTracker::SetBounds(size_t source, const SourceBounds& bounds) {
  CHECK_LT(source, sources_.size());
  sources_[source].bounds = bounds;
}

void WatermarkTracker::Update(size_t source, int64_t highest_event_time_ms, bool idle, bool caught_up) {
  CHECK_LT(source, sources_.size());
  Source& updated = sources_[source];
  if (highest_event_time_ms > updated.highest_ms) {
    updated.highest_ms = highest_event_time_ms;
    updated.is_slow = IsBehind(updated.Own(), MostAdvanced(), updated.bounds.max_drag_ms);
  }
  updated.is_idle = idle;
  updated.is_caught_up = caught_up;
}

void WatermarkTracker::SetGone(size_t source, bool gone) {
  CHECK_LT(source, sources_.size());
  sources_[source].is_gone = gone;
}

int64_t WatermarkTracker::MostAdvanced() const {
  int64_t most = kNoEventTime;
  for (const Source& source : sources_) {
    if (source.HasTime() && !source.is_gone) most = std::max(most, source.Own());
  }
  return most;
}

bool WatermarkTracker::IsDragging(const Source& source, int64_t most_advanced) {
  return source.HasTime() && source.is_caught_up && IsBehind(source.Own(), most_advanced, source.bounds.max_drag_ms);
}

int64_t WatermarkTracker::Advance() {
  if (LargestEventTime() == kNoEventTime) return watermark_;
  const int64_t most_advanced = MostAdvanced();
  int64_t smallest = std::numeric_limits<int64_t>::max();
  bool has_counted = false;
  bool has_idle = false;
  for (const Source& source : sources_) {
    if (source.is_gone) continue;
    if (source.is_idle) {
      has_idle = true;
      continue;
    }
    if (!source.HasTime()) return watermark_;
    if (IsDragging(source, most_advanced)) continue;
    has_counted = true;
    smallest = std::min(smallest, source.Own());
  }
  if (has_counted) {
    watermark_ = std::max(watermark_, smallest);
  } else if (has_idle) {
    watermark_ = std::max(watermark_, AllIdleWatermark());
  }
  return watermark_;
}

int64_t WatermarkTracker::LargestEventTime() const {
  int64_t largest = kNoEventTime;
  for (const Source& source : sources_) largest = std::max(largest, source.highest_ms);
  return largest;
}

int64_t WatermarkTracker::AllIdleWatermark() const {
  const int64_t largest = LargestEventTime();
  return largest == kNoEventTime ? kNoEventTime : NextSlideEnd(largest, slide_ms_);
}

int32_t WatermarkTracker::Complete() const {
  const int64_t most_advanced = MostAdvanced();
  int32_t complete = 0;
  for (const Source& source : sources_) {
    const bool is_behind = source.is_idle ? source.is_slow : IsDragging(source, most_advanced);
    const bool has_all = source.HasTime() ? !is_behind : source.is_idle;
    if (has_all && !source.is_gone) ++complete;
  }
  return complete;
}

int32_t WatermarkTracker::Total() const {
  return static_cast<int32_t>(
      std::count_if(sources_.begin(), sources_.end(), [](const Source& source) { return !source.is_gone; }));
}

void WatermarkTracker::Encode(ByteWriter* writer) const {
  writer->Varint(sources_.size());
  for (const Source& source : sources_) {
    writer->Signed(source.highest_ms);
    writer->Bool(source.is_idle);
    writer->Bool(source.is_caught_up);
    writer->Byte(static_cast<uint8_t>((source.is_gone ? kGoneBit : 0) | (source.is_slow ? kSlowBit : 0)));
  }
  writer->Signed(watermark_);
}

bool WatermarkTracker::Decode(ByteReader* reader) {
  if (reader->Varint() != sources_.size()) reader->Fail();
  std::vector<Source> decoded = sources_;
  for (Source& source : decoded) {
    source.highest_ms = reader->Signed();
    source.is_idle = reader->Bool();
    source.is_caught_up = reader->Bool();
    const uint8_t bits = reader->Byte();
    if ((bits & ~(kGoneBit | kSlowBit)) != 0) reader->Fail();
    source.is_gone = (bits & kGoneBit) != 0;
    source.is_slow = (bits & kSlowBit) != 0;
  }
  const int64_t watermark = reader->Signed();
  if (!reader->ok()) return false;
  sources_ = std::move(decoded);
  watermark_ = watermark;
  return true;
}

}  // namespace tocsin
