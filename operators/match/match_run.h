// One post against the queries that may match it. Used by the Matcher only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "operators/match/matcher.h"
#include "operators/match/query_program.h"
#include "operators/match/tokenizer.h"
#include "operators/parse/post.h"

namespace tocsin {

// The tokens of a post by their hash. Cheap to fill anew: done only for posts with a candidate.
class TokenTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  void Fill(std::span<const Token> tokens);
  // First token whose hash may be `hash`, then the next: ascending, with others in between.
  uint32_t First(uint64_t hash) const { return heads_[hash & mask_]; }
  uint32_t Next(uint32_t token) const { return nexts_[token]; }

 private:
  std::vector<uint32_t> heads_;
  std::vector<uint32_t> nexts_;  // by token
  uint64_t mask_ = 0;
};

struct MatchScratch::State {
  struct Cover {
    uint32_t begin;
    uint32_t end;
    uint32_t brand;
  };

  Tokenizer tokenizer;
  TokenTable table;
  std::vector<uint64_t> keys;        // that passed the filter
  std::vector<uint32_t> candidates;  // places in the program
  std::vector<Cover> covers;         // occurrences of names of two words or more, by begin
  std::vector<TokenSpan> left;       // of a NEAR
  std::vector<TokenSpan> right;
};

class MatchRun {
 public:
  // REQUIRES: the state's tokens are the post's.
  MatchRun(const Matcher& matcher, const Post& post, MatchScratch::State* state);

  // Once, before Matches, with every candidate's place.
  void FindCovers(std::span<const uint32_t> places);

  // Whether the query at `place` matches. If so, fills `*match`.
  bool Matches(uint32_t place, BrandMatch* match);

  struct Verdict {
    bool holds = false;
    bool clear = false;  // more than one ambiguous term says so
    uint16_t reasons = 0;
  };
  struct Context {
    int score = 0;
    bool unsure = false;
    bool dropped = false;
  };

  // Adds what Matcher::FindNames says, of the query at `place`. REQUIRES: FindCovers.
  void FindNames(uint32_t place, std::vector<TokenSpan>* spans);

  // For the explanation: the query's own verdict, and what its context makes of it.
  Verdict EvaluateQuery(uint32_t place);
  Context EvaluateContext(uint32_t place) const;
  // Whether a context term, by its word in the program, counts in the post's language.
  bool SpeaksInPost(uint64_t term) const;
  // Whether a literal's node is in the post, whatever hides it; whether some of it counts.
  bool IsPresent(uint32_t node) const;
  bool Counts(uint32_t node) const;

 private:
  struct Literal {
    ProgramNode node;
    const uint64_t* hashes;
    const uint64_t* texts;  // of kPrefix one, then of kExact or kAccents one a token
  };

  Literal LiteralAt(uint32_t node) const;
  bool IsAt(const Literal& literal, uint32_t token) const;
  bool IsPrefixOf(const Literal& literal, uint32_t token) const;
  // Calls `fn` with the first token of each occurrence until it returns true; whether it did.
  template <typename Fn>
  bool AnyOccurrence(const Literal& literal, const Fn& fn) const;
  bool IsHidden(uint32_t begin, uint32_t end) const;
  bool CanBeHidden(const Literal& literal) const;

  Verdict Evaluate(uint32_t node);
  Verdict EvaluateLiteral(uint32_t node, const ProgramNode& head) const;
  Verdict EvaluateAnd(uint32_t node, const ProgramNode& head);
  Verdict EvaluateOr(uint32_t node, const ProgramNode& head);
  bool EvaluateNear(uint32_t node, const ProgramNode& head);
  void CollectSide(uint32_t node, std::vector<TokenSpan>* spans) const;
  void AddNames(uint32_t node, std::vector<TokenSpan>* spans) const;
  bool IsOfLanguage(uint32_t language) const;

  const QueryProgram& program_;
  const Post& post_;
  MatchScratch::State& state_;
  const std::vector<Token>& tokens_;
  uint32_t brand_ = 0;     // under evaluation
  bool hideable_ = false;  // some of the brand's words may be hidden
};

}  // namespace tocsin
