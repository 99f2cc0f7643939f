#include "bench/quality/nab/volume_rules.h"

#include <cmath>
#include <numeric>

namespace tocsin {
namespace {

constexpr size_t kHourBins = 12;
constexpr size_t kDayBins = 288;
constexpr size_t kBlindBins = 480;  // 40 hours

// Sums over runs of bins in constant time.
class Sums {
 public:
  explicit Sums(const std::vector<int64_t>& counts) : sums_(counts.size() + 1, 0) {
    std::partial_sum(counts.begin(), counts.end(), sums_.begin() + 1);
  }
  // Of the `bins` before bin `end`.
  double Before(size_t end, size_t bins) const { return static_cast<double>(sums_[end] - sums_[end - bins]); }

 private:
  std::vector<int64_t> sums_;
};

// The last hour has `factor` times the mean hour of the `bins` before it.
std::vector<bool> HourAgainst(const std::vector<int64_t>& counts, size_t bins, double factor) {
  const Sums sums(counts);
  std::vector<bool> holds(counts.size(), false);
  for (size_t i = bins + kHourBins; i <= counts.size(); ++i) {
    const double mean = sums.Before(i - kHourBins, bins) * kHourBins / static_cast<double>(bins);
    holds[i - 1] = sums.Before(i, kHourBins) >= factor * mean && sums.Before(i, kHourBins) > 0;
  }
  return holds;
}

// The last hour lies `deviations` standard deviations over the mean of the 24 hours before it.
std::vector<bool> Deviations(const std::vector<int64_t>& counts, double deviations) {
  const Sums sums(counts);
  std::vector<bool> holds(counts.size(), false);
  for (size_t i = kDayBins + kHourBins; i <= counts.size(); ++i) {
    double mean = 0;
    double squares = 0;
    for (size_t hour = 1; hour <= 24; ++hour) {
      const double count = sums.Before(i - hour * kHourBins, kHourBins);
      mean += count / 24;
      squares += count * count / 24;
    }
    const double deviation = std::sqrt(std::max(0.0, squares - mean * mean));
    holds[i - 1] = sums.Before(i, kHourBins) > mean + deviations * deviation;
  }
  return holds;
}

// Ten minutes have twice the mean ten minutes of the last six hours.
std::vector<bool> TenMinutes(const std::vector<int64_t>& counts) {
  const Sums sums(counts);
  std::vector<bool> holds(counts.size(), false);
  for (size_t i = 74; i <= counts.size(); ++i) {
    holds[i - 1] = sums.Before(i, 2) > 2 * sums.Before(i - 2, 72) / 36;
  }
  return holds;
}

}  // namespace

std::vector<VolumeRule> PublishedVolumeRules() {
  using Counts = std::vector<int64_t>;
  return {
      {"last hour twice the mean of the past 12", [](const Counts& counts) { return HourAgainst(counts, 144, 2); }},
      {"last hour twice the mean of the past 24", [](const Counts& counts) { return HourAgainst(counts, 288, 2); }},
      {"last hour 3 sigma over the past 24", [](const Counts& counts) { return Deviations(counts, 3); }},
      {"10 minutes twice the mean of the past 6 h", [](const Counts& counts) { return TenMinutes(counts); }},
      {"an alarm every 40 h, blindly",
       [](const Counts& counts) {
         std::vector<bool> holds(counts.size(), false);
         for (size_t i = 0; i < counts.size(); i += kBlindBins) holds[i] = true;
         return holds;
       }},
  };
}

std::vector<size_t> WithCooldown(const std::vector<bool>& holds, size_t cooldown_bins) {
  std::vector<size_t> alarms;
  for (size_t i = 0; i < holds.size(); ++i) {
    if (holds[i] && (alarms.empty() || i >= alarms.back() + cooldown_bins)) alarms.push_back(i);
  }
  return alarms;
}

}  // namespace tocsin
