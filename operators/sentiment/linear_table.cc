#include "operators/sentiment/linear_table.h"

#include <algorithm>
#include <cmath>

#include "engine/base/byte_words.h"

namespace tocsin {
namespace {

// A 16-bit lane holds the sum of this many bytes without overflow.
constexpr size_t kLaneCapacity = 256;

constexpr size_t kTabulatedCounts = 1024;

uint32_t ComputeInverseSqrtQ20(size_t count) {
  const uint64_t square = (uint64_t{1} << 40) / count;
  // Exact: a double's square root is correctly rounded, and no root of an integer
  // below 2^52 that is not whole rounds up to a whole number.
  return static_cast<uint32_t>(std::sqrt(static_cast<double>(square)));
}

std::array<uint32_t, kTabulatedCounts> TabulateInverseSqrt() {
  std::array<uint32_t, kTabulatedCounts> table{};
  for (size_t count = 1; count < table.size(); ++count) table[count] = ComputeInverseSqrtQ20(count);
  return table;
}

}  // namespace

uint32_t InverseSqrtQ20(size_t count) {
  static const std::array<uint32_t, kTabulatedCounts> table = TabulateInverseSqrt();
  return count < table.size() ? table[count] : ComputeInverseSqrtQ20(count);
}

std::array<int32_t, sentiment_format::kClasses> SumClassWeights(const uint8_t* weights, uint32_t bits,
                                                                std::span<const uint32_t> hashes) {
  return SumClassWeights(weights, bits, hashes, BestKernels());
}

std::array<int32_t, sentiment_format::kClasses> SumClassWeights(const uint8_t* weights, uint32_t bits,
                                                                std::span<const uint32_t> hashes,
                                                                const SentimentKernels& kernels) {
  const std::array<int64_t, sentiment_format::kClasses> stored = kernels.SumBuckets(weights, bits, hashes);
  const int64_t zero = sentiment_format::kWeightZero * static_cast<int64_t>(hashes.size());
  std::array<int32_t, sentiment_format::kClasses> sums{};
  for (size_t c = 0; c < sums.size(); ++c) sums[c] = static_cast<int32_t>(stored[c] - zero);
  return sums;
}

std::array<int32_t, sentiment_format::kGuessLanguages> SumLanguageWeights(const uint8_t* weights, uint32_t bits,
                                                                          std::span<const uint32_t> hashes) {
  const uint32_t shift = 32 - bits;
  std::array<int32_t, sentiment_format::kGuessLanguages> sums{};
  for (size_t begin = 0; begin < hashes.size(); begin += kLaneCapacity) {
    const auto part = hashes.subspan(begin, std::min(kLaneCapacity, hashes.size() - begin));
    uint64_t even = 0;
    uint64_t odd = 0;
    for (const uint32_t hash : part) {
      const auto bucket = LoadWord<uint64_t>(weights + size_t{hash >> shift} * 8);
      even += bucket & 0x00FF00FF00FF00FF;
      odd += (bucket >> 8) & 0x00FF00FF00FF00FF;
    }
    for (size_t lane = 0; lane < 4; ++lane) {
      sums[2 * lane] += static_cast<int32_t>((even >> (16 * lane)) & 0xFFFF);
      sums[2 * lane + 1] += static_cast<int32_t>((odd >> (16 * lane)) & 0xFFFF);
    }
  }
  const int32_t zero = sentiment_format::kWeightZero * static_cast<int32_t>(hashes.size());
  for (int32_t& sum : sums) sum -= zero;
  return sums;
}

}  // namespace tocsin
