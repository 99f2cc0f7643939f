#include "engine/yaml/yaml_errors.h"

#include <utf8proc.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {
namespace {

constexpr std::string_view kExcerptsPayload = "tocsin/yaml-excerpts";
constexpr size_t kExcerptBytesMax = 160;

bool IsTail(char c) { return (c & 0xC0) == 0x80; }

size_t SkipIndent(std::string_view text, size_t at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

// Length of the escape at a double-quoted scalar's '\'.
size_t EscapeSize(std::string_view text) {
  if (text.size() < 2) return 1;
  switch (text[1]) {
    case 'x':
      return 4;
    case 'u':
      return 6;
    case 'U':
      return 10;
    default:
      return 2;
  }
}

// Walks a scalar's source along with its value. The styles differ in where it starts and what stands for one character;
// line folding is the same in all but the literal block: a break and the indent after it stand for one space, or for
// one line feed an empty line.
class ScalarWalk {
 public:
  ScalarWalk(std::string_view yaml, size_t start, std::string_view value) : yaml_(yaml), at_(start), value_(value) {
    const char first = at_ < yaml_.size() ? yaml_[at_] : '\0';
    if (first == '\'' || first == '"') {
      quote_ = first;
      ++at_;
    } else if (first == '|' || first == '>') {
      at_ = std::min(yaml_.find('\n', at_), yaml_.size() - 1) + 1;
      at_ = SkipIndent(yaml_, at_);
    }
  }

  // Where the byte `offset` of the value stands; npos if the walk loses its way.
  size_t Find(size_t offset) {
    for (size_t done = 0; done < offset;) {
      if (at_ >= yaml_.size()) return std::string_view::npos;
      const char want = value_[done];
      const char have = yaml_[at_];
      if (have == '\n' || have == '\r') {
        if (want != ' ' && want != '\n') return std::string_view::npos;
        ++done;
        at_ += yaml_.substr(at_).starts_with("\r\n") ? 2u : 1u;
        SkipEmptyLines(&done);
      } else if (quote_ == '"' && have == '\\') {
        at_ += EscapeSize(yaml_.substr(at_));
        ++done;
        while (done < value_.size() && IsTail(value_[done])) ++done;
      } else if (have != want) {
        // Blanks at a line's end are folded away.
        const size_t after = SkipIndent(yaml_, at_);
        if (after == at_ || after >= yaml_.size() || (yaml_[after] != '\n' && yaml_[after] != '\r')) {
          return std::string_view::npos;
        }
        at_ = after;
      } else {
        at_ += quote_ == '\'' && have == '\'' ? 2 : 1;
        ++done;
      }
    }
    return at_;
  }

 private:
  // The first break was counted; with empty lines after it, they are what the value has instead.
  void SkipEmptyLines(size_t* done) {
    for (size_t next = SkipIndent(yaml_, at_); next < yaml_.size() && yaml_[next] == '\n';
         next = SkipIndent(yaml_, at_)) {
      at_ = next + 1;
      if (*done < value_.size() && value_[*done] == '\n') ++*done;
    }
    at_ = SkipIndent(yaml_, at_);
  }

  std::string_view yaml_;
  size_t at_;
  std::string_view value_;
  char quote_ = '\0';
};

// Of UTF-16 or UTF-32.
bool HasWideMark(std::string_view text) {
  return text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE") ||
         text.starts_with(std::string_view("\0\0\xFE\xFF", 4));
}

// Where the first byte stands that is part of no character of UTF-8; the size of the text if there is none.
size_t FirstNotUtf8(std::string_view text) {
  const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  for (size_t i = 0; i < text.size();) {
    utf8proc_int32_t character = 0;
    const utf8proc_ssize_t size =
        utf8proc_iterate(bytes + i, static_cast<utf8proc_ssize_t>(text.size() - i), &character);
    if (size <= 0) return i;
    i += static_cast<size_t>(size);
  }
  return text.size();
}

// Where the first thing in a document stands; a null mark if there is nothing in it.
class FirstNode final : public YAML::EventHandler {
 public:
  const YAML::Mark& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { Note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    Note(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                       YAML::EmitterStyle::value /*style*/) override {
    Note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    Note(mark);
  }
  void OnMapEnd() override {}

 private:
  void Note(const YAML::Mark& mark) {
    if (mark_.is_null()) mark_ = mark;
  }
  YAML::Mark mark_ = YAML::Mark::null_mark();
};

// Where a second document has its first node. (YAML::LoadAll does not come to an end with every text.)
YAML::Mark SecondDocument(std::string_view text) {
  const auto has_line = [text](std::string_view start) {
    return absl::StrContains(text, absl::StrCat("\n", start)) || absl::StrContains(text, absl::StrCat("\r", start));
  };
  FirstNode second;
  // Most texts need not be parsed twice.
  if (!HasWideMark(text) && !has_line("---") && !has_line("...")) return second.mark();
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  FirstNode first;
  bool has_more = parser.HandleNextDocument(first);
  // Bounded, since the scanner does not get on with every text; a document takes three bytes at least.
  for (size_t i = 0; i < text.size() / 3 && has_more && second.mark().is_null(); ++i) {
    has_more = parser.HandleNextDocument(second);
  }
  return second.mark();
}

// Nobody's password is to end up in a log because it shares a line with a mistake.
bool MayHoldSecret(std::string_view line) {
  std::string lower(line);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  for (const std::string_view word : {"password", "secret", "token", "sasl.", "ssl.", ".pem", "credential"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

YamlErrors::YamlErrors(std::string_view yaml, std::string_view file) : yaml_(yaml), file_(file) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < yaml.size(); ++i) {
    if (yaml[i] == '\n') line_starts_.push_back(i + 1);
  }
}

size_t YamlErrors::PositionOf(const YAML::Mark& mark) const {
  if (mark.is_null() || mark.line < 0) return 0;
  const auto line = static_cast<size_t>(mark.line);
  if (line >= line_starts_.size()) return yaml_.size();
  return std::min(line_starts_[line] + static_cast<size_t>(mark.column), yaml_.size());
}

void YamlErrors::AddAt(size_t position, std::string_view what, std::string_view remedy) {
  const auto line = std::upper_bound(line_starts_.begin(), line_starts_.end(), position) - line_starts_.begin();
  const size_t line_start = line_starts_[static_cast<size_t>(line) - 1];
  const std::string_view ahead = yaml_.substr(line_start, position - line_start);
  const auto column = std::count_if(ahead.begin(), ahead.end(), [](char c) { return !IsTail(c); }) + 1;
  std::string text = absl::StrCat(file_, ":", line, ":", column, ": ", what);
  if (!remedy.empty()) absl::StrAppend(&text, "; ", remedy);
  errors_.push_back({position + 1, std::move(text), Excerpt(line_start, position)});
}

std::string YamlErrors::Excerpt(size_t line_start, size_t position) const {
  std::string_view line = yaml_.substr(line_start);
  line = line.substr(0, line.find_first_of("\r\n"));
  if (line.empty() || line.size() > kExcerptBytesMax || MayHoldSecret(line)) return "";
  // The caret is behind as many columns as the place; a tab is as wide there as here.
  std::string caret;
  for (const char c : line.substr(0, position - line_start)) {
    if (!IsTail(c)) caret.push_back(c == '\t' ? '\t' : ' ');
  }
  return absl::StrCat("\n    ", line, "\n    ", caret, "^");
}

void YamlErrors::Add(const YAML::Mark& mark, std::string_view what, std::string_view remedy) {
  AddAt(PositionOf(mark), what, remedy);
}

void YamlErrors::Add(const YAML::Node& node, std::string_view what, std::string_view remedy) {
  // The newest counts.
  const auto origin =
      std::find_if(origins_.rbegin(), origins_.rend(), [&](const auto& each) { return each.first.is(node); });
  if (origin != origins_.rend()) {
    return AddElsewhere(origin->second, remedy.empty() ? std::string(what) : absl::StrCat(what, "; ", remedy));
  }
  Add(node.Mark(), what, remedy);
}

void YamlErrors::AddInScalar(const YAML::Node& scalar, size_t offset, std::string_view what, std::string_view remedy) {
  const size_t start = PositionOf(scalar.Mark());
  const std::string& value = scalar.Scalar();
  const size_t found = ScalarWalk(yaml_, start, value).Find(std::min(offset, value.size()));
  AddAt(found == std::string_view::npos ? start : found, what, remedy);
}

void YamlErrors::AddElsewhere(std::string_view where, std::string_view what) {
  errors_.push_back({0, absl::StrCat(where, ": ", what), ""});
}

void YamlErrors::SetOrigin(const YAML::Node& node, const std::string& where) {
  // Only ever appended to: assigning one YAML::Node to another changes the document.
  origins_.emplace_back(node, where);
  if (node.IsMap()) {
    for (const auto& entry : node) {
      SetOrigin(entry.first, where);
      SetOrigin(entry.second, where);
    }
  } else if (node.IsSequence()) {
    for (const auto& element : node) SetOrigin(element, where);
  }
}

absl::Status YamlErrors::ToStatus() const {
  if (errors_.empty()) return absl::OkStatus();
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) { return a.order < b.order; });
  absl::Status status = absl::InvalidArgumentError(
      absl::StrJoin(sorted, "\n", [](std::string* out, const Error& error) { out->append(error.text); }));
  status.SetPayload(kExcerptsPayload, absl::Cord(absl::StrJoin(sorted, "\n", [](std::string* out, const Error& error) {
                      absl::StrAppend(out, error.text, error.excerpt);
                    })));
  return status;
}

std::string TextWithExcerpts(const absl::Status& status) {
  const std::optional<absl::Cord> text = status.GetPayload(kExcerptsPayload);
  return text.has_value() ? static_cast<std::string>(*text) : std::string(status.message());
}

YAML::Node LoadYaml(std::string_view text, YamlErrors* errors) {
  YAML::Node document(YAML::NodeType::Undefined);
  if (const size_t bad = FirstNotUtf8(text); bad < text.size() && !HasWideMark(text)) {
    errors->AddAt(bad, "this is not UTF-8", "save the file as UTF-8");
    return document;
  }
  GuardYaml(errors, [&] {
    if (const YAML::Mark second = SecondDocument(text); !second.is_null()) {
      errors->Add(second, "a second document begins here, and would not be read",
                  "take out the '---' above it, or make it a file of its own");
      return;
    }
    document.reset(YAML::Load(std::string(text)));
  });
  return document;
}

void GuardYaml(YamlErrors* errors, absl::FunctionRef<void()> read) {
  try {
    read();
  } catch (const YAML::Exception& error) {
    errors->Add(error.mark, absl::StrCat("this is not YAML: ", error.msg), "correct the syntax here or just above");
  }
}

}  // namespace tocsin
