#include "app/generate/record_buffer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tocsin {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Bytes that stand for themselves in a JSON string of ASCII, slashes excepted.
constexpr std::array<bool, 256> PlainBytes(bool with_high) {
  std::array<bool, 256> plain = {};
  for (size_t c = 0x20; c < plain.size(); ++c) plain[c] = c < 0x80 || with_high;
  plain['"'] = plain['\\'] = false;
  return plain;
}
constexpr std::array<bool, 256> kPlain = PlainBytes(true);
constexpr std::array<bool, 256> kPlainAscii = [] {
  std::array<bool, 256> plain = PlainBytes(false);
  plain['/'] = false;
  return plain;
}();
constexpr std::array<bool, 256> kPlainHtml = [] {
  std::array<bool, 256> plain = PlainBytes(true);
  plain['<'] = plain['>'] = plain['&'] = false;
  return plain;
}();

// Up to the first byte that `plain` does not have.
size_t PlainPrefix(std::string_view text, size_t from, const std::array<bool, 256>& plain) {
  while (from < text.size() && plain[static_cast<unsigned char>(text[from])]) ++from;
  return from;
}

// The character at `*at`, which moves behind it.
uint32_t Decode(std::string_view text, size_t* at) {
  const auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(*at);
  const size_t more = lead < 0xE0 ? 1 : (lead < 0xF0 ? 2 : 3);
  uint32_t code = lead & (0x3FU >> more);
  for (size_t i = 1; i <= more && *at + i < text.size(); ++i) code = code << 6 | (byte(*at + i) & 0x3FU);
  *at += more + 1;
  return code;
}

}  // namespace

void RecordBuffer::Grow(size_t more) {
  constexpr size_t kLeast = 8'192;
  const size_t capacity = std::max({kLeast, capacity_ * 2, size_ + more});
  auto data = std::make_unique<char[]>(capacity);
  if (size_ > 0) std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

void RecordBuffer::ThreeDigits(uint32_t value) {
  Reserve(3);
  data_[size_] = static_cast<char>('0' + value / 100);
  data_[size_ + 1] = static_cast<char>('0' + value / 10 % 10);
  data_[size_ + 2] = static_cast<char>('0' + value % 10);
  size_ += 3;
}

void RecordBuffer::Unicode(uint32_t code_unit) {
  Raw("\\u");
  for (const int shift : {12, 8, 4, 0}) Raw(kHexDigits[code_unit >> shift & 0xFU]);
}

void RecordBuffer::Control(unsigned char c) {
  if (c == '\n') {
    Raw("\\n");
  } else if (c < 0x20) {
    Unicode(c);
  } else {
    Raw('\\');
    Raw(static_cast<char>(c));
  }
}

void RecordBuffer::Escaped(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t plain = PlainPrefix(text, at, kPlain);
    Raw(text.substr(at, plain - at));
    at = plain;
    if (at < text.size()) Control(static_cast<unsigned char>(text[at]));
  }
}

void RecordBuffer::EscapedAscii(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t plain = PlainPrefix(text, at, kPlainAscii);
    Raw(text.substr(at, plain - at));
    at = plain;
    if (at == text.size()) return;
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      Control(c);
      ++at;
      continue;
    }
    const uint32_t code = Decode(text, &at);
    if (code < 0x10000) {
      Unicode(code);
    } else {
      Unicode(0xD800 + ((code - 0x10000) >> 10));
      Unicode(0xDC00 + ((code - 0x10000) & 0x3FFU));
    }
  }
}

void RecordBuffer::EscapedHtml(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const size_t plain = PlainPrefix(text, at, kPlainHtml);
    Raw(text.substr(at, plain - at));
    at = plain;
    if (at == text.size()) return;
    switch (text[at]) {
      case '<':
        Raw("&lt;");
        break;
      case '>':
        Raw("&gt;");
        break;
      case '&':
        Raw("&amp;");
        break;
      default:
        Control(static_cast<unsigned char>(text[at]));
        break;
    }
  }
}

void RecordBuffer::ReplaceAll(std::string_view from, std::string_view to) {
  for (size_t at = view().find(from); at != std::string_view::npos; at = view().find(from, at + to.size())) {
    if (to.size() > from.size()) Reserve(to.size() - from.size());
    char* const place = data_.get() + at;
    std::memmove(place + to.size(), place + from.size(), size_ - at - from.size());
    std::memcpy(place, to.data(), to.size());
    size_ = size_ + to.size() - from.size();
  }
}

void RecordBuffer::CutInHalf() {
  const auto continues = [this](size_t at) { return (static_cast<unsigned char>(data_[at]) & 0xC0U) == 0x80U; };
  size_t size = size_ / 2;
  while (size > 0 && continues(size)) --size;
  size_ = size;
}

}  // namespace tocsin
