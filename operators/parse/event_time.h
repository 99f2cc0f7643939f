// Reads the event time of a post: RFC 3339, Twitter's form, or a number since the epoch.
//
// Forms, all without locale and in one pass:
// - RFC 3339, as in 2018-10-10T20:19:24.125Z and 2018-10-10T22:19:24+02:00: 'T', 't' or a space; any number of digits
//   of the fraction (cut to milliseconds); 'Z', 'z', +hh:mm or +hhmm, which a space may precede; UTC without them.
// - Twitter's, as in Wed Oct 10 20:19:24 +0000 2018.
// - Digits as a number or a string, with a fraction if any, as in 1539202764.125. The unit follows from the magnitude:
//   below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, each up to the year 5138, so that no time
//   after 1973 is ambiguous. More digits are no time.
// A second of 60 is a leap second and counts as the next minute's first. Dates that do not exist are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "operators/parse/post.h"

namespace tocsin {

// Epoch milliseconds, finer parts cut off; nothing if `text` has none of the forms. Does not judge whether the time is
// sensible.
std::optional<int64_t> ParseEventTime(std::string_view text);
// The same, kUnknownTime instead of nothing: one register, which the parser of posts gains from.
int64_t ReadEventTime(std::string_view text);

// Days from 1970-01-01 to a date of the proleptic Gregorian calendar. REQUIRES: the date exists.
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day);

}  // namespace tocsin
