// First step of the tokeniser: lower-cases a block of text and says what kind of
// byte stands where, as bit masks. Variants for one instruction set or another
// give the same bits; operators/sentiment/kernels.h chooses.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin {

inline constexpr size_t kScanBlockBytes = 64;

// Bit i describes byte i of the block.
struct ByteMasks {
  uint64_t word;         // letters, digits, '_' and every byte >= 0x80
  uint64_t high;         // bytes >= 0x80
  uint64_t lead;         // 0xC3 or 0xE2: a character that needs a closer look may begin
  uint64_t punctuation;  // printable ASCII that is neither word nor apostrophe
  uint64_t mark;         // '!' and '?'
  uint64_t at_sign;
  uint64_t link_letter;  // of "http" and "www" the first three, in either case: h, t, w
  uint64_t link_end;     // 0x00 to 0x20, '"', '<', '>' and every byte >= 0x80
};

// Reads kScanBlockBytes from `in` and writes as many to `out`: bytes of words with
// ASCII capitals made small, a space for any other byte.
void ScanBlockPortable(const uint8_t* in, uint8_t* out, ByteMasks& masks);
#if defined(__SSE2__)
void ScanBlockSse2(const uint8_t* in, uint8_t* out, ByteMasks& masks);
#endif

}  // namespace tocsin
