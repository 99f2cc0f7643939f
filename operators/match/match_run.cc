#include "operators/match/match_run.h"

#include <algorithm>
#include <bit>

#include "absl/strings/ascii.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

constexpr uint32_t kMinTable = 64;

// Whether a post's language is `wanted` (lower case), or a variant of it if `wanted` names none.
bool IsLanguage(std::string_view language, std::string_view wanted) {
  if (language.empty()) language = "und";
  if (language.size() < wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const char c = absl::ascii_tolower(static_cast<unsigned char>(language[i]));
    if ((c == '_' ? '-' : c) != wanted[i]) return false;
  }
  if (language.size() == wanted.size()) return true;
  return (language[wanted.size()] == '-' || language[wanted.size()] == '_') &&
         wanted.find('-') == std::string_view::npos;
}

// Whether some span of `after` starts 1 to `distance` tokens after the last token of one of `before`. Both ascend by
// begin.
bool AnyFollows(const std::vector<TokenSpan>& before, const std::vector<TokenSpan>& after, uint32_t distance) {
  for (const TokenSpan& span : before) {
    const auto next = std::ranges::lower_bound(after, span.end, {}, &TokenSpan::begin);
    if (next != after.end() && next->begin - span.end < distance) return true;
  }
  return false;
}

}  // namespace

void TokenTable::Fill(std::span<const Token> tokens) {
  const size_t size = std::max<size_t>(kMinTable, std::bit_ceil(tokens.size() * 2));
  heads_.assign(size, kNone);
  if (nexts_.size() < tokens.size()) nexts_.resize(tokens.size() * 2);
  mask_ = size - 1;
  for (size_t i = tokens.size(); i > 0; --i) {
    uint32_t& head = heads_[tokens[i - 1].hash & mask_];
    nexts_[i - 1] = head;
    head = static_cast<uint32_t>(i - 1);
  }
}

MatchRun::MatchRun(const Matcher& matcher, const Post& post, MatchScratch::State* state)
    : program_(matcher.program_), post_(post), state_(*state), tokens_(state->tokenizer.tokens()) {
  state_.table.Fill(tokens_);
  state_.covers.clear();
}

MatchRun::Literal MatchRun::LiteralAt(uint32_t node) const {
  const uint64_t* const words = &program_.words[node];
  const ProgramNode head(words[0]);
  return {head, words + 1, words + 1 + head.arg};
}

bool MatchRun::IsAt(const Literal& literal, uint32_t token) const {
  if (literal.node.arg > tokens_.size() - token) return false;
  for (uint32_t i = 0; i < literal.node.arg; ++i) {
    if (tokens_[token + i].hash != literal.hashes[i]) return false;
  }
  if (!literal.node.has(kExact) && !literal.node.has(kAccents)) return true;
  for (uint32_t i = 0; i < literal.node.arg; ++i) {
    const std::string_view raw(tokens_[token + i].raw, tokens_[token + i].raw_size);
    const std::string_view text = program_.Text(literal.texts[i]);
    if (literal.node.has(kExact) ? raw != text : !EqualsKeepingAccents(raw, text, false)) return false;
  }
  return true;
}

bool MatchRun::IsPrefixOf(const Literal& literal, uint32_t token) const {
  const Token& at = tokens_[token];
  const std::string_view prefix = program_.Text(literal.texts[0]);
  const std::string_view folded = state_.tokenizer.Folded(at);
  if (at.hash == 0 || !folded.starts_with(prefix)) return false;
  if (TokenHash(prefix, at.kind) != literal.hashes[0]) return false;  // of another kind
  return !literal.node.has(kAccents) ||
         EqualsKeepingAccents({at.raw, at.raw_size}, program_.Text(literal.texts[1]), true);
}

template <typename Fn>
bool MatchRun::AnyOccurrence(const Literal& literal, const Fn& fn) const {
  if (literal.node.has(kPrefix)) {
    for (uint32_t i = 0; i < tokens_.size(); ++i) {
      if (IsPrefixOf(literal, i) && fn(i)) return true;
    }
    return false;
  }
  for (uint32_t i = state_.table.First(literal.hashes[0]); i != TokenTable::kNone; i = state_.table.Next(i)) {
    if (tokens_[i].hash == literal.hashes[0] && IsAt(literal, i) && fn(i)) return true;
  }
  return false;
}

