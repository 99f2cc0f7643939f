#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "operators/match/query.h"
#include "operators/match/query_lexer.h"

namespace tocsin {
namespace {

constexpr std::string_view kNeedsLiteral =
    "add a word, phrase, #hashtag, @handle, author: or site: that must be present";

bool IsTextLiteral(const QueryNode& node) {
  if (node.op != QueryOp::kLiteral) return false;
  const TokenKind kind = node.tokens.front().kind;
  return kind == TokenKind::kWord || kind == TokenKind::kHashtag || kind == TokenKind::kHandle ||
         kind == TokenKind::kCashtag;
}

// Adds `child`, whose children become the parent's own where it has the same op: AND and OR are associative.
void AddChild(QueryNode child, QueryNode* parent) {
  if (child.op == parent->op) {
    for (QueryNode& grandchild : child.children) parent->children.push_back(std::move(grandchild));
  } else {
    parent->children.push_back(std::move(child));
  }
}

// Recursive descent; each method reads one production, from next_ on.
class Parser {
 public:
  Parser(std::string_view query, const QueryOptions& options) : lexer_(query, options) {}

  std::optional<QueryNode> Parse() {
    if (!Advance()) return std::nullopt;
    if (next_.kind == LexemeKind::kEnd) return Fail(0, "the query is empty", std::string(kNeedsLiteral));
    std::optional<QueryNode> root = Or();
    if (!root) return std::nullopt;
    if (next_.kind == LexemeKind::kClose) return Fail(next_.offset, "')' without '('", "remove it or open the group");
    return root;
  }
  const QueryError& error() const { return error_; }

 private:
  std::nullopt_t Fail(size_t offset, std::string what, std::string remedy) {
    error_ = {offset, std::move(what), std::move(remedy)};
    return std::nullopt;
  }

  bool Advance() {
    next_ = lexer_.Next();
    if (next_.kind != LexemeKind::kError) return true;
    error_ = lexer_.error();
    return false;
  }

  std::optional<QueryNode> Or() {
    std::optional<QueryNode> left = And();
    if (!left || next_.kind != LexemeKind::kOr) return left;
    QueryNode node;
    node.op = QueryOp::kOr;
    node.offset = left->offset;
    AddChild(*std::move(left), &node);
    while (next_.kind == LexemeKind::kOr) {
      if (!Advance()) return std::nullopt;
      std::optional<QueryNode> right = And();
      if (!right) return std::nullopt;
      AddChild(*std::move(right), &node);
    }
    return node;
  }

  bool StartsOperand() const {
    return next_.kind == LexemeKind::kTerm || next_.kind == LexemeKind::kOpen || next_.kind == LexemeKind::kNot;
  }

  std::optional<QueryNode> And() {
    std::optional<QueryNode> left = Not();
    if (!left || (next_.kind != LexemeKind::kAnd && !StartsOperand())) return left;
    QueryNode node;
    node.op = QueryOp::kAnd;
    node.offset = left->offset;
    AddChild(*std::move(left), &node);
    while (next_.kind == LexemeKind::kAnd || StartsOperand()) {
      if (next_.kind == LexemeKind::kAnd && !Advance()) return std::nullopt;
      std::optional<QueryNode> right = Not();
      if (!right) return std::nullopt;
      AddChild(*std::move(right), &node);
    }
    return node;
  }

  std::optional<QueryNode> Not() {
    if (next_.kind != LexemeKind::kNot) return Near();
    QueryNode node;
    node.op = QueryOp::kNot;
    node.offset = next_.offset;
    if (++depth_ > kMaxQueryDepth) return TooDeep();
    if (!Advance()) return std::nullopt;
    std::optional<QueryNode> child = Not();
    --depth_;
    if (!child) return std::nullopt;
    node.children.push_back(*std::move(child));
    return node;
  }

  std::optional<QueryNode> Near() {
    std::optional<QueryNode> left = Primary();
    if (!left || next_.kind != LexemeKind::kNear) return left;
    const Lexeme near = next_;
    if (!Advance()) return std::nullopt;
    std::optional<QueryNode> right = Primary();
    if (!right) return std::nullopt;
    for (const QueryNode* operand : {&*left, &*right}) {
      if (!IsNearOperand(*operand)) {
        return Fail(operand->offset, absl::StrCat(near.source, " can't measure from this"),
                    "its sides are words, phrases, #, @ or $ terms, or OR groups of these");
      }
    }
    if (next_.kind == LexemeKind::kNear) {
      return Fail(next_.offset, "NEAR after NEAR", "write (a NEAR/5 b) AND (b NEAR/5 c)");
    }
    QueryNode node;
    node.op = QueryOp::kNear;
    node.offset = left->offset;
    node.distance = near.distance;
    node.ordered = near.ordered;
    node.children.push_back(*std::move(left));
    node.children.push_back(*std::move(right));
    return node;
  }

