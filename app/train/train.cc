#include "app/train/train.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/train/calibration.h"
#include "app/train/evaluation.h"
#include "app/train/fit.h"
#include "app/train/model_writer.h"
#include "app/train/training_data.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

// Training data holds fewer negatives than a crisis does, so the classifier
// misses negatives; their bias is raised by the step that makes the ratio's error
// least over varied prevalence, as long as macro-F1 does not fall by more than
// the tolerance.
constexpr float kShiftStep = 0.05F;
constexpr int kShiftSteps = 4;
constexpr double kShiftTolerance = 0.005;
// Fewer dev posts than this cannot tell one step from the next.
constexpr size_t kShiftMinPosts = 1000;

FitOptions FitOf(const TrainOptions& options) {
  return {.seed = options.seed, .epochs = options.epochs, .shared = options.shared};
}

double MeanMacroF1(const SentimentModel& model, const LanguageData& language) {
  double sum = 0;
  for (const EvaluationSet& set : language.dev) {
    sum += MeasureQuality(Judge(model, set.posts, View(language.code))).macro_f1;
  }
  return language.dev.empty() ? 0.0 : sum / static_cast<double>(language.dev.size());
}

double MeanRatioError(const SentimentModel& model, const LanguageData& language, uint64_t seed) {
  double sum = 0;
  for (const EvaluationSet& set : language.dev) {
    sum += MeasureRatioError(Judge(model, set.posts, View(language.code)), {.vary_prevalence = true, .seed = seed});
  }
  return language.dev.empty() ? 0.0 : sum / static_cast<double>(language.dev.size());
}

size_t DevPosts(const LanguageData& language) {
  size_t posts = 0;
  for (const EvaluationSet& set : language.dev) posts += set.posts.size();
  return posts;
}

// Sets the bias of every language's negative class as kShiftStep says.
absl::Status ShiftNegatives(const TrainingData& data, const TrainOptions& options, TrainedModel& trained) {
  const size_t count = data.languages.size();
  std::vector<float> unshifted(count);
  std::vector<float> chosen(count);
  std::vector<double> floor_f1(count);
  std::vector<double> least_error(count);
  for (size_t l = 0; l < count; ++l) unshifted[l] = trained.languages[l].weights.bias[0];
  for (int step = 0; step <= kShiftSteps; ++step) {
    const float shift = kShiftStep * static_cast<float>(step);
    for (size_t l = 0; l < count; ++l) trained.languages[l].weights.bias[0] = unshifted[l] + shift;
    absl::StatusOr<BuiltModel> built = Build(trained);
    if (!built.ok()) return built.status();
    for (size_t l = 0; l < count; ++l) {
      const LanguageData& language = data.languages[l];
      if (DevPosts(language) < kShiftMinPosts) continue;
      const double f1 = MeanMacroF1(*built->model, language);
      const double error = MeanRatioError(*built->model, language, options.seed);
      if (step == 0) floor_f1[l] = f1 - kShiftTolerance;
      if (step == 0 || (f1 >= floor_f1[l] && error < least_error[l])) {
        chosen[l] = shift;
        least_error[l] = error;
      }
    }
  }
  for (size_t l = 0; l < count; ++l) {
    trained.languages[l].weights.bias[0] = unshifted[l] + chosen[l];
    absl::StrAppend(&trained.description, "negative_shift.", View(data.languages[l].code), "=",
                    absl::StrFormat("%.2f", chosen[l]), "\n");
  }
  return absl::OkStatus();
}

// Measures on the dev sets how scores are to be read and what the classes of an unknown domain are worth.
absl::Status Calibrate(const TrainingData& data, TrainedModel& trained) {
  absl::StatusOr<BuiltModel> built = Build(trained);
  if (!built.ok()) return built.status();
  std::vector<std::vector<Judgement>> sets;
  for (size_t l = 0; l < data.languages.size(); ++l) {
    std::vector<Judgement> all;
    for (const EvaluationSet& set : data.languages[l].dev) {
      std::vector<Judgement> judgements = Judge(*built->model, set.posts, View(data.languages[l].code));
      all.insert(all.end(), judgements.begin(), judgements.end());
      if (MeasureQuality(judgements).macro_recall >= kUsableRecall) sets.push_back(std::move(judgements));
    }
    trained.languages[l].scale = FitScoreScale(all);
  }
  trained.calibration = MeasureShipped(sets);
  return absl::OkStatus();
}

