#include "operators/sentiment/tone_words.h"

#include <algorithm>
#include <cstring>

namespace tocsin {
namespace {

using namespace sentiment_format;

// Of a kind that there is not.
constexpr uint16_t kAbsent = 0xFFFF;
constexpr uint64_t kMeaningMultiplier = 0x9E3779B97F4A7C15;

constexpr uint32_t kMeaningMask = (uint32_t{1} << kToneMeaningBits) - 1;

uint32_t MeaningFeature(uint32_t meaning, uint32_t negated) {
  return static_cast<uint32_t>(((2 * uint64_t{meaning} + negated + 1) * kMeaningMultiplier) >> 32);
}

}  // namespace

ToneWords::ToneWords(const uint8_t* hashes, const uint8_t* words, size_t count)
    : filter_((size_t{1} << kFilterBits) / 64),
      first_(size_t{1} << kIndexBits),
      hashes_(count + kUsualSteps, ~uint32_t{0}),
      words_(count + 1, kAbsent) {
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&hashes_[i], hashes + i * sizeof(uint32_t), sizeof(uint32_t));
    std::memcpy(&words_[i], words + i * sizeof(uint16_t), sizeof(uint16_t));
    const uint32_t bit = hashes_[i] >> (32 - kFilterBits);
    filter_[bit / 64] |= uint64_t{1} << (bit % 64);
  }
  for (size_t i = 0, at = 0; i < first_.size(); ++i) {
    while (at < count && hashes_[at] >> (32 - kIndexBits) < i) ++at;
    first_[i] = static_cast<uint16_t>(at);
  }
}

void ToneWords::Read(const SentimentFeatures& features, ToneReading& reading) const {
  reading.count = 0;
  if (empty()) return;
  const uint32_t* const hashes = features.hashes().data();
  const uint64_t* const filter = filter_.data();
  const size_t tokens = features.tokens();
  size_t negated_until = 0;  // tokens before this one are negated
  size_t count = 0;
  // Few words are known, and which ones can't be predicted: those that may be are found without a branch, and so is
  // what they are.
  std::array<uint16_t, kToneHitsMax> candidates;
  for (size_t begin = 0; begin < tokens && count < kToneHitsMax; begin += candidates.size()) {
    const size_t end = std::min(tokens, begin + candidates.size());
    size_t candidate_count = 0;
    for (size_t token = begin; token < end; ++token) {
      const uint32_t bit = hashes[token] >> (32 - kFilterBits);
      candidates[candidate_count] = static_cast<uint16_t>(token);
      candidate_count += filter[bit / 64] >> (bit % 64) & 1;
    }
    for (size_t i = 0; i < candidate_count && count < kToneHitsMax; ++i) {
      const size_t token = candidates[i];
      const size_t at = LowerBound(hashes[token]);
      const uint32_t word = words_[at];
      const uint32_t kind = word >> kToneMeaningBits;
      const size_t known = static_cast<size_t>(hashes_[at] == hashes[token]) & static_cast<size_t>(word != kAbsent);
      const uint32_t negated = token < negated_until ? 1 : 0;
      reading.hit[count] = {.kind = kind + kToneValences * (negated & static_cast<uint32_t>(kind < kToneValences)),
                            .meaning = MeaningFeature(word & kMeaningMask, negated)};
      count += known;
      const size_t negates = known & static_cast<size_t>(kind == kToneNegator);
      // Later tokens reach farther.
      negated_until = std::max(negated_until, negates * (token + 1 + kToneNegationTokens));
    }
  }
  reading.count = count;
}

}  // namespace tocsin
