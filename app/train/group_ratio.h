// How far the ratio of each group of posts (a brand's day) is from its labels, corrected by labelled posts of the same
// domain. Unlike samples drawn from one set, groups differ in what is written about, and so in how the model errs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "app/train/evaluation.h"

namespace tocsin {

struct GroupRatioOptions {
  size_t calibration_posts = 300;  // drawn at random without replacement; they are left out of the groups
  size_t least_posts = 20;         // smaller groups are not judged
  int draws = 200;                 // of calibrations; one that can't be measured is drawn anew
  uint64_t seed = 1;
};

struct GroupRatio {
  // Of one way to estimate the share of negatives among a group's classified posts, against the labels of the group.
  struct Fit {
    double error = 0;        // mean absolute
    double correlation = 0;  // Pearson's, over the groups
  };
  size_t groups = 0;  // mean over the draws, rounded
  double posts = 0;   // mean of a group
  Fit raw;            // as classified
  Fit corrected;      // with the calibration drawn
  Fit known;          // with the rates of all posts of the set, so without the error of a small calibration
  double chance = 0;  // error that is left if all groups erred at these rates: which posts are misread is chance
  double sampling =
      0;  // error of the labels themselves, perfectly read, against the share that the group is drawn from
};

// `group[i]` is that of `judgements[i]`. Errors as MeasureOwn() if all of the posts together allow no calibration;
// InvalidArgument if calibrations can't be drawn or no group is large enough.
[[nodiscard]] absl::StatusOr<GroupRatio> MeasureGroupRatio(const std::vector<Judgement>& judgements,
                                                           const std::vector<int>& group,
                                                           const GroupRatioOptions& options);

}  // namespace tocsin
