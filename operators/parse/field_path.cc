#include "operators/parse/field_path.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {
namespace {

constexpr std::string_view kEveryElement = "*";

// Undoes RFC 6901's escapes; nothing if a '~' is followed by neither 0 nor 1.
std::optional<std::string> DecodeToken(std::string_view token) {
  std::string decoded;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      decoded += token[i];
      continue;
    }
    if (i + 1 == token.size() || (token[i + 1] != '0' && token[i + 1] != '1')) return std::nullopt;
    decoded += token[++i] == '0' ? '~' : '/';
  }
  return decoded;
}

bool IsIdentifierField(PostField field) {
  return field == PostField::kId || field == PostField::kAuthorId || field == PostField::kRepostOf ||
         field == PostField::kReplyTo || field == PostField::kQuoteOf || field == PostField::kReferenceId;
}

// `token` stands between brackets.
absl::StatusOr<PathToken> ParseSelector(const std::string& token) {
  const size_t equals = token.find('=');
  PathToken selected;
  selected.kind = PathToken::Kind::kSelected;
  selected.key = token.substr(1, equals - 1);
  selected.value = token.substr(equals + 1, token.size() - equals - 2);
  if (selected.key.empty() || selected.value.empty()) {
    return absl::InvalidArgumentError("an element is selected by [key=value] or [key=$field]");
  }
  if (selected.value.front() != '$') return selected;
  selected.field = PostFieldFromName(selected.value.substr(1));
  if (!selected.field.has_value() || !IsIdentifierField(*selected.field)) {
    return absl::InvalidArgumentError(
        absl::StrCat("[key=$field] compares with id, author_id, repost_of, reply_to, quote_of or reference_id, not ",
                     selected.value));
  }
  return selected;
}

absl::StatusOr<std::vector<PathToken>> ParsePointer(PostField field, std::string_view pointer) {
  if (pointer.size() < 2 || pointer.front() != '/') {
    return absl::InvalidArgumentError("a JSON Pointer begins with '/' and names a key, such as /user/id");
  }
  const std::vector<std::string_view> texts = absl::StrSplit(pointer.substr(1), '/');
  if (texts.size() > FieldPath::kMaxTokens) {
    return absl::InvalidArgumentError(absl::StrCat("a pointer may have at most ", FieldPath::kMaxTokens, " parts"));
  }
  std::vector<PathToken> tokens;
  bool repeated = false;
  for (std::string_view text : texts) {
    if (text.empty()) return absl::InvalidArgumentError("a part of the pointer is empty");
    std::optional<std::string> decoded = DecodeToken(text);
    if (!decoded.has_value()) {
      return absl::InvalidArgumentError("'~' is written ~0 and '/' within a key ~1 (RFC 6901)");
    }
    if (text == kEveryElement) {
      if (!IsListField(field)) {
        return absl::InvalidArgumentError(
            "'*' (every element) is for hashtags, handles and urls; name one element by number");
      }
      tokens.push_back({.kind = PathToken::Kind::kEveryElement, .key = "", .value = "", .field = std::nullopt});
      repeated = true;
    } else if (text.front() == '[' && text.back() == ']' && text.find('=') != std::string_view::npos) {
      if (repeated) return absl::InvalidArgumentError("only one [key=value] in a pointer, and no '*' before it");
      absl::StatusOr<PathToken> selected = ParseSelector(*decoded);
      if (!selected.ok()) return selected.status();
      tokens.push_back(*std::move(selected));
      repeated = true;
    } else {
      tokens.push_back({.kind = PathToken::Kind::kKey, .key = *std::move(decoded), .value = "", .field = std::nullopt});
    }
  }
  return tokens;
}

absl::Status AddFilter(PostField field, std::string_view name, uint8_t* filters) {
  struct Row {
    std::string_view name;
    PathFilter filter;
    bool of_lists;
  };
  static constexpr Row kRows[] = {{"optional", kOptional, false}, {"html", kHtml, false},
                                  {"entities", kEntities, false}, {"not_deleted", kNotDeleted, false},
                                  {"links", kLinks, true},        {"slice", kSlice, true}};
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    if (row.of_lists != IsListField(field)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the filter ", name, " is ", row.of_lists ? "" : "not ", "for hashtags, handles and urls"));
    }
    *filters |= row.filter;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("no such filter: ", name, "; there are optional, html, entities, not_deleted, links, slice"));
}

}  // namespace

absl::StatusOr<FieldPath> FieldPath::Parse(PostField field, std::string_view text) {
  FieldPath path;
  path.is_template = text.find('{') != std::string_view::npos && !text.starts_with('/');
  if (!path.is_template) {
    absl::StatusOr<std::vector<PathToken>> tokens = ParsePointer(field, text);
    if (!tokens.ok()) return tokens.status();
    path.parts.push_back({.before = "", .tokens = *std::move(tokens), .filters = 0});
    return path;
  }
  while (true) {
    const size_t open = text.find('{');
    if (open == std::string_view::npos) break;
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) return absl::InvalidArgumentError("a '{' of the template is not closed");
    Part& part = path.parts.emplace_back();
    part.before = text.substr(0, open);
    const std::vector<std::string_view> pieces = absl::StrSplit(text.substr(open + 1, close - open - 1), '|');
    absl::StatusOr<std::vector<PathToken>> tokens = ParsePointer(field, pieces.front());
    if (!tokens.ok()) return tokens.status();
    part.tokens = *std::move(tokens);
    for (size_t i = 1; i < pieces.size(); ++i) {
      if (absl::Status status = AddFilter(field, pieces[i], &part.filters); !status.ok()) return status;
    }
    text.remove_prefix(close + 1);
    if (IsListField(field) && !part.before.empty()) {
      return absl::InvalidArgumentError("a template of hashtags, handles or urls has no text between its values");
    }
  }
  path.after = text;
  if (path.parts.size() > kMaxParts) {
    return absl::InvalidArgumentError(absl::StrCat("a template may have at most ", kMaxParts, " values"));
  }
  if (IsListField(field) && !path.after.empty()) {
    return absl::InvalidArgumentError("a template of hashtags, handles or urls has no text between its values");
  }
  return path;
}

}  // namespace tocsin
