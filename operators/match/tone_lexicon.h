// The user's own words of tone: words and phrases with weights, for all brands of a watchlist or for one.
//
// A weight is evidence, in natural logarithms of odds: below 0 the odds that the post is negative (against the other
// two classes together) are multiplied by e^|weight|, above 0 those that it is positive. docs/QUERIES.md, "Words of
// your own".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/flat_index.h"
#include "operators/match/tokenizer.h"
#include "operators/match/user_term.h"
#include "operators/match/watchlist_yaml.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

struct ToneTerm : UserTerm {  // `language` is that in which a post is classified
  int weight = 0;             // hundredths
};

inline constexpr int kMaxToneWeight = 400;  // of a term, and of all that a post has of them

// Reads a `lexicon`: a list of {terms, weight, lang}. What is wrong goes to `*errors`. Sorted by language and text;
// empty if the node is undefined.
std::vector<ToneTerm> ReadToneTerms(const YAML::Node& node, YamlErrors* errors);

// Immutable after construction, so thread-safe.
class ToneLexicon {
 public:
  // `own` by brand.
  ToneLexicon(std::span<const ToneTerm> general, std::span<const std::span<const ToneTerm>> own);

  bool empty() const { return terms_.empty(); }

  // The sum of the weights of the terms in some runs of the text's tokens, for `brand` and a text that is classified in
  // `language`, within kMaxToneWeight either way. From left to right the longest term that starts at a token counts
  // and is passed over; of equally long ones the brand's own before those of all, then one with a language. Allocates
  // nothing; one or two looks at a filter a token. REQUIRES: the runs are
  // within tokenizer.text_tokens().
  int Weight(const Tokenizer& tokenizer, std::span<const TokenSpan> runs, uint32_t brand,
             std::string_view language) const;

  size_t MemoryBytes() const;

 private:
  struct Term {
    uint32_t first_hash;  // into hashes_
    uint16_t tokens;
    int16_t weight;
    uint16_t language;  // first letter * 256 + second; 0: all
    bool own;
  };

  static uint64_t Key(uint64_t hash, uint32_t owner);
  void Add(const ToneTerm& term, bool own);
  int Sum(std::span<const Token> tokens, uint32_t brand, uint16_t language) const;
  const Term* Longest(std::span<const Token> tokens, uint32_t owner, uint16_t language, const Term* best) const;

  std::vector<Term> terms_;
  std::vector<uint64_t> hashes_;
  std::vector<bool> has_own_;     // by brand
  FlatIndex<uint32_t> by_first_;  // terms, by Key of the first token and whose they are
};

}  // namespace tocsin
