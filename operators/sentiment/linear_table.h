// Sums and scores of one table of quantised weights, in integers only, so that
// every implementation comes to the same bits. This is the inner loop of
// sentiment classification.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "operators/sentiment/kernels.h"
#include "operators/sentiment/model_format.h"

namespace tocsin {

// floor(sqrt(floor(2^40 / count))), the fixed-point 1 / sqrt(count). REQUIRES:
// count > 0.
[[nodiscard]] uint32_t InverseSqrtQ20(size_t count);

// The score of a class whose weights sum to `sum` over `count` features, in units
// of 2^-16: bias + floor(sum * scale * InverseSqrtQ20(count) / 2^36).
[[nodiscard]] inline int32_t ScoreQ16(int32_t sum, uint32_t scale_q32, uint32_t inverse_sqrt_q20, int32_t bias_q16) {
  const int64_t scaled = int64_t{sum} * int64_t{scale_q32} * int64_t{inverse_sqrt_q20};
  return bias_q16 + static_cast<int32_t>(scaled >> 36);
}

// Weights of the three classes summed over the buckets of `hashes`. `weights`
// holds 3 bytes a bucket and must be readable one byte beyond the last bucket.
[[nodiscard]] std::array<int32_t, sentiment_format::kClasses> SumClassWeights(const uint8_t* weights, uint32_t bits,
                                                                              std::span<const uint32_t> hashes);
// With given inner loops, for tests and benchmarks. REQUIRES: this processor can run them.
[[nodiscard]] std::array<int32_t, sentiment_format::kClasses> SumClassWeights(const uint8_t* weights, uint32_t bits,
                                                                              std::span<const uint32_t> hashes,
                                                                              const SentimentKernels& kernels);

// As above for the eight languages of a guess table.
[[nodiscard]] std::array<int32_t, sentiment_format::kGuessLanguages> SumLanguageWeights(
    const uint8_t* weights, uint32_t bits, std::span<const uint32_t> hashes);

}  // namespace tocsin
