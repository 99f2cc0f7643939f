// Scores alarms against labelled windows as the Numenta Anomaly Benchmark does (Lavin & Ahmad, ICMLA 2015).
//
// The first 15 % of a series (of its first 5,000 rows at most) count for nothing. With S(y) = 2 / (1 + exp(5 y)) - 1:
// the earliest alarm in a window of rows l..r earns S(-(r - i + 1) / (r - l + 1)) / S(-1); an alarm i outside costs
// S((i - r) / (r - l)) of the last window before it, and 1 before all windows; a window without an alarm costs 1. Each
// is weighted by the profile, summed over all series, and scaled so that no alarm at all is 0 and a perfect detector
// 100. Pure functions.
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace tocsin {

struct LabelledSeries {
  size_t rows = 0;
  std::vector<std::pair<size_t, size_t>> windows;  // first and last row of each, ascending
};

struct NabScore {
  std::array<double, 3> profiles = {};  // standard, reward low FP rate, reward low FN rate
  size_t windows = 0;
  size_t hits = 0;
  size_t false_alarms = 0;
  size_t scored_rows = 0;
};

// `alarms`: of each series the rows with an alarm, ascending. REQUIRES: as many as series.
NabScore ScoreAlarms(const std::vector<LabelledSeries>& series, const std::vector<std::vector<size_t>>& alarms);

}  // namespace tocsin
