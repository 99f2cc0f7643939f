#include "operators/match/fold.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "absl/strings/ascii.h"
#include "engine/base/byte_words.h"

namespace tocsin {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t n>
bool In(const Range (&ranges)[n], char32_t code_point) {
  const Range* range = std::upper_bound(std::begin(ranges), std::end(ranges), code_point,
                                        [](char32_t value, const Range& r) { return value < r.first; });
  return range != std::begin(ranges) && code_point <= std::prev(range)->last;
}

// Default-ignorable characters, skin tones, Arabic tatweel, and the marks that people leave out: accents, Hebrew
// points, Arabic vowel signs. Not the vowel signs of Indic scripts, nor the voicing marks of kana: they change the
// word.
constexpr Range kIgnoredRanges[] = {
    {0x00AD, 0x00AD}, {0x0300, 0x036F},   {0x0591, 0x05BD},   {0x05BF, 0x05BF}, {0x05C1, 0x05C2}, {0x05C4, 0x05C5},
    {0x05C7, 0x05C7}, {0x0610, 0x061A},   {0x061C, 0x061C},   {0x0640, 0x0640}, {0x064B, 0x065F}, {0x0670, 0x0670},
    {0x06D6, 0x06DC}, {0x06DF, 0x06E8},   {0x06EA, 0x06ED},   {0x180B, 0x180E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200C, 0x200F}, {0x202A, 0x202E},   {0x2060, 0x206F},   {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF}, {0x1F3FB, 0x1F3FF}, {0xE0000, 0xE0FFF},
};

constexpr Range kAccentRanges[] = {
    {0x0300, 0x036F},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0xFE20, 0xFE2F},
};

// Brand marks, the two signs of Latin-1 that are symbols, and letters that are written for an apostrophe.
constexpr Range kBreakRanges[] = {
    {0x00A6, 0x00A6}, {0x00A9, 0x00A9}, {0x00AE, 0x00AE}, {0x00B0, 0x00B0}, {0x02BB, 0x02BC},
    {0x2117, 0x2117}, {0x2120, 0x2120}, {0x2122, 0x2122}, {0xFFFC, 0xFFFD},
};

constexpr Range kHanRanges[] = {
    {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},
    {0x20000, 0x2FFFD},
    {0x30000, 0x3FFFD},
};

// Scripts that put no spaces between words.
constexpr Range kIdeographRanges[] = {
    {0x0E00, 0x0EFF},                                                        // Thai, Lao
    {0x1000, 0x109F},                                                        // Myanmar
    {0x1780, 0x17FF},                                                        // Khmer
    {0x19E0, 0x19FF}, {0x2E80, 0x2FDF},                                      // radicals
    {0x3005, 0x3007}, {0x3021, 0x3029}, {0x3038, 0x303B}, {0x3040, 0x30FF},  // kana
    {0x3100, 0x312F},                                                        // Bopomofo
    {0x31A0, 0x31BF}, {0x31F0, 0x31FF}, {0xA9E0, 0xA9FF}, {0xAA60, 0xAA7F},  // Myanmar
    {0xF900, 0xFAFF},                                                        // compatibility ideographs
    {0xFF66, 0xFF9D},                                                        // half-width kana
};

// Latin letters that Unicode does not decompose, as the languages that lack them write them.
std::string_view BaseLetters(char32_t code_point) {
  switch (code_point) {
    case 0x00E6:
      return "ae";
    case 0x00F0:
      return "d";
    case 0x00F8:
      return "o";
    case 0x00FE:
      return "th";
    case 0x0111:
      return "d";
    case 0x0127:
      return "h";
    case 0x0131:
      return "i";
    case 0x0142:
      return "l";
    case 0x0153:
      return "oe";
    case 0x0167:
      return "t";
    default:
      return {};
  }
}

bool IsLetterOrNumber(int category) {
  return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) ||
         (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
}

struct Decomposed {
  std::string text;
  bool only_letters = true;  // letters, numbers and marks
};

Decomposed Fold(char32_t code_point, bool keep_accents) {
  std::array<utf8proc_int32_t, FoldTable::kMaxFoldBytes> parts;
  int last_boundclass = 0;
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
  const utf8proc_ssize_t n =
      utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), parts.data(),
                              static_cast<utf8proc_ssize_t>(parts.size()), options, &last_boundclass);
  Decomposed folded;
  for (utf8proc_ssize_t i = 0; i < n; ++i) {
    const auto part = static_cast<char32_t>(parts[static_cast<size_t>(i)]);
    if (In(kIgnoredRanges, part) && !(keep_accents && In(kAccentRanges, part))) continue;
    const int category = utf8proc_category(static_cast<utf8proc_int32_t>(part));
    folded.only_letters &=
        IsLetterOrNumber(category) || (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME);
    const std::string_view base = keep_accents ? std::string_view{} : BaseLetters(part);
    if (base.empty()) {
      AppendUtf8(part, &folded.text);
    } else {
      folded.text.append(base);
    }
  }
  return folded;
}

