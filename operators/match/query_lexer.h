// Cuts a query into operators and terms; a term comes as the syntax tree's leaf. Used by the parser only.
#pragma once

#include <string>
#include <string_view>

#include "operators/match/query.h"
#include "operators/match/tokenizer.h"

namespace tocsin {

enum class LexemeKind : uint8_t { kEnd, kOpen, kClose, kAnd, kOr, kNot, kNear, kTerm, kError };

struct Lexeme {
  LexemeKind kind = LexemeKind::kEnd;
  size_t offset = 0;
  std::string_view source;
  int distance = 0;      // kNear
  bool ordered = false;  // kNear
  QueryNode term;        // kTerm
};

class QueryLexer {
 public:
  // Borrows `query`.
  QueryLexer(std::string_view query, const QueryOptions& options) : query_(query), options_(options) {}

  // After kError, error() says why, and nothing more may be read.
  Lexeme Next();
  const QueryError& error() const { return error_; }

 private:
  Lexeme Quoted(size_t open_size);
  Lexeme Braced();
  Lexeme Bare();
  Lexeme Near(std::string_view word, size_t offset);
  Lexeme Field(std::string_view name, size_t offset);
  Lexeme RatingField(std::string_view value, size_t offset, Lexeme lexeme);
  Lexeme TextTerm(std::string_view text, size_t offset, size_t text_offset);
  Lexeme PlainTerm(std::string_view text, TokenKind kind, size_t offset, size_t text_offset);
  Lexeme Fail(size_t offset, std::string what, std::string remedy);
  // Fills the literal from the tokenizer; false after Fail.
  bool TakeTokens(std::string_view text, size_t text_offset, QueryNode* term);
  size_t CloseQuote(size_t from, size_t* close_size) const;
  std::string_view BareWord() const;

  std::string_view query_;
  QueryOptions options_;
  size_t position_ = 0;
  QueryError error_;
  Tokenizer tokenizer_;
};

}  // namespace tocsin
