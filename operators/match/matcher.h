// Ten thousand Boolean queries over one post at about the cost of ten.
//
// Each query has anchors: words, phrases, tags and handles of which at least one is in every post that it matches. All
// anchors are in one index, by token or, for phrases, by a pair of adjacent tokens. A post is cut into tokens once;
// every token costs a look at a filter that fits the cache, and mostly ends there. Only queries with an anchor in the
// post are evaluated; nothing else of a watchlist is touched, however long it is.
//
// Longest name wins: an occurrence of a word or phrase does not count for a brand where it lies inside a longer phrase
// that is a name of another brand, that is, one of the alternatives of that brand's outermost OR. (Inside NOT it does
// count.) A match by ambiguous terms alone is decided by the brand's context: match_context.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/anchor_index.h"
#include "operators/match/flat_index.h"
#include "operators/match/match_context.h"
#include "operators/match/query.h"
#include "operators/match/query_program.h"
#include "operators/match/tokenizer.h"
#include "operators/match/watchlist.h"
#include "operators/parse/post.h"

namespace tocsin {

// One thread's buffers. Grows to what the posts need, then allocates no more. May be used with several watchlists in
// turn.
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
  // MentionTerm bits of the words in the text; `language` as in Mention::language.
  uint32_t Terms(uint16_t language) const;

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
    const MatchContext* context = nullptr;           // null or empty: no match is ambiguous
  };

  explicit Matcher(std::span<const Source> sources);

  // Brands by index into the sources, ascending, each once.
  void Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const;

  // Adds where the post's text names the brand, by its tokens, in no order: the occurrences that count of its query's
  // terms outside of NOT; of the parts of an AND or NEAR only of the first that is there. Nothing where only parts of
  // tags, URLs or what is listed apart from the text do. REQUIRES: `scratch` is as Match(post) left it, and the brand
  // was matched by its query.
  void FindNames(const Post& post, uint32_t brand, MatchScratch* scratch, std::vector<TokenSpan>* spans) const;

  // Why the post does or does not mention the brand, whose source was `source`. Slow.
  MatchExplanation Explain(const Post& post, uint32_t brand, const Source& source, MatchScratch* scratch) const;

  size_t MemoryBytes() const;

 private:
  friend class MatchRun;
  class Builder;

  void FindCandidates(MatchScratch::State* state) const;
  void FindPrefixes(const Token& token, MatchScratch::State* state) const;
  void AddOfficial(uint64_t author, std::vector<BrandMatch>* matches) const;

  QueryProgram program_;
  AnchorIndex anchors_;
  FlatIndex<uint32_t> prefix_anchors_;
  std::vector<uint64_t> prefix_sizes_;  // by the first two bytes, mixed: bit n - 1 for prefixes of n bytes
  std::vector<uint32_t> places_;        // of each brand's query in the program
  FlatIndex<uint32_t> official_;        // brand
  Tokenizer::Options options_;
  bool authors_ = false;  // some query or account needs the author
};

}  // namespace tocsin
