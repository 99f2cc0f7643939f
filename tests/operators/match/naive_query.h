// A second matcher for the tests, from docs/QUERIES.md: it evaluates a query's tree over a post's list of tokens by
// looking everywhere. It shares nothing with the engine but the post's plain fields; the trees are made and printed
// here too, so that the engine's parser and tokenizer are tested with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::naive {

enum class Op { kAnd, kOr, kNot, kNear, kLiteral, kLanguage, kNetwork, kKind, kRating };

struct Word {
  char kind;  // 'w' or the sign: # @ $
  std::string folded;
  std::string form;  // as written
};

struct Tree {
  Op op = Op::kLiteral;
  std::vector<Tree> children;
  std::vector<Word> words;
  bool prefix = false;
  bool case_sensitive = false;
  int distance = 0;
  bool ordered = false;
  std::string value;  // kLanguage, kNetwork, kKind
  int low = 0;
  int high = 0;
};

struct Post {
  std::vector<Word> words;
  std::vector<Word> apart;  // hashtags and handles listed beside the text
  std::string language;
  std::string network;
  std::string kind;
  int rating = 0;
};

struct Brand {
  Tree query;
  bool topic = false;
};

// For each brand whether it is mentioned.
std::vector<bool> Match(const std::vector<Brand>& brands, const Post& post);

}  // namespace tocsin::naive
