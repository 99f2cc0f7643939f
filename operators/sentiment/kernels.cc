#include "operators/sentiment/kernels.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "operators/sentiment/token_hash.h"

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
    uint64_t lanes = 0;  // classes 0, 2 and 1, 16 bits each
    for (const uint32_t hash : part) {
      const uint64_t bucket = LoadBytes<uint32_t>(weights + size_t{hash >> shift} * 3);
      lanes += (bucket | bucket << 24) & 0x000000FF00FF00FF;
    }
    sums[0] += static_cast<int64_t>(lanes & 0xFFFF);
    sums[1] += static_cast<int64_t>(lanes >> 32);
    sums[2] += static_cast<int64_t>(lanes >> 16 & 0xFFFF);
  }
  return sums;
}

constexpr SentimentKernels kPortable = {"portable", &ScanBlockPortable, &HashTokensPortable, &HashGramsPortable,
                                        &SumBucketsPortable};
#if defined(__SSE2__)
std::array<int64_t, 3> SumBucketsSse2(const uint8_t* weights, uint32_t bits, std::span<const uint32_t> hashes) {
  // A lane of 16 bits holds the sum of this many bytes without overflow.
  constexpr size_t kLaneBytes = 256;
  const uint32_t shift = 32 - bits;
  std::array<int64_t, 3> sums{};
  for (size_t begin = 0; begin < hashes.size(); begin += kLaneBytes) {
    __m128i lanes = _mm_setzero_si128();
    for (const uint32_t hash : hashes.subspan(begin, std::min(kLaneBytes, hashes.size() - begin))) {
      const __m128i bucket = _mm_cvtsi32_si128(LoadBytes<int32_t>(weights + size_t{hash >> shift} * 3));
      lanes = _mm_add_epi16(lanes, _mm_unpacklo_epi8(bucket, _mm_setzero_si128()));
    }
    sums[0] += _mm_extract_epi16(lanes, 0);
    sums[1] += _mm_extract_epi16(lanes, 1);
    sums[2] += _mm_extract_epi16(lanes, 2);
  }
  return sums;
}

constexpr SentimentKernels kSse2 = {"SSE2", &ScanBlockSse2, &HashTokensPortable, &HashGramsPortable, &SumBucketsSse2};
#endif

std::vector<const SentimentKernels*> FindRunnable() {
  std::vector<const SentimentKernels*> runnable = {&kPortable};
#if defined(__SSE2__)
  runnable.push_back(&kSse2);
#endif
#if defined(__x86_64__)
  if (Avx2Kernels() != nullptr && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) {
    runnable.push_back(Avx2Kernels());
  }
  if (Avx512Kernels() != nullptr && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    runnable.push_back(Avx512Kernels());
  }
#endif
  if (NeonKernels() != nullptr) runnable.push_back(NeonKernels());
  return runnable;
}

}  // namespace

void HashTokensPortable(const TokenSpans& tokens, uint64_t* hashes, uint32_t* features) {
  const std::array<const uint8_t*, 2> source = {tokens.text, tokens.normal};
  for (size_t i = 0; i < tokens.count; ++i) {
    const size_t begin = tokens.begin[i];
    // Whether a token is a word can't be predicted: looked up, not branched on.
    const uint8_t* const bytes = source[tokens.normal[begin] == ' ' ? 0 : 1] + begin;
    const uint64_t hash = SpanHash(bytes, tokens.end[i] - begin);
    hashes[i] = hash;
    features[i] = UpperHalf(hash * kFinalMultiplier);
  }
  features += tokens.count;
  for (size_t i = 1; i < tokens.count; ++i) {
    *features++ = UpperHalf((hashes[i - 1] * kPairMultiplier + hashes[i]) * kFinalMultiplier);
  }
}

std::span<const SentimentKernels* const> RunnableKernels() {
  static const auto* const runnable = new std::vector<const SentimentKernels*>(FindRunnable());
  return *runnable;
}

const SentimentKernels& BestKernels() {
  static const SentimentKernels& best = *RunnableKernels().back();
  return best;
}

}  // namespace tocsin
