#include "operators/task/brand_metric.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "engine/base/time_units.h"
#include "operators/detect/negative_ratio.h"

namespace tocsin {
namespace {

constexpr int64_t kScale = 10'000;  // four decimals

void AppendInteger(int64_t value, std::string* json) {
  char digits[24];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value);
  json->append(digits, end.ptr);
}

// `scaled` / 10,000 with one to four decimals.
void AppendScaled(int64_t scaled, std::string* json) {
  if (scaled < 0) json->push_back('-');
  const int64_t magnitude = std::abs(scaled);
  AppendInteger(magnitude / kScale, json);
  int64_t rest = magnitude % kScale;
  json->push_back('.');
  char decimals[4];
  for (int i = 3; i >= 0; --i, rest /= 10) decimals[i] = static_cast<char>('0' + rest % 10);
  size_t count = 4;
  while (count > 1 && decimals[count - 1] == '0') --count;
  json->append(decimals, count);
}

// numerator / denominator, exactly rounded. REQUIRES: denominator > 0.
int64_t ScaledRatio(int64_t numerator, int64_t denominator) {
  const auto magnitude = static_cast<__int128>(std::abs(numerator)) * kScale * 2 + denominator;
  const auto scaled = static_cast<int64_t>(magnitude / (2 * static_cast<__int128>(denominator)));
  return numerator < 0 ? -scaled : scaled;
}

void AppendDouble(double value, std::string* json) {
  AppendScaled(std::llround(value * static_cast<double>(kScale)), json);
}

void AppendName(std::string_view name, std::string* json) {
  json->append(",\"");
  json->append(name);
  json->append("\":");
}

void AppendField(std::string_view name, int64_t value, std::string* json) {
  AppendName(name, json);
  AppendInteger(value, json);
}

void AppendShares(const WindowCounts& counts, const RatioCalibration& calibration, std::string* json) {
  const int64_t classified = counts.negative + counts.neutral + counts.positive;
  AppendName("negative_ratio", json);
  if (classified == 0) {
    json->append("null,\"corrected\":null,\"low\":null,\"high\":null");
    return;
  }
  AppendScaled(ScaledRatio(counts.negative, classified), json);
  const RatioEstimate estimate = EstimateRatio({.classified = classified,
                                                .negative = counts.negative,
                                                .rated = counts.rated,
                                                .rated_negative = counts.rated_negative,
                                                .negativity = counts.negativity},
                                               calibration);
  AppendName("corrected", json);
  if (estimate.corrected.has_value()) {
    AppendDouble(*estimate.corrected, json);
  } else {
    json->append("null");
  }
  AppendName("low", json);
  AppendDouble(estimate.interval.low, json);
  AppendName("high", json);
  AppendDouble(estimate.interval.high, json);
}

}  // namespace

void AppendBrandMetric(const BrandMetric& metric, std::string* json) {
  const WindowCounts& counts = metric.counts;
  json->append("{\"brand_id\":\"");
  json->append(metric.brand_id);
  json->append("\",\"window_end\":\"");
  json->append(metric.window_end);
  json->push_back('"');
  AppendField("window_s", metric.window_ms / 1'000, json);
  AppendField("mentions", counts.mentions, json);
  AppendField("negative", counts.negative, json);
  AppendField("neutral", counts.neutral, json);
  AppendField("positive", counts.positive, json);
  AppendField("unclassified", counts.unclassified, json);
  AppendName("velocity_per_minute", json);
  AppendScaled(ScaledRatio(counts.mentions * kMinuteMs, metric.window_ms), json);
  AppendName("acceleration", json);
  if (metric.mentions_before.has_value()) {
    AppendScaled(ScaledRatio((counts.mentions - *metric.mentions_before) * kMinuteMs, metric.window_ms), json);
  } else {
    json->append("null");
  }
  AppendName("expected", json);
  if (metric.expected_per_minute.has_value()) {
    AppendDouble(*metric.expected_per_minute, json);
  } else {
    json->append("null");
  }
  static const RatioCalibration* const none = new RatioCalibration();
  const RatioCalibration& calibration = metric.calibration == nullptr ? *none : *metric.calibration;
  AppendShares(counts, calibration, json);
  AppendName("unique_authors", json);
  if (metric.has_distinct) {
    AppendInteger(counts.unique_authors, json);
  } else {
    json->append("null");
  }
  AppendName("calibration", json);
  if (calibration.kind == RatioCalibration::Kind::kNone) {
    json->append("null");
  } else {
    json->push_back('"');
    json->append(calibration.name);
    json->push_back('"');
  }
  json->push_back('}');
}

}  // namespace tocsin
