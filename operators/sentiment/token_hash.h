// Hash of a token (docs/formats/SENTIMENT_MODEL.md, "Hashes"), in plain arithmetic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tocsin {

inline constexpr uint64_t kTokenMultiplier = 0x9E3779B97F4A7C15;
inline constexpr uint64_t kPairMultiplier = 0xC2B2AE3D27D4EB4F;
inline constexpr uint64_t kFinalMultiplier = 0xD6E8FEB86659FD93;
// Hashes of the tokens that stand for any mention and any link.
inline constexpr uint64_t kMentionHash = 0x8EBC6AF09C88C6E3;
inline constexpr uint64_t kLinkHash = 0x589965CC75374CC3;

// Stands in a text for a link, which is made one token of this byte; no other token holds it.
inline constexpr uint8_t kLinkByte = 1;

// Longest token that TokenHash() hashes without a branch on its length.
inline constexpr size_t kShortToken = 16;

inline uint64_t HashChunk(uint64_t hash, uint64_t chunk) {
  hash = (hash ^ chunk) * kTokenMultiplier;
  return hash ^ (hash >> 32);
}

// The low `size` bytes, 1 to 8, of what stands at `from`. Reads eight.
inline uint64_t LoadTail(const uint8_t* from, size_t size) {
  uint64_t bytes;
  std::memcpy(&bytes, from, sizeof(bytes));
  return bytes & (~uint64_t{0} >> (64 - 8 * size));
}

// Reads up to 15 bytes behind the token. REQUIRES: size > 0.
inline uint64_t TokenHash(const uint8_t* bytes, size_t size) {
  uint64_t hash = size;
  if (size <= kShortToken) {
    // Both lengths are computed: whether a word has more than eight bytes can't be
    // predicted, and masks keep the compiler from branching on it.
    const uint64_t longer = size > 8 ? ~uint64_t{0} : 0;
    const size_t excess = (size - 8) & longer;
    const uint64_t first = HashChunk(hash, LoadTail(bytes, size - excess));
    const uint64_t second = HashChunk(first, LoadTail(bytes + 8, excess + (8 & ~longer)));
    return first ^ ((first ^ second) & longer);
  }
  for (; size > 8; size -= 8, bytes += 8) hash = HashChunk(hash, LoadTail(bytes, 8));
  return HashChunk(hash, LoadTail(bytes, size));
}

// As TokenHash() for what stands in a text: a lone '@' opens a mention, kLinkByte stands for a link.
inline uint64_t SpanHash(const uint8_t* bytes, size_t size) {
  const uint64_t hash = TokenHash(bytes, size);
  // No other token is one of these bytes alone.
  const uint64_t mention = size == 1 && *bytes == '@' ? ~uint64_t{0} : 0;
  const uint64_t link = *bytes == kLinkByte ? ~uint64_t{0} : 0;
  return (hash & ~(mention | link)) | (kMentionHash & mention) | (kLinkHash & link);
}

}  // namespace tocsin
