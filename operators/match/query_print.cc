#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "operators/match/query.h"

namespace tocsin {
namespace {

int Precedence(QueryOp op) {
  switch (op) {
    case QueryOp::kOr:
      return 1;
    case QueryOp::kAnd:
      return 2;
    case QueryOp::kNot:
      return 3;
    case QueryOp::kNear:
      return 4;
    default:
      return 5;
  }
}

// The folded form, unless that would be cut otherwise when read again (a fraction, say, folds to two numbers).
std::string_view Shown(const LiteralToken& token, bool keep_accents) {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  const std::string_view form = keep_accents ? token.accented : token.folded;
  const std::string again = absl::StrCat(Sigil(token.kind), form);
  if (token.kind == TokenKind::kUrlPiece || token.kind == TokenKind::kTagPiece) {
    tokenizer.AddPlain(again, token.kind);
  } else {
    tokenizer.AddText(again);
  }
  bool same = tokenizer.tokens().size() == 1 && tokenizer.tokens()[0].hash == TokenHash(token.folded, token.kind);
  if (same && keep_accents) {
    const Token& read = tokenizer.tokens()[0];
    same = FoldKeepingAccents({read.raw, read.raw_size}) == form;
  }
  return same ? form : token.raw;
}

std::string Join(const QueryNode& node, bool raw) {
  std::string text;
  for (const LiteralToken& token : node.tokens) {
    absl::StrAppend(&text, text.empty() ? "" : " ", Sigil(token.kind),
                    raw ? token.raw : Shown(token, node.keep_accents));
  }
  return text;
}

bool IsBareWord(std::string_view word) {
  static constexpr std::string_view kOperators[] = {"and", "or", "not", "near", "onear"};
  return std::find(std::begin(kOperators), std::end(kOperators), absl::AsciiStrToLower(word)) == std::end(kOperators);
}

std::string PrintLiteral(const QueryNode& node) {
  switch (node.tokens.front().kind) {
    case TokenKind::kAuthor:
      return absl::StrCat("author:\"", node.tokens.front().folded, "\"");
    case TokenKind::kSite:
      return absl::StrCat("site:\"", node.tokens.front().folded, "\"");
    case TokenKind::kUrlPiece:
      return absl::StrCat("url:\"", Join(node, false), "\"");
    case TokenKind::kTagPiece:
      return absl::StrCat("tag:\"", Join(node, false), "\"");
    default:
      break;
  }
  if (node.case_sensitive) return absl::StrCat("{", Join(node, true), "}");
  const std::string text = Join(node, false);
  if (node.prefix) return absl::StrCat(text, "*");
  return node.tokens.size() == 1 && IsBareWord(text) ? text : absl::StrCat("\"", text, "\"");
}

std::string_view KindName(PostKind kind) {
  switch (kind) {
    case PostKind::kOriginal:
      return "original";
    case PostKind::kRepost:
      return "repost";
    case PostKind::kReply:
      return "reply";
    case PostKind::kQuote:
      return "quote";
  }
  return "";
}

std::string PrintChild(const QueryNode& child, const QueryNode& parent) {
  // The same op twice can't be, but for NOT NOT, which needs no parentheses.
  const bool group = Precedence(child.op) < Precedence(parent.op);
  return group ? absl::StrCat("(", PrintQuery(child), ")") : PrintQuery(child);
}

}  // namespace

std::string PrintQuery(const QueryNode& root) {
  switch (root.op) {
    case QueryOp::kLiteral:
      return PrintLiteral(root);
    case QueryOp::kNot:
      return absl::StrCat("NOT ", PrintChild(root.children[0], root));
    case QueryOp::kNear:
      return absl::StrCat(PrintChild(root.children[0], root), root.ordered ? " ONEAR/" : " NEAR/", root.distance, " ",
                          PrintChild(root.children[1], root));
    case QueryOp::kLanguage:
      return absl::StrCat("lang:", root.language);
    case QueryOp::kNetwork:
      return absl::StrCat("network:", NetworkName(root.network));
    case QueryOp::kKind:
      return absl::StrCat("is:", KindName(root.kind));
    case QueryOp::kRating:
      return root.rating_min == root.rating_max ? absl::StrCat("rating:", root.rating_min)
                                                : absl::StrCat("rating:", root.rating_min, "..", root.rating_max);
    case QueryOp::kAnd:
    case QueryOp::kOr:
      break;
  }
  std::string text;
  for (const QueryNode& child : root.children) {
    if (!text.empty()) absl::StrAppend(&text, root.op == QueryOp::kAnd ? " AND " : " OR ");
    absl::StrAppend(&text, PrintChild(child, root));
  }
  return text;
}

std::string ExplainQueryError(std::string_view query, const QueryError& error) {
  const size_t offset = std::min(error.offset, query.size());
  const std::string_view before = query.substr(0, offset);
  const size_t newline = before.rfind('\n');
  const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  const auto line_number = std::count(before.begin(), before.end(), '\n') + 1;
  const std::string_view ahead = before.substr(line_begin);
  const auto column = std::count_if(ahead.begin(), ahead.end(), [](char c) { return (c & 0xC0) != 0x80; }) + 1;
  const std::string_view line = query.substr(line_begin, query.find('\n', line_begin) - line_begin);
  return absl::StrCat(line_number, ":", column, ": ", error.what, "; ", error.remedy, "\n  ", line, "\n  ",
                      std::string(static_cast<size_t>(column) - 1, ' '), "^");
}

}  // namespace tocsin
