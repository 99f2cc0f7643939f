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

// Immutable, so thread-safe. Owns 8 KB and 16 to 32 bytes a word.
class ToneWords {
 public:
  // Knows no word.
  ToneWords() = default;

  // `hashes` and `words` hold `count` u32 and u16 of a tone section, anywhere in memory. REQUIRES: the hashes differ,
  // count <= kToneWordsMax.
  ToneWords(const uint8_t* hashes, const uint8_t* words, size_t count);

  [[nodiscard]] bool empty() const { return slots_.empty(); }

  // Linear in the number of tokens: about a nanosecond for a word that is not known.
  void Read(const SentimentFeatures& features, ToneReading& reading) const;

 private:
  static constexpr uint32_t kFilterBits = 16;

  // The kind and meaning of the word with this hash, or kUnknown.
  [[nodiscard]] uint32_t Find(uint32_t hash) const;

  std::vector<uint64_t> filter_;  // a bit for the top kFilterBits of each hash
  // Open addressing by the top bits of the hash: hash << 32 | 1 << 16 | word, or 0. At most half full.
  std::vector<uint64_t> slots_;
  uint32_t shift_ = 0;
};

}  // namespace tocsin
