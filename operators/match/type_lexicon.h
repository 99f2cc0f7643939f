// The user's own words for what a crisis is about: more words for a built-in type, and types of the user's own. The
// section `types` of a watchlist; docs/QUERIES.md, "What a crisis is about".
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
#include "operators/mention/crisis_type.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

struct TypeTerm : UserTerm {
  std::string type;
};

struct TypeTerms {
  std::vector<TypeTerm> terms;         // sorted by type, language and text
  std::vector<std::string> own_types;  // names that are not built in, sorted: the first has bit kOwnTypeShift
};

// Reads `types`: a list of {type, terms, lang}. What is wrong goes to `*errors`. Empty if the node is undefined.
TypeTerms ReadTypeTerms(const YAML::Node& node, YamlErrors* errors);

// Whether signals can carry the type: built in, or one of `own_types`.
bool IsKnownType(std::string_view type, std::span<const std::string> own_types);

// Immutable after construction, so thread-safe.
class TypeLexicon {
 public:
  explicit TypeLexicon(const TypeTerms& types);

  bool empty() const { return terms_.empty(); }

  // MentionTerm bits and those of own types for all terms that are anywhere in the text, of which those for a language
  // count only if `language`, as in Mention::language, is it. Allocates nothing; one look at a filter a token.
  uint32_t Terms(const Tokenizer& tokenizer, uint16_t language) const;

  size_t MemoryBytes() const;

 private:
  struct Term {
    uint32_t first_hash;  // into hashes_
    uint32_t bits;
    uint16_t tokens;
    uint16_t language;  // 0: all
  };

  std::vector<Term> terms_;
  std::vector<uint64_t> hashes_;
  FlatIndex<uint32_t> by_first_;  // terms, by the hash of the first token
};

}  // namespace tocsin
