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
  kLinkLetter = 64,
  kLinkEnd = 128,
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
    const unsigned lower = byte | 0x20;
    if (lower == 'h' || lower == 't' || lower == 'w') kind |= kLinkLetter;
    if (byte <= 0x20 || high || byte == '"' || byte == '<' || byte == '>') kind |= kLinkEnd;
    tables.kind[byte] = static_cast<uint8_t>(kind);
    tables.normal[byte] = static_cast<uint8_t>(capital ? byte + 0x20 : (word ? byte : ' '));
  }
  return tables;
}

constexpr ByteTables kTables = MakeByteTables();

uint64_t LoadEight(const uint8_t* from) {
  static_assert(std::endian::native == std::endian::little, "byte i is bits 8 i to 8 i + 7");
  uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Eight bytes as the rows of a matrix of bits, turned into its columns: bit i of byte j becomes bit j of byte i
// (Warren, Hacker's Delight, 7-3).
uint64_t Transpose(uint64_t bytes) {
  uint64_t swap = (bytes ^ (bytes >> 7)) & 0x00AA00AA00AA00AA;
  bytes ^= swap ^ (swap << 7);
  swap = (bytes ^ (bytes >> 14)) & 0x0000CCCC0000CCCC;
  bytes ^= swap ^ (swap << 14);
  swap = (bytes ^ (bytes >> 28)) & 0x00000000F0F0F0F0;
  return bytes ^ swap ^ (swap << 28);
}

}  // namespace

void ScanBlockPortable(const uint8_t* in, uint8_t* out, ByteMasks& masks) {
  masks = {};
  for (size_t i = 0; i < kScanBlockBytes; i += 8) {
    if (LoadEight(in + i) == 0) {  // behind the text
      std::memset(out + i, ' ', 8);
      masks.link_end |= uint64_t{0xFF} << i;
      continue;
    }
    // Put together in registers: eight stored bytes would be slow to load as one number.
    uint64_t kinds = 0;
    uint64_t normal = 0;
#pragma GCC unroll 8
    for (size_t j = 0; j < 8; ++j) {
      kinds |= uint64_t{kTables.kind[in[i + j]]} << (8 * j);
      normal |= uint64_t{kTables.normal[in[i + j]]} << (8 * j);
    }
    std::memcpy(out + i, &normal, sizeof(normal));
    const uint64_t kind = Transpose(kinds);
    masks.word |= (kind & 0xFF) << i;
    masks.high |= (kind >> 8 & 0xFF) << i;
    masks.lead |= (kind >> 16 & 0xFF) << i;
    masks.punctuation |= (kind >> 24 & 0xFF) << i;
    masks.mark |= (kind >> 32 & 0xFF) << i;
    masks.at_sign |= (kind >> 40 & 0xFF) << i;
    masks.link_letter |= (kind >> 48 & 0xFF) << i;
    masks.link_end |= (kind >> 56) << i;
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
    const __m128i link_letter = _mm_or_si128(_mm_or_si128(Equal(lower, 'h'), Equal(lower, 't')), Equal(lower, 'w'));
    masks.link_letter |= Bits(link_letter) << i;
    // 0x20 is the greatest signed number of those up to the space and from 0x80 on; '<' and '>' differ in one bit.
    const __m128i angle = Equal(_mm_and_si128(bytes, _mm_set1_epi8('\xFD')), '<');
    const __m128i blank_or_high = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21));
    masks.link_end |= Bits(_mm_or_si128(_mm_or_si128(blank_or_high, angle), Equal(bytes, '"'))) << i;
  }
}
#endif

}  // namespace tocsin
