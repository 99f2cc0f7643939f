// Spans of event time in milliseconds, the unit of all event times.
#pragma once

#include <cstdint>

namespace tocsin {

inline constexpr int64_t kSecondMs = 1'000;
inline constexpr int64_t kMinuteMs = 60 * kSecondMs;
inline constexpr int64_t kHourMs = 60 * kMinuteMs;
inline constexpr int64_t kDayMs = 24 * kHourMs;

}  // namespace tocsin
