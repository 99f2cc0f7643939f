// Words of which it is known beforehand how they sound, in one language: "awful" is negative whatever the training
// posts say of it, and "not" turns what follows. What is found in a text adds to the scores of its classes
// (docs/formats/SENTIMENT_MODEL.md, "Tone").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "operators/sentiment/model_format.h"
#include "operators/sentiment/sentiment_features.h"

namespace tocsin {

// One known word of a text.
struct ToneHit {
  uint32_t kind;     // kToneValences is added to that of a negated word
  uint32_t meaning;  // and whether it was negated, as a feature like those of SentimentFeatures
};

// The known words of one text, in their order.
struct ToneReading {
  std::array<ToneHit, sentiment_format::kToneHitsMax> hit;
  size_t count = 0;

  [[nodiscard]] std::span<const ToneHit> hits() const { return {hit.data(), count}; }
};

// Whether words of a kind make a feature of their meaning.
[[nodiscard]] constexpr bool HasMeaning(uint32_t kind) {
  return kind != sentiment_format::kToneNegator && kind != sentiment_format::kToneStrengthener;
}

// Immutable, so thread-safe. Owns 16 KB and 6 bytes a word.
class ToneWords {
 public:
  // Knows no word.
  ToneWords() = default;

  // `hashes` and `words` hold `count` u32 and u16 of a tone section, anywhere in memory. REQUIRES: the hashes ascend,
  // count <= kToneWordsMax.
  ToneWords(const uint8_t* hashes, const uint8_t* words, size_t count);

  [[nodiscard]] bool empty() const { return words_.empty(); }

  // Linear in the number of tokens: about a nanosecond for a word that is not known.
  void Read(const SentimentFeatures& features, ToneReading& reading) const;

 private:
  static constexpr uint32_t kFilterBits = 16;
  static constexpr uint32_t kIndexBits = 12;
  static constexpr size_t kUsualSteps = 3;

  // Number of the first known word whose hash is not below this one; one more than there are for none.
  [[nodiscard]] size_t LowerBound(uint32_t hash) const {
    const size_t first = first_[hash >> (32 - kIndexBits)];
    // Few words share these bits: the steps that are usual are taken without a branch.
    size_t at = first;
#pragma GCC unroll 3
    for (size_t i = 0; i < kUsualSteps; ++i) at += hashes_[first + i] < hash ? 1U : 0U;
    while (hashes_[at] < hash) ++at;
    return at;
  }

  std::vector<uint64_t> filter_;  // a bit for the top kFilterBits of each hash
  std::vector<uint16_t> first_;   // by the top kIndexBits: the first word that has them or more
  std::vector<uint32_t> hashes_;  // ascending, then kUsualSteps times 2^32 - 1
  std::vector<uint16_t> words_;   // kind and meaning of each hash
};

}  // namespace tocsin
