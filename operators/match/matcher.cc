#include "operators/match/matcher.h"

#include <algorithm>
#include <bit>

#include "engine/base/prefetch.h"
#include "operators/match/lexicon.h"
#include "operators/match/match_run.h"
#include "operators/match/matcher_build.h"

namespace tocsin {

MatchScratch::MatchScratch() : state_(std::make_unique<State>()) {}
MatchScratch::~MatchScratch() = default;
const Tokenizer& MatchScratch::tokenizer() const { return state_->tokenizer; }
uint64_t MatchScratch::TextFingerprint() const { return state_->tokenizer.Fingerprint(); }
uint32_t MatchScratch::Terms(uint16_t language) const { return Lexicon::Get().Terms(state_->tokenizer, language); }

Matcher::Matcher(std::span<const Source> sources) { Builder(this).Build(sources); }

void Matcher::FindPrefixes(const Token& token, MatchScratch::State* state) const {
  const std::string_view folded = state->tokenizer.Folded(token);
  if (folded.size() < 2) return;
  uint64_t sizes = prefix_sizes_[PrefixHead(folded[0], folded[1])];
  for (; sizes != 0; sizes &= sizes - 1) {
    const auto size = static_cast<size_t>(std::countr_zero(sizes)) + 1;
    if (size > folded.size()) return;
    const std::span<const uint32_t> found = prefix_anchors_.Find(TokenHash(folded.substr(0, size), token.kind));
    state->candidates.insert(state->candidates.end(), found.begin(), found.end());
  }
}

void Matcher::FindCandidates(MatchScratch::State* state) const {
  const std::vector<Token>& tokens = state->tokenizer.tokens();
  state->candidates.clear();
  if (!anchors_.empty()) {
    // What one pass needs is on its way from memory while the pass before goes on.
    state->keys.clear();
    uint64_t before = 0;
    const auto add_pair = [&](uint64_t first, uint64_t second) {
      const uint64_t pair = AnchorIndex::PairKey(first, second);
      if (anchors_.MayHavePair(pair)) state->keys.push_back(pair);
    };
    for (size_t i = 0; i < tokens.size(); before = tokens[i++].hash) {
      const uint64_t token = tokens[i].hash;
      const uint32_t roles = anchors_.RolesOf(token);
      if (roles == 0 || token == 0) continue;
      if ((roles & AnchorIndex::kIsKey) != 0) state->keys.push_back(token);
      if ((roles & AnchorIndex::kEndsPair) != 0) add_pair(before, token);
      if ((roles & AnchorIndex::kStartsPair) != 0) add_pair(token, tokens[i + 1].hash);
    }
    for (const uint64_t key : state->keys) anchors_.Prefetch(key);
    for (const uint64_t key : state->keys) {
      const std::span<const uint32_t> found = anchors_.Find(key);
      state->candidates.insert(state->candidates.end(), found.begin(), found.end());
    }
  }
  if (!prefix_sizes_.empty()) {
    for (const Token& token : tokens) {
      if (token.hash != 0) FindPrefixes(token, state);
    }
  }
  if (state->candidates.size() < 2) return;
  std::ranges::sort(state->candidates);
  state->candidates.erase(std::unique(state->candidates.begin(), state->candidates.end()), state->candidates.end());
}

void Matcher::AddOfficial(uint64_t author, std::vector<BrandMatch>* matches) const {
  const std::span<const uint32_t> brands = official_.Find(author);
  if (brands.empty()) return;
  for (const uint32_t brand : brands) {
    auto at = std::ranges::find(*matches, brand, &BrandMatch::brand);
    if (at == matches->end()) {
      matches->push_back({});
      at = matches->end() - 1;
      at->brand = brand;
    }
    at->official = true;
  }
  std::ranges::sort(*matches, {}, &BrandMatch::brand);
}

void Matcher::Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const {
  MatchScratch::State& state = scratch->state();
  matches->clear();
  Tokenizer& tokenizer = state.tokenizer;
  tokenizer.Reset(options_);
  tokenizer.AddText(post.text);
  for (const std::string_view hashtag : post.hashtags) tokenizer.AddEntity('#', hashtag);
  for (const std::string_view handle : post.handles) tokenizer.AddEntity('@', handle);
  for (const std::string_view url : post.urls) tokenizer.AddUrl(url);
  uint64_t author = 0;
  if (authors_ && !post.author_handle.empty()) {
    tokenizer.AddAuthor(post.author_handle);
    author = tokenizer.tokens().back().hash;
    // The index of official accounts is asked last, by every post: from one to the next it may have left the cache.
    if (!official_.empty()) official_.Prefetch(author);
  }
  tokenizer.Finish();

  FindCandidates(&state);
  if (!state.candidates.empty()) {
    constexpr size_t kUsualBytes = 128;  // of a query of two or three names
    for (const uint32_t place : state.candidates) Prefetch(&program_.words[place], kUsualBytes);
    MatchRun run(*this, post, &state);
    run.FindCovers(state.candidates);
    BrandMatch match;
    for (const uint32_t place : state.candidates) {
      if (run.Matches(place, &match)) matches->push_back(match);
    }
  }
  if (author != 0) AddOfficial(author, matches);
}

void Matcher::FindNames(const Post& post, uint32_t brand, MatchScratch* scratch, std::vector<TokenSpan>* spans) const {
  MatchScratch::State& state = scratch->state();
  MatchRun run(*this, post, &state);
  run.FindCovers(state.candidates);
  run.FindNames(places_[brand], spans);
}

size_t Matcher::MemoryBytes() const {
  return program_.MemoryBytes() + anchors_.MemoryBytes() + prefix_anchors_.MemoryBytes() +
         prefix_sizes_.capacity() * sizeof(uint64_t) + places_.capacity() * sizeof(uint32_t) + official_.MemoryBytes();
}

}  // namespace tocsin
