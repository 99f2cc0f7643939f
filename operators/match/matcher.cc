#include "operators/match/matcher.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "operators/match/lexicon.h"
#include "operators/match/matcher_build.h"

namespace tocsin {
namespace {

constexpr uint32_t kNoOccurrence = UINT32_MAX;

struct Occurrence {
  uint32_t start;  // index of the first token
  uint32_t next;   // an earlier one of the same literal, or kNoOccurrence
};

// An occurrence of a name of two words or more.
struct Cover {
  uint32_t start;
  uint32_t end;
};

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

}  // namespace

struct MatchScratch::State {
  struct Seen {
    uint32_t epoch = 0;
    uint32_t last = kNoOccurrence;  // occurrence
  };

  Tokenizer tokenizer;
  uint32_t epoch = 0;
  std::vector<Seen> seen;              // by literal
  std::vector<uint32_t> candidate_of;  // by brand: the epoch in which it was a candidate
  std::vector<uint32_t> candidates;
  std::vector<uint32_t> keys;  // tokens that may be in the index
  std::vector<Occurrence> occurrences;
  std::vector<Cover> covers;

  void Begin(size_t literals, size_t brands) {
    if (seen.size() < literals) seen.resize(literals);
    if (candidate_of.size() < brands) candidate_of.resize(brands);
    if (++epoch == 0) {
      std::fill(seen.begin(), seen.end(), Seen{});
      std::fill(candidate_of.begin(), candidate_of.end(), 0);
      epoch = 1;
    }
    candidates.clear();
    occurrences.clear();
    covers.clear();
  }
};

MatchScratch::MatchScratch() : state_(std::make_unique<State>()) {}
MatchScratch::~MatchScratch() = default;
const Tokenizer& MatchScratch::tokenizer() const { return state_->tokenizer; }
uint64_t MatchScratch::TextFingerprint() const { return state_->tokenizer.Fingerprint(); }
uint32_t MatchScratch::Terms() const { return Lexicon::Get().Terms(state_->tokenizer); }

// One post against one matcher.
class Matcher::Run {
 public:
  Run(const Matcher& matcher, const Post& post, MatchScratch::State* state)
      : m_(matcher), post_(post), s_(*state), tokens_(s_.tokenizer.tokens()) {}

  void Tokenize() {
    s_.tokenizer.Reset(m_.options_);
    s_.tokenizer.AddText(post_.text);
    for (const std::string_view hashtag : post_.hashtags) s_.tokenizer.AddEntity('#', hashtag);
    for (const std::string_view handle : post_.handles) s_.tokenizer.AddEntity('@', handle);
    for (const std::string_view url : post_.urls) s_.tokenizer.AddUrl(url);
    if (m_.authors_ && !post_.author_handle.empty()) s_.tokenizer.AddAuthor(post_.author_handle);
    s_.tokenizer.Finish();
  }

  void FindLiterals() {
    // Two passes, so that the index's memory is on its way when it is looked at.
    s_.keys.clear();
    for (uint32_t i = 0; i < tokens_.size(); ++i) {
      const uint64_t hash = tokens_[i].hash;
      if (hash == 0) continue;
      if (!m_.by_token_.empty() && m_.by_token_.MayContain(hash)) {
        m_.by_token_.Prefetch(hash);
        s_.keys.push_back(i);
      }
      if (!m_.prefix_sizes_.empty()) FindPrefixes(i);
    }
    for (const uint32_t i : s_.keys) {
      for (const Hit& hit : m_.by_token_.Find(tokens_[i].hash)) {
        if (IsAt(hit, i)) Found(hit.literal, i - hit.token, hit.quiet);
      }
    }
    const auto by_start = [](const Cover& a, const Cover& b) { return a.start < b.start; };
    if (s_.covers.size() > 1) std::sort(s_.covers.begin(), s_.covers.end(), by_start);
  }

  bool Matches(uint32_t brand) {
    const Root& root = m_.roots_[brand];
    hideable_ = !s_.covers.empty() && !root.topic;
    if (root.any_literal && !hideable_) return true;
    return Evaluate(root.node);
  }

