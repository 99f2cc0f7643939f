#include "operators/incident/top_terms.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tocsin {
namespace {

constexpr size_t kLeastBytes = 3;

bool IsNumber(std::string_view word) { return word.find_first_not_of("0123456789.,") == std::string_view::npos; }

}  // namespace

void TopTerms::Tokenize(std::string_view text) {
  tokenizer_.Reset({});
  tokenizer_.AddText(text);
  tokenizer_.Finish();
  words_.clear();
  for (const Token& token : tokenizer_.tokens()) {
    if (token.kind != TokenKind::kWord) continue;
    const std::string_view word = tokenizer_.Folded(token);
    if (word.size() >= kLeastBytes && !IsNumber(word)) words_.push_back(word);
  }
  std::ranges::sort(words_);
  words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
}

void TopTerms::Add(std::string_view text, Kind kind) {
  int64_t Counts::*const count = kind == Kind::kCrisis ? &Counts::crisis : &Counts::usual;
  Tokenize(text);
  ++(posts_.*count);
  for (const std::string_view word : words_) ++(counts_[word].*count);
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
  for (const std::string_view word : words_) counts_.erase(word);
  std::vector<std::pair<double, CountedName>> found;
  for (const auto& [word, counts] : counts_) {
    const bool more = counts.crisis * posts_.usual > counts.usual * posts_.crisis;
    if (counts.crisis < kLeastPosts || !more) continue;
    const double score = Score(counts);
    if (score >= kLeastScore) found.push_back({score, {word, counts.crisis}});
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
