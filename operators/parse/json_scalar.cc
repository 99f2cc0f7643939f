#include "operators/parse/json_scalar.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <system_error>

#include "engine/base/byte_words.h"

namespace tocsin {
namespace {

constexpr uint32_t kReplacement = 0xFFFD;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

size_t SkipDigits(std::string_view text, size_t at) {
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at;
}

// The grammar of RFC 8259, section 6.
bool IsNumber(std::string_view text) {
  size_t at = !text.empty() && text.front() == '-' ? 1 : 0;
  const size_t whole = at;
  at = SkipDigits(text, at);
  if (at == whole || (text[whole] == '0' && at > whole + 1)) return false;
  if (at < text.size() && text[at] == '.') {
    const size_t fraction = ++at;
    at = SkipDigits(text, at);
    if (at == fraction) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    const size_t exponent = at;
    at = SkipDigits(text, at);
    if (at == exponent) return false;
  }
  return at == text.size();
}

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr std::array<int8_t, 256> MakeHexTable() {
  std::array<int8_t, 256> table = {};
  table.fill(-1);
  for (size_t i = 0; i < 10; ++i) table['0' + i] = static_cast<int8_t>(i);
  for (size_t i = 0; i < 6; ++i) {
    table['a' + i] = static_cast<int8_t>(10 + i);
    table['A' + i] = static_cast<int8_t>(10 + i);
  }
  return table;
}
constexpr std::array<int8_t, 256> kHex = MakeHexTable();

// Four hexadecimal digits; nothing if they are not.
std::optional<uint32_t> ReadHex4(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  const auto digit = [&](size_t i) { return int32_t{kHex[static_cast<unsigned char>(text[at + i])]}; };
  const int32_t value = digit(0) * 4096 | digit(1) * 256 | digit(2) * 16 | digit(3);  // negative if any digit is
  if (value < 0) return std::nullopt;
  return static_cast<uint32_t>(value);
}

bool IsHighSurrogate(uint32_t unit) { return (unit & 0xFC00) == 0xD800; }
bool IsLowSurrogate(uint32_t unit) { return (unit & 0xFC00) == 0xDC00; }

// Reads the code point of a \u escape whose digits begin at `*at`, and of the second half that may follow.
std::optional<uint32_t> ReadCodePoint(std::string_view raw, size_t* at) {
  const std::optional<uint32_t> first = ReadHex4(raw, *at);
  if (!first.has_value()) return std::nullopt;
  *at += 4;
  if (!IsHighSurrogate(*first)) return IsLowSurrogate(*first) ? kReplacement : *first;
  if (*at + 6 > raw.size() || raw[*at] != '\\' || raw[*at + 1] != 'u') return kReplacement;
  const std::optional<uint32_t> second = ReadHex4(raw, *at + 2);
  if (!second.has_value() || !IsLowSurrogate(*second)) return kReplacement;
  *at += 6;
  return 0x10000 + ((*first & 0x3FF) << 10 | (*second & 0x3FF));
}

// The byte that a one-letter escape stands for; 0 if there is no such escape.
char ShortEscape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
    case '/':
      return letter;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

char* WriteUtf8(uint32_t code, char* out) {
  const auto byte = [](uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) {
    *out++ = byte(code);
  } else if (code < 0x800) {
    *out++ = byte(0xC0 | code >> 6);
    *out++ = byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = byte(0xE0 | code >> 12);
    *out++ = byte(0x80 | (code >> 6 & 0x3F));
    *out++ = byte(0x80 | (code & 0x3F));
  } else {
    *out++ = byte(0xF0 | code >> 18);
    *out++ = byte(0x80 | (code >> 12 & 0x3F));
    *out++ = byte(0x80 | (code >> 6 & 0x3F));
    *out++ = byte(0x80 | (code & 0x3F));
  }
  return out;
}

JsonToken ReadScalar(const char* begin, const char* end) {
  std::string_view token(begin, static_cast<size_t>(end - begin));
  while (IsSpace(token.back())) token.remove_suffix(1);
  switch (token.front()) {
    case '{':
      return JsonToken(JsonType::kObject);
    case '[':
      return JsonToken(JsonType::kArray);
    case 'n':
      return JsonToken(token == "null" ? JsonType::kNull : JsonType::kInvalid);
    case 't':
      return JsonToken(token == "true" ? JsonType::kTrue : JsonType::kInvalid);
    case 'f':
      return JsonToken(token == "false" ? JsonType::kFalse : JsonType::kInvalid);
    default:
      return JsonToken(IsNumber(token) ? JsonType::kNumber : JsonType::kInvalid, token);
  }
}

OptionalText Unescape(std::string_view raw, char* out) {
  char* end = out;
  size_t at = 0;
  while (at < raw.size()) {
    if (at + 8 <= raw.size()) {
      // Bytes behind the backslash are written too, and overwritten by what follows.
      const auto word = LoadWord<uint64_t>(raw.data() + at);
      std::memcpy(end, &word, sizeof(word));
      const uint64_t found = FindByte(word, '\\');
      const size_t plain = found == 0 ? sizeof(word) : BytesBefore(found);
      end += plain;
      at += plain;
      if (found == 0) continue;
    } else if (raw[at] != '\\') {
      *end++ = raw[at++];
      continue;
    }
    if (at + 1 == raw.size()) return std::nullopt;
    const char letter = raw[at + 1];
    at += 2;
    if (letter == 'u') {
      const std::optional<uint32_t> code = ReadCodePoint(raw, &at);
      if (!code.has_value()) return std::nullopt;
      end = WriteUtf8(*code, end);
    } else {
      const char byte = ShortEscape(letter);
      if (byte == 0) return std::nullopt;
      *end++ = byte;
    }
  }
  return std::string_view(out, static_cast<size_t>(end - out));
}

std::optional<int64_t> ReadWhole(std::string_view digits) {
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace tocsin
