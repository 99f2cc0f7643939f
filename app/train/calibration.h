// From classified posts with labels to what a ratio needs: levels of negativity, probabilities, and the calibration.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/train/evaluation.h"
#include "operators/sentiment/ratio_calibration.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

// How the scores of one language become levels of negativity and probabilities.
struct ScoreScale {
  // Margins of the negative class at which the probability that a post is negative is 0.1, 0.3, 0.5, 0.7 and 0.9 where
  // 40 % of posts are (Platt 1999); ascending, units of 2^-16.
  std::array<int32_t, kNegativityLevels - 1> level_q16{};
  // The classes' probabilities are proportional to exp(sharpness * score) (Guo et al., ICML 2017).
  int32_t sharpness_q16 = 0;
};
[[nodiscard]] ScoreScale FitScoreScale(const std::vector<Judgement>& judgements);

// The user's own calibration, from the levels of their labelled posts. InvalidArgument if fewer than
// kCalibrationPostsMin posts of either kind were classified, or if the classifier can't tell them apart.
inline constexpr int64_t kCalibrationPostsMin = 20;
[[nodiscard]] absl::StatusOr<RatioCalibration> MeasureOwn(const std::vector<Judgement>& judgements, std::string name);

// Classes whose macro-recall is below this are too near to chance (a third) to say what others are worth.
inline constexpr double kUsableRecall = 0.4;

// What is known without one: the classes that several sets of posts were given, and how much that differs between them.
// Kind kNone if there are fewer than three sets or a set lacks either kind of post.
[[nodiscard]] RatioCalibration MeasureShipped(const std::vector<std::vector<Judgement>>& sets);

struct CalibrateOptions {
  std::string posts_path;  // labelled posts of the user's own, as ReadLabelledPosts() reads them
  std::string model_path;  // empty: the shipped model
  std::string language;    // of all posts; empty: each is guessed
  // Watchlist whose mentions the posts are judged as; posts without one are left out. Empty: whole posts, by the model
  // alone.
  std::string watchlist_path;
  std::string name;  // as published; empty: the name of the file of posts
  std::string out_path;
  std::function<void(std::string_view line)> report;
};

// The model of a file, or the shipped one without a path. Errors as SentimentModel::Load().
absl::StatusOr<std::shared_ptr<const SentimentModel>> OpenModel(const std::string& path);

// Writes the calibration that sentiment.calibration names. Errors as ReadLabelledPosts(), SentimentModel::Load(),
// Watchlist::Parse() and MeasureOwn(); NotFound if the watchlist cannot be read.
[[nodiscard]] absl::Status RunCalibrate(const CalibrateOptions& options);

}  // namespace tocsin
