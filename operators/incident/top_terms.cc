#include "operators/incident/top_terms.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tocsin {
namespace {

constexpr size_t kLeastBytes = 3;

bool IsNumber(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == ','; });
}

}  // namespace

void TopTerms::Tokenize(std::string_view text) {
  tokenizer_.Reset({});
  tokenizer_.AddText(text);
  tokenizer_.Finish();
}

bool TopTerms::IsCounted(const Token& token) const {
  if (token.kind != TokenKind::kWord || token.folded_size < kLeastBytes) return false;
  return !IsNumber(tokenizer_.Folded(token));
}

void TopTerms::Add(std::string_view text, Kind kind) {
  int64_t Counts::*const count = kind == Kind::kCrisis ? &Counts::crisis : &Counts::usual;
  Tokenize(text);
  ++(posts_.*count);
  const int64_t post = posts_.crisis + posts_.usual;
  for (const Token& token : tokenizer_.tokens()) {
    if (!IsCounted(token)) continue;
    const auto [entry, inserted] = words_.try_emplace(token.hash);
    Word& word = entry->second;
    if (inserted) {
      word.begin = names_.size();
      word.size = token.folded_size;
      names_ += tokenizer_.Folded(token);
    }
    if (std::exchange(word.last_post, post) != post) ++(word.counts.*count);
  }
}

double TopTerms::Score(const Counts& counts) const {
  const auto posts = static_cast<double>(posts_.crisis + posts_.usual);
  double sum = 0;
  const auto add = [posts, &sum](int64_t observed, int64_t of_kind, int64_t of_word) {
    if (observed == 0) return;
    const double expected = static_cast<double>(of_kind) * static_cast<double>(of_word) / posts;
    sum += static_cast<double>(observed) * std::log(static_cast<double>(observed) / expected);
  };
  const int64_t with = counts.crisis + counts.usual;
  const int64_t without = posts_.crisis + posts_.usual - with;
  add(counts.crisis, posts_.crisis, with);
  add(posts_.crisis - counts.crisis, posts_.crisis, without);
  add(counts.usual, posts_.usual, with);
  add(posts_.usual - counts.usual, posts_.usual, without);
  return std::round(2 * sum * 10'000) / 10'000;
}

std::vector<CountedName> TopTerms::Find(size_t size, std::string_view name) {
  Tokenize(name);
  for (const Token& token : tokenizer_.tokens()) {
    if (IsCounted(token)) words_.erase(token.hash);
  }
  std::vector<std::pair<double, CountedName>> found;
  for (const auto& [hash, word] : words_) {
    const Counts& counts = word.counts;
    const bool more = counts.crisis * posts_.usual > counts.usual * posts_.crisis;
    if (counts.crisis < kLeastPosts || !more) continue;
    const double score = Score(counts);
    if (score >= kLeastScore) found.push_back({score, {names_.substr(word.begin, word.size), counts.crisis}});
  }
  std::ranges::sort(found, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second.name < b.second.name;
  });
  std::vector<CountedName> top;
  for (const auto& [score, word] : found) {
    if (top.size() == size) break;
    top.push_back(word);
  }
  return top;
}

}  // namespace tocsin
