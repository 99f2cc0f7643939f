// The inner loops of sentiment in variants for one instruction set or another, chosen once at run time. Every variant
// gives the same numbers, bit for bit (the features of a text in whatever order).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "operators/sentiment/byte_scan.h"
#include "operators/sentiment/model_format.h"

namespace tocsin {

// Multipliers of the features of 4 and 5 bytes (docs/formats/SENTIMENT_MODEL.md).
inline constexpr uint64_t kFourGramMultiplier = 0xA0761D6478BD642F;
inline constexpr uint64_t kFiveGramMultiplier = 0xE7037ED1A0B428DB;

// The tokens of a text: token i is [begin[i], end[i]) of `text`, not empty, and of `normal` if that has no space there.
// kTokenSlack more entries are readable and zero, and 16 bytes behind the last token are readable.
struct TokenSpans {
  const uint8_t* normal;
  const uint8_t* text;
  const uint16_t* begin;
  const uint16_t* end;
  size_t count;
};

struct SentimentKernels {
  // Entries behind the last feature that HashTokens may write to, and behind the last hash.
  static constexpr size_t kTokenSlack = 8;
  // Entries behind the last feature that HashGrams may write to.
  static constexpr size_t kGramSlack = 16;

  std::string_view name;
  // As ScanBlockPortable().
  void (*ScanBlock)(const uint8_t* in, uint8_t* out, ByteMasks& masks);
  // Writes the hash of every token to `hashes`, and to `features` those of single tokens in their order, then those of
  // pairs: 2 * count - 1 in all. REQUIRES: count > 0.
  void (*HashTokens)(const TokenSpans& tokens, uint64_t* hashes, uint32_t* features);
  // Appends to `out`, for each bit i of `four`, the feature of the four bytes at text + i, and of the five bytes if bit
  // i of `five` is set too. Reads up to text + 79. Returns the new end. REQUIRES: `five` is part of `four`.
  uint32_t* (*HashGrams)(const uint8_t* text, uint64_t four, uint64_t five, uint32_t* out);
  // Adds up the three bytes of each hash's bucket, as they stand in the file; the table must be readable one byte
  // beyond its last bucket.
  std::array<int64_t, sentiment_format::kClasses> (*SumBuckets)(const uint8_t* weights, uint32_t bits,
                                                                std::span<const uint32_t> hashes);
};

// In plain arithmetic.
void HashTokensPortable(const TokenSpans& tokens, uint64_t* hashes, uint32_t* features);

// Those that this processor can run, the slowest and most portable first.
std::span<const SentimentKernels* const> RunnableKernels();

// The last of those.
const SentimentKernels& BestKernels();

// Variants; null where the target or the compiler has none. Do not call without asking RunnableKernels().
const SentimentKernels* Avx2Kernels();
const SentimentKernels* Avx512Kernels();
const SentimentKernels* NeonKernels();

}  // namespace tocsin
