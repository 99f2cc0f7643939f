// Ten thousand Boolean queries over one post at about the cost of ten.
//
// The literals of all queries (words, phrases, tags, handles) are interned and indexed by one of their tokens. A post
// is cut into tokens once; every token costs one look-up that mostly misses; a hit on a phrase looks at the neighbours.
// Each query has anchors: literals of which at least one is in every post that it matches. Only queries with an anchor
// in the post are evaluated, over the literals found.
//
// Longest name wins: an occurrence of a word or phrase does not count for a brand where it lies inside a longer phrase
// that is a name of another brand, that is, one of the alternatives of that brand's outermost OR. (Inside NOT it does
// count.)
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/flat_index.h"
#include "operators/match/query.h"
#include "operators/match/tokenizer.h"
#include "operators/match/watchlist.h"
#include "operators/parse/post.h"

namespace tocsin {

// One thread's buffers. Grows to what the posts and the largest watchlist need, then allocates no more. May be used
// with several watchlists in turn.
class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  MatchScratch(const MatchScratch&) = delete;
  MatchScratch& operator=(const MatchScratch&) = delete;

  // Of the post last matched, valid until the next: they borrow from it.
  const Tokenizer& tokenizer() const;
  // Of the text's folded tokens without handles, URLs and a leading "RT": equal for copies of one text.
  uint64_t TextFingerprint() const;
  // MentionTerm bits of the words in the text.
  uint32_t Terms() const;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// Immutable after construction, so thread-safe.
class Matcher {
 public:
  struct Source {
    const QueryNode* query;
    std::span<const std::string> official_accounts;  // folded, without '@'
    bool topic = false;                              // neither hides other brands' names nor has its own hidden
  };

  explicit Matcher(std::span<const Source> sources);

  // Brands by index into the sources, ascending, each once.
  void Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const;

  size_t MemoryBytes() const;
  size_t literals() const { return literals_.size(); }

 private:
  class Builder;
  class Run;

  struct Literal {
    uint32_t tokens;  // first in token_hashes_, and in raw_tokens_ if case-sensitive
    uint32_t raw_tokens;
    uint16_t size;
    bool case_sensitive;
    bool words_only;    // can be hidden by a longer name
    bool is_name;       // of some brand, of two words or more
    uint32_t anchored;  // brands that it anchors: [anchored, anchored_end) of anchored_brands_
    uint32_t anchored_end;
  };
  // What most tokens that are a key at all need to know, so that they touch no other memory.
  struct Hit {
    uint32_t literal;
    uint32_t neighbour;  // low half of the hash of the token beside the key: before it, or after it if the key is first
    uint8_t token;       // which of the literal's tokens is the key
    uint8_t size;
    bool case_sensitive;
    bool quiet;  // anchors no brand and hides nothing: noting it is all
  };
  struct Node {
    QueryOp op;
    bool negative;  // under an odd number of NOTs
    bool ordered;
    uint16_t distance;
    uint32_t first;  // child in children_; or literal, language, network, kind, lowest rating
    uint32_t count;  // children; or highest rating
  };
  struct Root {
    uint32_t node;
    bool any_literal;  // an OR of literals, or one
    bool topic;
  };

  std::vector<Literal> literals_;
  std::vector<uint64_t> token_hashes_;
  std::vector<std::string> raw_tokens_;
  std::vector<uint32_t> anchored_brands_;
  std::vector<Node> nodes_;
  std::vector<uint32_t> children_;
  std::vector<std::string> languages_;
  std::vector<Root> roots_;
  FlatIndex<Hit> by_token_;
  FlatIndex<uint32_t> by_prefix_;       // literal
  std::vector<uint64_t> prefix_sizes_;  // by the first two bytes, mixed: bit n - 1 for prefixes of n bytes
  FlatIndex<uint32_t> official_;        // brand
  Tokenizer::Options options_;
  bool authors_ = false;  // some query or account needs the author
};

}  // namespace tocsin
