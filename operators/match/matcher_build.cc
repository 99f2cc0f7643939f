#include "operators/match/matcher_build.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "absl/log/check.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

// The shorter a word, the more posts have it.
uint32_t TokenCost(const LiteralToken& token) {
  static constexpr uint32_t kByLength[] = {64, 64, 48, 24, 12, 8, 5, 4};
  if (token.kind != TokenKind::kWord && token.kind != TokenKind::kTagPiece && token.kind != TokenKind::kUrlPiece)
    return 2;
  return token.folded.size() < std::size(kByLength) ? kByLength[token.folded.size()] : 3;
}

uint64_t HashOf(const LiteralToken& token) { return TokenHash(token.folded, token.kind); }

// The first token of the pair by which a phrase is found: the one of rarer words.
size_t AnchorPair(const QueryNode& literal) {
  size_t best = 0;
  uint32_t best_cost = std::numeric_limits<uint32_t>::max();
  for (size_t i = 0; i + 1 < literal.tokens.size(); ++i) {
    const uint32_t cost = TokenCost(literal.tokens[i]) + TokenCost(literal.tokens[i + 1]);
    if (cost >= best_cost) continue;
    best = i;
    best_cost = cost;
  }
  return best;
}

uint64_t AnchorKey(const QueryNode& literal) {
  const size_t first = literal.tokens.size() == 1 ? 0 : AnchorPair(literal);
  const uint64_t hash = HashOf(literal.tokens[first]);
  return literal.tokens.size() == 1 ? hash : AnchorIndex::PairKey(hash, HashOf(literal.tokens[first + 1]));
}

bool IsWordsOnly(const QueryNode& literal) {
  return std::ranges::all_of(literal.tokens, [](const LiteralToken& t) { return t.kind == TokenKind::kWord; });
}

uint64_t BitNumber(MatchReason reason) {
  return static_cast<uint64_t>(std::countr_zero(static_cast<uint32_t>(reason)));
}

// `flag` if `set`, as the program's words have it.
uint64_t FlagIf(bool set, uint64_t flag) { return set ? flag : 0; }

// The number of the MatchReason's bit.
uint64_t ReasonBit(const QueryNode& literal) {
  switch (literal.tokens.front().kind) {
    case TokenKind::kHashtag:
    case TokenKind::kTagPiece:
      return BitNumber(kByHashtag);
    case TokenKind::kHandle:
      return BitNumber(kByHandle);
    case TokenKind::kCashtag:
      return BitNumber(kByCashtag);
    case TokenKind::kUrlPiece:
    case TokenKind::kSite:
    case TokenKind::kUrl:
      return BitNumber(kByUrl);
    case TokenKind::kAuthor:
      return BitNumber(kByAuthor);
    case TokenKind::kWord:
    case TokenKind::kBarrier:
      break;
  }
  return BitNumber(literal.tokens.size() == 1 ? kByWord : kByPhrase);
}

// Whether an alternative of the query's outermost OR is a name: a phrase of words.
bool HasNames(const QueryNode& query) {
  const auto is_name = [](const QueryNode& node) {
    return node.op == QueryOp::kLiteral && node.tokens.size() > 1 && IsWordsOnly(node);
  };
  return query.op == QueryOp::kOr ? std::ranges::any_of(query.children, is_name) : is_name(query);
}

}  // namespace

void Matcher::Builder::CountUses(const QueryNode& node) {
  if (node.op == QueryOp::kLiteral) {
    ++uses_[AnchorKey(node)];
    if (node.tokens.size() > 1) {
      for (const LiteralToken& token : node.tokens) ++phrase_uses_[HashOf(token)];
    }
  }
  for (const QueryNode& child : node.children) CountUses(child);
}

// Whether fewer posts are likely to have it: the brands' own phrases tell which words are common, then the length.
bool Matcher::Builder::IsRarer(const LiteralToken& token, const LiteralToken& other) const {
  const uint32_t uses = phrase_uses_.find(HashOf(token))->second;
  const uint32_t other_uses = phrase_uses_.find(HashOf(other))->second;
  return uses != other_uses ? uses < other_uses : token.folded.size() > other.folded.size();
}

