#include "tests/operators/parse/naive_path.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "operators/parse/post_parser.h"
#include "tests/operators/parse/naive_markup.h"

namespace tocsin {
namespace {

struct Part {
  std::string before;
  std::vector<std::string> tokens;
  std::set<std::string> filters;
};

struct Path {
  std::vector<Part> parts;
  std::string after;
  bool is_template = false;
};

bool IsSelector(const std::string& token) {
  return token.starts_with("[") && token.ends_with("]") && absl::StrContains(token, "=");
}

std::vector<std::string> Tokens(const std::string& pointer) {
  std::vector<std::string> tokens = absl::StrSplit(pointer.substr(1), '/');
  for (std::string& token : tokens) {
    token = absl::StrReplaceAll(absl::StrReplaceAll(token, {{"~1", "/"}}), {{"~0", "~"}});
  }
  return tokens;
}

Path ReadPath(const std::string& text) {
  Path path;
  path.is_template = !text.starts_with("/");
  if (!path.is_template) {
    path.parts.push_back({.before = "", .tokens = Tokens(text), .filters = {}});
    return path;
  }
  const std::vector<std::string> pieces = absl::StrSplit(text, '}');
  for (const std::string& piece : pieces) {
    const std::pair<std::string, std::string> sides = absl::StrSplit(piece, absl::MaxSplits('{', 1));
    if (!absl::StrContains(piece, "{")) {
      path.after = piece;
      break;
    }
    const std::vector<std::string> inside = absl::StrSplit(sides.second, '|');
    path.parts.push_back(
        {.before = sides.first, .tokens = Tokens(inside.front()), .filters = {inside.begin() + 1, inside.end()}});
  }
  return path;
}

// The element that `selector` selects from `array`.
const Tree* Select(const Tree& root, const FieldPointers& fields, const Tree& array, const std::string& selector) {
  const std::pair<std::string, std::string> sides =
      absl::StrSplit(selector.substr(1, selector.size() - 2), absl::MaxSplits('=', 1));
  std::string wanted = sides.second;
  if (wanted.starts_with("$")) {
    const std::vector<Tree> candidates = Candidates(root, fields, *PostFieldFromName(wanted.substr(1)));
    wanted.clear();
    for (const Tree& candidate : candidates) {
      if (wanted.empty()) wanted = AsIdentifier(candidate).value_or("");
    }
  }
  if (wanted.empty()) return nullptr;
  for (const Tree& element : array.elements) {
    const Tree* member = Member(element, sides.first);
    if (member != nullptr && AsIdentifier(*member) == wanted) return &element;
  }
  return nullptr;
}

// Every value that the tokens from `at` on lead to.
void Resolve(const Tree& root, const FieldPointers& fields, const Tree& tree, const std::vector<std::string>& tokens,
             size_t at, std::vector<const Tree*>* found) {
  if (at == tokens.size()) {
    found->push_back(&tree);
    return;
  }
  const auto follow = [&](const Tree& next) { Resolve(root, fields, next, tokens, at + 1, found); };
  if (tree.type == Tree::Type::kObject && !IsSelector(tokens[at])) {
    if (const Tree* member = Member(tree, tokens[at])) follow(*member);
  } else if (tree.type == Tree::Type::kArray) {
    uint32_t number = 0;
    if (tokens[at] == "*") {
      for (const Tree& element : tree.elements) follow(element);
    } else if (IsSelector(tokens[at])) {
      if (const Tree* element = Select(root, fields, tree, tokens[at])) follow(*element);
    } else if (absl::SimpleAtoi(tokens[at], &number) && number < tree.elements.size()) {
      follow(tree.elements[number]);
    }
  }
}

// Nothing if it is absent.
std::optional<Tree> ValueOf(const Tree& root, const FieldPointers& fields, const Part& part) {
  std::vector<const Tree*> found;
  Resolve(root, fields, root, part.tokens, 0, &found);
  if (found.empty() || found.front()->type == Tree::Type::kNull) return std::nullopt;
  Tree value = *found.front();
  if (value.type != Tree::Type::kString) {
    for (const char* filter : {"not_deleted", "html", "entities"}) {
      if (part.filters.contains(filter)) return Tree{.type = Tree::Type::kArray};
    }
    return value;
  }
  if (part.filters.contains("not_deleted") && (value.text == "[deleted]" || value.text == "[removed]")) {
    return std::nullopt;
  }
  if (part.filters.contains("html")) {
    value.text = NaiveHtmlToText(value.text);
  } else if (part.filters.contains("entities")) {
    value.text = NaiveDecodeEntities(value.text);
  }
  return value;
}

std::optional<Tree> ValueOf(const Tree& root, const FieldPointers& fields, const Path& path) {
  if (!path.is_template) return ValueOf(root, fields, path.parts.front());
  std::string text;
  bool any = false;
  for (const Part& part : path.parts) {
    const std::optional<Tree> value = ValueOf(root, fields, part);
    const bool optional = part.filters.contains("optional");
    if (!value.has_value() && !optional) return std::nullopt;
    text += part.before;
    const std::optional<std::string> written = value.has_value() ? AsIdentifier(*value) : std::nullopt;
    if (written.has_value()) {
      any = true;
      text += *written;
    } else if (!optional) {
      return Tree{.type = Tree::Type::kArray};
    }
  }
  if (!any) return std::nullopt;
  text += path.after;
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.erase(0, 1);
  while (!text.empty() && blank(text.back())) text.pop_back();
  return Tree{.type = Tree::Type::kString, .text = text};
}

void AddSlice(const Tree& place, const std::string& text, const std::string& sigil, std::vector<std::string>* list) {
  const auto number = [&](const char* key) {
    const Tree* member = Member(place, key);
    const std::string digits =
        member != nullptr && (member->type == Tree::Type::kNumber || member->type == Tree::Type::kString) ? member->text
                                                                                                          : "";
    int64_t value = -1;
    if (digits.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(digits, &value)) return -1L;
    return value;
  };
  const int64_t begin = number("byteStart");
  const int64_t end = number("byteEnd");
  if (begin < 0 || end <= begin || end > static_cast<int64_t>(text.size())) return;
  for (int64_t at : {begin, end}) {
    if (at < static_cast<int64_t>(text.size()) &&
        (static_cast<unsigned char>(text[static_cast<size_t>(at)]) & 0xC0) == 0x80) {
      return;
    }
  }
  const std::string slice = text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  if (!slice.starts_with(sigil) || slice == sigil) return;
  list->push_back(slice.substr(sigil.size()));
}

// Adds what a part of a list's path leads to. Returns whether the part decides.
bool AddPart(const Tree& root, const FieldPointers& fields, Part part, const std::string& text,
             const std::string& sigil, std::vector<std::string>* list) {
  const auto add = [&](const std::string& entry) {
    const std::string plain(sigil.empty() ? entry : absl::StripPrefix(entry, sigil));
    if (!plain.empty()) list->push_back(plain);
  };
  bool decides = false;
  std::vector<std::string> array = part.tokens;
  for (size_t i = 0; i < array.size(); ++i) {
    if (array[i] == "*") array.resize(i);
    if (i < array.size() && IsSelector(array[i])) {
      std::vector<const Tree*> selected;
      Resolve(root, fields, root, {array.begin(), array.begin() + static_cast<ptrdiff_t>(i) + 1}, 0, &selected);
      decides = !selected.empty();
    }
  }
  if (array.size() == part.tokens.size()) part.tokens.emplace_back("*");
  std::vector<const Tree*> whole;
  Resolve(root, fields, root, array, 0, &whole);
  if (whole.empty()) return decides;
  if (whole.front()->type == Tree::Type::kString) {
    if (part.filters.contains("links")) {
      const std::vector<std::string> links = NaiveLinks(whole.front()->text);
      list->insert(list->end(), links.begin(), links.end());
    } else if (!part.filters.contains("slice")) {
      add(whole.front()->text);
    }
    return true;
  }
  if (whole.front()->type != Tree::Type::kArray) return decides;
  if (part.filters.contains("links")) return true;
  std::vector<const Tree*> entries;
  Resolve(root, fields, root, part.tokens, 0, &entries);
  for (const Tree* entry : entries) {
    if (part.filters.contains("slice")) {
      AddSlice(*entry, text, sigil, list);
    } else if (entry->type == Tree::Type::kString) {
      add(entry->text);
    }
  }
  return true;
}

}  // namespace

std::vector<Tree> Candidates(const Tree& root, const FieldPointers& fields, PostField field) {
  std::vector<Tree> present;
  const auto paths = fields.find(field);
  if (paths == fields.end()) return present;
  for (const std::string& path : paths->second) {
    if (std::optional<Tree> value = ValueOf(root, fields, ReadPath(path))) present.push_back(*std::move(value));
  }
  return present;
}

std::vector<std::string> ListOf(const Tree& root, const FieldPointers& fields, PostField field,
                                const std::string& text) {
  const std::string sigil = field == PostField::kHashtags ? "#" : field == PostField::kHandles ? "@" : "";
  std::vector<std::string> list;
  const auto paths = fields.find(field);
  if (paths == fields.end()) return list;
  for (const std::string& text_of_path : paths->second) {
    const Path path = ReadPath(text_of_path);
    bool decides = false;
    for (const Part& part : path.parts) decides |= AddPart(root, fields, part, text, sigil, &list);
    if (!decides) continue;
    if (list.size() > PostParser::kMaxListed) list.resize(PostParser::kMaxListed);
    if (path.is_template) {
      std::vector<std::string> once;
      for (const std::string& entry : list) {
        if (std::find(once.begin(), once.end(), entry) == once.end()) once.push_back(entry);
      }
      list = once;
    }
    break;
  }
  return list;
}

}  // namespace tocsin
