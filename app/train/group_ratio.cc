#include "app/train/group_ratio.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "app/train/calibration.h"
#include "app/train/random_numbers.h"
#include "operators/detect/negative_ratio.h"

namespace tocsin {
namespace {

// Draws for each calibration that is wanted, before it is given up.
constexpr int kTries = 20;

struct Group {
  RatioCounts counts;
  double labelled_negative = 0;  // of the classified posts
};

double Correlation(const std::vector<double>& x, const std::vector<double>& y) {
  const auto n = static_cast<double>(x.size());
  const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0.0;
}

GroupRatio::Fit FitOf(const std::vector<double>& estimate, const std::vector<double>& truth) {
  GroupRatio::Fit fit;
  for (size_t i = 0; i < truth.size(); ++i) fit.error += std::abs(estimate[i] - truth[i]);
  fit.error /= static_cast<double>(truth.size());
  fit.correlation = Correlation(estimate, truth);
  return fit;
}

void Add(const GroupRatio::Fit& fit, GroupRatio::Fit* sum) {
  sum->error += fit.error;
  sum->correlation += fit.correlation;
}

void Divide(double by, GroupRatio::Fit* sum) {
  sum->error /= by;
  sum->correlation /= by;
}

double Corrected(const RatioCounts& counts, const RatioCalibration& calibration) {
  const double raw = static_cast<double>(counts.negative) / static_cast<double>(counts.classified);
  return EstimateRatio(counts, calibration).corrected.value_or(raw);
}

// The mean absolute error of a normal one of this variance.
double MeanError(double variance) { return std::sqrt(variance * 2 / std::numbers::pi); }

// One draw's contribution to the sums; false without a group that is large enough.
bool MeasureGroups(const std::map<int, Group>& groups, size_t least_posts, const RatioCalibration& own,
                   const RatioCalibration& known, GroupRatio* sums) {
  const double gain = known.negative.mean - known.other.mean;
  std::vector<double> truth;
  std::vector<double> raw;
  std::vector<double> corrected;
  std::vector<double> by_known;
  double posts = 0;
  double chance = 0;
  double sampling = 0;
  for (const auto& [name, group] : groups) {
    if (group.counts.classified < static_cast<int64_t>(least_posts)) continue;
    const auto size = static_cast<double>(group.counts.classified);
    const double share = group.labelled_negative / size;
    truth.push_back(share);
    raw.push_back(static_cast<double>(group.counts.negative) / size);
    corrected.push_back(Corrected(group.counts, own));
    by_known.push_back(Corrected(group.counts, known));
    posts += size;
    chance += MeanError((share * known.negative.variance + (1 - share) * known.other.variance) / size) / gain;
    sampling += MeanError(share * (1 - share) / size);
  }
  if (truth.empty()) return false;
  const auto count = static_cast<double>(truth.size());
  sums->groups += truth.size();
  sums->posts += posts / count;
  sums->chance += chance / count;
  sums->sampling += sampling / count;
  Add(FitOf(raw, truth), &sums->raw);
  Add(FitOf(corrected, truth), &sums->corrected);
  Add(FitOf(by_known, truth), &sums->known);
  return true;
}

}  // namespace

absl::StatusOr<GroupRatio> MeasureGroupRatio(const std::vector<Judgement>& judgements, const std::vector<int>& group,
                                             const GroupRatioOptions& options) {
  if (judgements.size() <= options.calibration_posts || judgements.size() != group.size() || options.draws < 1) {
    return absl::InvalidArgumentError("too few labelled posts to draw a calibration from");
  }
  const absl::StatusOr<RatioCalibration> known = MeasureOwn(judgements, "all");
  if (!known.ok()) return known.status();
  SplitMix64 random(options.seed);
  std::vector<size_t> order(judgements.size());
  std::iota(order.begin(), order.end(), size_t{0});
  GroupRatio sums;
  int drawn = 0;
  for (int attempt = 0; drawn < options.draws && attempt < kTries * options.draws; ++attempt) {
    std::vector<Judgement> calibration_posts;
    for (size_t i = 0; i < options.calibration_posts; ++i) {
      std::swap(order[i], order[i + random.Next() % (order.size() - i)]);
      calibration_posts.push_back(judgements[order[i]]);
    }
    const absl::StatusOr<RatioCalibration> own = MeasureOwn(calibration_posts, "own");
    if (!own.ok()) continue;
    std::map<int, Group> groups;
    for (size_t i = options.calibration_posts; i < order.size(); ++i) {
      const Judgement& judgement = judgements[order[i]];
      if (judgement.predicted > 2) continue;
      Group& of = groups[group[order[i]]];
      ++of.counts.classified;
      of.counts.negative += judgement.predicted == 0 ? 1 : 0;
      of.counts.negativity += judgement.negativity;
      of.labelled_negative += judgement.label == 0 ? 1 : 0;
    }
    if (!MeasureGroups(groups, options.least_posts, *own, *known, &sums)) {
      return absl::InvalidArgumentError("no group of labelled posts is large enough");
    }
    ++drawn;
  }
  if (drawn < options.draws) return absl::InvalidArgumentError("too few draws of labelled posts make a calibration");
  sums.groups = (sums.groups + static_cast<size_t>(drawn) / 2) / static_cast<size_t>(drawn);
  sums.posts /= drawn;
  sums.chance /= drawn;
  sums.sampling /= drawn;
  for (GroupRatio::Fit* const fit : {&sums.raw, &sums.corrected, &sums.known}) Divide(drawn, fit);
  return sums;
}

}  // namespace tocsin
