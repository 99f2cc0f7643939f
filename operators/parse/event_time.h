// Reads the event time of a post: RFC 3339, Twitter's form, or a number since the epoch.
//
// Forms, all without locale and in one pass:
//   2018-10-10T20:19:24.125Z         RFC 3339: 'T', 't' or a space; any number of fraction digits (cut to
//   milliseconds); 2018-10-10T22:19:24+02:00        'Z', 'z', +hh:mm or +hhmm, which a space may precede; without an
//   offset it is UTC Wed Oct 10 20:19:24 +0000 2018   Twitter's 1539202764                       digits, with a
//   fraction if any, as a number or a string. The unit follows from the 1539202764.125                   magnitude:
//   below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, 1539202764125                    else
//   nanoseconds (each up to the year 5138, so no time after 1973 is ambiguous)
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
