// Texts that say nearly the same, word for word: what is copied with small changes, so that hashes of it differ.
//
// Two texts resemble each other by the share of all their different runs of three words that both have (Broder, "On the
// resemblance and containment of documents", Compression and Complexity of Sequences 1997, section 2). Handles, URLs
// and a leading "RT" are no words here, and letters are folded, as in the hash of a text. Not thread-safe.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "operators/match/tokenizer.h"

namespace tocsin {

class NearCopies {
 public:
  static constexpr size_t kRunWords = 3;
  // From this resemblance on: of 20 words any two may differ, of 11 any one.
  static constexpr double kLeastResemblance = 0.5;

  // Counts a text, as a copy if it resembles one that was counted before and is no copy itself. A text without words is
  // not counted. Linear in the words, times the texts that have them in common.
  void Add(std::string_view text);

  int64_t texts() const { return texts_; }
  int64_t copies() const { return copies_; }

 private:
  struct Original {
    size_t runs;
    uint64_t compared = 0;  // the number of the text that `common` is of
    size_t common = 0;
  };

  void FindRuns(std::string_view text);
  bool ResemblesAny();

  Tokenizer tokenizer_;
  std::vector<uint64_t> words_;  // of the text last added
  std::vector<uint64_t> runs_;   // of it, ascending, each once
  std::vector<Original> originals_;
  // The originals that have a run, as a chain within links_.
  struct Link {
    uint32_t original = 0;  // index of originals_
    uint32_t next = 0;      // place in links_ plus one; 0: none
  };
  std::vector<Link> links_;
  absl::flat_hash_map<uint64_t, uint32_t> with_run_;  // as Link::next
  int64_t texts_ = 0;
  int64_t copies_ = 0;
};

}  // namespace tocsin