CharClass Classify(char32_t code_point, const Decomposed& folded) {
  if (In(kIgnoredRanges, code_point)) return CharClass::kIgnored;
  if (In(kBreakRanges, code_point)) return CharClass::kBreak;
  if (In(kHanRanges, code_point)) return CharClass::kIdeograph;
  if (code_point == 0xFF9E || code_point == 0xFF9F) return CharClass::kMark;  // half-width voicing marks
  const int category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) {
    return folded.text.empty() ? CharClass::kIgnored : CharClass::kMark;
  }
  const bool symbol = category == UTF8PROC_CATEGORY_SO;
  if (!IsLetterOrNumber(category) && !symbol) return CharClass::kBreak;
  if (folded.text.empty()) return CharClass::kIgnored;
  if (symbol && !folded.only_letters) return CharClass::kSymbol;
  // A symbol that is its own fold has nothing but itself, hence no letters: only_letters is false for it.
  return In(kIdeographRanges, code_point) ? CharClass::kIdeograph : CharClass::kWord;
}

LetterCase CaseOf(char32_t code_point) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code_point))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return LetterCase::kUpper;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return LetterCase::kDigit;
    default:
      return LetterCase::kLower;
  }
}

}  // namespace

void AppendUtf8(char32_t code_point, std::string* out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  for (utf8proc_ssize_t i = 0; i < size; ++i) out->push_back(static_cast<char>(bytes[i]));
}

char32_t NextCodePoint(const char** position, const char* end) {
  const auto byte = [&](int i) { return static_cast<uint8_t>((*position)[i]); };
  const auto tail = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  const auto bits = [&](int i) { return static_cast<char32_t>(byte(i) & 0x3F); };
  const uint8_t lead = byte(0);
  const std::ptrdiff_t left = end - *position;
  char32_t code_point = 0xFFFD;
  int size = 1;
  if (lead < 0x80) {
    code_point = lead;
  } else if (lead >= 0xC2 && lead < 0xE0 && left >= 2 && tail(1)) {
    code_point = static_cast<char32_t>(lead & 0x1F) << 6 | bits(1);
    size = 2;
  } else if ((lead & 0xF0) == 0xE0 && left >= 3 && tail(1) && tail(2)) {
    const char32_t value = static_cast<char32_t>(lead & 0x0F) << 12 | bits(1) << 6 | bits(2);
    if (value >= 0x800 && (value < 0xD800 || value > 0xDFFF)) {
      code_point = value;
      size = 3;
    }
  } else if (lead >= 0xF0 && lead < 0xF5 && left >= 4 && tail(1) && tail(2) && tail(3)) {
    const char32_t value = static_cast<char32_t>(lead & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3);
    if (value >= 0x10000 && value <= 0x10FFFF) {
      code_point = value;
      size = 4;
    }
  }
  *position += size;
  return code_point;
}

FoldTable::Entry FoldTable::Make(char32_t code_point) {
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (surrogate) return Entry{};
  const Decomposed folded = Fold(code_point, keep_accents_);
  Entry entry;
  entry.accent = In(kAccentRanges, code_point);
  entry.char_class = entry.accent && keep_accents_ ? CharClass::kMark : Classify(code_point, folded);
  entry.letter_case = CaseOf(code_point);
  if (entry.char_class == CharClass::kBreak || entry.char_class == CharClass::kIgnored) return entry;
  std::string itself;
  AppendUtf8(code_point, &itself);
  if (folded.text == itself) {
    entry.size = kItself;
    return entry;
  }
  entry.offset = static_cast<uint32_t>(pool_.size());
  entry.size = static_cast<uint8_t>(folded.text.size());
  pool_.append(folded.text);
  return entry;
}

