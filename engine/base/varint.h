// Variable-length integers as blocks, snapshots and rows in memory have them: LEB128, seven bits a byte, the lowest
// first, zigzag for what may be negative, and differences that wrap. ByteReader checks what comes from outside;
// these trust their bytes.
//
// Stateless: safe to use from any thread.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin {

inline constexpr size_t kMaxVarintBytes = 10;

// Small numbers of either sign become small ones: 0, -1, 1, -2, ... are 0, 1, 2, 3, ...
[[nodiscard]] constexpr uint64_t Zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
[[nodiscard]] constexpr int64_t Unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// Differences that wrap instead of overflowing: any pair of values survives the round trip.
[[nodiscard]] constexpr int64_t WrappingMinus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
[[nodiscard]] constexpr int64_t WrappingPlus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

// How many bytes PutVarint writes.
[[nodiscard]] constexpr size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

// Writes `value` and returns where the next byte goes. REQUIRES: room for VarintBytes(value).
[[nodiscard]] inline uint8_t* PutVarint(uint64_t value, uint8_t* to) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<uint8_t>(value | 0x80);
  *to++ = static_cast<uint8_t>(value);
  return to;
}

// Returns where the next byte is. REQUIRES: what PutVarint wrote.
[[nodiscard]] inline const uint8_t* GetVarint(const uint8_t* from, uint64_t* value) {
  *value = *from & 0x7F;
  for (int shift = 7; (*from++ & 0x80) != 0; shift += 7) *value |= uint64_t{*from & 0x7FU} << shift;
  return from;
}

}  // namespace tocsin
