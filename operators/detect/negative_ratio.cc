#include "operators/detect/negative_ratio.h"

#include <algorithm>
#include <cmath>

namespace tocsin {
namespace {

struct Share {
  double estimate = 0;
  Interval interval;
};

// Prevalences whose expected measure is compatible with the mean that was seen: the roots of
//   (mean - E(p))^2 = z^2 V(p),  E(p) = f + p d,
//   V(p) = (p vt + (1 - p) vf + p (1 - p) d^2) / n + p^2 et + (1 - p)^2 ef,
// which is quadratic in p (Fieller, JRSS B 16 (1954), 175-185, with the score form of the sampling variance).
Share InvertMeasure(double mean, double n, const RatioCalibration& calibration) {
  const RatioCalibration::Measure& negative = calibration.negative;
  const RatioCalibration::Measure& other = calibration.other;
  const double gain = negative.mean - other.mean;
  if (!(gain > 0)) return {};
  // A mean beyond what any prevalence explains is read as that of the nearest one.
  const double above = std::clamp(mean, other.mean, negative.mean) - other.mean;
  const double z2 = kNormal95 * kNormal95;
  const double square = gain * gain;
  const double a = square + z2 * (square / n - negative.error - other.error);
  const double half_b = -above * gain - z2 * ((negative.variance - other.variance + square) / (2 * n) - other.error);
  const double c = above * above - z2 * (other.variance / n + other.error);
  Share share;
  share.estimate = std::clamp(above / gain, 0.0, 1.0);
  const double discriminant = half_b * half_b - a * c;
  // The rates are too uncertain to exclude anything.
  if (!(a > 0) || !(discriminant >= 0)) return share;
  const double root = std::sqrt(discriminant);
  share.interval = {.low = std::clamp((-half_b - root) / a, 0.0, share.estimate),
                    .high = std::clamp((-half_b + root) / a, share.estimate, 1.0)};
  return share;
}

}  // namespace

RatioEstimate EstimateRatio(const RatioCounts& counts, const RatioCalibration& calibration) {
  if (calibration.kind == RatioCalibration::Kind::kNone) {
    return {.corrected = std::nullopt, .interval = WilsonInterval(counts.negative, counts.classified)};
  }
  const bool own = calibration.kind == RatioCalibration::Kind::kOwn;
  const int64_t modelled = counts.classified - counts.rated;
  const auto rated = static_cast<double>(counts.rated);
  Share stars;
  if (counts.rated > 0) {
    stars = {static_cast<double>(counts.rated_negative) / rated, WilsonInterval(counts.rated_negative, counts.rated)};
    if (modelled == 0) return {.corrected = stars.estimate, .interval = stars.interval};
  }
  const auto n = static_cast<double>(modelled);
  const auto sum = own ? static_cast<double>(counts.negativity) / (kNegativityLevels - 1)
                       : static_cast<double>(counts.negative - counts.rated_negative);
  const Share model = InvertMeasure(sum / n, n, calibration);
  RatioEstimate result;
  if (counts.rated == 0) {
    result.interval = model.interval;
    if (own) result.corrected = model.estimate;
    return result;
  }
  // The sum of two independent shares with intervals of their own (Zou and Donner, Statistics in Medicine 27 (2008),
  // 1693-1702).
  const double weight = n / (n + rated);
  const double corrected = weight * model.estimate + (1 - weight) * stars.estimate;
  const auto combine = [weight](double from_model, double from_stars) {
    const double a = weight * from_model;
    const double b = (1 - weight) * from_stars;
    return std::sqrt(a * a + b * b);
  };
  result.interval.low =
      std::max(0.0, corrected - combine(model.estimate - model.interval.low, stars.estimate - stars.interval.low));
  result.interval.high =
      std::min(1.0, corrected + combine(model.interval.high - model.estimate, stars.interval.high - stars.estimate));
  if (own) result.corrected = corrected;
  return result;
}

}  // namespace tocsin
