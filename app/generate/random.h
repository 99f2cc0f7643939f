// Seeded random numbers whose sequences are the same on every machine and with every standard library.
//
// xoshiro256++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators", TOMS 2021), seeded by SplitMix64.
// Not thread-safe.
#pragma once

#include <cmath>
#include <cstdint>

namespace tocsin {

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15ULL;
      uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
      word = z ^ (z >> 31);
    }
  }

  uint64_t Next() {
    const uint64_t result = Rotate(state_[0] + state_[3], 23) + state_[0];
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, n). REQUIRES: n > 0. The bias of multiply-shift is below 2^-32 for the n used here.
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(((Next() >> 32) * n) >> 32); }
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  bool Chance(double p) { return Unit() < p; }

  // Standard normal, by Box and Muller.
  double Normal() {
    const double u = 1.0 - Unit();
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * Unit());
  }

  // Gamma with mean 1 and the given shape (Marsaglia & Tsang, TOMS 2000, for shape >= 1; boosted below it).
  double GammaMeanOne(double shape) {
    double boost = 1.0;
    double k = shape;
    if (k < 1.0) {
      boost = std::pow(1.0 - Unit(), 1.0 / k);
      k += 1.0;
    }
    const double d = k - 1.0 / 3.0;
    const double c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
      const double x = Normal();
      const double v = 1.0 + c * x;
      if (v <= 0) continue;
      const double cube = v * v * v;
      if (std::log(1.0 - Unit()) < 0.5 * x * x + d - d * cube + d * std::log(cube)) return boost * d * cube / shape;
    }
  }

  // Poisson: by multiplication for small means, by a rounded normal above 60 (relative error of the tails is of no
  // interest to a firehose).
  uint32_t Poisson(double mean) {
    if (mean <= 0) return 0;
    if (mean > 60) {
      const double value = std::floor(mean + std::sqrt(mean) * Normal() + 0.5);
      return value <= 0 ? 0 : static_cast<uint32_t>(value);
    }
    const double limit = std::exp(-mean);
    uint32_t count = 0;
    for (double product = Unit(); product > limit; product *= Unit()) ++count;
    return count;
  }

 private:
  static uint64_t Rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

  uint64_t state_[4];
};

}  // namespace tocsin
