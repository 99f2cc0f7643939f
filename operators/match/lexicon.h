// Words that tell what a crisis is about and how people speak of it: safety, breach, call to action, anger, service,
// misconduct, responsibility, the first person, bad taste, silence, rumour. A small built-in list in English, French,
// Italian, German and Spanish (the first person and what comes after it in Portuguese too); its hits are evidence for a
// type and a level, never a decision. Users add words, and types, of their own: type_lexicon.h.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "operators/match/tokenizer.h"

namespace tocsin {

// Immutable, so thread-safe.
class Lexicon {
 public:
  static const Lexicon& Get();

  // MentionTerm bits of the words, pairs of words and hashtags in the text. `language` as in Mention::language: its
  // words for the first person count ("i" is a plural in Italian), of other languages none. One look-up a token.
  uint32_t Terms(const Tokenizer& tokenizer, uint16_t language) const;

 private:
  Lexicon();
  void Add(uint32_t term, std::string_view words);

  // Bits of the table only.
  static constexpr uint32_t kStartsPair = uint32_t{1} << 31;
  static constexpr int kFirstPersonShift = 16;     // and from here on, one for each of kFirstPersonLanguages
  absl::flat_hash_map<uint64_t, uint32_t> terms_;  // by token hash, or by hash of a pair's
};

}  // namespace tocsin
