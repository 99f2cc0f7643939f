#include "operators/match/match_context.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

bool IsOrdinaryWord(const QueryNode& node) {
  if (node.op != QueryOp::kLiteral || node.tokens.size() != 1) return false;
  const TokenKind kind = node.tokens.front().kind;
  return kind == TokenKind::kWord || kind == TokenKind::kHashtag || kind == TokenKind::kTagPiece;
}

// Calls `fn` with every literal that is not under a NOT.
template <typename Fn>
void ForEachLiteral(QueryNode* node, const Fn& fn) {
  if (node->op == QueryOp::kLiteral) fn(node);
  if (node->op == QueryOp::kNot) return;
  for (QueryNode& child : node->children) ForEachLiteral(&child, fn);
}

// A text of several words, without signs of the query language, can only mean the phrase.
bool IsPlainPhrase(std::string_view text) {
  const bool plain = text.find_first_of("\"(){}:") == std::string_view::npos &&
                     text.find("\u201C") == std::string_view::npos && text.find("\u201E") == std::string_view::npos;
  return plain && text.find_first_of(" \t\n") != std::string_view::npos;
}

class ContextReader {
 public:
  ContextReader(const QueryOptions& options, QueryNode* query, MatchContext* context, YamlErrors* errors)
      : options_(options), query_(query), context_(context), errors_(errors) {}

  void Read(const YAML::Node& node) {
    const size_t errors_before = errors_->size();
    const YamlMapping fields(node, "a context", {"ambiguous", "any_of", "none_of", "unsure"}, errors_);
    if (!fields.valid()) return;
    ReadTerms(fields.Get("any_of"), "any_of", 1);
    ReadTerms(fields.Get("none_of"), "none_of", -1);
    if (context_->empty() && errors_->size() == errors_before) {
      errors_->Add(fields.mark(), "a context without terms",
                   "list words that tell what is meant under any_of: or none_of:");
    }
    const std::string unsure = fields.Text("unsure");
    context_->drop_unsure = unsure == "drop";
    if (!unsure.empty() && unsure != "drop" && unsure != "keep") {
      errors_->Add(fields.Get("unsure").Mark(), absl::StrCat("unknown 'unsure' '", unsure, "'"),
                   "write keep (count it as ambiguous) or drop");
    }
    if (context_->terms.size() > kMaxContextTerms) {
      errors_->Add(fields.mark(), absl::StrCat("a context of ", context_->terms.size(), " terms"),
                   absl::StrCat("at most ", kMaxContextTerms));
    }
    MarkAmbiguous(fields);
    std::sort(context_->terms.begin(), context_->terms.end(), [](const ContextTerm& a, const ContextTerm& b) {
      return std::tuple(a.language, a.weight < 0, PrintQuery(a.literal)) <
             std::tuple(b.language, b.weight < 0, PrintQuery(b.literal));
    });
  }

 private:
  void MarkAmbiguous(const YamlMapping& fields) {
    const YAML::Node list = fields.Get("ambiguous");
    bool any = false;
    if (!list.IsDefined() || list.IsNull()) {
      ForEachLiteral(query_, [&](QueryNode* literal) {
        literal->ambiguous = IsOrdinaryWord(*literal);
        any |= literal->ambiguous;
      });
      if (!any) {
        errors_->Add(fields.mark(), "a context, but no single word or hashtag in the query is there to be ambiguous",
                     "name the terms under ambiguous:, or remove the context");
      }
      return;
    }
    if (!list.IsSequence() || list.size() == 0) {
      errors_->Add(list.Mark(), "'ambiguous' is not a list of terms", "write [apple, '#apple']");
      return;
    }
    for (const YAML::Node& item : list) {
      QueryNode term;
      if (!ReadTerm(item, "ambiguous", &term)) continue;
      const std::string text = PrintQuery(term);
      bool found = false;
      ForEachLiteral(query_, [&](QueryNode* literal) {
        if (PrintQuery(*literal) != text) return;
        literal->ambiguous = true;
        found = true;
      });
      if (!found) {
        errors_->Add(item.Mark(), absl::StrCat("the query has no term ", text), "name terms of the query");
      }
    }
  }

