#include "app/train/evaluation.h"

#include <cmath>
#include <cstdlib>

#include "app/train/random_numbers.h"

namespace tocsin {

Quality MeasureQuality(const std::vector<Judgement>& judgements) {
  std::array<std::array<double, 4>, 3> confusion{};
  for (const Judgement& judgement : judgements) {
    confusion[static_cast<size_t>(judgement.label)][static_cast<size_t>(judgement.predicted)] += 1;
  }
  const auto ratio = [](double part, double whole) { return whole > 0 ? part / whole : 0.0; };
  Quality quality;
  double total = 0;
  double unclassified = 0;
  for (size_t c = 0; c < 3; ++c) {
    double labelled = 0;
    double predicted = 0;
    for (size_t k = 0; k < 4; ++k) labelled += confusion[c][k];
    for (size_t k = 0; k < 3; ++k) predicted += confusion[k][c];
    const double f1 = ratio(2 * confusion[c][c], labelled + predicted);
    quality.macro_f1 += f1 / 3;
    quality.macro_recall += ratio(confusion[c][c], labelled) / 3;
    if (c == 0) {
      quality.negative_f1 = f1;
      quality.negative_share = labelled;
      quality.predicted_negative_share = predicted;
    }
    total += labelled;
    unclassified += confusion[c][3];
  }
  quality.classified_share = ratio(total - unclassified, total);
  quality.negative_share = ratio(quality.negative_share, total);
  quality.predicted_negative_share = ratio(quality.predicted_negative_share, total - unclassified);
  return quality;
}

double MeasureRatioError(const std::vector<Judgement>& judgements, const RatioErrorOptions& options) {
  constexpr int kSamples = 1000;
  std::array<std::vector<const Judgement*>, 2> pool;  // negatives, others
  for (const Judgement& judgement : judgements) {
    pool[judgement.label == 0 ? 0 : 1].push_back(&judgement);
  }
  if (pool[0].empty() || pool[1].empty()) return 0.0;
  SplitMix64 random(options.seed);
  double error = 0;
  for (int sample = 0; sample < kSamples; ++sample) {
    double prevalence = static_cast<double>(pool[0].size()) / static_cast<double>(judgements.size());
    if (options.vary_prevalence) prevalence = 0.05 + 0.6 * random.NextUnit();
    double labelled = 0;
    double predicted = 0;
    double classified = 0;
    for (size_t i = 0; i < options.sample_size; ++i) {
      const auto& from = pool[random.NextUnit() < prevalence ? 0 : 1];
      const Judgement& drawn = *from[random.Next() % from.size()];
      labelled += drawn.label == 0 ? 1 : 0;
      predicted += drawn.predicted == 0 ? 1 : 0;
      classified += drawn.predicted < 3 ? 1 : 0;
    }
    const double truth = labelled / static_cast<double>(options.sample_size);
    error += std::abs((classified > 0 ? predicted / classified : 0.0) - truth);
  }
  return error / kSamples;
}

}  // namespace tocsin