FoldTable::FoldTable(bool keep_accents) : keep_accents_(keep_accents) {
  Page breaks{};
  Page han{};
  for (Entry& entry : han) {
    entry.size = kItself;
    entry.char_class = CharClass::kIdeograph;
  }
  pages_ = {breaks, han};
  const auto is_break = [](const Entry& entry) { return entry.char_class == CharClass::kBreak; };
  for (char32_t page = 0; page < page_of_.size(); ++page) {
    const char32_t first = page << 8;
    // Whole pages of Han fold to themselves, but for the compatibility supplement (2F800).
    const bool only_han = In(kHanRanges, first) && In(kHanRanges, first + 0xFF) && (page < 0x2F8 || page >= 0x2FB);
    const bool private_use = (page >= 0xE0 && page < 0xF9) || page >= 0xE10 || (page >= 0x400 && page < 0xE00);
    if (only_han) page_of_[page] = 1;
    if (only_han || private_use) continue;
    Page made;
    for (char32_t i = 0; i < 256; ++i) made[i] = Make(first + i);
    if (std::all_of(made.begin(), made.end(), is_break)) continue;
    page_of_[page] = static_cast<uint16_t>(pages_.size());
    pages_.push_back(made);
  }
}

const FoldTable& FoldTable::Get() {
  static const FoldTable* const table = new FoldTable(false);
  return *table;
}

const FoldTable& FoldTable::WithAccents() {
  static const FoldTable* const table = new FoldTable(true);
  return *table;
}

namespace {

// Calls `fn` with the folded pieces of `text`, those that would end a word as they stand, until it returns false. A
// byte that is not UTF-8 gives U+FFFD: left as it is, it might make a character with what comes to stand beside it.
template <typename Fn>
void ForEachFold(const FoldTable& table, std::string_view text, const Fn& fn) {
  const char* position = text.data();
  const char* const end = position + text.size();
  while (position < end) {
    const char* const start = position;
    const FoldTable::Entry& entry = table.Find(NextCodePoint(&position, end));
    const bool is_utf8 = position - start > 1 || static_cast<uint8_t>(*start) < 0x80;
    const auto source =
        is_utf8 ? std::string_view(start, static_cast<size_t>(position - start)) : std::string_view("\uFFFD");
    if (entry.char_class == CharClass::kIgnored) continue;
    if (!fn(entry.char_class == CharClass::kBreak ? source : table.Folded(entry, source))) return;
  }
}

// Puts `text` into `*out` in lower case if all of it is ASCII; else returns false, and what is in `*out` is of no use.
bool LowerAscii(std::string_view text, std::string* out) {
  constexpr size_t kWord = sizeof(uint64_t);
  out->resize(text.size());
  char* const to = out->data();
  if (text.size() < kWord) {
    unsigned seen = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      seen |= static_cast<unsigned char>(text[i]);
      to[i] = absl::ascii_tolower(static_cast<unsigned char>(text[i]));
    }
    return seen < 0x80;
  }
  uint64_t seen = 0;
  for (size_t at = 0;; at = std::min(at + kWord, text.size() - kWord)) {
    const auto word = LoadWord<uint64_t>(text.data() + at);
    seen |= word;
    const uint64_t lowered = word | BytesIn(word & ~kEveryTopBit, 'A', 'Z') >> 2;
    std::memcpy(to + at, &lowered, kWord);
    if (at + kWord == text.size()) return (seen & kEveryTopBit) == 0;
  }
}

}  // namespace

void FoldHandle(std::string_view handle, std::string* out) {
  std::string_view name = handle;
  while (!name.empty() && name.front() == '@') name.remove_prefix(1);
  // Nearly every author and host: of ASCII, the table changes the capitals alone.
  if (LowerAscii(name, out)) return;
  out->clear();
  ForEachFold(FoldTable::Get(), handle, [out](std::string_view piece) {
    // However many there are: what is folded folds to itself.
    if (out->empty()) piece.remove_prefix(std::min(piece.find_first_not_of('@'), piece.size()));
    out->append(piece);
    return true;
  });
}

std::string FoldHandle(std::string_view handle) {
  std::string out;
  FoldHandle(handle, &out);
  return out;
}

std::string FoldKeepingAccents(std::string_view word) {
  std::string out;
  ForEachFold(FoldTable::WithAccents(), word, [&out](std::string_view piece) {
    out.append(piece);
    return true;
  });
  return out;
}

bool EqualsKeepingAccents(std::string_view word, std::string_view folded, bool prefix) {
  bool equal = true;
  ForEachFold(FoldTable::WithAccents(), word, [&](std::string_view piece) {
    const size_t size = prefix ? std::min(piece.size(), folded.size()) : piece.size();
    equal = folded.starts_with(piece.substr(0, size));
    if (!equal) return false;
    folded.remove_prefix(size);
    if (size == piece.size()) return true;
    // Behind the prefix: an accent would belong to its last letter.
    const char* next = piece.data() + size;
    equal = !In(kAccentRanges, NextCodePoint(&next, piece.data() + piece.size()));
    return false;
  });
  return equal && folded.empty();
}

}  // namespace tocsin
