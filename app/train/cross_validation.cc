#include "app/train/cross_validation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/train/calibration.h"
#include "app/train/group_ratio.h"
#include "app/train/random_numbers.h"
#include "operators/detect/negative_ratio.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

constexpr int kResamples = 1'000;
constexpr double kLeastShare = 0.05;
constexpr double kMostShare = 0.65;
constexpr std::array<size_t, 5> kSampleSizes = {20, 50, 200, 500, 2'000};

double Divide(double part, double whole) { return whole > 0 ? part / whole : 0.0; }

// Rows [begin, end) of a language's training posts are fold `fold`.
std::pair<size_t, size_t> FoldBounds(size_t posts, size_t fold, size_t folds) {
  return {posts * fold / folds, posts * (fold + 1) / folds};
}

TrainingData WithoutFold(const TrainingData& data, size_t fold, size_t folds) {
  TrainingData rest = data;
  for (LanguageData& language : rest.languages) {
    const auto [begin, end] = FoldBounds(language.train.size(), fold, folds);
    const auto first = language.train.begin();
    language.train.erase(first + static_cast<ptrdiff_t>(begin), first + static_cast<ptrdiff_t>(end));
  }
  return rest;
}

// Levels of negativity as training sets them: from the dev sets.
absl::Status FitScales(const TrainingData& data, TrainedModel& trained) {
  absl::StatusOr<BuiltModel> built = Build(trained);
  if (!built.ok()) return built.status();
  for (size_t l = 0; l < data.languages.size(); ++l) {
    std::vector<Judgement> all;
    for (const EvaluationSet& set : data.languages[l].dev) {
      const std::vector<Judgement> judgements = Judge(*built->model, set.posts, View(data.languages[l].code));
      all.insert(all.end(), judgements.begin(), judgements.end());
    }
    trained.languages[l].scale = FitScoreScale(all);
  }
  return absl::OkStatus();
}

struct Pools {
  std::vector<const Judgement*> negative;
  std::vector<const Judgement*> other;
};

// One sample's contribution to the sums of a Coverage.
void MeasureSample(const Pools& pools, const CoverageOptions& options, const RatioCalibration& calibration,
                   SplitMix64& random, Coverage* sums) {
  const double share = kLeastShare + (kMostShare - kLeastShare) * random.NextUnit();
  RatioCounts counts;
  double labelled = 0;
  for (size_t i = 0; i < options.sample_posts; ++i) {
    const auto& pool = random.NextUnit() < share ? pools.negative : pools.other;
    const Judgement& drawn = *pool[random.Next() % pool.size()];
    labelled += drawn.label == 0 ? 1 : 0;
    if (drawn.predicted > 2) continue;
    ++counts.classified;
    counts.negative += drawn.predicted == 0 ? 1 : 0;
    counts.negativity += drawn.negativity;
  }
  if (counts.classified == 0) return;
  const RatioEstimate estimate = EstimateRatio(counts, calibration);
  const double truth = labelled / static_cast<double>(options.sample_posts);
  const double raw = static_cast<double>(counts.negative) / static_cast<double>(counts.classified);
  sums->coverage += share >= estimate.interval.low && share <= estimate.interval.high ? 1 : 0;
  sums->width += estimate.interval.high - estimate.interval.low;
  sums->corrected_error += std::abs(estimate.corrected.value_or(raw) - truth);
  sums->raw_error += std::abs(raw - truth);
}

}  // namespace

Interval BootstrapMacroF1(const std::vector<Judgement>& judgements, uint64_t seed) {
  if (judgements.empty()) return {};
  SplitMix64 random(seed);
  std::vector<double> values;
  std::vector<Judgement> drawn(judgements.size());
  for (int i = 0; i < kResamples; ++i) {
    for (Judgement& judgement : drawn) judgement = judgements[random.Next() % judgements.size()];
    values.push_back(MeasureQuality(drawn).macro_f1);
  }
  std::sort(values.begin(), values.end());
  return {.low = values[kResamples / 40], .high = values[kResamples - 1 - kResamples / 40]};
}

Coverage MeasureCoverage(const std::vector<Judgement>& judgements, const CoverageOptions& options,
                         const RatioCalibration* shipped) {
  SplitMix64 random(options.seed);
  Pools pools;
  for (const Judgement& judgement : judgements)
    (judgement.label == 0 ? pools.negative : pools.other).push_back(&judgement);
  if (pools.negative.empty() || pools.other.empty()) return {};
  Coverage sums;
  double samples = 0;
  for (int c = 0; c < options.calibrations; ++c) {
    std::vector<Judgement> own;
    for (size_t i = 0; i < options.calibration_posts; ++i) {
      own.push_back(judgements[random.Next() % judgements.size()]);
    }
    absl::StatusOr<RatioCalibration> calibration = MeasureOwn(own, "own");
    if (shipped == nullptr && !calibration.ok()) continue;
    for (int s = 0; s < options.samples; ++s) {
      MeasureSample(pools, options, shipped != nullptr ? *shipped : *calibration, random, &sums);
      samples += 1;
    }
  }
  return {.coverage = Divide(sums.coverage, samples),
          .width = Divide(sums.width, samples),
          .corrected_error = Divide(sums.corrected_error, samples),
          .raw_error = Divide(sums.raw_error, samples)};
}

