#include "operators/sentiment/kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

namespace tocsin {
namespace {

template <typename Word>
Word LoadBytes(const uint8_t* from) {
  Word word;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

uint32_t UpperHalf(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

uint32_t* HashGramsPortable(const uint8_t* text, uint64_t four, uint64_t five, uint32_t* out) {
  for (uint64_t bits = four; bits != 0; bits &= bits - 1) {
    const auto i = static_cast<size_t>(std::countr_zero(bits));
    const auto bytes = LoadBytes<uint64_t>(text + i);
    *out++ = UpperHalf((bytes & 0xFFFFFFFF) * kFourGramMultiplier);
    *out = UpperHalf((bytes & 0xFFFFFFFFFF) * kFiveGramMultiplier);
    out += (five >> i) & 1;
  }
  return out;
}

std::array<int64_t, 3> SumBucketsPortable(const uint8_t* weights, uint32_t bits, std::span<const uint32_t> hashes) {
  // A 16-bit lane holds the sum of this many bytes without overflow.
  constexpr size_t kLaneBytes = 256;
  const uint32_t shift = 32 - bits;
  std::array<int64_t, 3> sums{};
  for (size_t begin = 0; begin < hashes.size(); begin += kLaneBytes) {
    const auto part = hashes.subspan(begin, std::min(kLaneBytes, hashes.size() - begin));
    uint32_t outer = 0;  // classes 0 and 2 in 16-bit lanes
    uint32_t middle = 0;
    for (const uint32_t hash : part) {
      const auto bucket = LoadBytes<uint32_t>(weights + size_t{hash >> shift} * 3);
      outer += bucket & 0x00FF00FF;
      middle += (bucket >> 8) & 0xFF;
    }
    sums[0] += outer & 0xFFFF;
    sums[1] += middle;
    sums[2] += outer >> 16;
  }
  return sums;
}

constexpr SentimentKernels kPortable = {"portable", &ScanBlockPortable, &HashGramsPortable, &SumBucketsPortable};
#if defined(__SSE2__)
constexpr SentimentKernels kSse2 = {"SSE2", &ScanBlockSse2, &HashGramsPortable, &SumBucketsPortable};
#endif

std::vector<const SentimentKernels*> FindRunnable() {
  std::vector<const SentimentKernels*> runnable = {&kPortable};
#if defined(__SSE2__)
  runnable.push_back(&kSse2);
#endif
#if defined(__x86_64__)
  if (Avx2Kernels() != nullptr && __builtin_cpu_supports("avx2")) runnable.push_back(Avx2Kernels());
  if (Avx512Kernels() != nullptr && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    runnable.push_back(Avx512Kernels());
  }
#endif
  return runnable;
}

}  // namespace

std::span<const SentimentKernels* const> RunnableKernels() {
  static const auto* const runnable = new std::vector<const SentimentKernels*>(FindRunnable());
  return *runnable;
}

const SentimentKernels& BestKernels() {
  static const SentimentKernels& best = *RunnableKernels().back();
  return best;
}

}  // namespace tocsin
