#include "operators/match/user_term.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "operators/match/match_context.h"

namespace tocsin {

uint16_t LanguageNumber(std::string_view code) {
  if (code.size() != 2) return 0;
  return static_cast<uint16_t>(static_cast<uint8_t>(code[0]) << 8 | static_cast<uint8_t>(code[1]));
}

void UserTermReader::ReadGroup(const YamlMapping& group, absl::FunctionRef<void(const YAML::Mark&, UserTerm)> add) {
  const std::string language = absl::AsciiStrToLower(group.Text("lang"));
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (!language.empty() && (language.size() != 2 || !std::ranges::all_of(language, is_letter))) {
    errors_.Add(group.Get("lang").Mark(), absl::StrCat("'", language, "' is no language"),
                "write two letters: en, fr, it");
  }
  const auto add_one = [&](const YAML::Node& node) {
    std::optional<UserTerm> term = Read(node);
    if (!term.has_value()) return;
    term->language = language;
    add(node.Mark(), *std::move(term));
  };
  const YAML::Node terms = group.Get("terms");
  if (!terms.IsDefined() || terms.IsNull() || (terms.IsSequence() && terms.size() == 0)) {
    errors_.Add(group.mark(), absl::StrCat("a group of '", list_, "' without 'terms'"), "write terms: [...]");
  } else if (terms.IsSequence()) {
    for (const YAML::Node& term : terms) add_one(term);
  } else {
    add_one(terms);
  }
}

std::optional<UserTerm> UserTermReader::Read(const YAML::Node& node) {
  if (!node.IsScalar() || node.Scalar().empty()) {
    errors_.Add(node.Mark(), absl::StrCat("a term of '", list_, "' that is not text"), "write a word or a phrase");
    return std::nullopt;
  }
  tokenizer_.Reset({});
  tokenizer_.AddText(node.Scalar());
  UserTerm term;
  for (const Token& token : tokenizer_.tokens()) {
    if (token.hash == 0) {
      errors_.Add(node.Mark(), absl::StrCat("'", node.Scalar(), "' of '", list_, "' has a web address"),
                  "name words, hashtags, handles or emoji");
      return std::nullopt;
    }
    absl::StrAppend(&term.text, term.text.empty() ? "" : " ", Sigil(token.kind), tokenizer_.Folded(token));
    term.hashes.push_back(token.hash);
  }
  if (term.hashes.empty() || term.hashes.size() > kMaxUserTermTokens) {
    errors_.Add(node.Mark(), absl::StrCat("'", node.Scalar(), "' of '", list_, "' has ", term.hashes.size(), " words"),
                absl::StrCat("write 1 to ", kMaxUserTermTokens));
    return std::nullopt;
  }
  return term;
}

}  // namespace tocsin