absl::StatusOr<std::vector<std::vector<Judgement>>> CrossValidate(const TrainingData& data, size_t folds,
                                                                  const FitOptions& options, double cost) {
  std::vector<std::vector<Judgement>> judged(data.languages.size());
  for (size_t fold = 0; fold < folds; ++fold) {
    const TrainingData rest = WithoutFold(data, fold, folds);
    TrainedModel trained = TrainLanguages(rest, MakeRows(rest), options, cost);
    if (absl::Status status = FitScales(rest, trained); !status.ok()) return status;
    absl::StatusOr<BuiltModel> built = Build(trained);
    if (!built.ok()) return built.status();
    for (size_t l = 0; l < data.languages.size(); ++l) {
      const LanguageData& language = data.languages[l];
      const auto [begin, end] = FoldBounds(language.train.size(), fold, folds);
      const auto first = language.train.begin();
      const std::vector<LabelledPost> left_out(first + static_cast<ptrdiff_t>(begin),
                                               first + static_cast<ptrdiff_t>(end));
      const std::vector<Judgement> judgements = Judge(*built->model, left_out, View(language.code));
      judged[l].insert(judged[l].end(), judgements.begin(), judgements.end());
    }
  }
  return judged;
}

namespace {

struct NamedSet {
  std::string name;
  std::vector<Judgement> judgements;
};

void ReportQuality(const std::vector<NamedSet>& sets, const EvaluateOptions& options) {
  options.report(absl::StrFormat("%-36s %6s %8s %15s %8s %8s", "set", "posts", "macro-F1", "95 %", "F1 neg", "recall"));
  for (const NamedSet& set : sets) {
    const Quality quality = MeasureQuality(set.judgements);
    const Interval interval = BootstrapMacroF1(set.judgements, options.fit.seed);
    options.report(absl::StrFormat("%-36s %6d %8.3f %7.3f-%.3f %9.3f %8.3f", set.name, set.judgements.size(),
                                   quality.macro_f1, interval.low, interval.high, quality.negative_f1,
                                   quality.macro_recall));
  }
}

void ReportCoverage(const std::vector<NamedSet>& sets, const RatioCalibration& shipped,
                    const EvaluateOptions& options) {
  options.report("coverage of the 95 % interval, mean width, error of the ratio: with 300 labelled posts, without");
  options.report(absl::StrFormat("%-36s %5s %8s %6s %6s | %8s %6s %6s", "set", "n", "coverage", "width", "error",
                                 "coverage", "width", "error"));
  for (const NamedSet& set : sets) {
    if (MeasureQuality(set.judgements).macro_recall < kUsableRecall) continue;
    for (const size_t n : kSampleSizes) {
      const CoverageOptions how = {.sample_posts = n, .seed = options.fit.seed};
      const Coverage own = MeasureCoverage(set.judgements, how, nullptr);
      const Coverage without = MeasureCoverage(set.judgements, how, &shipped);
      options.report(absl::StrFormat("%-36s %5d %8.3f %6.3f %6.3f | %8.3f %6.3f %6.3f", set.name, n, own.coverage,
                                     own.width, own.corrected_error, without.coverage, without.width,
                                     without.raw_error));
    }
  }
}

absl::Status ReportGroups(const EvaluationSet& set, const std::vector<Judgement>& judgements,
                          const EvaluateOptions& options) {
  const absl::StatusOr<GroupRatio> measured = MeasureGroupRatio(judgements, set.group, {.seed = options.fit.seed});
  if (!measured.ok()) return measured.status();
  options.report(
      absl::StrFormat("ratio of %d groups (airline and day) of %.0f posts, %s: mean absolute error and correlation",
                      measured->groups, measured->posts, set.name));
  const auto line = [&options](std::string_view how, const GroupRatio::Fit& fit) {
    options.report(absl::StrFormat("%-36s %8.3f %8.3f", how, fit.error, fit.correlation));
  };
  line("as classified", measured->raw);
  line("corrected by 300 other posts", measured->corrected);
  line("corrected by the rates of all posts", measured->known);
  options.report(absl::StrFormat("%-36s %8.3f", "by chance, were all groups read alike", measured->chance));
  options.report(absl::StrFormat("%-36s %8.3f", "of the labels, as a sample", measured->sampling));
  return absl::OkStatus();
}

}  // namespace

absl::Status RunEvaluate(const EvaluateOptions& options) {
  absl::StatusOr<TrainingData> data = ReadTrainingData(options.data_dir, options.words_path);
  if (!data.ok()) return data.status();
  const absl::StatusOr<std::shared_ptr<const SentimentModel>> opened = OpenModel(options.model_path);
  if (!opened.ok()) return opened.status();
  const SentimentModel* const model = opened->get();
  std::vector<NamedSet> sets;
  for (const LanguageData& language : data->languages) {
    for (const EvaluationSet& set : language.dev) {
      sets.push_back({set.name, Judge(*model, set.posts, View(language.code))});
    }
  }
  if (!data->unseen_domain.posts.empty()) {
    sets.push_back({data->unseen_domain.name, Judge(*model, data->unseen_domain.posts, "en")});
  }
  absl::StatusOr<std::vector<std::vector<Judgement>>> folds =
      CrossValidate(*data, options.folds, options.fit, options.cost);
  if (!folds.ok()) return folds.status();
  for (size_t l = 0; l < data->languages.size(); ++l) {
    sets.push_back(
        {absl::StrCat(View(data->languages[l].code), " out of ", options.folds, " folds"), std::move((*folds)[l])});
  }
  ReportQuality(sets, options);
  ReportCoverage(sets, model->calibration(), options);
  if (data->unseen_domain.posts.empty()) return absl::OkStatus();
  return ReportGroups(data->unseen_domain, Judge(*model, data->unseen_domain.posts, "en"), options);
}

}  // namespace tocsin