void MatchRun::FindCovers(std::span<const uint32_t> places) {
  for (const uint32_t place : places) {
    const uint64_t head = program_.words[place];
    if ((head >> 32 & kHasNames) == 0) continue;
    const uint32_t root = place + 1;
    const ProgramNode top(program_.words[root]);
    const uint32_t end = root + top.size;
    for (uint32_t node = top.op == QueryOp::kOr ? root + 1 : root; node < end;) {
      const Literal literal = LiteralAt(node);
      node += literal.node.size;
      if (literal.node.op != QueryOp::kLiteral || !literal.node.has(kWordsOnly) || literal.node.arg < 2) continue;
      AnyOccurrence(literal, [&](uint32_t at) {
        state_.covers.push_back({at, at + literal.node.arg, static_cast<uint32_t>(head)});
        return false;
      });
    }
  }
  if (state_.covers.size() > 1) std::ranges::sort(state_.covers, {}, &MatchScratch::State::Cover::begin);
}

// Whether a longer name of another brand lies over it.
bool MatchRun::IsHidden(uint32_t begin, uint32_t end) const {
  const uint32_t from = begin < kMaxPhraseTokens ? 0 : begin - static_cast<uint32_t>(kMaxPhraseTokens);
  auto cover = std::ranges::lower_bound(state_.covers, from, {}, &MatchScratch::State::Cover::begin);
  for (; cover != state_.covers.end() && cover->begin <= begin; ++cover) {
    if (cover->end >= end && cover->end - cover->begin > end - begin && cover->brand != brand_) return true;
  }
  return false;
}

bool MatchRun::CanBeHidden(const Literal& literal) const {
  return hideable_ && literal.node.has(kWordsOnly) && !literal.node.has(kNegative);
}

MatchRun::Verdict MatchRun::EvaluateLiteral(uint32_t node, const ProgramNode& head) const {
  const Literal literal = LiteralAt(node);
  const bool hideable = CanBeHidden(literal);
  const bool holds =
      AnyOccurrence(literal, [&](uint32_t at) { return !hideable || !IsHidden(at, at + literal.node.arg); });
  if (!holds || head.has(kUnderNot)) return {holds, false, 0};
  return {true, !head.has(kAmbiguousTerm), head.reason};
}

MatchRun::Verdict MatchRun::EvaluateOr(uint32_t node, const ProgramNode& head) {
  Verdict verdict;
  uint32_t child = node + 1;
  for (uint32_t i = 0; i < head.arg; ++i) {
    const Verdict found = Evaluate(child);
    verdict.holds |= found.holds;
    if (found.holds) {
      if (head.has(kUnderNot)) return verdict;
      verdict.clear |= found.clear;
      verdict.reasons |= found.reasons;
    }
    child += ProgramNode(program_.words[child]).size;
  }
  return verdict;
}

MatchRun::Verdict MatchRun::EvaluateAnd(uint32_t node, const ProgramNode& head) {
  Verdict verdict{true, false, 0};
  uint32_t child = node + 1;
  int speaking = 0;
  for (uint32_t i = 0; i < head.arg; ++i) {
    const Verdict found = Evaluate(child);
    if (!found.holds) return {};
    // Two terms of the query together leave no doubt.
    if (found.reasons != 0) ++speaking;
    verdict.clear |= found.clear || speaking > 1;
    verdict.reasons |= found.reasons;
    child += ProgramNode(program_.words[child]).size;
  }
  return verdict;
}

void MatchRun::CollectSide(uint32_t node, std::vector<TokenSpan>* spans) const {
  spans->clear();
  const ProgramNode side(program_.words[node]);
  const uint32_t end = node + side.size;
  for (uint32_t at = side.op == QueryOp::kOr ? node + 1 : node; at < end;) {
    const Literal literal = LiteralAt(at);
    const bool hideable = CanBeHidden(literal);
    AnyOccurrence(literal, [&](uint32_t begin) {
      const TokenSpan span{begin, begin + literal.node.arg};
      if (begin >= state_.tokenizer.text_tokens()) return true;
      if (!hideable || !IsHidden(span.begin, span.end)) spans->push_back(span);
      return false;
    });
    at += literal.node.size;
  }
  if (side.op == QueryOp::kOr) std::ranges::sort(*spans, {}, &TokenSpan::begin);
}

bool MatchRun::EvaluateNear(uint32_t node, const ProgramNode& head) {
  const uint32_t first = node + 1;
  const uint32_t second = first + ProgramNode(program_.words[first]).size;
  CollectSide(first, &state_.left);
  if (state_.left.empty()) return false;
  CollectSide(second, &state_.right);
  return AnyFollows(state_.left, state_.right, head.arg) ||
         (!head.has(kOrdered) && AnyFollows(state_.right, state_.left, head.arg));
}

bool MatchRun::IsOfLanguage(uint32_t language) const {
  return IsLanguage(post_.language, program_.languages[language]);
}

