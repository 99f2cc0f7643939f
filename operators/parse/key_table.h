// Finds which of a few known object keys a key of a record is.
//
// A record has about a hundred keys and few of them are mapped, so what counts is to refuse a key quickly: its size,
// first and last byte select one of 512 bits, which all lie in one cache line and nearly all are clear; only for one
// that is set a whole key is compared.
//
// Keys are compared as the record writes them, escapes and all; SpellingsOf gives the ways in which serialisers write
// one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"

namespace tocsin {

// The ways to write `key` (UTF-8) between the quotes of JSON: characters outside ASCII as they are, or as \u escapes
// with small or large letters; slashes plain or as \/. What JSON must escape always is. Not among them: needless
// escapes of ASCII characters, which no serialiser makes.
std::vector<std::string> SpellingsOf(std::string_view key);

// Immutable after construction, so thread-safe.
class KeyTable {
 public:
  static constexpr int kNone = -1;
  static constexpr size_t kMaxSpellings = 254;

  KeyTable() { heads_.fill(kEmpty); }
  // Spellings with what Find returns for each; values are 0 or more. Of equal spellings one counts. REQUIRES: at most
  // kMaxSpellings.
  explicit KeyTable(const std::vector<std::pair<std::string, int>>& spellings);

  // `size` bytes from `key` on, of which the first and the last are read even if `size` is zero.
  ABSL_ATTRIBUTE_ALWAYS_INLINE int Find(const char* key, size_t size) const {
    const size_t bit = BitOf(key, size);
    return (bits_[bit / 64] >> (bit % 64) & 1) == 0 ? kNone : FindRow(key, size, bit);
  }

 private:
  static constexpr uint8_t kEmpty = 0xFF;
  static constexpr size_t kBits = 512;
  static constexpr size_t kHeads = 128;

  // Small, so that those of a record's keys lie in few cache lines.
  struct Row {
    uint32_t begin = 0;  // in spellings_
    uint32_t size = 0;
    int value = kNone;
    uint8_t next = kEmpty;  // row of the same head
  };

  static size_t BitOf(const char* key, size_t size) {
    const auto first = static_cast<unsigned char>(key[0]);
    const auto last = static_cast<unsigned char>((key + size)[-1]);
    return (size * 64 + first * 5 + last * 9) & (kBits - 1);
  }
  int FindRow(const char* key, size_t size, size_t bit) const;
  static size_t HeadOf(size_t bit) { return (bit + bit / kHeads * 37) & (kHeads - 1); }

  alignas(64) std::array<uint64_t, kBits / 64> bits_ = {};
  std::array<uint8_t, kHeads> heads_;
  std::vector<Row> rows_;
  std::string spellings_;  // of all rows, one behind the other
};

}  // namespace tocsin
