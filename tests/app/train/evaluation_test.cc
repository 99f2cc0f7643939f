#include "app/train/evaluation.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

std::vector<Judgement> Repeat(std::vector<Judgement> part, int times) {
  std::vector<Judgement> all;
  for (int i = 0; i < times; ++i) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(EvaluationTest, PerfectPredictionsHaveFullMarks) {
  const Quality quality = MeasureQuality({{0, 0}, {1, 1}, {2, 2}, {2, 2}});
  EXPECT_DOUBLE_EQ(quality.macro_f1, 1.0);
  EXPECT_DOUBLE_EQ(quality.negative_f1, 1.0);
  EXPECT_DOUBLE_EQ(quality.macro_recall, 1.0);
  EXPECT_DOUBLE_EQ(quality.negative_share, 0.25);
}

TEST(EvaluationTest, FiguresEqualAWorkedExample) {
  // Negative: 1 of 2 found, 1 wrongly found. Neutral: 1 of 2, 0. Positive: 2 of 2, 1.
  const Quality quality = MeasureQuality({{0, 0}, {0, 2}, {1, 1}, {1, 0}, {2, 2}, {2, 2}});
  EXPECT_DOUBLE_EQ(quality.negative_f1, 0.5);
  EXPECT_NEAR(quality.macro_f1, (0.5 + 2.0 / 3 + 0.8) / 3, 1e-12);
  EXPECT_NEAR(quality.macro_recall, (0.5 + 0.5 + 1.0) / 3, 1e-12);
}

TEST(EvaluationTest, UnclassifiedCountsAsMissedButNotInTheRatio) {
  const Quality quality = MeasureQuality({{0, 3}, {0, 0}, {1, 1}, {2, 2}});
  EXPECT_NEAR(quality.negative_f1, 2.0 / 3, 1e-12);
  EXPECT_DOUBLE_EQ(quality.classified_share, 0.75);
  EXPECT_NEAR(quality.predicted_negative_share, 1.0 / 3, 1e-12);
}

TEST(EvaluationTest, RatioErrorIsZeroForPerfectAndTheBiasForConstantPredictions) {
  EXPECT_DOUBLE_EQ(MeasureRatioError(Repeat({{0, 0}, {1, 1}}, 50), {}), 0.0);
  EXPECT_NEAR(MeasureRatioError(Repeat({{0, 1}, {1, 1}}, 50), {}), 0.5, 0.01);
  EXPECT_NEAR(MeasureRatioError(Repeat({{0, 1}, {1, 1}}, 50), {.vary_prevalence = true}), 0.35, 0.02);
}

TEST(EvaluationTest, RatioErrorCancelsWhereMistakesBalance) {
  const auto balanced = Repeat({{0, 0}, {0, 1}, {1, 0}, {1, 1}}, 50);
  EXPECT_LT(MeasureRatioError(balanced, {}), 0.05);
  EXPECT_GT(MeasureRatioError(balanced, {.vary_prevalence = true}), 0.1);
}

TEST(EvaluationTest, EmptyInputMeasuresZero) {
  EXPECT_DOUBLE_EQ(MeasureQuality({}).macro_f1, 0.0);
  EXPECT_DOUBLE_EQ(MeasureRatioError({}, {}), 0.0);
}

}  // namespace
}  // namespace tocsin
