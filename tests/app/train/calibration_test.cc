#include "app/train/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "app/train/cross_validation.h"
#include "operators/detect/negative_ratio.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;

// Posts whose probability of being negative is 1 / (1 + exp(-(slope * margin + offset))).
std::vector<Judgement> LogisticPosts(size_t count, double slope, double offset, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> margins(0, 1);
  std::uniform_real_distribution<double> unit(0, 1);
  std::vector<Judgement> posts;
  for (size_t i = 0; i < count; ++i) {
    const double margin = margins(random);
    Judgement post;
    post.scores = {static_cast<int32_t>(margin * 65'536), 0, -65'536 * 4};
    post.label = unit(random) < 1 / (1 + std::exp(-(slope * margin + offset))) ? 0 : 1;
    post.predicted = margin > 0 ? 0 : 1;
    posts.push_back(post);
  }
  return posts;
}

void SetLevels(const ScoreScale& scale, std::vector<Judgement>* posts) {
  for (Judgement& post : *posts) {
    post.negativity = 0;
    for (const int32_t level : scale.level_q16) post.negativity += post.scores[0] >= level ? 1 : 0;
  }
}

TEST(CalibrationTest, LevelsStandWhereTheProbabilityDoesWhenFortyPercentAreNegative) {
  const std::vector<Judgement> posts = LogisticPosts(40'000, 2.0, -0.5, 1);
  const ScoreScale scale = FitScoreScale(posts);
  const auto negatives =
      static_cast<double>(std::count_if(posts.begin(), posts.end(), [](const Judgement& p) { return p.label == 0; }));
  const double share = negatives / static_cast<double>(posts.size());
  const double moved = -0.5 - std::log(share / (1 - share)) + std::log(0.4 / 0.6);
  for (size_t i = 0; i < scale.level_q16.size(); ++i) {
    const double p = 0.1 + 0.2 * static_cast<double>(i);
    EXPECT_THAT(scale.level_q16[i] / 65'536.0, DoubleNear((std::log(p / (1 - p)) - moved) / 2.0, 0.06)) << i;
  }
}

TEST(CalibrationTest, LevelsAreOfTheLeadOverBothOtherClasses) {
  const std::vector<Judgement> posts = LogisticPosts(4'000, 2.0, -0.5, 1);
  std::vector<Judgement> alike = posts;
  for (Judgement& post : alike) post.scores = {post.scores[0] + 65'536 / 2, 0, 0};
  const ScoreScale scale = FitScoreScale(posts);
  const ScoreScale scale_of_alike = FitScoreScale(alike);
  for (size_t i = 0; i < scale.level_q16.size(); ++i) {
    EXPECT_NEAR(scale_of_alike.level_q16[i], scale.level_q16[i], 4) << i;
  }
}

TEST(CalibrationTest, OwnMeasureIsMeanAndVarianceOfTheLevels) {
  std::vector<Judgement> posts;
  for (int i = 0; i < 30; ++i) {
    posts.push_back({.label = 0, .predicted = 0, .negativity = i % 2 == 0 ? 5 : 3});
    posts.push_back({.label = 2, .predicted = 2, .negativity = i % 3 == 0 ? 1 : 0});
    posts.push_back({.label = 0, .predicted = 3, .negativity = 0});  // unclassified: in no ratio
  }
  const auto calibration = MeasureOwn(posts, "mine");
  ASSERT_THAT(calibration, IsOk());
  EXPECT_EQ(calibration->negatives, 30);
  EXPECT_EQ(calibration->others, 30);
  EXPECT_NEAR(calibration->negative.mean, 0.8, 1e-12);
  EXPECT_NEAR(calibration->negative.variance, 0.04 * 30 / 29, 1e-12);
  EXPECT_NEAR(calibration->other.mean, 0.2 / 3, 1e-12);
  EXPECT_GT(calibration->negative.error, calibration->negative.variance / 30);
  EXPECT_LT(calibration->negative.error, 1.2 * calibration->negative.variance / 30);
}

TEST(CalibrationTest, TooFewPostsOrAModelAtChanceAreRefused) {
  std::vector<Judgement> posts;
  for (int i = 0; i < 19; ++i) {
    posts.push_back({.label = 0, .predicted = 0, .negativity = 5});
    posts.push_back({.label = 1, .predicted = 1, .negativity = 0});
  }
  EXPECT_THAT(MeasureOwn(posts, "few"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("negative=19")));
  posts.clear();
  for (int i = 0; i < 200; ++i) posts.push_back({.label = i % 3, .predicted = 0, .negativity = i % 5});
  EXPECT_THAT(MeasureOwn(posts, "chance"), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not tell")));
}

TEST(CalibrationTest, ShippedMeasureAllowsForWhatDiffersBetweenSets) {
  const auto set = [](int found, int wrong) {
    std::vector<Judgement> posts;
    for (int i = 0; i < 100; ++i) {
      posts.push_back({.label = 0, .predicted = i < found ? 0 : 1});
      posts.push_back({.label = 1, .predicted = i < wrong ? 0 : 1});
    }
    return posts;
  };
  EXPECT_EQ(MeasureShipped({set(60, 10), set(70, 20)}).kind, RatioCalibration::Kind::kNone);
  const RatioCalibration same = MeasureShipped({set(60, 10), set(60, 10), set(60, 10)});
  EXPECT_NEAR(same.negative.mean, 0.6, 1e-12);
  EXPECT_NEAR(same.negative.variance, 0.24, 1e-12);
  EXPECT_NEAR(same.negative.error, 0, 1e-12);
  const RatioCalibration differing = MeasureShipped({set(50, 10), set(60, 10), set(70, 10)});
  EXPECT_NEAR(differing.negative.mean, 0.6, 1e-12);
  EXPECT_GT(differing.negative.error, 0.01 * 4 / 3);
}

TEST(CalibrationTest, IntervalCoversOnPostsOfTheCalibratedDomain) {
  // Goal: what the model card's table is computed with says 95 % where the truth is known.
  std::vector<Judgement> posts = LogisticPosts(4'000, 2.0, -0.8, 2);
  SetLevels(FitScoreScale(posts), &posts);
  for (const size_t n : {size_t{20}, size_t{200}, size_t{2'000}}) {
    const Coverage coverage = MeasureCoverage(posts, {.sample_posts = n, .calibrations = 100, .samples = 10}, nullptr);
    EXPECT_THAT(coverage.coverage, AllOf(Ge(0.92), Le(0.99))) << n;
    EXPECT_GT(coverage.width, 0.05);
  }
}

TEST(CalibrationTest, BootstrapIntervalHoldsTheFigure) {
  std::vector<Judgement> posts = LogisticPosts(500, 2.0, 0, 3);
  for (size_t i = 0; i < posts.size(); i += 5) posts[i].label = posts[i].predicted = 2;
  const Interval interval = BootstrapMacroF1(posts, 1);
  const double value = MeasureQuality(posts).macro_f1;
  EXPECT_THAT(value, AllOf(Ge(interval.low), Le(interval.high)));
  EXPECT_LT(interval.high - interval.low, 0.1);
}

}  // namespace
}  // namespace tocsin
