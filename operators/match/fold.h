// Unicode folding, one code point at a time: what a character turns into, and whether it is part of a word.
//
// The fold of a code point is its full case folding (Unicode's C + F) in compatibility decomposition (NFKD), without
// accents, points and other characters that people leave out, and with the Latin letters that Unicode does not
// decompose mapped to their base (ø o, ł l, æ ae, ...). Two strings that are equal under NFKC case folding fold alike,
// composed or not, and so needs no look at the neighbours: a table does it. A second table keeps accents and those
// Latin letters, for queries in which they count. docs/QUERIES.md has the rules in full.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

enum class CharClass : uint8_t {
  kBreak,      // ends a token: spaces, punctuation, controls
  kWord,       // letters and digits of scripts that put spaces between words
  kIdeograph,  // of scripts that do not (Han, kana, Thai, ...): a token by itself
  kSymbol,     // emoji and the like: a token by itself, never part of a hashtag
  kMark,       // joins the token before it
  kIgnored,    // accents, joiners, variation selectors: dropped, and no border either
};

enum class LetterCase : uint8_t { kLower, kUpper, kDigit };  // kLower: everything that is neither of the others

// Immutable after construction, so thread-safe.
class FoldTable {
 public:
  struct Entry {
    uint32_t offset = 0;
    uint8_t size = 0;  // of the folded UTF-8; kItself: the character as it stands
    CharClass char_class = CharClass::kBreak;
    LetterCase letter_case = LetterCase::kLower;
    bool accent = false;  // a combining accent: ignored, but part of the character before it where accents count
  };
  static constexpr uint8_t kItself = 0xFF;
  static constexpr size_t kMaxFoldBytes = 64;

  // Made on the first call (some 10 ms).
  static const FoldTable& Get();
  // The same, but for accents and the letters that Get() maps to their base: they stay.
  static const FoldTable& WithAccents();

  const Entry& Find(char32_t code_point) const { return pages_[page_of_[code_point >> 8]][code_point & 0xFF]; }
  // The fold of the character whose entry this is; `source` is the character in UTF-8.
  std::string_view Folded(const Entry& entry, std::string_view source) const {
    return entry.size == kItself ? source : std::string_view{pool_}.substr(entry.offset, entry.size);
  }

 private:
  using Page = std::array<Entry, 256>;

  explicit FoldTable(bool keep_accents);
  Entry Make(char32_t code_point);

  bool keep_accents_;
  std::array<uint16_t, 0x1100> page_of_{};
  std::vector<Page> pages_;
  std::string pool_;
};

// Reads one character at `*position` and moves past it. A byte that is not UTF-8 counts as U+FFFD by itself.
char32_t NextCodePoint(const char** position, const char* end);
void AppendUtf8(char32_t code_point, std::string* out);

// A handle or host as it is compared: every character folded, those that would end a word kept (a byte
// that is not UTF-8 as U+FFFD); '@' before it dropped. What is folded folds to itself. REQUIRES: `handle` is
// not part of `*out`.
void FoldHandle(std::string_view handle, std::string* out);
std::string FoldHandle(std::string_view handle);

// A word in lower case with its accents.
std::string FoldKeepingAccents(std::string_view word);
// Whether FoldKeepingAccents(word) is `folded`, or starts with its letters if `prefix`. Allocates nothing.
bool EqualsKeepingAccents(std::string_view word, std::string_view folded, bool prefix);

}  // namespace tocsin
