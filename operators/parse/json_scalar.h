// Reads single JSON values: classifies a token, removes the escapes of a string, reads whole numbers.
//
// Free functions without state, so thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/base/byte_words.h"

namespace tocsin {

// kText: a string whose escapes have been removed; no token of a record has it.
enum class JsonType : uint8_t { kInvalid, kNull, kFalse, kTrue, kNumber, kString, kArray, kObject, kText };

// A text that may not be there. Two words, so that functions return it in registers: std::optional<std::string_view>
// travels through memory, and reading back at once what was written there in parts stalls the processor.
class OptionalText {
 public:
  constexpr OptionalText() = default;
  constexpr OptionalText(std::nullopt_t) {}      // NOLINT(google-explicit-constructor): as std::optional has it
  constexpr OptionalText(std::string_view text)  // NOLINT(google-explicit-constructor): likewise
      : text_(text.data() == nullptr ? std::string_view("") : text) {}

  constexpr bool has_value() const { return text_.data() != nullptr; }
  // REQUIRES: has_value().
  constexpr std::string_view operator*() const { return text_; }
  constexpr const std::string_view* operator->() const { return &text_; }
  // Empty if there is none.
  constexpr std::string_view value_or_empty() const { return text_; }

 private:
  std::string_view text_;  // data() is null if there is none
};

// A value's type and text; two words, likewise.
class JsonToken {
 public:
  // REQUIRES: fewer than 2^32 bytes.
  explicit constexpr JsonToken(JsonType type, std::string_view text = {})
      : text_(text.data()), size_(static_cast<uint32_t>(text.size())), type_(type) {}

  constexpr JsonType type() const { return type_; }
  // Of a string: between the quotes, escapes as they are. Empty for arrays and objects.
  constexpr std::string_view text() const { return {text_, size_}; }

 private:
  const char* text_;
  uint32_t size_;
  JsonType type_;
};

// Classifies the value from `begin` to `end`, which is the next structural character; white space before `end` is
// ignored. Numbers and literals are checked in full. REQUIRES: begin < end, and a string is closed.
JsonToken ReadScalar(const char* begin, const char* end);
inline JsonToken ReadToken(const char* begin, const char* end) {
  if (*begin != '"') return ReadScalar(begin, end);
  const char* close = end - 1;
  while (*close != '"') --close;
  return JsonToken(JsonType::kString, {begin + 1, static_cast<size_t>(close - begin - 1)});
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
OptionalText Unescape(std::string_view raw, char* out);

// Writes a code point as UTF-8, at most four bytes, and returns the end of it.
char* WriteUtf8(uint32_t code, char* out);

// The value of a number or digit string without fraction and exponent; nothing if it has those or does not fit.
std::optional<int64_t> ReadWhole(std::string_view digits);

}  // namespace tocsin