void ReportSet(const TrainOptions& options, const SentimentModel& model, const EvaluationSet& set,
               std::string_view language) {
  const std::vector<Judgement> judgements = Judge(model, set.posts, language);
  const Quality quality = MeasureQuality(judgements);
  size_t right_guesses = 0;
  for (const LabelledPost& post : set.posts) {
    right_guesses += model.GuessLanguage(post.text) == language ? 1U : 0U;
  }
  options.report(absl::StrFormat("%-36s %5d %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f %8.3f", set.name,
                                 set.posts.size(), quality.macro_f1, quality.negative_f1, quality.macro_recall,
                                 quality.negative_share, quality.predicted_negative_share,
                                 MeasureRatioError(judgements, {.seed = options.seed}),
                                 MeasureRatioError(judgements, {.vary_prevalence = true, .seed = options.seed}),
                                 static_cast<double>(right_guesses) / static_cast<double>(set.posts.size())));
}

void Report(const TrainOptions& options, const TrainingData& data, const BuiltModel& built) {
  if (!options.report) return;
  options.report(absl::StrFormat("%-36s %5s %8s %8s %8s %8s %8s %8s %8s %8s", "set", "posts", "macro-F1", "F1 neg",
                                 "recall", "neg true", "neg pred", "ratio e.", "varied", "guessed"));
  for (const LanguageData& language : data.languages) {
    for (const EvaluationSet& set : language.dev) {
      ReportSet(options, *built.model, set, View(language.code));
    }
  }
  if (!data.unseen_domain.posts.empty()) {
    ReportSet(options, *built.model, data.unseen_domain, "en");
  }
  options.report(absl::StrFormat("bytes=%d crc32=%08x", built.bytes.size(), built.model->checksum()));
}

// The model trained with the best of the costs.
absl::StatusOr<TrainedModel> SelectCost(const TrainingData& data, const TrainOptions& options) {
  const std::map<int, TrainingSet> rows = MakeRows(data);
  TrainedModel best;
  double best_f1 = -1;
  for (const double cost : options.costs) {
    TrainedModel trained = TrainLanguages(data, rows, FitOf(options), cost);
    absl::StatusOr<BuiltModel> built = Build(trained);
    if (!built.ok()) return built.status();
    double f1 = 0;
    double languages = 0;
    for (const LanguageData& language : data.languages) {
      if (!language.first_class) continue;
      f1 += MeanMacroF1(*built->model, language);
      languages += 1;
    }
    f1 /= std::max(1.0, languages);
    if (options.report) options.report(absl::StrFormat("cost=%g macro_f1=%.4f", cost, f1));
    if (f1 <= best_f1) continue;
    best_f1 = f1;
    best = std::move(trained);
    best.description =
        absl::StrFormat("trainer=tocsin train\nseed=%d\nepochs=%d\ncost=%g\n", options.seed, options.epochs, cost);
    absl::StrAppend(&best.description, "shared=", options.shared, "\n");
  }
  for (const LanguageData& language : data.languages) {
    absl::StrAppend(&best.description, "posts.", View(language.code), "=", language.train.size(), "\n");
  }
  return best;
}

}  // namespace

absl::Status RunTrain(const TrainOptions& options) {
  if (options.costs.empty() || options.epochs < 1 || !(options.shared >= 0)) {
    return absl::InvalidArgumentError("train needs a cost, an epoch and a shared weight >= 0");
  }
  absl::StatusOr<TrainingData> data = ReadTrainingData(options.data_dir, options.words_path);
  if (!data.ok()) return data.status();
  absl::StatusOr<TrainedModel> trained = SelectCost(*data, options);
  if (!trained.ok()) return trained.status();
  trained->guess = TrainGuess(*data, FitOf(options));
  if (absl::Status status = ShiftNegatives(*data, options, *trained); !status.ok()) return status;
  if (absl::Status status = Calibrate(*data, *trained); !status.ok()) return status;
  absl::StatusOr<BuiltModel> built = Build(*trained);
  if (!built.ok()) return built.status();
  Report(options, *data, *built);
  return WriteModelFile(options.out_path, built->bytes);
}

}  // namespace tocsin
