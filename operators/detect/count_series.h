// The surge alarm over one series of counts: what the product decides for a brand, where only volume is known.
//
// Rows (time, count) are put into bins of five minutes, the baseline's own, or of a row's length where that is longer;
// at the end of each bin the same baseline and the same SurgeDetector as a brand's decide over the last hour (the last
// bin, where that is longer). One pass, no look-ahead: a row's result depends on the rows up to it. Learning takes a
// day (at least 24 bins), the half-life is seven times as long.
//
// Bins without a row, or with a row without a count, are unknown: neither counted nor decided about, so the hour is
// then made of the last bins that are known. Bins begin at the first row and rows go by their middle, so times that
// jitter by less than half a row change nothing.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/time_units.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/detect/surge_detector.h"

namespace tocsin {

struct CountSeriesOptions {
  int64_t row_ms = 0;                 // what one row counts; 0: the time from the first row to the second
  bool absent_rows_are_zero = false;  // else unknown
  // The shipped settings; others are for benches.
  SurgeRules rules;
  int64_t window_ms = kHourMs;
  int64_t half_life_ms = 7 * kDayMs;  // if a day is enough to learn
};

class CountSeries {
 public:
  explicit CountSeries(const CountSeriesOptions& options);

  // Takes the next row, without a count if it is not known. Returns its score in [0, 1]: 0.5 and more exactly if the
  // alarm fires here, 0 while learning; else half the standard score's share of its threshold, at most 0.4999.
  //
  // InvalidArgument, and nothing is taken, if the count is negative, if the hour would hold more than kMostInHour, if
  // time jumps by more than ten years, or if it goes back by more than two hours. (Up to two hours it is a clock that
  // was set: the row follows on.)
  absl::StatusOr<double> Add(int64_t time_ms, std::optional<int64_t> count);

  // Beyond this, the baseline's fixed-point variance has no room.
  static constexpr int64_t kMostInHour = 1'200'000;

 private:
  void Start(int64_t row_ms);
  double AddToBins(int64_t time_ms, std::optional<int64_t> count);
  double CloseBin();
  double ScoreOf(const SurgeCheck& check) const;

  // Constant after construction.
  const CountSeriesOptions options_;

  // Constant after Start.
  int64_t row_ms_ = 0;
  int64_t bin_ms_ = 0;
  size_t window_bins_ = 0;
  std::optional<BrandBaseline> baseline_;  // none before Start

  SurgeDetector detector_;
  std::vector<std::pair<int64_t, std::optional<int64_t>>> first_rows_;  // of one time, before Start
  int64_t last_ms_ = INT64_MIN;
  int64_t origin_ms_ = 0;  // where bin 0 begins
  int64_t bin_ = 0;        // the open one
  int64_t bin_count_ = 0;
  bool bin_has_rows_ = false;
  bool bin_known_ = true;
  double last_score_ = 0;       // of the last bin that was decided about
  std::deque<int64_t> window_;  // the last known bins
  int64_t window_count_ = 0;
};

}  // namespace tocsin