 private:
  // Whether the literal that the token at `i` is the key of stands there.
  bool IsAt(const Hit& hit, uint32_t i) const {
    if (hit.size == 1 && !hit.case_sensitive) return true;
    if (i < hit.token || hit.size > tokens_.size() - (i - hit.token)) return false;
    if (hit.size > 1) {
      const uint32_t beside = hit.token == 0 ? i + 1 : i - 1;
      if (static_cast<uint32_t>(tokens_[beside].hash) != hit.neighbour) return false;
    }
    const Literal& literal = m_.literals_[hit.literal];
    const uint32_t start = i - hit.token;
    for (uint32_t k = 0; k < hit.size; ++k) {
      const Token& token = tokens_[start + k];
      if (token.hash != m_.token_hashes_[literal.tokens + k]) return false;
      if (hit.case_sensitive && std::string_view(token.raw, token.raw_size) != m_.raw_tokens_[literal.raw_tokens + k]) {
        return false;
      }
    }
    return true;
  }

  void FindPrefixes(uint32_t i) {
    const std::string_view folded = s_.tokenizer.Folded(tokens_[i]);
    if (folded.size() < 2) return;
    uint64_t sizes = m_.prefix_sizes_[PrefixHead(folded[0], folded[1])];
    for (; sizes != 0; sizes &= sizes - 1) {
      const auto size = static_cast<size_t>(std::countr_zero(sizes)) + 1;
      if (size > folded.size()) return;
      for (const uint32_t literal : m_.by_prefix_.Find(TokenHash(folded.substr(0, size), tokens_[i].kind))) {
        Found(literal, i, false);
      }
    }
  }

  void Found(uint32_t id, uint32_t start, bool quiet) {
    MatchScratch::State::Seen& seen = s_.seen[id];
    const bool first = seen.epoch != s_.epoch;
    const auto occurrence = static_cast<uint32_t>(s_.occurrences.size());
    s_.occurrences.push_back({start, first ? kNoOccurrence : seen.last});
    seen = {s_.epoch, occurrence};
    if (quiet) return;
    const Literal& literal = m_.literals_[id];
    if (literal.is_name) s_.covers.push_back({start, start + literal.size});
    if (!first) return;
    for (uint32_t i = literal.anchored; i < literal.anchored_end; ++i) {
      const uint32_t brand = m_.anchored_brands_[i];
      if (s_.candidate_of[brand] == s_.epoch) continue;
      s_.candidate_of[brand] = s_.epoch;
      s_.candidates.push_back(brand);
    }
  }

  bool IsSeen(uint32_t literal) const { return s_.seen[literal].epoch == s_.epoch; }

  // Whether a longer name of another brand lies over it. Of any brand, in fact: under a name of its own that is not
  // hidden the brand matches anyway, and what hides that name hides this too.
  bool IsHidden(uint32_t start, uint32_t size) const {
    const uint32_t end = start + size;
    const uint32_t from = start < kMaxPhraseTokens ? 0 : start - static_cast<uint32_t>(kMaxPhraseTokens);
    auto cover = std::lower_bound(s_.covers.begin(), s_.covers.end(), from,
                                  [](const Cover& c, uint32_t value) { return c.start < value; });
    for (; cover != s_.covers.end() && cover->start <= start; ++cover) {
      if (cover->end >= end && cover->end - cover->start > size) return true;
    }
    return false;
  }

  bool Counts(const Literal& literal, const Occurrence& occurrence, bool negative) const {
    return negative || !hideable_ || !literal.words_only || !IsHidden(occurrence.start, literal.size);
  }

  bool EvaluateLiteral(const Node& node) const {
    if (!IsSeen(node.first)) return false;
    const Literal& literal = m_.literals_[node.first];
    if (node.negative || !hideable_ || !literal.words_only) return true;
    for (uint32_t at = s_.seen[node.first].last; at != kNoOccurrence; at = s_.occurrences[at].next) {
      if (Counts(literal, s_.occurrences[at], false)) return true;
    }
    return false;
  }

  // The next occurrence from `at` on (they go backwards) in the text's own words that counts.
  uint32_t SkipUncounted(uint32_t at, const Literal& literal, bool negative) const {
    while (at != kNoOccurrence &&
           (s_.occurrences[at].start >= s_.tokenizer.text_tokens() || !Counts(literal, s_.occurrences[at], negative))) {
      at = s_.occurrences[at].next;
    }
    return at;
  }