MatchRun::Verdict MatchRun::Evaluate(uint32_t node) {
  const ProgramNode head(program_.words[node]);
  switch (head.op) {
    case QueryOp::kLiteral:
      return EvaluateLiteral(node, head);
    case QueryOp::kOr:
      return EvaluateOr(node, head);
    case QueryOp::kAnd:
      return EvaluateAnd(node, head);
    case QueryOp::kNot:
      return {!Evaluate(node + 1).holds, false, 0};
    case QueryOp::kNear: {
      const bool holds = EvaluateNear(node, head);
      const bool speaks = holds && !head.has(kUnderNot);
      return {holds, speaks, speaks ? uint16_t{kByNear} : uint16_t{0}};
    }
    case QueryOp::kLanguage:
      return {IsOfLanguage(head.arg), false, 0};
    case QueryOp::kNetwork:
      return {static_cast<uint32_t>(post_.network) == head.arg, false, 0};
    case QueryOp::kKind:
      return {static_cast<uint32_t>(post_.kind) == head.arg, false, 0};
    case QueryOp::kRating:
      return {post_.rating >= head.arg / 8 && post_.rating <= head.arg % 8, false, 0};
  }
  return {};
}

MatchRun::Verdict MatchRun::EvaluateQuery(uint32_t place) {
  const uint64_t head = program_.words[place];
  brand_ = static_cast<uint32_t>(head);
  hideable_ = !state_.covers.empty() && (head >> 32 & kTopicQuery) == 0;
  return Evaluate(place + 1);
}

void MatchRun::FindNames(uint32_t place, std::vector<TokenSpan>* spans) {
  const uint64_t head = program_.words[place];
  brand_ = static_cast<uint32_t>(head);
  hideable_ = !state_.covers.empty() && (head >> 32 & kTopicQuery) == 0;
  AddNames(place + 1, spans);
}

void MatchRun::AddNames(uint32_t node, std::vector<TokenSpan>* spans) const {
  const ProgramNode head(program_.words[node]);
  const size_t before = spans->size();
  if (head.op == QueryOp::kLiteral) {
    const Literal literal = LiteralAt(node);
    const bool hideable = CanBeHidden(literal);
    AnyOccurrence(literal, [&](uint32_t begin) {
      if (begin >= state_.tokenizer.text_tokens()) return true;
      const TokenSpan span{begin, begin + literal.node.arg};
      if (!hideable || !IsHidden(span.begin, span.end)) spans->push_back(span);
      return false;
    });
  } else if (head.op == QueryOp::kOr || head.op == QueryOp::kAnd || head.op == QueryOp::kNear) {
    const uint32_t end = node + head.size;
    for (uint32_t child = node + 1; child < end; child += ProgramNode(program_.words[child]).size) {
      AddNames(child, spans);
      if (head.op != QueryOp::kOr && spans->size() > before) return;
    }
  }
}

bool MatchRun::SpeaksInPost(uint64_t term) const {
  const auto language = static_cast<uint32_t>(term >> 16 & 0xFFFF);
  return language == 0 || IsLanguage(post_.language, "und") || IsOfLanguage(language - 1);
}

MatchRun::Context MatchRun::EvaluateContext(uint32_t place) const {
  const uint64_t head = program_.words[place];
  Context context;
  uint32_t at = place + 1 + ProgramNode(program_.words[place + 1]).size;
  for (uint64_t left = head >> 40 & 0xFFFF; left > 0; --left) {
    const uint64_t term = program_.words[at++];
    if (SpeaksInPost(term) && IsPresent(at)) {
      context.score += static_cast<int16_t>(term & 0xFFFF);
    }
    at += ProgramNode(program_.words[at]).size;
  }
  context.unsure = context.score >= 0 && context.score < kSureScore;
  context.dropped = context.score < 0 || (context.unsure && (head >> 32 & kDropsUnsure) != 0);
  return context;
}

bool MatchRun::IsPresent(uint32_t node) const {
  return AnyOccurrence(LiteralAt(node), [](uint32_t) { return true; });
}

bool MatchRun::Counts(uint32_t node) const { return EvaluateLiteral(node, ProgramNode(program_.words[node])).holds; }

bool MatchRun::Matches(uint32_t place, BrandMatch* match) {
  const Verdict verdict = EvaluateQuery(place);
  if (!verdict.holds) return false;
  *match = {};
  match->brand = brand_;
  match->reasons = verdict.reasons;
  const bool has_context = (program_.words[place] >> 40 & 0xFFFF) != 0;
  if (!has_context || verdict.clear) return true;
  const Context context = EvaluateContext(place);
  if (context.dropped) return false;
  if (context.unsure) {
    match->ambiguity = AmbiguityOf(context.score);
  } else {
    match->reasons |= kByContext;
  }
  return true;
}

}  // namespace tocsin
