// Tails of the distributions that decide: negative binomial (counts), binomial (shares), and Wilson's interval.
//
// Pure functions, thread-safe. Tails are summed term by term from a log-space start, so that probabilities of 1e-300
// keep their relative accuracy; cost grows with the standard deviation of the distribution (about 10 ns a term).
#pragma once

#include <cstdint>

namespace tocsin {

// P(X >= count) for a negative binomial with this mean and variance = dispersion * mean. A dispersion of 1 or less is
// Poisson. Johnson, Kemp & Kotz, Univariate Discrete Distributions, 5.1: r = mean / (dispersion - 1).
double NegativeBinomialTail(int64_t count, double mean, double dispersion);

// Smallest count whose tail is at most `probability`. REQUIRES: 0 < probability < 1.
int64_t NegativeBinomialThreshold(double mean, double dispersion, double probability);

// Largest count with P(X <= count) at most `probability`; -1 if there is none. REQUIRES: 1e-12 < probability
// < 0.3; below that rounding decides.
int64_t NegativeBinomialLowThreshold(double mean, double dispersion, double probability);

// P(X >= successes) of `trials` at `share`.
double BinomialTail(int64_t successes, int64_t trials, double share);

// Smallest number of successes whose tail is at most `probability`; trials + 1 if there is none.
int64_t BinomialThreshold(int64_t trials, double share, double probability);

struct Interval {
  double low = 0;
  double high = 1;
};

inline constexpr double kNormal95 = 1.959963984540054;  // two-sided 95 %

// Score interval of a share (Wilson, JASA 22 (1927), 209-212). Without trials: [0, 1].
Interval WilsonInterval(int64_t successes, int64_t trials, double z = kNormal95);

// Rounded as published: four decimals, no negative zero.
double RoundPublished(double value);

}  // namespace tocsin
