// Scores every CSV file of counts below a folder with the surge alarm that Tocsin ships.
//
// Each file is a series of its own (CountSeries). Results stand under the same relative name in the other folder:
// timestamp and value as they stand in the input, and anomaly_score, 0.5 and more exactly where the alarm fires. A file
// appears whole or not at all.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "operators/detect/count_series.h"

namespace tocsin {

struct ScoredText {
  std::string csv;
  int64_t rows = 0;
  int64_t alarms = 0;
};

// InvalidArgument, beginning with "LINE: ", for the first row that can't be taken.
absl::StatusOr<ScoredText> ScoreCounts(std::string_view text, const CountSeriesOptions& options);

struct BurstsReport {
  int64_t files = 0;
  int64_t rows = 0;
  int64_t alarms = 0;
  std::vector<std::string> errors;  // of files that were left out: "PATH:LINE: reason"
};

// Goes on with the other files if one can't be scored. InvalidArgument if `in` is no folder, is `out`, or holds no file
// *.csv; what is below `out` is not read.
absl::StatusOr<BurstsReport> ScoreFolder(const std::string& in, const std::string& out,
                                         const CountSeriesOptions& options);

}  // namespace tocsin
