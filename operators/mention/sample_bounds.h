// How much of a post travels as its sample. Text, names and addresses are as long as whoever wrote the post likes, up
// to the size of a record; without bounds one of them would fill a block, and five of them a signal, past what the log
// takes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "operators/mention/mention.h"

namespace tocsin {

inline constexpr size_t kMaxSampleTextBytes = 500;
inline constexpr size_t kMaxSampleNameBytes = 256;  // of an id, or of a handle
inline constexpr size_t kMaxSampleHashtagBytes = 1'000;
inline constexpr size_t kMaxSampleUrlBytes = 2'048;

// At most `limit` bytes of UTF-8, cut before the character that would cross it.
inline std::string_view CutText(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

// The sample within the bounds: whole hashtags only, and no address instead of a part of one.
inline Sample BoundedSample(const Sample& sample) {
  Sample bounded = sample;
  bounded.post_id = CutText(sample.post_id, kMaxSampleNameBytes);
  bounded.author_handle = CutText(sample.author_handle, kMaxSampleNameBytes);
  bounded.text = CutText(sample.text, kMaxSampleTextBytes);
  if (sample.hashtags.size() > kMaxSampleHashtagBytes) {
    const size_t space = sample.hashtags.rfind(' ', kMaxSampleHashtagBytes);
    bounded.hashtags = sample.hashtags.substr(0, space == std::string_view::npos ? 0 : space);
  }
  if (sample.url.size() > kMaxSampleUrlBytes) bounded.url = {};
  return bounded;
}

}  // namespace tocsin
