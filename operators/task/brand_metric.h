// The record of topic tocsin.brand-metrics: one brand, one window. Format: docs/FORMATS.md.
//
// Pure functions: thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "operators/sentiment/ratio_calibration.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

struct BrandMetric {
  std::string_view brand_id;
  std::string_view window_end;  // RFC 3339, UTC
  int64_t window_ms = 0;
  WindowCounts counts;
  std::optional<int64_t> mentions_before;  // of the window of the same size that ends where this one begins
  std::optional<double> expected_per_minute;
  bool has_distinct = true;                       // unique_authors is known
  const RatioCalibration* calibration = nullptr;  // null: none
};

// Appends one line of JSON without line end: every number exact or rounded to four decimals (half away from zero), null
// where unknown.
void AppendBrandMetric(const BrandMetric& metric, std::string* json);

}  // namespace tocsin
