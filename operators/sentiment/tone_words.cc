#include "operators/sentiment/tone_words.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tocsin {
namespace {

using namespace sentiment_format;

constexpr uint32_t kUnknown = ~uint32_t{0};
constexpr uint64_t kMeaningMultiplier = 0x9E3779B97F4A7C15;

template <typename Number>
Number Load(const uint8_t* from, size_t index) {
  Number value;
  std::memcpy(&value, from + index * sizeof(value), sizeof(value));
  return value;
}

uint32_t MeaningFeature(uint32_t meaning, bool negated) {
  return static_cast<uint32_t>(((2 * uint64_t{meaning} + (negated ? 1 : 0) + 1) * kMeaningMultiplier) >> 32);
}

}  // namespace

ToneWords::ToneWords(const uint8_t* hashes, const uint8_t* words, size_t count)
    : filter_((size_t{1} << kFilterBits) / 64), slots_(std::bit_ceil(2 * count)) {
  shift_ = 32 - static_cast<uint32_t>(std::countr_zero(slots_.size()));
  for (size_t i = 0; i < count; ++i) {
    const auto hash = Load<uint32_t>(hashes, i);
    const uint32_t bit = hash >> (32 - kFilterBits);
    filter_[bit / 64] |= uint64_t{1} << (bit % 64);
    size_t slot = hash >> shift_;
    while (slots_[slot] != 0) slot = (slot + 1) % slots_.size();
    slots_[slot] = uint64_t{hash} << 32 | uint64_t{1} << 16 | Load<uint16_t>(words, i);
  }
}

uint32_t ToneWords::Find(uint32_t hash) const {
  size_t slot = hash >> shift_;
  while (slots_[slot] != 0) {
    if (slots_[slot] >> 32 == hash) return slots_[slot] & 0xFFFF;
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return kUnknown;
}

void ToneWords::Read(const SentimentFeatures& features, ToneReading& reading) const {
  reading.count = 0;
  if (empty()) return;
  // Those of single tokens stand at 0, 1, 3, 5, ...
  const uint32_t* const hashes = features.hashes().data();
  const uint64_t* const filter = filter_.data();
  const size_t tokens = features.tokens();
  // Few words are known, and which ones can't be predicted: those that may be are found without a branch.
  std::array<uint16_t, SentimentFeatures::kMaxTextBytes> candidates;
  size_t candidate_count = 0;
  const auto consider = [&](size_t token, uint32_t hash) {
    const uint32_t bit = hash >> (32 - kFilterBits);
    candidates[candidate_count] = static_cast<uint16_t>(token);
    candidate_count += filter[bit / 64] >> (bit % 64) & 1;
  };
  if (tokens > 0) consider(0, hashes[0]);
  for (size_t token = 1; token < tokens; ++token) consider(token, hashes[2 * token - 1]);

  size_t negated_until = 0;  // tokens before this one are negated
  for (size_t i = 0; i < candidate_count && reading.count < reading.hit.size(); ++i) {
    const size_t token = candidates[i];
    const uint32_t word = Find(hashes[token == 0 ? 0 : 2 * token - 1]);
    if (word == kUnknown) continue;
    const bool negated = token < negated_until;
    const uint32_t kind = word >> kToneMeaningBits;
    const uint32_t meaning = word & ((uint32_t{1} << kToneMeaningBits) - 1);
    negated_until = kind == kToneNegator ? token + 1 + kToneNegationTokens : negated_until;
    reading.hit[reading.count++] = {.kind = kind + (negated && kind < kToneValences ? kToneValences : 0),
                                    .meaning = MeaningFeature(meaning, negated)};
  }
}

}  // namespace tocsin
