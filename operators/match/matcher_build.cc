#include "operators/match/matcher_build.h"

#include <algorithm>
#include <limits>

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

void AppendKey(std::string_view text, std::string* key) {
  key->append(text);
  key->push_back('\0');
}

}  // namespace

uint32_t Matcher::Builder::Intern(const QueryNode& literal, uint32_t brand) {
  std::string key;
  key.push_back(literal.prefix ? 'p' : literal.case_sensitive ? 'c' : 'w');
  for (const LiteralToken& token : literal.tokens) {
    key.push_back(static_cast<char>('0' + static_cast<int>(token.kind)));
    AppendKey(token.folded, &key);
    if (literal.case_sensitive) AppendKey(token.raw, &key);
  }
  const auto [at, added] = interned_.try_emplace(std::move(key), static_cast<uint32_t>(m_.literals_.size()));
  const uint32_t id = at->second;
  if (added) {
    Literal made{};
    made.tokens = static_cast<uint32_t>(m_.token_hashes_.size());
    made.raw_tokens = static_cast<uint32_t>(m_.raw_tokens_.size());
    made.size = static_cast<uint16_t>(literal.tokens.size());
    made.case_sensitive = literal.case_sensitive;
    made.words_only = true;
    Use use;
    use.cost = std::numeric_limits<uint32_t>::max();
    for (const LiteralToken& token : literal.tokens) {
      m_.token_hashes_.push_back(TokenHash(token.folded, token.kind));
      if (literal.case_sensitive) m_.raw_tokens_.push_back(token.raw);
      made.words_only &= token.kind == TokenKind::kWord;
      use.cost = std::min(use.cost, TokenCost(token));
      m_.options_.tag_pieces |= token.kind == TokenKind::kTagPiece;
      m_.options_.url_pieces |= token.kind == TokenKind::kUrlPiece || token.kind == TokenKind::kSite;
      m_.authors_ |= token.kind == TokenKind::kAuthor;
    }
    if (literal.tokens.size() > 1) use.cost = use.cost / 2 + 1;
    if (literal.prefix) {
      const std::string& folded = literal.tokens.front().folded;
      prefixes_.emplace_back(m_.token_hashes_.back(), id);
      m_.prefix_sizes_.resize(kPrefixHeads);
      m_.prefix_sizes_[PrefixHead(folded[0], folded[1])] |= uint64_t{1} << (folded.size() - 1);
      use.cost *= 2;
    }
    is_prefix_.push_back(literal.prefix);
    m_.literals_.push_back(made);
    uses_.push_back(use);
  }
  Use& use = uses_[id];
  if (use.last != brand) ++use.queries;
  use.last = brand;
  return id;
}

uint32_t Matcher::Builder::AddNode(const QueryNode& node, bool negative, uint32_t brand) {
  Node made{};
  made.op = node.op;
  made.negative = negative;
  switch (node.op) {
    case QueryOp::kLiteral:
      made.first = Intern(node, brand);
      break;
    case QueryOp::kLanguage: {
      const auto [at, added] = language_index_.try_emplace(node.language, static_cast<uint32_t>(m_.languages_.size()));
      if (added) m_.languages_.push_back(node.language);
      made.first = at->second;
      break;
    }
    case QueryOp::kNetwork:
      made.first = static_cast<uint32_t>(node.network);
      break;
    case QueryOp::kKind:
      made.first = static_cast<uint32_t>(node.kind);
      break;
    case QueryOp::kRating:
      made.first = static_cast<uint32_t>(node.rating_min);
      made.count = static_cast<uint32_t>(node.rating_max);
      break;
    case QueryOp::kAnd:
    case QueryOp::kOr:
    case QueryOp::kNot:
    case QueryOp::kNear: {
      made.ordered = node.ordered;
      made.distance = static_cast<uint16_t>(node.distance);
      std::vector<uint32_t> children;
      for (const QueryNode& child : node.children) {
        children.push_back(AddNode(child, negative != (node.op == QueryOp::kNot), brand));
      }
      made.first = static_cast<uint32_t>(m_.children_.size());
      made.count = static_cast<uint32_t>(children.size());
      m_.children_.insert(m_.children_.end(), children.begin(), children.end());
      break;
    }
  }
  m_.nodes_.push_back(made);
  return static_cast<uint32_t>(m_.nodes_.size() - 1);
}

void Matcher::Builder::AddNames(uint32_t brand) {
  Root& root = m_.roots_[brand];
  const Node& top = m_.nodes_[root.node];
  const bool alternatives = top.op == QueryOp::kOr;
  root.any_literal = true;
  for (uint32_t i = 0; i < (alternatives ? top.count : 1); ++i) {
    const Node& node = alternatives ? m_.nodes_[m_.children_[top.first + i]] : top;
    if (node.op != QueryOp::kLiteral) {
      root.any_literal = false;
      continue;
    }
    Literal& literal = m_.literals_[node.first];
    literal.is_name |= !root.topic && literal.words_only && literal.size >= 2;
  }
}

