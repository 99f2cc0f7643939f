// What the two directions of the block format share. Byte-exact format: docs/FORMATS.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin::block_format {

inline constexpr uint8_t kVersion = 3;
inline constexpr uint8_t kVersionWithoutReasons = 1;  // these two are still read
inline constexpr uint8_t kVersionWithoutActions = 2;
inline constexpr size_t kPrefixBytes = 1 + 8;  // version, checksum of all that follows

// Bits of a row's first byte: sentiment and kind in two bits each, then what is left out or present in later columns.
inline constexpr uint8_t kKindShift = 2;
inline constexpr uint8_t kHasRoot = 1 << 4;
inline constexpr uint8_t kHasSample = 1 << 5;
inline constexpr uint8_t kSameLanguage = 1 << 6;  // as the row before
inline constexpr uint8_t kSameSource = 1 << 7;    // as the row before

// Bits of a source's flags.
inline constexpr uint8_t kSourceIdle = 1 << 0;
inline constexpr uint8_t kSourceCaughtUp = 1 << 1;
inline constexpr uint8_t kSourceHasTime = 1 << 2;
inline constexpr uint8_t kSourceControl = 1 << 3;

}  // namespace tocsin::block_format
