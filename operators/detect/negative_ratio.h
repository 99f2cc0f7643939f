// The share of negative mentions that is published: corrected for the classifier's errors where they are known, with an
// interval that holds sampling and classifier error together. Formulas: docs/DETECTION.md, "The published ratio".
//
// Pure functions, thread-safe. Sums, products, quotients and square roots of doubles only: the same bits everywhere.
#pragma once

#include <cstdint>
#include <optional>

#include "operators/detect/tail.h"
#include "operators/sentiment/ratio_calibration.h"

namespace tocsin {

// Integer totals of a window. All are at most `classified` but negativity.
struct RatioCounts {
  int64_t classified = 0;
  int64_t negative = 0;
  int64_t rated = 0;           // of classified: by stars, which are taken as they are
  int64_t rated_negative = 0;  // of negative
  int64_t negativity = 0;      // levels of the others added up, each 0 to kNegativityLevels - 1
};

struct RatioEstimate {
  std::optional<double> corrected;  // only with the user's own calibration
  Interval interval;                // 95 %, for the share in what the window is a sample of
};

// REQUIRES: counts.classified > 0.
RatioEstimate EstimateRatio(const RatioCounts& counts, const RatioCalibration& calibration);

}  // namespace tocsin
