// The Boolean queries of a watchlist: syntax tree, parser, canonical printing. docs/QUERIES.md has the grammar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/tokenizer.h"
#include "operators/parse/post.h"

namespace tocsin {

enum class QueryOp : uint8_t { kAnd, kOr, kNot, kNear, kLiteral, kLanguage, kNetwork, kKind, kRating };

struct LiteralToken {
  TokenKind kind;
  std::string folded;
  std::string raw;       // as written, without the sigil
  std::string accented;  // folded but for the accents; where they count
};

// A node and all below it. Only the fields of its op have a meaning.
struct QueryNode {
  QueryOp op = QueryOp::kLiteral;
  size_t offset = 0;                // of its first byte in the query
  std::vector<QueryNode> children;  // kAnd, kOr: two or more, none of the same op; kNot: one; kNear: two

  // kLiteral: tokens that must follow each other. All of one field (kTagPiece, kUrlPiece, kSite, kAuthor) or of the
  // text.
  std::vector<LiteralToken> tokens;
  bool prefix = false;          // the (only) token need only start with this
  bool case_sensitive = false;  // the raw forms must be equal too
  bool keep_accents = false;    // the accented forms must be equal too
  bool ambiguous = false;       // also an ordinary word: the brand's context decides

  int distance = 0;      // kNear: of the later operand's first token from the earlier one's last, at most
  bool ordered = false;  // kNear: the first operand comes first

  std::string language;  // kLanguage: lower case
  Network network = Network::kOther;
  PostKind kind = PostKind::kOriginal;
  int rating_min = 0;
  int rating_max = 0;
};

struct QueryError {
  size_t offset = 0;  // in bytes, of the place in the query
  std::string what;
  std::string remedy;
};

inline constexpr size_t kMaxQueryBytes = 64 << 10;
inline constexpr int kMaxQueryDepth = 64;
inline constexpr size_t kMaxPhraseTokens = 32;
inline constexpr size_t kMaxPrefixBytes = 64;  // folded
inline constexpr int kMaxNearDistance = 100;

struct QueryOptions {
  bool keep_accents = false;  // accents count, in all words of the query
};

// Parses and checks that a post without any literal of the query can't match it. False sets `*error`, else `*root`.
[[nodiscard]] bool ParseQuery(std::string_view query, const QueryOptions& options, QueryNode* root, QueryError* error);
[[nodiscard]] bool ParseQuery(std::string_view query, QueryNode* root, QueryError* error);

// The query written again: operators spelled out, words folded, parentheses only where needed. Parses to the same tree
// with the same options.
std::string PrintQuery(const QueryNode& root);

// "line:column: what; remedy", the line of the query and a caret under the place. Lines and columns (in characters)
// from 1.
std::string ExplainQueryError(std::string_view query, const QueryError& error);

}  // namespace tocsin