  static bool IsNearOperand(const QueryNode& node) {
    if (node.op != QueryOp::kOr) return IsTextLiteral(node);
    for (const QueryNode& child : node.children) {
      if (!IsTextLiteral(child)) return false;
    }
    return true;
  }

  std::nullopt_t TooDeep() {
    return Fail(next_.offset, absl::StrCat("more than ", kMaxQueryDepth, " levels"), "use fewer nested groups");
  }

  std::optional<QueryNode> Primary() {
    switch (next_.kind) {
      case LexemeKind::kTerm: {
        QueryNode term = std::move(next_.term);
        if (!Advance()) return std::nullopt;
        return term;
      }
      case LexemeKind::kOpen: {
        const size_t open = next_.offset;
        if (++depth_ > kMaxQueryDepth) return TooDeep();
        if (!Advance()) return std::nullopt;
        if (next_.kind == LexemeKind::kClose) return Fail(open, "an empty group", "put terms between '(' and ')'");
        std::optional<QueryNode> inner = Or();
        --depth_;
        if (!inner) return std::nullopt;
        if (next_.kind != LexemeKind::kClose) return Fail(open, "'(' that is not closed", "add the closing ')'");
        inner->offset = open;
        if (!Advance()) return std::nullopt;
        return inner;
      }
      case LexemeKind::kEnd:
        return Fail(next_.offset, "the query ends where a term is due", "add the missing term");
      case LexemeKind::kNot:
        return Fail(next_.offset, "NOT can't be a side of NEAR", "write a AND NOT (a NEAR/5 b)");
      default:
        return Fail(next_.offset, absl::StrCat("'", next_.source, "' where a term is due"), "put a term before it");
    }
  }

  QueryLexer lexer_;
  Lexeme next_;
  int depth_ = 0;
  QueryError error_;
};

bool IsAnchored(const QueryNode& node) {
  switch (node.op) {
    case QueryOp::kLiteral:
    case QueryOp::kNear:
      return true;
    case QueryOp::kAnd:
      for (const QueryNode& child : node.children) {
        if (IsAnchored(child)) return true;
      }
      return false;
    case QueryOp::kOr:
      for (const QueryNode& child : node.children) {
        if (!IsAnchored(child)) return false;
      }
      return true;
    case QueryOp::kNot:
    case QueryOp::kLanguage:
    case QueryOp::kNetwork:
    case QueryOp::kKind:
    case QueryOp::kRating:
      return false;
  }
  return false;
}

// The innermost part to blame for a query that posts without any of its literals may match.
const QueryNode& Unanchored(const QueryNode& node) {
  if (node.op == QueryOp::kOr) {
    for (const QueryNode& child : node.children) {
      if (!IsAnchored(child)) return Unanchored(child);
    }
  }
  return node;
}

}  // namespace

bool ParseQuery(std::string_view query, QueryNode* root, QueryError* error) {
  return ParseQuery(query, QueryOptions{}, root, error);
}

bool ParseQuery(std::string_view query, const QueryOptions& options, QueryNode* root, QueryError* error) {
  if (query.size() > kMaxQueryBytes) {
    *error = {0, absl::StrCat("a query of ", query.size(), " bytes"),
              absl::StrCat("at most ", kMaxQueryBytes, "; make several brands or topics of it")};
    return false;
  }
  Parser parser(query, options);
  std::optional<QueryNode> parsed = parser.Parse();
  if (!parsed) {
    *error = parser.error();
    return false;
  }
  if (!IsAnchored(*parsed)) {
    const QueryNode& part = Unanchored(*parsed);
    const bool negative = part.op == QueryOp::kNot;
    *error = {part.offset,
              negative ? "this part only excludes, so almost every post would match"
                       : "this part has no word that must be present, so too many posts would match",
              std::string(kNeedsLiteral)};
    return false;
  }
  // The canonical text is what other processes read: it has the operators that are implied here.
  if (const size_t bytes = PrintQuery(*parsed).size(); bytes > kMaxQueryBytes) {
    *error = {0, absl::StrCat("a query that is ", bytes, " bytes long once written out"),
              absl::StrCat("at most ", kMaxQueryBytes, "; make several brands or topics of it")};
    return false;
  }
  *root = *std::move(parsed);
  return true;
}

}  // namespace tocsin
