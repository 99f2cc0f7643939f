// Words that posts of one kind have over those of another: what a crisis speaks of, over what is usual for the brand.
//
// Each word is counted once a post. Its score is the log odds ratio of the two kinds over its standard error, with half
// a post added to each of the four counts (Woolf, Annals of Human Genetics 19 (1955); Haldane, ibid. 20 (1956)):
//   ln((a + .5)(d + .5) / ((b + .5)(c + .5))) / sqrt(1/(a + .5) + 1/(b + .5) + 1/(c + .5) + 1/(d + .5))
// where a and b posts of the first kind have the word and lack it, c and d of the second. Not thread-safe.
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
  // What a word needs to be named: with a thousand words, less would name some by chance.
  static constexpr double kLeastScore = 3.3;
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

  void Tokenize(std::string_view text);
  double Score(const Counts& counts) const;

  Tokenizer tokenizer_;
  std::vector<std::string_view> words_;  // of the text last tokenized, ascending, each once
  absl::flat_hash_map<std::string, Counts> counts_;
  Counts posts_;
};

}  // namespace tocsin
