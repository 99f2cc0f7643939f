#include "operators/detect/tail.h"

#include <math.h>  // NOLINT(modernize-deprecated-headers): <cmath> has no lgamma_r

#include <algorithm>
#include <cmath>

namespace tocsin {
namespace {

constexpr double kNegligible = 1e-17;
// Bounds the time of a tail of absurd mean or dispersion, whose terms hardly fall: its sum is then a lower bound.
constexpr int64_t kTermsMax = 1'000'000;

// std::lgamma writes the global signgam, which is a data race between workers.
double LogGamma(double x) {
  int sign = 0;
  return lgamma_r(x, &sign);
}

double LogPoisson(double k, double mean) { return k * std::log(mean) - mean - LogGamma(k + 1); }

double LogNegativeBinomial(double k, double size, double mean) {
  return LogGamma(k + size) - LogGamma(size) - LogGamma(k + 1) - size * std::log1p(mean / size) -
         k * std::log1p(size / mean);
}

double LogBinomial(double k, double trials, double share) {
  return LogGamma(trials + 1) - LogGamma(k + 1) - LogGamma(trials - k + 1) + k * std::log(share) +
         (trials - k) * std::log1p(-share);
}

// Sums pmf(from), pmf(from + 1), ... given pmf(k + 1) / pmf(k). Ratios must fall with k, as they do above the mode.
template <typename Ratio>
double SumUp(double first, int64_t from, int64_t last, const Ratio& ratio) {
  double term = first;
  double sum = first;
  const int64_t end = from < last - kTermsMax ? from + kTermsMax : last;
  for (int64_t k = from; k < end && term > kNegligible * sum; ++k) {
    term *= ratio(static_cast<double>(k));
    sum += term;
  }
  return sum;
}

// Sums pmf(from), pmf(from - 1), ... down to 0, given pmf(k + 1) / pmf(k).
template <typename Ratio>
double SumDown(double first, int64_t from, const Ratio& ratio) {
  double term = first;
  double sum = first;
  const int64_t end = std::max<int64_t>(0, from - kTermsMax);
  for (int64_t k = from - 1; k >= end && term > kNegligible * sum; --k) {
    term /= ratio(static_cast<double>(k));
    sum += term;
  }
  return sum;
}

// P(X >= count), summing whichever side does not contain the mean.
template <typename LogPmf, typename Ratio>
double UpperTail(int64_t count, int64_t last, double mean, const LogPmf& log_pmf, const Ratio& ratio) {
  if (static_cast<double>(count) > mean) {
    return std::min(1.0, SumUp(std::exp(log_pmf(static_cast<double>(count))), count, last, ratio));
  }
  const double below = SumDown(std::exp(log_pmf(static_cast<double>(count - 1))), count - 1, ratio);
  return std::clamp(1.0 - below, 0.0, 1.0);
}

// Smallest k in (low, high] with tail(k) <= probability, given that tail(high) is.
template <typename Tail>
int64_t Bisect(int64_t low, int64_t high, double probability, const Tail& tail) {
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (tail(middle) <= probability ? high : low) = middle;
  }
  return high;
}

}  // namespace

double NegativeBinomialTail(int64_t count, double mean, double dispersion) {
  if (count <= 0) return 1;
  if (mean <= 0) return 0;
  if (dispersion <= 1.0001) {
    return UpperTail(
        count, INT64_MAX, mean, [mean](double k) { return LogPoisson(k, mean); },
        [mean](double k) { return mean / (k + 1); });
  }
  const double size = mean / (dispersion - 1);
  const double p = mean / (size + mean);
  return UpperTail(
      count, INT64_MAX, mean, [size, mean](double k) { return LogNegativeBinomial(k, size, mean); },
      [size, p](double k) { return p * (k + size) / (k + 1); });
}

int64_t NegativeBinomialThreshold(double mean, double dispersion, double probability) {
  const auto tail = [mean, dispersion](int64_t k) { return NegativeBinomialTail(k, mean, dispersion); };
  const double deviation = std::sqrt(std::max(mean, 0.0) * std::max(dispersion, 1.0));
  int64_t low = 0;
  int64_t high = static_cast<int64_t>(std::max(mean, 0.0) + 5 * deviation) + 1;
  while (tail(high) > probability) {
    low = high;
    high += static_cast<int64_t>(5 * deviation) + high / 2 + 1;
  }
  return Bisect(low, high, probability, tail);
}

int64_t NegativeBinomialLowThreshold(double mean, double dispersion, double probability) {
  const auto more = [mean, dispersion](int64_t k) { return NegativeBinomialTail(k + 1, mean, dispersion); };
  return Bisect(-1, static_cast<int64_t>(std::max(mean, 0.0)) + 1, 1 - probability, more) - 1;
}

double BinomialTail(int64_t successes, int64_t trials, double share) {
  if (successes <= 0) return 1;
  if (successes > trials || share <= 0) return 0;
  if (share >= 1) return 1;
  const auto n = static_cast<double>(trials);
  const double odds = share / (1 - share);
  return UpperTail(
      successes, trials, n * share, [n, share](double k) { return LogBinomial(k, n, share); },
      [n, odds](double k) { return odds * (n - k) / (k + 1); });
}

int64_t BinomialThreshold(int64_t trials, double share, double probability) {
  return Bisect(0, trials + 1, probability, [trials, share](int64_t k) { return BinomialTail(k, trials, share); });
}

Interval WilsonInterval(int64_t successes, int64_t trials, double z) {
  if (trials <= 0) return {};
  const auto n = static_cast<double>(trials);
  const double p = static_cast<double>(successes) / n;
  const double z2 = z * z;
  const double centre = p + z2 / (2 * n);
  const double half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  const double scale = 1 + z2 / n;
  // At the ends the formula gives 0 and 1 but for rounding.
  return {.low = successes == 0 ? 0 : std::max(0.0, (centre - half) / scale),
          .high = successes == trials ? 1 : std::min(1.0, (centre + half) / scale)};
}

double RoundPublished(double value) {
  const double rounded = std::round(value * 1e4) / 1e4;
  return rounded == 0 ? 0.0 : rounded;
}

}  // namespace tocsin
