// Reads single JSON values: classifies a token, removes the escapes of a string, reads whole numbers.
//
// Free functions without state, so thread-safe.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "operators/parse/byte_words.h"

namespace tocsin {

// kText: a string whose escapes have been removed; no token of a record has it.
enum class JsonType : uint8_t { kInvalid, kNull, kFalse, kTrue, kNumber, kString, kArray, kObject, kText };

struct JsonToken {
  JsonType type = JsonType::kInvalid;
  std::string_view text = {};  // of a string: between the quotes, escapes as they are; empty for arrays and objects
};

// Classifies the value from `begin` to `end`, which is the next structural character; white space before `end` is
// ignored. Numbers and literals are checked in full. REQUIRES: begin < end, and a string is closed.
JsonToken ReadScalar(const char* begin, const char* end);
inline JsonToken ReadToken(const char* begin, const char* end) {
  if (*begin != '"') return ReadScalar(begin, end);
  const char* close = end - 1;
  while (*close != '"') --close;
  return {.type = JsonType::kString, .text = std::string_view(begin + 1, static_cast<size_t>(close - begin - 1))};
}

// Whether a string's text has escapes.
inline bool HasEscape(std::string_view raw) {
  const char* text = raw.data();
  if (raw.size() > 32) return std::memchr(text, '\\', raw.size()) != nullptr;
  if (raw.size() < 8) {
    bool found = false;
    for (const char c : raw) found |= c == '\\';
    return found;
  }
  uint64_t found = FindByte(LoadWord<uint64_t>(text + raw.size() - 8), '\\');
  for (size_t at = 0; at + 8 < raw.size(); at += 8) found |= FindByte(LoadWord<uint64_t>(text + at), '\\');
  return found != 0;
}

// Writes `raw` without its escapes to `out`, which has room for raw.size() bytes, and returns what was written; nothing
// if an escape is not one of JSON's. Half of a surrogate pair becomes U+FFFD. REQUIRES: `raw` is UTF-8.
std::optional<std::string_view> Unescape(std::string_view raw, char* out);

// Writes a code point as UTF-8, at most four bytes, and returns the end of it.
char* WriteUtf8(uint32_t code, char* out);

// The value of a number or digit string without fraction and exponent; nothing if it has those or does not fit.
std::optional<int64_t> ReadWhole(std::string_view digits);

}  // namespace tocsin
