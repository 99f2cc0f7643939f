// Measures a classifier against labels: per class, and by the error of the ratio
// that is published.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin {

// One labelled post as it was classified: label 0 to 2, prediction 0 to 2 or 3
// for unclassified; level and scores as in Sentiment.
struct Judgement {
  int label = 0;
  int predicted = 0;
  int negativity = 0;
  std::array<int32_t, 3> scores{};
};

struct Quality {
  double macro_f1 = 0;  // an unclassified post counts as missed
  double negative_f1 = 0;
  double macro_recall = 0;
  double classified_share = 0;
  double negative_share = 0;            // of the labels
  double predicted_negative_share = 0;  // of the classified posts
};

[[nodiscard]] Quality MeasureQuality(const std::vector<Judgement>& judgements);

// Mean absolute error of the share of negatives among the classified posts of a
// sample, against the labels of the sample, over 1,000 samples drawn with
// replacement.
struct RatioErrorOptions {
  size_t sample_size = 200;
  // Share of negatives in each sample is drawn from 5 % to 65 % instead of being
  // that of the whole set.
  bool vary_prevalence = false;
  uint64_t seed = 1;
};
[[nodiscard]] double MeasureRatioError(const std::vector<Judgement>& judgements, const RatioErrorOptions& options);

}  // namespace tocsin
