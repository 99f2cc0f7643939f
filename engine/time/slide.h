// Arithmetic on event time cut into slides: half-open stretches [n * slide, (n + 1) * slide) of epoch milliseconds,
// before the epoch too. REQUIRES everywhere: slide_ms > 0; but for SlideNumber, times of less than 2^62 in
// magnitude.
#pragma once

#include <cstdint>

namespace tocsin {

// The start of the slide that holds `time_ms`: the largest multiple of `slide_ms` that is at most `time_ms`.
[[nodiscard]] constexpr int64_t FloorToSlide(int64_t time_ms, int64_t slide_ms) {
  const int64_t rest = time_ms % slide_ms;
  return time_ms - (rest < 0 ? rest + slide_ms : rest);
}

// n of the slide that holds `time_ms`.
[[nodiscard]] constexpr int64_t SlideNumber(int64_t time_ms, int64_t slide_ms) {
  return time_ms / slide_ms - (time_ms % slide_ms < 0 ? 1 : 0);
}

// The end of the slide that holds `time_ms`: the smallest multiple of `slide_ms` above `time_ms`.
[[nodiscard]] constexpr int64_t NextSlideEnd(int64_t time_ms, int64_t slide_ms) {
  return FloorToSlide(time_ms, slide_ms) + slide_ms;
}

// How many slides end in (from_ms, to_ms]; none if `to_ms` is not above `from_ms`.
[[nodiscard]] constexpr int64_t SlideEndsBetween(int64_t from_ms, int64_t to_ms, int64_t slide_ms) {
  return to_ms <= from_ms ? 0 : SlideNumber(to_ms, slide_ms) - SlideNumber(from_ms, slide_ms);
}

}  // namespace tocsin
