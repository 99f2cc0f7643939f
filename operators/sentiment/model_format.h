// Layout of a sentiment model file, as docs/formats/SENTIMENT_MODEL.md states it:
// this is a wire format. Integers are little-endian; records are read and
// written by memcpy of these structs.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "operators/sentiment/ratio_calibration.h"

namespace tocsin::sentiment_format {

static_assert(std::endian::native == std::endian::little);

inline constexpr std::array<char, 8> kMagic = {'T', 'C', 'S', 'N', 'S', 'E', 'N', 'T'};
inline constexpr uint32_t kFormatVersion = 3;
inline constexpr uint32_t kFeatureVersion = 1;
inline constexpr size_t kAlignment = 64;
inline constexpr uint32_t kMaxSections = 256;

// Weights are bytes w + 128, w in [-127, 127].
inline constexpr int kWeightZero = 128;
// Sentiment classes in a bucket, and languages in a bucket of the guess table.
inline constexpr size_t kClasses = 3;
inline constexpr size_t kGuessLanguages = 8;
inline constexpr uint32_t kMinBits = 8;
inline constexpr uint32_t kMaxBits = 22;

enum SectionType : uint32_t {
  kLanguageSection = 1,
  kGuessSection = 2,
  kDescriptionSection = 3,
  kCalibrationSection = 4,
  kToneSection = 5,
  // Sections with this bit set may be skipped by readers that do not know them.
  kOptionalBit = 0x80000000,
};

struct FileHeader {
  std::array<char, 8> magic;
  uint32_t format_version;
  uint32_t feature_version;
  uint64_t file_bytes;  // with the checksum, the last four bytes
  uint32_t section_count;
  std::array<uint32_t, 9> reserved;
};
static_assert(sizeof(FileHeader) == 64);

struct SectionEntry {
  uint32_t type;
  uint32_t reserved;
  uint64_t offset;  // from the start of the file, a multiple of kAlignment
  uint64_t bytes;
  uint64_t reserved_too;
};
static_assert(sizeof(SectionEntry) == 32);

// Followed by kClasses bytes for each of 2^bits buckets.
struct LanguageHeader {
  std::array<char, 2> code;
  std::array<char, 2> reserved;
  uint32_t bits;
  uint32_t scale_q32;
  std::array<int32_t, kClasses> bias_q16;
  int32_t abstain_q16;
  // Ascending: the level of negativity is how many of them NegativeMargin() reaches.
  std::array<int32_t, kNegativityLevels - 1> level_q16;
  int32_t sharpness_q16;  // of the probabilities of the classes
  std::array<uint32_t, 3> reserved_too;
};
static_assert(sizeof(LanguageHeader) == 64);

// Kinds of words in a tone section: how negative or positive (-3, -2, -1, 1, 2, 3), the same negated, words that
// negate, words that strengthen; and one that only means something and is not counted.
inline constexpr uint32_t kToneValences = 6;
inline constexpr uint32_t kToneNegator = 12;
inline constexpr uint32_t kToneStrengthener = 13;
inline constexpr uint32_t kToneKinds = 14;
inline constexpr uint32_t kToneNeutral = 14;
inline constexpr size_t kToneCounts = 3;          // of words of a kind that are told apart: one, two, more
inline constexpr size_t kToneNegationTokens = 3;  // that a negation reaches
inline constexpr size_t kToneHitsMax = 64;        // known words of a text that are read
inline constexpr uint32_t kToneMeaningBits = 12;  // of a word's u16, below its kind
inline constexpr size_t kToneWordsMax = 65'535;
// A meaning weighs as much as this share of a feature in a text with one feature: 2^-kToneMeaningShift.
inline constexpr int kToneMeaningShift = 2;

// By how much the negative class leads both others together, given the three scores: where those two are alike, one of
// them is likelier than either. Straight lines in place of ln(e^a + e^b), so that it is integer arithmetic.
constexpr int32_t NegativeMargin(const std::array<int32_t, kClasses>& scores) {
  constexpr int32_t kOne = 1 << 16;
  const int32_t apart = scores[1] < scores[2] ? scores[2] - scores[1] : scores[1] - scores[2];
  const int32_t together = apart < kOne ? (kOne - apart) / 2 : 0;
  return scores[0] - (scores[1] < scores[2] ? scores[2] : scores[1]) - together;
}

// Followed by word_count u32, the ascending hashes of words, and as many u16: kind << kToneMeaningBits | meaning.
struct ToneHeader {
  std::array<char, 2> code;
  std::array<char, 2> reserved;
  uint32_t word_count;
  // What one, two, and more words of a kind add to the score of each class.
  std::array<std::array<std::array<int32_t, kClasses>, kToneCounts>, kToneKinds> score_q16;
};
static_assert(sizeof(ToneHeader) == 512);

// Followed by kGuessLanguages bytes for each of 2^bits buckets.
struct GuessHeader {
  uint32_t bits;
  uint32_t language_count;  // at most kGuessLanguages
  uint32_t scale_q32;
  int32_t min_score_q16;
  std::array<int32_t, kGuessLanguages> bias_q16;
  std::array<std::array<char, 2>, kGuessLanguages> code;
};
static_assert(sizeof(GuessHeader) == 64);

// What RatioCalibration holds; shares and variances are in units of 1e-9.
struct CalibrationRecord {
  struct Measure {
    uint32_t mean;
    uint32_t variance;
    uint32_t error;
    uint32_t posts;
  };
  uint32_t kind;            // 1 shipped, 2 own
  uint32_t model_checksum;  // the model that it was measured with; 0 in the model's own file
  Measure negative;
  Measure other;
  std::array<char, 48> name;  // padded with zeros, at least one
  std::array<uint32_t, 10> reserved;
};
static_assert(sizeof(CalibrationRecord) == 128);
inline constexpr uint32_t kMeasureUnits = 1'000'000'000;

// Bounds that keep every score within 64 bits on the way and 32 bits at the end.
inline constexpr uint32_t kMaxScaleQ32 = uint32_t{1} << 29;
inline constexpr int32_t kMaxBiasQ16 = int32_t{1} << 24;
// Of a margin of two scores and of the sharpness.
inline constexpr int32_t kMaxLevelQ16 = int32_t{1} << 30;

}  // namespace tocsin::sentiment_format
