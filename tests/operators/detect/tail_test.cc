#include "operators/detect/tail.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

struct TailCase {
  int64_t count;
  double mean;
  double dispersion;
  double tail;
};

// Golden values: sums of the mass function in 60-digit decimal (negative binomial, Poisson) and exact rational
// (binomial) arithmetic.
TEST(TailTest, NegativeBinomialEqualsExactSums) {
  const TailCase cases[] = {
      {8, 1.65, 1.5, 0.0046480605603203854},
      {14, 2, 2, 0.00048828125},
      {30, 5, 3, 0.00014503209933574871},
      {67, 20, 4.2, 0.00022592295536064558},
      {3, 5, 2, 0.7734375},
      {250, 100, 10, 0.00020019801823706082},
      {1, 0.01, 1.25, 0.0088860258702805669},
      {1500, 1000, 5, 2.1976879586320592e-10},
      {8, 1.65, 1, 0.00031894062416351588},
      {20, 5, 1, 3.4521358209144602e-07},
      {3, 5, 1, 0.87534798051691887},
      {200, 100, 1, 9.3431500729883894e-19},
  };
  for (const TailCase& c : cases) {
    const double tail = NegativeBinomialTail(c.count, c.mean, c.dispersion);
    EXPECT_NEAR(tail / c.tail, 1, 1e-9) << c.count << " " << c.mean << " " << c.dispersion;
  }
}

TEST(TailTest, BinomialEqualsExactSums) {
  const TailCase cases[] = {
      {9, 20, 0.1, 5.985853174036018e-05},
      {40, 130, 0.165, 4.1439572800579762e-05},
      {1, 5, 0.5, 0.96875},
      {60, 60, 0.3, 4.2391158275216204e-32},
      {12, 100, 0.1, 0.29696689971124618},
      {300, 1000, 0.165, 2.6678545622421467e-26},
      {5, 100, 0.1, 0.97628891733652323},
  };
  for (const TailCase& c : cases) {
    const double tail = BinomialTail(c.count, static_cast<int64_t>(c.mean), c.dispersion);
    EXPECT_NEAR(tail / c.tail, 1, 1e-9) << c.count << " of " << c.mean;
  }
}

TEST(TailTest, ThresholdsAreTheSmallestCountWithinTheProbability) {
  EXPECT_EQ(NegativeBinomialThreshold(1.65, 1.5, 1e-5), 15);
  EXPECT_EQ(NegativeBinomialThreshold(20, 4.2, 1e-5), 83);
  EXPECT_EQ(NegativeBinomialThreshold(0.01, 1.25, 1e-5), 5);
  EXPECT_EQ(NegativeBinomialThreshold(5, 6, 1e-5), 64);
  EXPECT_EQ(NegativeBinomialThreshold(100, 1, 1e-5), 146);
  EXPECT_EQ(BinomialThreshold(60, 0.165, 1e-4), 23);
  EXPECT_EQ(BinomialThreshold(130, 0.165, 1e-4), 39);
  EXPECT_EQ(BinomialThreshold(10, 0.1, 1e-4), 7);
  EXPECT_EQ(BinomialThreshold(1000, 0.3, 1e-4), 356);
  EXPECT_EQ(BinomialThreshold(3, 0.165, 1e-4), 4) << "three trials can't be that improbable";

  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    const double mean = std::exp(std::uniform_real_distribution<>(-6, 7)(random));
    const double dispersion = 1 + std::exp(std::uniform_real_distribution<>(-6, 3)(random));
    const int64_t threshold = NegativeBinomialThreshold(mean, dispersion, 1e-5);
    EXPECT_LE(NegativeBinomialTail(threshold, mean, dispersion), 1e-5) << mean << " " << dispersion;
    EXPECT_GT(NegativeBinomialTail(threshold - 1, mean, dispersion), 1e-5) << mean << " " << dispersion;
  }
}

TEST(TailTest, TailsFallWithTheCountAndMatchTheNaiveSum) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 200; ++i) {
    const auto trials = std::uniform_int_distribution<int64_t>(1, 60)(random);
    const double share = std::uniform_real_distribution<>(0.01, 0.99)(random);
    double naive = 0;
    for (int64_t k = trials; k >= 0; --k) {
      double mass = 1;
      for (int64_t j = 0; j < k; ++j) mass *= static_cast<double>(trials - j) / static_cast<double>(j + 1) * share;
      naive += mass * std::pow(1 - share, static_cast<double>(trials - k));
      EXPECT_NEAR(BinomialTail(k, trials, share), naive, 1e-9) << k << "/" << trials << " at " << share;
    }
  }
}

TEST(TailTest, DegenerateArgumentsHaveDefinedTails) {
  EXPECT_EQ(NegativeBinomialTail(0, 5, 2), 1);
  EXPECT_EQ(NegativeBinomialTail(1, 0, 2), 0);
  EXPECT_EQ(NegativeBinomialThreshold(0, 2, 1e-5), 1);
  EXPECT_EQ(BinomialTail(0, 0, 0.5), 1);
  EXPECT_EQ(BinomialTail(1, 0, 0.5), 0);
  EXPECT_EQ(BinomialTail(1, 10, 0), 0);
  EXPECT_EQ(BinomialTail(10, 10, 1), 1);
  EXPECT_EQ(WilsonInterval(0, 0).low, 0);
  EXPECT_EQ(WilsonInterval(0, 0).high, 1);
}

TEST(TailTest, WilsonIntervalEqualsTheFormula) {
  struct Case {
    int64_t successes, trials;
    double low, high;
  };
  for (const Case& c : {Case{5, 10, 0.236593090512564, 0.763406909487436}, Case{0, 10, 0, 0.277532799862889},
                        Case{20, 20, 0.838874841947181, 1}, Case{42, 100, 0.327983826743547, 0.51793513296957},
                        Case{1, 1000, 0.000176546370626078, 0.00564255859795793}}) {
    const Interval interval = WilsonInterval(c.successes, c.trials);
    EXPECT_NEAR(interval.low, c.low, 1e-12);
    EXPECT_NEAR(interval.high, c.high, 1e-12);
  }
}

// The limits are the two shares p at which the observed one lies 1.96 standard errors of p away.
TEST(TailTest, WilsonLimitsLieTheGivenNumberOfStandardErrorsAway) {
  for (int64_t trials : {1, 2, 10, 57, 1'000, 1'000'000}) {
    for (int64_t successes : {int64_t{0}, trials / 3, trials / 2, trials}) {
      const Interval interval = WilsonInterval(successes, trials);
      const double share = static_cast<double>(successes) / static_cast<double>(trials);
      for (const double limit : {interval.low, interval.high}) {
        if (limit <= 0 || limit >= 1) continue;
        const double error = std::sqrt(limit * (1 - limit) / static_cast<double>(trials));
        EXPECT_THAT(std::abs(limit - share) / error, testing::DoubleNear(1.959964, 1e-5))
            << successes << " of " << trials;
      }
      EXPECT_LE(interval.low, share);
      EXPECT_GE(interval.high, share);
    }
  }
}

TEST(TailTest, PublishedNumbersHaveFourDecimalsAndNoNegativeZero) {
  EXPECT_EQ(RoundPublished(0.12345678), 0.1235);
  EXPECT_FALSE(std::signbit(RoundPublished(-0.00001)));
}

}  // namespace
}  // namespace tocsin