uint64_t Matcher::Builder::AddText(std::string_view text) {
  const uint64_t word = m_.program_.texts.size() | uint64_t{text.size()} << 40;
  m_.program_.texts.append(text);
  return word;
}

uint64_t Matcher::Builder::LanguageNumber(const std::string& language) {
  const auto [at, added] = language_numbers_.try_emplace(language, m_.program_.languages.size());
  if (added) m_.program_.languages.push_back(language);
  return at->second;
}

void Matcher::Builder::AddLiteral(const QueryNode& literal) {
  std::vector<uint64_t>& words = m_.program_.words;
  for (const LiteralToken& token : literal.tokens) {
    words.push_back(HashOf(token));
    m_.options_.tag_pieces |= token.kind == TokenKind::kTagPiece;
    m_.options_.url_pieces |= token.kind == TokenKind::kUrlPiece || token.kind == TokenKind::kSite;
    m_.authors_ |= token.kind == TokenKind::kAuthor;
  }
  if (literal.prefix) words.push_back(AddText(literal.tokens.front().folded));
  if (!literal.case_sensitive && !literal.keep_accents) return;
  for (const LiteralToken& token : literal.tokens) {
    words.push_back(AddText(literal.case_sensitive ? token.raw : token.accented));
  }
}

void Matcher::Builder::AddNode(const QueryNode& node, const Place& place) {
  std::vector<uint64_t>& words = m_.program_.words;
  const size_t at = words.size();
  words.push_back(0);
  uint64_t flags = FlagIf(place.negative, kNegative) | FlagIf(place.under_not, kUnderNot);
  uint64_t arg = node.children.size();
  uint64_t reason = 0;
  Place below = place;
  switch (node.op) {
    case QueryOp::kLiteral:
      arg = node.tokens.size();
      reason = ReasonBit(node);
      flags |= FlagIf(node.prefix, kPrefix) | FlagIf(node.case_sensitive, kExact) |
               FlagIf(node.keep_accents && !node.case_sensitive, kAccents) | FlagIf(IsWordsOnly(node), kWordsOnly) |
               FlagIf(place.may_be_ambiguous && node.ambiguous, kAmbiguousTerm);
      AddLiteral(node);
      break;
    case QueryOp::kLanguage:
      arg = LanguageNumber(node.language);
      break;
    case QueryOp::kNetwork:
      arg = static_cast<uint64_t>(node.network);
      break;
    case QueryOp::kKind:
      arg = static_cast<uint64_t>(node.kind);
      break;
    case QueryOp::kRating:
      arg = static_cast<uint64_t>(node.rating_min) * 8 + static_cast<uint64_t>(node.rating_max);
      break;
    case QueryOp::kNot:
      below.negative = !place.negative;
      below.under_not = true;
      break;
    case QueryOp::kNear:
      arg = static_cast<uint64_t>(node.distance);
      flags |= FlagIf(node.ordered, kOrdered);
      break;
    case QueryOp::kAnd:
    case QueryOp::kOr:
      break;
  }
  for (const QueryNode& child : node.children) AddNode(child, below);
  CHECK_LE(arg, std::numeric_limits<uint16_t>::max());
  words[at] = static_cast<uint64_t>(node.op) | flags << 8 | arg << 16 | (words.size() - at) << 32 | reason << 56;
}

void Matcher::Builder::AddContext(const MatchContext& context) {
  for (const ContextTerm& term : context.terms) {
    const uint64_t language = term.language.empty() ? 0 : LanguageNumber(term.language) + 1;
    m_.program_.words.push_back(static_cast<uint16_t>(term.weight) | language << 16);
    AddNode(term.literal, {false, false, false});
  }
}

