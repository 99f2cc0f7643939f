// Reads a series of counts from a CSV file: a time and a value a row.
//
// With a header, the columns named "timestamp" and "value" count, wherever they stand (case does not matter); without
// one, or with two columns of other names, the first two. A header is a first line with neither a time nor a number
// where they should be. Times: those of ParseEventTime, and a date with or without hours and minutes. Values: numbers,
// rounded to whole ones; empty, "NaN", "NA", "null" or "-" is a value that is not known. Fields may be in double
// quotes, lines may end in CR LF, empty lines are skipped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin {

struct CountRow {
  size_t line = 0;         // in the file, from 1
  std::string_view time;   // as it stands there, quotes included; view into the text
  std::string_view value;  // likewise
  int64_t time_ms = 0;
  std::optional<int64_t> count;
};

// Views into `text`. InvalidArgument, beginning with "LINE: ", for the first row that is not one. Does not judge
// whether times ascend and counts make sense.
absl::StatusOr<std::vector<CountRow>> ParseCounts(std::string_view text);

}  // namespace tocsin
