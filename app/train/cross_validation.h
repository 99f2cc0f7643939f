// `tocsin train --evaluate`: what is known about the quality of a model, with its uncertainty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/train/evaluation.h"
#include "app/train/fit.h"
#include "app/train/training_data.h"
#include "operators/detect/tail.h"
#include "operators/sentiment/ratio_calibration.h"

namespace tocsin {

// 95 % percentile interval of macro-F1 over resamples of the posts (Efron 1979).
[[nodiscard]] Interval BootstrapMacroF1(const std::vector<Judgement>& judgements, uint64_t seed);

// How the published ratio does on samples of labelled posts in which the share of negatives is drawn from 5 % to 65 %.
// The posts stand for all of their domain: calibrations and samples are drawn from them independently, with
// replacement.
struct CoverageOptions {
  size_t sample_posts = 200;
  size_t calibration_posts = 300;  // drawn anew for each calibration
  int calibrations = 200;
  int samples = 20;  // of each calibration
  uint64_t seed = 1;
};
struct Coverage {
  double coverage = 0;         // of the share that a sample was drawn with, by the 95 % interval
  double width = 0;            // mean, of the interval
  double corrected_error = 0;  // mean absolute error of the ratio against the labels of the sample
  double raw_error = 0;
};
// With the user's own calibration, or with `shipped` if it is not null. All zero without posts of both kinds.
[[nodiscard]] Coverage MeasureCoverage(const std::vector<Judgement>& judgements, const CoverageOptions& options,
                                       const RatioCalibration* shipped);

// Every training post judged by a model that was trained without its block: each language's posts are split into
// `folds` blocks in the order of their files, so that topics that stand together are left out together. By language.
[[nodiscard]] absl::StatusOr<std::vector<std::vector<Judgement>>> CrossValidate(const TrainingData& data, size_t folds,
                                                                                const FitOptions& options, double cost);

struct EvaluateOptions {
  std::string data_dir;
  std::string words_path;  // as in TrainOptions, for the models out of fold
  std::string model_path;  // empty: the shipped model
  size_t folds = 5;
  double cost = 0.12;  // as chosen for the shipped model
  FitOptions fit;
  std::function<void(std::string_view line)> report;  // must not be empty
};

// Prints tables: quality on dev sets and out of fold, the coverage of the interval, and the ratio by airline and day. A
// few minutes. Errors as ReadTrainingData() and SentimentModel::Load().
[[nodiscard]] absl::Status RunEvaluate(const EvaluateOptions& options);

}  // namespace tocsin
