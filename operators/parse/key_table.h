// Finds which of a few known object keys a key of a record is.
//
// A record has about a hundred keys and few of them are mapped, so what counts is to refuse a key quickly: its size,
// first and last byte select one of 512 slots, nearly all of which are empty; only a hit compares the whole key.
//
// Keys are compared as the record writes them, escapes and all; SpellingsOf gives the ways in which serialisers write
// one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/parse/byte_words.h"

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
  int Find(const char* key, size_t size) const {
    for (uint8_t at = heads_[Slot(key, size)]; at != kEmpty; at = rows_[at].next) {
      const Row& row = rows_[at];
      if (row.spelling.size() == size && SameBytes(row.spelling.data(), key, size)) return row.value;
    }
    return kNone;
  }

 private:
  static constexpr uint8_t kEmpty = 0xFF;
  static constexpr size_t kSlots = 512;

  struct Row {
    std::string spelling;
    int value = kNone;
    uint8_t next = kEmpty;  // row of the same slot
  };

  static size_t Slot(const char* key, size_t size) {
    const auto first = static_cast<unsigned char>(key[0]);
    const auto last = static_cast<unsigned char>((key + size)[-1]);
    return (size * 64 + first * 5 + last * 9) & (kSlots - 1);
  }

  std::array<uint8_t, kSlots> heads_;
  std::vector<Row> rows_;
};

}  // namespace tocsin
