// Words that tell what a crisis is about: safety, breach, call to action, anger, service, misconduct. A small built-in
// list in English, French, Italian, German and Spanish; its hits are evidence for a type and a level, never a decision.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "operators/match/tokenizer.h"

namespace tocsin {

// Immutable, so thread-safe.
class Lexicon {
 public:
  static const Lexicon& Get();

  // MentionTerm bits of the words, pairs of words and hashtags in the text. One look-up a token.
  uint32_t Terms(const Tokenizer& tokenizer) const;

 private:
  Lexicon();
  void Add(uint32_t term, std::string_view words);

  static constexpr uint32_t kStartsPair = uint32_t{1} << 31;
  absl::flat_hash_map<uint64_t, uint32_t> terms_;  // by token hash, or by hash of a pair's
};

}  // namespace tocsin
