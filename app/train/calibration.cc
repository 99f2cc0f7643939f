#include "app/train/calibration.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/files/read_file.h"
#include "app/train/fit.h"
#include "app/train/labelled_posts.h"
#include "app/train/mention_judge.h"
#include "app/train/model_writer.h"
#include "operators/detect/negative_ratio.h"
#include "operators/match/watchlist.h"
#include "operators/sentiment/calibration_file.h"
#include "operators/sentiment/model_format.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

constexpr double kAssumedNegativeShare = 0.4;
constexpr int kNewtonSteps = 60;
constexpr double kOneQ16 = 65'536;
// Below this a margin says so little that the levels would be far beyond any.
constexpr double kLeastSlope = 0.05;

double Logit(double p) { return std::log(p / (1 - p)); }

double Margin(const Judgement& judgement) { return sentiment_format::NegativeMargin(judgement.scores) / kOneQ16; }

struct Line {
  double slope = 1;
  double offset = 0;
};

// Logistic regression of "is negative" on the margin, by Newton's method.
Line FitMargin(const std::vector<Judgement>& judgements) {
  Line line;
  for (int step = 0; step < kNewtonSteps; ++step) {
    std::array<double, 2> gradient{};
    std::array<double, 3> hessian = {1e-6, 0, 1e-6};
    for (const Judgement& judgement : judgements) {
      const double x = Margin(judgement);
      const double p = 1 / (1 + std::exp(-(line.slope * x + line.offset)));
      const double error = p - (judgement.label == 0 ? 1 : 0);
      const double weight = p * (1 - p);
      gradient[0] += error * x;
      gradient[1] += error;
      hessian[0] += weight * x * x;
      hessian[1] += weight * x;
      hessian[2] += weight;
    }
    const double determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
    if (!(determinant > 0)) break;
    line.slope -= (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
    line.offset -= (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
  }
  return line;
}

// The sharpness that makes the labels most likely: the loss is convex in it.
double FitSharpness(const std::vector<Judgement>& judgements) {
  const auto slope_of_loss = [&judgements](double sharpness) {
    double slope = 0;
    for (const Judgement& judgement : judgements) {
      const double top = *std::max_element(judgement.scores.begin(), judgement.scores.end());
      double sum = 0;
      double weighted = 0;
      for (const int32_t score : judgement.scores) {
        const double term = std::exp(sharpness * (score - top) / kOneQ16);
        sum += term;
        weighted += term * score / kOneQ16;
      }
      slope += weighted / sum - judgement.scores[static_cast<size_t>(judgement.label)] / kOneQ16;
    }
    return slope;
  };
  double low = 0;
  double high = 64;
  for (int step = 0; step < kNewtonSteps; ++step) {
    const double middle = (low + high) / 2;
    (slope_of_loss(middle) < 0 ? low : high) = middle;
  }
  return low;
}

// By how much a Student interval of the mean of `count` values is wider than a normal one, squared
// (Abramowitz and Stegun 26.7.5, first term).
double StudentAllowance(size_t count) {
  const double freedom = std::max(1.0, static_cast<double>(count) - 1);
  const double ratio = 1 + (kNormal95 * kNormal95 + 1) / (4 * freedom);
  return ratio * ratio;
}

RatioCalibration::Measure MeasureLevels(const std::vector<Judgement>& judgements, bool negative, int64_t* posts) {
  double count = 0;
  double sum = 0;
  double squares = 0;
  for (const Judgement& judgement : judgements) {
    if (judgement.predicted > 2 || (judgement.label == 0) != negative) continue;
    const double level = static_cast<double>(judgement.negativity) / (kNegativityLevels - 1);
    count += 1;
    sum += level;
    squares += level * level;
  }
  *posts = static_cast<int64_t>(count);
  if (count < 2) return {};
  RatioCalibration::Measure measure;
  measure.mean = sum / count;
  measure.variance = std::max(0.0, (squares - sum * measure.mean) / (count - 1));
  measure.error = measure.variance / count * StudentAllowance(static_cast<size_t>(count));
  return measure;
}

// The share of one kind that was classified as negative, set by set.
RatioCalibration::Measure MeasureClasses(const std::vector<std::vector<Judgement>>& sets, bool negative,
                                         int64_t* posts) {
  const auto count = static_cast<double>(sets.size());
  double sum = 0;
  double squares = 0;
  *posts = 0;
  for (const std::vector<Judgement>& set : sets) {
    double classified = 0;
    double found = 0;
    for (const Judgement& judgement : set) {
      if (judgement.predicted > 2 || (judgement.label == 0) != negative) continue;
      classified += 1;
      found += judgement.predicted == 0 ? 1 : 0;
    }
    const double rate = classified > 0 ? found / classified : 0.5;
    sum += rate;
    squares += rate * rate;
    *posts += static_cast<int64_t>(classified);
  }
  RatioCalibration::Measure measure;
  measure.mean = sum / count;
  measure.variance = measure.mean * (1 - measure.mean);
  // Of the rate in a set that was not measured.
  const double between = std::max(0.0, (squares - sum * measure.mean) / (count - 1));
  measure.error = between * (1 + 1 / count) * StudentAllowance(sets.size());
  return measure;
}

absl::StatusOr<JudgedMentions> JudgeOwn(const CalibrateOptions& options, const SentimentModel& model,
                                        const std::vector<LabelledPost>& posts) {
  if (options.watchlist_path.empty()) return JudgedMentions{Judge(model, posts, options.language)};
  const std::optional<std::string> yaml = ReadWholeFile(options.watchlist_path);
  if (!yaml.has_value()) {
    return absl::NotFoundError(absl::StrCat("can't read the watchlist; file=", options.watchlist_path));
  }
  const absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(*yaml, options.watchlist_path);
  if (!watchlist.ok()) return watchlist.status();
  return JudgeMentions(model, **watchlist, posts, options.language);
}

}  // namespace

ScoreScale FitScoreScale(const std::vector<Judgement>& judgements) {
  ScoreScale scale;
  const auto negatives = static_cast<double>(
      std::count_if(judgements.begin(), judgements.end(), [](const Judgement& j) { return j.label == 0; }));
  const double share = negatives / static_cast<double>(std::max<size_t>(1, judgements.size()));
  if (!(share > 0 && share < 1)) return scale;
  Line line = FitMargin(judgements);
  line.slope = std::max(line.slope, kLeastSlope);
  const double offset = line.offset - Logit(share) + Logit(kAssumedNegativeShare);
  for (size_t i = 0; i < scale.level_q16.size(); ++i) {
    const double probability = (2.0 * static_cast<double>(i) + 1) / (2 * (kNegativityLevels - 1));
    const double margin = (Logit(probability) - offset) / line.slope;
    constexpr double kFar = sentiment_format::kMaxLevelQ16;
    scale.level_q16[i] = static_cast<int32_t>(std::lround(std::clamp(margin * kOneQ16, -kFar, kFar)));
  }
  scale.sharpness_q16 = static_cast<int32_t>(std::lround(FitSharpness(judgements) * kOneQ16));
  return scale;
}

absl::StatusOr<RatioCalibration> MeasureOwn(const std::vector<Judgement>& judgements, std::string name) {
  RatioCalibration calibration;
  calibration.kind = RatioCalibration::Kind::kOwn;
  calibration.name = std::move(name);
  calibration.negative = MeasureLevels(judgements, true, &calibration.negatives);
  calibration.other = MeasureLevels(judgements, false, &calibration.others);
  if (calibration.negatives < kCalibrationPostsMin || calibration.others < kCalibrationPostsMin) {
    return absl::InvalidArgumentError(absl::StrCat(
        "too few labelled posts that the model classifies: at least ", kCalibrationPostsMin,
        " negative and as many others are needed, 300 in all are advised; negative=", calibration.negatives,
        " other=", calibration.others));
  }
  const double gain = calibration.negative.mean - calibration.other.mean;
  if (!(gain > 2 * std::sqrt(calibration.negative.error + calibration.other.error))) {
    return absl::InvalidArgumentError(
        absl::StrCat("the model does not tell negative posts from others here: no correction can be measured; gain=",
                     absl::StrFormat("%.3f", gain)));
  }
  return calibration;
}

RatioCalibration MeasureShipped(const std::vector<std::vector<Judgement>>& sets) {
  if (sets.size() < 3) return {};
  RatioCalibration calibration;
  calibration.kind = RatioCalibration::Kind::kShipped;
  calibration.name = "shipped";
  calibration.negative = MeasureClasses(sets, true, &calibration.negatives);
  calibration.other = MeasureClasses(sets, false, &calibration.others);
  return calibration;
}

absl::StatusOr<std::shared_ptr<const SentimentModel>> OpenModel(const std::string& path) {
  if (path.empty()) return std::shared_ptr<const SentimentModel>(std::shared_ptr<void>(), &SentimentModel::Default());
  return SentimentModel::Load(path);
}

absl::Status RunCalibrate(const CalibrateOptions& options) {
  absl::StatusOr<std::vector<LabelledPost>> posts = ReadLabelledPosts(options.posts_path);
  if (!posts.ok()) return posts.status();
  const absl::StatusOr<std::shared_ptr<const SentimentModel>> opened = OpenModel(options.model_path);
  if (!opened.ok()) return opened.status();
  const SentimentModel* const model = opened->get();
  std::string name = options.name;
  if (name.empty()) name = std::filesystem::path(options.posts_path).stem().string();
  const absl::StatusOr<JudgedMentions> judged = JudgeOwn(options, *model, *posts);
  if (!judged.ok()) return judged.status();
  absl::StatusOr<RatioCalibration> calibration = MeasureOwn(judged->judgements, name);
  if (!calibration.ok()) return calibration.status();
  if (options.report) {
    const Quality quality = MeasureQuality(judged->judgements);
    const auto line = [&options](std::string_view of, const RatioCalibration::Measure& measure, int64_t count) {
      options.report(absl::StrFormat("%-9s posts=%d mean=%.4f variance=%.4f error=%.6f", of, count, measure.mean,
                                     measure.variance, measure.error));
    };
    if (!options.watchlist_path.empty()) {
      options.report(
          absl::StrFormat("mentions=%d posts_without_a_mention=%d", judged->judgements.size(), judged->unmatched));
    }
    options.report(absl::StrFormat("model=%08x posts=%d classified=%.3f macro_f1=%.3f negatives true=%.3f found=%.3f",
                                   model->checksum(), posts->size(), quality.classified_share, quality.macro_f1,
                                   quality.negative_share, quality.predicted_negative_share));
    line("negative", calibration->negative, calibration->negatives);
    line("other", calibration->other, calibration->others);
    options.report(absl::StrCat("calibration=", calibration->name, " file=", options.out_path));
  }
  absl::StatusOr<std::string> bytes = SerializeCalibration(*calibration, model->checksum());
  if (!bytes.ok()) return bytes.status();
  return WriteModelFile(options.out_path, *bytes);
}

}  // namespace tocsin
