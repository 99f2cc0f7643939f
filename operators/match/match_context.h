// What decides whether a name that is also a word means the brand: words around it, with weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "operators/match/query.h"
#include "operators/match/watchlist_yaml.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

struct ContextTerm {
  QueryNode literal;
  std::string language;  // lower case; counts only in posts of this language or of an unknown one. Empty: in all
  int weight = 0;        // hundredths; below 0 it speaks against the brand
};

// A match by nothing but ambiguous terms scores the sum of the weights of the terms that the post has: below 0 it is no
// mention, from kSureScore on it is a clear one, and between them it is an ambiguous one, or none if `drop_unsure`.
struct MatchContext {
  std::vector<ContextTerm> terms;  // sorted by language, sign and text
  bool drop_unsure = false;

  bool empty() const { return terms.empty(); }
};

inline constexpr int kSureScore = 100;  // a weight of 1
inline constexpr int kMaxContextWeight = 1'000;
inline constexpr size_t kMaxContextTerms = 1'000;

// Of a score below kSureScore, in percent: 100 where nothing speaks either way.
inline uint8_t AmbiguityOf(int score) { return static_cast<uint8_t>(kSureScore - score); }

// Reads a brand's `context` and marks the terms of `*query` that it calls ambiguous (if it names none: the single words
// and hashtags). What is wrong goes to `*errors`. `*context` stays empty if the node is undefined.
void ReadContext(const YAML::Node& node, const QueryOptions& options, QueryNode* query, MatchContext* context,
                 YamlErrors* errors);

// The texts of the ambiguous terms of the query, sorted, each once.
std::vector<std::string> AmbiguousTerms(const QueryNode& query);

// "0.5", "-2".
std::string PrintWeight(int weight);

}  // namespace tocsin
