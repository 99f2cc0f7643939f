#include "operators/parse/key_table.h"

#include "absl/log/check.h"
#include "absl/strings/str_format.h"
#include "engine/base/byte_words.h"

namespace tocsin {
namespace {

// Code point of the character at `*at`, which is moved behind it. REQUIRES: UTF-8.
uint32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto byte = [&](size_t i) { return uint32_t{static_cast<unsigned char>(text[i])}; };
  const uint32_t lead = byte(*at);
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t code = size == 1 ? lead : lead & (0x7FU >> size);
  for (size_t i = 1; i < size && *at + i < text.size(); ++i) code = code << 6 | (byte(*at + i) & 0x3F);
  *at += size;
  return code;
}

std::string EscapeUnit(uint32_t unit, bool capitals) {
  return capitals ? absl::StrFormat("\\u%04X", unit) : absl::StrFormat("\\u%04x", unit);
}

struct Style {
  bool escape_unicode = false;
  bool capitals = false;
  bool escape_slash = false;
};

std::string Spell(std::string_view key, const Style& style) {
  std::string out;
  for (size_t at = 0; at < key.size();) {
    const size_t begin = at;
    const uint32_t code = NextCodePoint(key, &at);
    if (code == '"' || code == '\\' || (code == '/' && style.escape_slash)) {
      out += '\\';
      out += key[begin];
    } else if (code >= 0x20 && (code < 0x80 || !style.escape_unicode)) {
      out += key.substr(begin, at - begin);
    } else if (code < 0x10000) {
      out += EscapeUnit(code, style.capitals);
    } else {
      out += EscapeUnit(0xD800 | (code - 0x10000) >> 10, style.capitals);
      out += EscapeUnit(0xDC00 | ((code - 0x10000) & 0x3FF), style.capitals);
    }
  }
  return out;
}

}  // namespace

std::vector<std::string> SpellingsOf(std::string_view key) {
  std::vector<std::string> spellings;
  for (const bool slash : {false, true}) {
    for (const Style& style : {Style{false, false, slash}, Style{true, false, slash}, Style{true, true, slash}}) {
      std::string spelling = Spell(key, style);
      bool known = false;
      for (const std::string& other : spellings) known |= other == spelling;
      if (!known) spellings.push_back(std::move(spelling));
    }
  }
  return spellings;
}

KeyTable::KeyTable(const std::vector<std::pair<std::string, int>>& spellings) {
  CHECK_LE(spellings.size(), kMaxSpellings);
  heads_.fill(kEmpty);
  for (const auto& [spelling, value] : spellings) {
    CHECK(!spelling.empty()) << "a key must not be empty";
    const size_t bit = BitOf(spelling.data(), spelling.size());
    bits_[bit / 64] |= uint64_t{1} << (bit % 64);
    uint8_t& head = heads_[HeadOf(bit)];
    rows_.push_back({.begin = static_cast<uint32_t>(spellings_.size()),
                     .size = static_cast<uint32_t>(spelling.size()),
                     .value = value,
                     .next = head});
    head = static_cast<uint8_t>(rows_.size() - 1);
    spellings_ += spelling;
  }
}

int KeyTable::FindRow(const char* key, size_t size, size_t bit) const {
  for (uint8_t at = heads_[HeadOf(bit)]; at != kEmpty; at = rows_[at].next) {
    const Row& row = rows_[at];
    if (row.size == size && SameBytes(spellings_.data() + row.begin, key, size)) return row.value;
  }
  return kNone;
}

}  // namespace tocsin
