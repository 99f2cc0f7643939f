// Words that posts of one kind have over those of another: what a crisis speaks of, over what is usual for the brand.
//
// Each word is counted once a post, and the four numbers of posts that have it or lack it, of the one kind or the
// other, are compared with those of a word that belongs to neither: 2 * sum(observed * ln(observed / expected))
// (Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", Computational Linguistics 19 (1993),
// section 4), which holds for rare words too. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "operators/match/tokenizer.h"
#include "operators/signal/signal.h"

namespace tocsin {

class TopTerms {
 public:
  enum class Kind : uint8_t { kCrisis, kUsual };
  // What a word needs to be named: one in 10,000 has that by chance (chi-squared, one degree of freedom).
  static constexpr double kLeastScore = 15.1;
  static constexpr int64_t kLeastPosts = 3;

  // Counts the words of a post: not hashtags and handles, URLs, numbers, nor what is shorter than three bytes folded.
  void Add(std::string_view text, Kind kind);

  // The `size` words with the highest scores, folded, with the number of posts of the first kind that have them, which
  // is at least kLeastPosts; equal scores (to four decimals) by name. Words of `name` are left out.
  std::vector<CountedName> Find(size_t size, std::string_view name);

 private:
  struct Counts {
    int64_t crisis = 0;
    int64_t usual = 0;
  };
  struct Word {
    Counts counts;
    int64_t last_post = 0;  // number of the post that was counted last
    size_t begin = 0;       // in names_
    size_t size = 0;
  };

  void Tokenize(std::string_view text);
  bool IsCounted(const Token& token) const;
  double Score(const Counts& counts) const;

  Tokenizer tokenizer_;
  absl::flat_hash_map<uint64_t, Word> words_;  // by Token::hash
  std::string names_;                          // folded, one behind the other
  Counts posts_;
};

}  // namespace tocsin