void Matcher::Builder::AddQuery(const Source& source, uint32_t brand) {
  const auto place = static_cast<uint32_t>(m_.program_.words.size());
  m_.places_.push_back(place);
  const bool has_context = source.context != nullptr && !source.context->empty();
  const uint64_t context_terms = has_context ? source.context->terms.size() : 0;
  const uint64_t flags = FlagIf(source.topic, kTopicQuery) |
                         FlagIf(!source.topic && HasNames(*source.query), kHasNames) |
                         FlagIf(has_context && source.context->drop_unsure, kDropsUnsure);
  m_.program_.words.push_back(brand | flags << 32 | context_terms << 40);
  AddNode(*source.query, {false, false, has_context});
  if (has_context) AddContext(*source.context);
  for (const QueryNode* literal : Anchors(*source.query).literals) PlaceAnchor(*literal, place);
}

uint64_t Matcher::Builder::Cost(const QueryNode& literal) const {
  uint64_t cost = std::numeric_limits<uint32_t>::max();
  for (const LiteralToken& token : literal.tokens) cost = std::min<uint64_t>(cost, TokenCost(token));
  if (literal.tokens.size() > 1) cost = cost / 2 + 1;
  if (literal.prefix) cost *= 2;
  return cost + uses_.find(AnchorKey(literal))->second - 1;
}

Matcher::Builder::AnchorSet Matcher::Builder::Anchors(const QueryNode& node) const {
  AnchorSet set;
  switch (node.op) {
    case QueryOp::kLiteral:
      set.cost = Cost(node);
      set.literals.push_back(&node);
      return set;
    case QueryOp::kOr:
      for (const QueryNode& child : node.children) {
        AnchorSet found = Anchors(child);
        if (found.cost == kNone) return found;
        set.cost += found.cost;
        set.literals.insert(set.literals.end(), found.literals.begin(), found.literals.end());
      }
      return set;
    case QueryOp::kAnd:
    case QueryOp::kNear:
      set.cost = kNone;
      for (const QueryNode& child : node.children) {
        AnchorSet found = Anchors(child);
        if (found.cost < set.cost) set = std::move(found);
      }
      return set;
    default:
      set.cost = kNone;
      return set;
  }
}

void Matcher::Builder::PlaceAnchor(const QueryNode& literal, uint32_t place) {
  if (literal.prefix) {
    const std::string& folded = literal.tokens.front().folded;
    prefixes_.emplace_back(HashOf(literal.tokens.front()), place);
    m_.prefix_sizes_.resize(kPrefixHeads);
    m_.prefix_sizes_[PrefixHead(folded[0], folded[1])] |= uint64_t{1} << (folded.size() - 1);
    return;
  }
  if (literal.tokens.size() == 1) {
    anchors_.push_back({AnchorKey(literal), 0, place, AnchorIndex::Kind::kToken});
    return;
  }
  const size_t pair = AnchorPair(literal);
  const LiteralToken& first = literal.tokens[pair];
  const LiteralToken& second = literal.tokens[pair + 1];
  if (IsRarer(first, second)) {
    anchors_.push_back({AnchorKey(literal), HashOf(first), place, AnchorIndex::Kind::kPairByFirst});
  } else {
    anchors_.push_back({AnchorKey(literal), HashOf(second), place, AnchorIndex::Kind::kPairBySecond});
  }
}

void Matcher::Builder::Build(std::span<const Source> sources) {
  for (const Source& source : sources) CountUses(*source.query);
  std::vector<std::pair<uint64_t, uint32_t>> official;
  for (uint32_t brand = 0; brand < sources.size(); ++brand) {
    AddQuery(sources[brand], brand);
    for (const std::string& account : sources[brand].official_accounts) {
      official.emplace_back(TokenHash(account, TokenKind::kAuthor), brand);
    }
  }
  CHECK_LT(m_.program_.words.size(), size_t{1} << 31);
  m_.authors_ |= !official.empty();
  m_.official_ = FlatIndex<uint32_t>(std::move(official));
  m_.anchors_ = AnchorIndex(std::move(anchors_));
  m_.prefix_anchors_ = FlatIndex<uint32_t>(std::move(prefixes_));
  m_.program_.words.shrink_to_fit();
  m_.program_.texts.shrink_to_fit();
}

}  // namespace tocsin
