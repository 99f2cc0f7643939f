#include "operators/sentiment/byte_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

namespace tocsin {
namespace {

enum ByteKind : uint8_t {
  kWord = 1,
  kHigh = 2,
  kLead = 4,
  kPunctuation = 8,
  kMark = 16,
  kAtSign = 32,
};

struct ByteTables {
  std::array<uint8_t, 256> kind{};
  std::array<uint8_t, 256> normal{};
};

constexpr ByteTables MakeByteTables() {
  ByteTables tables;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool capital = byte >= 'A' && byte <= 'Z';
    const bool high = byte >= 0x80;
    const bool word = high || capital || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte == '_';
    unsigned kind = 0;
    if (word) kind |= kWord;
    if (high) kind |= kHigh;
    if (byte == 0xC3 || byte == 0xE2) kind |= kLead;
    if (byte > 0x20 && byte < 0x7F && !word && byte != '\'') kind |= kPunctuation;
    if (byte == '!' || byte == '?') kind |= kMark;
    if (byte == '@') kind |= kAtSign;
    tables.kind[byte] = static_cast<uint8_t>(kind);
    tables.normal[byte] = static_cast<uint8_t>(capital ? byte + 0x20 : (word ? byte : ' '));
  }
  return tables;
}

constexpr ByteTables kTables = MakeByteTables();

uint64_t LoadKinds(const uint8_t* from) {
  static_assert(std::endian::native == std::endian::little, "byte i is bits 8 i to 8 i + 7");
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// The lowest bit of byte i as bit i: the product moves each to its place in the highest byte.
uint64_t OneBitOfEach(uint64_t bytes) { return ((bytes & 0x0101010101010101) * 0x0102040810204080) >> 56; }

}  // namespace

void ScanBlockPortable(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  masks = {};
  std::array<uint8_t, kScanBlockBytes> kinds;
  for (size_t i = 0; i < kScanBlockBytes; ++i) {
    kinds[i] = kTables.kind[in[i]];
    out[i] = kTables.normal[in[i]];
  }
  for (size_t i = 0; i < kScanBlockBytes; i += 8) {
    const uint64_t eight = LoadKinds(kinds.data() + i);
    masks.word |= OneBitOfEach(eight) << i;
    masks.high |= OneBitOfEach(eight >> 1) << i;
    masks.lead |= OneBitOfEach(eight >> 2) << i;
    masks.punctuation |= OneBitOfEach(eight >> 3) << i;
    masks.mark |= OneBitOfEach(eight >> 4) << i;
    masks.at_sign |= OneBitOfEach(eight >> 5) << i;
  }
}

#if defined(__SSE2__)
namespace {

// Lanes whose byte is in [low, low + span], all ones.
__m128i InRange(__m128i bytes, char low, char span) {
  const __m128i offset = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(span)), offset);
}

__m128i Equal(__m128i bytes, char byte) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte)); }

uint64_t Bits(__m128i lanes) { return static_cast<uint32_t>(_mm_movemask_epi8(lanes)); }

}  // namespace

void ScanBlockSse2(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  masks = {};
  const __m128i case_bit = _mm_set1_epi8(0x20);
  for (size_t i = 0; i < kScanBlockBytes; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(in + i));
    const __m128i lower = _mm_or_si128(bytes, _mm_and_si128(InRange(bytes, 'A', 25), case_bit));
    const __m128i high = _mm_cmplt_epi8(bytes, _mm_setzero_si128());
    const __m128i letter_or_digit = _mm_or_si128(InRange(lower, 'a', 25), InRange(bytes, '0', 9));
    const __m128i word = _mm_or_si128(_mm_or_si128(letter_or_digit, high), Equal(bytes, '_'));
    const __m128i blank = _mm_or_si128(word, Equal(bytes, '\''));
    const __m128i punctuation = _mm_andnot_si128(blank, InRange(bytes, 0x21, 0x7E - 0x21));
    const __m128i mark = _mm_or_si128(Equal(bytes, '!'), Equal(bytes, '?'));
    const __m128i lead = _mm_or_si128(Equal(bytes, '\xC3'), Equal(bytes, '\xE2'));
    const __m128i normal = _mm_or_si128(_mm_and_si128(word, lower), _mm_andnot_si128(word, case_bit));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), normal);
    masks.word |= Bits(word) << i;
    masks.high |= Bits(high) << i;
    masks.lead |= Bits(lead) << i;
    masks.punctuation |= Bits(punctuation) << i;
    masks.mark |= Bits(mark) << i;
    masks.at_sign |= Bits(Equal(bytes, '@')) << i;
  }
}
#endif

}  // namespace tocsin
