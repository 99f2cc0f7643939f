// Looks at eight bytes of text at once, held in a word.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tocsin {

inline constexpr uint64_t kEveryByteOne = 0x0101010101010101;
inline constexpr uint64_t kEveryTopBit = kEveryByteOne << 7;

template <typename Word>
Word LoadWord(const void* from) {
  Word word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Non-zero just if a byte of `word` is `byte`. Its lowest set bit is the top bit of the lowest such byte; higher bits
// may be wrong.
inline uint64_t FindByte(uint64_t word, unsigned char byte) {
  const uint64_t zeroed = word ^ (kEveryByteOne * byte);
  return (zeroed - kEveryByteOne) & ~zeroed & kEveryTopBit;
}

// The top bit of each byte that is `first` to `last`, both ASCII. REQUIRES: no byte of `word` has its top bit.
constexpr uint64_t BytesIn(uint64_t word, uint64_t first, uint64_t last) {
  return (word + kEveryByteOne * (0x80 - first)) & ~(word + kEveryByteOne * (0x7F - last)) & kEveryTopBit;
}

// How many bytes stand before the first whose top bit is set in `found`, in the order of memory. REQUIRES: `found` is
// not zero.
inline size_t BytesBefore(uint64_t found) {
  static_assert(std::endian::native == std::endian::little, "the first byte in memory must be the lowest of the word");
  return static_cast<size_t>(std::countr_zero(found)) / 8;
}

// Whether two strings of the same size are equal; for short ones quicker than a call.
inline bool SameBytes(const char* a, const char* b, size_t size) {
  if (size >= 8) {
    uint64_t differs = LoadWord<uint64_t>(a + size - 8) ^ LoadWord<uint64_t>(b + size - 8);
    for (size_t at = 0; at + 8 < size; at += 8) differs |= LoadWord<uint64_t>(a + at) ^ LoadWord<uint64_t>(b + at);
    return differs == 0;
  }
  if (size >= 4) {
    const uint32_t ends = LoadWord<uint32_t>(a) ^ LoadWord<uint32_t>(b);
    return (ends | (LoadWord<uint32_t>(a + size - 4) ^ LoadWord<uint32_t>(b + size - 4))) == 0;
  }
  bool same = true;
  for (size_t at = 0; at < size; ++at) same &= a[at] == b[at];
  return same;
}

}  // namespace tocsin
