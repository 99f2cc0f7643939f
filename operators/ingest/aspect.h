// Which part of a text is about which of the brands that it names: "Acme is great but Borealis is awful".
//
// Between two names that follow each other the text may be cut at the last of the strongest borders there: the end of a
// sentence, else a contrast ("but", ";", a dash), else a comma or an "and". What no name is in stays with its
// neighbour. docs/QUERIES.md, "Posts that name several brands", has the rules exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/tokenizer.h"

namespace tocsin {

// One occurrence of a name.
struct NameSpan {
  TokenSpan tokens;
  uint32_t brand;
};

// The part of a text that is about a brand.
struct Aspect {
  std::string text;               // its pieces, a space between
  std::vector<TokenSpan> tokens;  // one a piece, ascending
  size_t words = 0;  // tokens that are no part of a name, no link, and not among the words that make borders
};

// Keeps its buffers, so that the steady state allocates nothing. Not thread-safe: a chain has its own.
class AspectFinder {
 public:
  // Borders that cut, from the finest parts to the coarsest.
  static constexpr int kFinest = 1;    // all
  static constexpr int kCoarsest = 3;  // ends of sentences only

  // `names` in any order, all within the text's tokens. `language`, two letters, is whose words make borders; of one
  // that has none, and of an empty one, punctuation alone does. Borrows the tokenizer and the text until the next call.
  // REQUIRES: the tokenizer's text is `text`.
  void Find(const Tokenizer& tokenizer, std::string_view text, std::span<const NameSpan> names,
            std::string_view language);

  // How strong the borders are that part something, the strongest: 0 if nothing does.
  int strongest() const { return strongest_; }

  // The part that is about `brand` where borders of strength `level` or more cut. Valid until the next call; empty if
  // no name is the brand's.
  const Aspect& Of(uint32_t brand, int level);

 private:
  struct Cut {
    uint32_t token;  // the first behind it
    int level;       // 0: none between the two names
  };

  int BorderBefore(uint32_t token, std::string_view language) const;
  size_t BeginOf(uint32_t token) const;
  void AddPiece(TokenSpan tokens, size_t begin, size_t end);

  const Tokenizer* tokenizer_ = nullptr;
  std::string_view text_;
  std::string_view language_;
  std::vector<NameSpan> names_;  // by their place
  std::vector<Cut> cuts_;        // behind each name but the last
  int strongest_ = 0;
  Aspect aspect_;
};

}  // namespace tocsin