  void ReadTerms(const YAML::Node& list, std::string_view key, int sign) {
    if (!list.IsDefined() || list.IsNull()) return;
    if (!list.IsSequence()) {
      errors_->Add(list.Mark(), absl::StrCat("'", key, "' is not a list"), "write [iphone, \"apple store\"]");
      return;
    }
    for (const YAML::Node& item : list) {
      if (!item.IsMap()) {
        AddTerm(item, key, "", sign * kSureScore);
        continue;
      }
      const YamlMapping fields(item, absl::StrCat("a group of '", key, "'"), {"terms", "weight", "lang"}, errors_);
      int weight = kSureScore;
      ReadWeight(fields, &weight);
      const std::string language = ReadLanguage(fields);
      const YAML::Node terms = fields.Get("terms");
      if (!terms.IsDefined() || terms.IsNull()) {
        errors_->Add(item.Mark(), absl::StrCat("a group of '", key, "' without 'terms'"), "write terms: [...]");
      } else if (terms.IsSequence()) {
        for (const YAML::Node& term : terms) AddTerm(term, key, language, sign * weight);
      } else {
        AddTerm(terms, key, language, sign * weight);
      }
    }
  }

  void ReadWeight(const YamlMapping& fields, int* weight) {
    const std::string text = fields.Text("weight");
    if (text.empty()) return;
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !(value >= 0.01 && value <= kMaxContextWeight / 100.0)) {
      errors_->Add(fields.Get("weight").Mark(), absl::StrCat("'", text, "' is no weight"),
                   "write a number from 0.01 to 10");
      return;
    }
    *weight = static_cast<int>(std::lround(value * 100));
  }

  std::string ReadLanguage(const YamlMapping& fields) {
    std::string text = absl::AsciiStrToLower(fields.Text("lang"));
    if (text.empty()) return text;
    QueryNode parsed;
    QueryError error;
    // The query language knows what a language is.
    if (!ParseQuery(absl::StrCat("x lang:", text), &parsed, &error)) {
      errors_->Add(fields.Get("lang").Mark(), error.what, error.remedy);
    }
    return text;
  }

  bool ReadTerm(const YAML::Node& node, std::string_view key, QueryNode* term) {
    if (!node.IsScalar() || node.Scalar().empty()) {
      errors_->Add(node.Mark(), absl::StrCat("a term of '", key, "' that is not text"), "write a word or a phrase");
      return false;
    }
    const std::string& text = node.Scalar();
    const bool phrase = IsPlainPhrase(text);
    QueryError error;
    if (!ParseQuery(phrase ? absl::StrCat("\"", text, "\"") : text, options_, term, &error)) {
      const size_t quote = phrase ? 1 : 0;
      errors_->AddInScalar(node, error.offset - std::min(error.offset, quote), absl::StrCat(key, ": ", error.what),
                           error.remedy);
      return false;
    }
    if (term->op != QueryOp::kLiteral) {
      errors_->Add(node.Mark(), absl::StrCat("'", text, "' of '", key, "' is more than one term"),
                   "write each word or phrase as an item of its own");
      return false;
    }
    return true;
  }

  void AddTerm(const YAML::Node& node, std::string_view key, std::string_view language, int weight) {
    ContextTerm term;
    if (!ReadTerm(node, key, &term.literal)) return;
    term.language = language;
    term.weight = weight;
    const std::string text = PrintQuery(term.literal);
    if (!seen_.emplace(language, text).second) {
      errors_->Add(node.Mark(), absl::StrCat(text, " is in the context twice"), "remove one");
      return;
    }
    context_->terms.push_back(std::move(term));
  }

  const QueryOptions& options_;
  QueryNode* const query_;
  MatchContext* const context_;
  YamlErrors* const errors_;
  std::set<std::pair<std::string, std::string>> seen_;  // language, term
};

void AddAmbiguousTerms(const QueryNode& node, std::set<std::string>* terms) {
  if (node.op == QueryOp::kLiteral && node.ambiguous) terms->insert(PrintQuery(node));
  for (const QueryNode& child : node.children) AddAmbiguousTerms(child, terms);
}

}  // namespace

void ReadContext(const YAML::Node& node, const QueryOptions& options, QueryNode* query, MatchContext* context,
                 YamlErrors* errors) {
  if (!node.IsDefined() || node.IsNull()) return;
  ContextReader(options, query, context, errors).Read(node);
}

std::vector<std::string> AmbiguousTerms(const QueryNode& query) {
  std::set<std::string> terms;
  AddAmbiguousTerms(query, &terms);
  return {terms.begin(), terms.end()};
}

std::string PrintWeight(int weight) {
  std::string text = absl::StrCat(weight < 0 ? "-" : "", std::abs(weight) / 100);
  if (const int rest = std::abs(weight) % 100; rest > 0) {
    absl::StrAppend(&text, rest % 10 == 0 ? absl::StrCat(".", rest / 10) : absl::StrCat(rest < 10 ? ".0" : ".", rest));
  }
  return text;
}

}  // namespace tocsin