  // Whether `second` starts 1 to `distance` tokens after the last token of `first`. Linear in the occurrences.
  bool Follows(uint32_t first_id, uint32_t second_id, uint32_t distance, bool negative) const {
    const Literal& first = m_.literals_[first_id];
    const Literal& second = m_.literals_[second_id];
    uint32_t a = SkipUncounted(s_.seen[first_id].last, first, negative);
    uint32_t b = SkipUncounted(s_.seen[second_id].last, second, negative);
    while (a != kNoOccurrence && b != kNoOccurrence) {
      const uint32_t end = s_.occurrences[a].start + first.size;
      const uint32_t start = s_.occurrences[b].start;
      if (end > start) {
        a = SkipUncounted(s_.occurrences[a].next, first, negative);
      } else if (start - end < distance) {
        return true;
      } else {
        b = SkipUncounted(s_.occurrences[b].next, second, negative);
      }
    }
    return false;
  }

  std::span<const uint32_t> Children(const Node& node) const { return {m_.children_.data() + node.first, node.count}; }

  // The literals of a NEAR's side: a literal's node, or an OR's children.
  std::span<const uint32_t> Side(const uint32_t& child) const {
    const Node& node = m_.nodes_[child];
    return node.op == QueryOp::kOr ? Children(node) : std::span<const uint32_t>(&child, 1);
  }

  bool EvaluateNear(const Node& node) const {
    const std::span<const uint32_t> sides = Children(node);
    for (const uint32_t left_node : Side(sides[0])) {
      const uint32_t left = m_.nodes_[left_node].first;
      if (!IsSeen(left)) continue;
      for (const uint32_t right_node : Side(sides[1])) {
        const uint32_t right = m_.nodes_[right_node].first;
        if (!IsSeen(right)) continue;
        if (Follows(left, right, node.distance, node.negative)) return true;
        if (!node.ordered && Follows(right, left, node.distance, node.negative)) return true;
      }
    }
    return false;
  }

  bool Evaluate(uint32_t index) const {
    const Node& node = m_.nodes_[index];
    switch (node.op) {
      case QueryOp::kLiteral:
        return EvaluateLiteral(node);
      case QueryOp::kOr:
        return std::ranges::any_of(Children(node), [this](uint32_t child) { return Evaluate(child); });
      case QueryOp::kAnd:
        return std::ranges::all_of(Children(node), [this](uint32_t child) { return Evaluate(child); });
      case QueryOp::kNot:
        return !Evaluate(m_.children_[node.first]);
      case QueryOp::kNear:
        return EvaluateNear(node);
      case QueryOp::kLanguage:
        return IsLanguage(post_.language, m_.languages_[node.first]);
      case QueryOp::kNetwork:
        return static_cast<uint32_t>(post_.network) == node.first;
      case QueryOp::kKind:
        return static_cast<uint32_t>(post_.kind) == node.first;
      case QueryOp::kRating:
        return post_.rating >= static_cast<int32_t>(node.first) && post_.rating <= static_cast<int32_t>(node.count);
    }
    return false;
  }

  const Matcher& m_;
  const Post& post_;
  MatchScratch::State& s_;
  const std::vector<Token>& tokens_;
  bool hideable_ = false;
};

void Matcher::Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const {
  MatchScratch::State& state = scratch->state();
  matches->clear();
  state.Begin(literals_.size(), roots_.size());
  Run run(*this, post, &state);
  run.Tokenize();
  run.FindLiterals();
  for (const uint32_t brand : state.candidates) {
    if (run.Matches(brand)) matches->push_back({brand, false, false});
  }
  if (!official_.empty() && !post.author_handle.empty()) {
    for (const Token& token : state.tokenizer.tokens()) {
      if (token.kind != TokenKind::kAuthor) continue;
      for (const uint32_t brand : official_.Find(token.hash)) {
        const auto at = std::ranges::find(*matches, brand, &BrandMatch::brand);
        if (at == matches->end()) {
          matches->push_back({brand, true, false});
        } else {
          at->official = true;
        }
      }
    }
  }
  if (matches->size() > 1) std::ranges::sort(*matches, {}, &BrandMatch::brand);
}

size_t Matcher::MemoryBytes() const {
  size_t bytes = literals_.capacity() * sizeof(Literal) + token_hashes_.capacity() * sizeof(uint64_t) +
                 anchored_brands_.capacity() * sizeof(uint32_t) + nodes_.capacity() * sizeof(Node) +
                 children_.capacity() * sizeof(uint32_t) + roots_.capacity() * sizeof(Root) +
                 prefix_sizes_.capacity() * sizeof(uint64_t) + by_token_.MemoryBytes() + by_prefix_.MemoryBytes() +
                 official_.MemoryBytes();
  for (const std::string& raw : raw_tokens_) bytes += sizeof(raw) + raw.capacity();
  return bytes;
}

}  // namespace tocsin