uint64_t Matcher::Builder::Anchors(uint32_t index, std::vector<uint32_t>* anchors) const {
  const Node& node = m_.nodes_[index];
  switch (node.op) {
    case QueryOp::kLiteral:
      anchors->push_back(node.first);
      return uses_[node.first].cost + uint64_t{uses_[node.first].queries} - 1;
    case QueryOp::kOr: {
      uint64_t sum = 0;
      for (uint32_t i = 0; i < node.count; ++i) {
        const uint64_t cost = Anchors(m_.children_[node.first + i], anchors);
        if (cost == kNone) return kNone;
        sum += cost;
      }
      return sum;
    }
    case QueryOp::kAnd:
    case QueryOp::kNear: {
      uint64_t best = kNone;
      std::vector<uint32_t> best_anchors;
      for (uint32_t i = 0; i < node.count; ++i) {
        std::vector<uint32_t> found;
        const uint64_t cost = Anchors(m_.children_[node.first + i], &found);
        if (cost >= best) continue;
        best = cost;
        best_anchors = std::move(found);
      }
      anchors->insert(anchors->end(), best_anchors.begin(), best_anchors.end());
      return best;
    }
    default:
      return kNone;
  }
}

void Matcher::Builder::PlaceAnchors() {
  std::vector<std::pair<uint32_t, uint32_t>> pairs;  // literal, brand
  std::vector<uint32_t> anchors;
  for (uint32_t brand = 0; brand < m_.roots_.size(); ++brand) {
    anchors.clear();
    Anchors(m_.roots_[brand].node, &anchors);
    for (const uint32_t literal : anchors) pairs.emplace_back(literal, brand);
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  size_t next = 0;
  for (uint32_t id = 0; id < m_.literals_.size(); ++id) {
    m_.literals_[id].anchored = static_cast<uint32_t>(m_.anchored_brands_.size());
    for (; next < pairs.size() && pairs[next].first == id; ++next) m_.anchored_brands_.push_back(pairs[next].second);
    m_.literals_[id].anchored_end = static_cast<uint32_t>(m_.anchored_brands_.size());
  }
}

void Matcher::Builder::IndexLiterals() {
  // A phrase goes under the token that the fewest literals have, so that "the x" does not burden every "the".
  absl::flat_hash_map<uint64_t, uint32_t> frequency;
  for (const uint64_t hash : m_.token_hashes_) ++frequency[hash];
  std::vector<std::pair<uint64_t, Hit>> hits;
  for (uint32_t id = 0; id < m_.literals_.size(); ++id) {
    if (is_prefix_[id]) continue;
    const Literal& literal = m_.literals_[id];
    uint32_t key = 0;
    for (uint32_t i = 1; i < literal.size; ++i) {
      if (frequency[m_.token_hashes_[literal.tokens + i]] < frequency[m_.token_hashes_[literal.tokens + key]]) key = i;
    }
    const uint64_t* const hashes = &m_.token_hashes_[literal.tokens];
    Hit hit{};
    hit.literal = id;
    hit.token = static_cast<uint8_t>(key);
    hit.size = static_cast<uint8_t>(literal.size);
    hit.case_sensitive = literal.case_sensitive;
    hit.quiet = literal.anchored == literal.anchored_end && !literal.is_name;
    if (literal.size > 1) hit.neighbour = static_cast<uint32_t>(hashes[key == 0 ? 1 : key - 1]);
    hits.emplace_back(hashes[key], hit);
  }
  m_.by_token_ = FlatIndex<Hit>(std::move(hits));
  m_.by_prefix_ = FlatIndex<uint32_t>(std::move(prefixes_));
}

void Matcher::Builder::Build(std::span<const Source> sources) {
  std::vector<std::pair<uint64_t, uint32_t>> official;
  for (uint32_t brand = 0; brand < sources.size(); ++brand) {
    const Source& source = sources[brand];
    m_.roots_.push_back({AddNode(*source.query, false, brand), false, source.topic});
    AddNames(brand);
    for (const std::string& account : source.official_accounts) {
      official.emplace_back(TokenHash(account, TokenKind::kAuthor), brand);
    }
  }
  m_.authors_ |= !official.empty();
  m_.official_ = FlatIndex<uint32_t>(std::move(official));
  PlaceAnchors();
  IndexLiterals();
}

Matcher::Matcher(std::span<const Source> sources) { Builder(this).Build(sources); }

}  // namespace tocsin
