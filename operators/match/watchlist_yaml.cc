#include "operators/match/watchlist_yaml.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "operators/match/fold.h"

namespace tocsin {
namespace {

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
  const std::string_view ahead = yaml_.substr(0, position).substr(line_starts_[static_cast<size_t>(line) - 1]);
  const auto column = std::count_if(ahead.begin(), ahead.end(), [](char c) { return !IsTail(c); }) + 1;
  errors_.push_back({position, absl::StrCat(file_, ":", line, ":", column, ": ", what, "; ", remedy)});
}

void YamlErrors::Add(const YAML::Mark& mark, std::string_view what, std::string_view remedy) {
  AddAt(PositionOf(mark), what, remedy);
}

void YamlErrors::AddInScalar(const YAML::Node& scalar, size_t offset, std::string_view what, std::string_view remedy) {
  const size_t start = PositionOf(scalar.Mark());
  const std::string& value = scalar.Scalar();
  const size_t found = ScalarWalk(yaml_, start, value).Find(std::min(offset, value.size()));
  AddAt(found == std::string_view::npos ? start : found, what, remedy);
}

absl::Status YamlErrors::ToStatus() const {
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Error& a, const Error& b) { return a.position < b.position; });
  return absl::InvalidArgumentError(
      absl::StrJoin(sorted, "\n", [](std::string* out, const Error& error) { out->append(error.text); }));
}

YamlMapping::YamlMapping(const YAML::Node& node, std::string_view what, std::initializer_list<std::string_view> keys,
                         YamlErrors* errors)
    : what_(what), mark_(node.Mark()), errors_(errors) {
  if (!node.IsMap()) {
    errors_->Add(mark_, absl::StrCat(what, " is not a mapping"), "write key: value pairs");
    return;
  }
  valid_ = true;
  for (const auto& pair : node) {
    const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      errors_->Add(pair.first.Mark(), absl::StrCat("unknown key '", key, "' in ", what),
                   absl::StrCat("known are ", absl::StrJoin(keys, ", ")));
    } else if (!values_.emplace(key, Value{pair.first.Mark(), pair.second}).second) {
      errors_->Add(pair.first.Mark(), absl::StrCat("key '", key, "' twice in ", what), "remove one");
    }
  }
}

YAML::Node YamlMapping::Get(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? YAML::Node(YAML::NodeType::Undefined) : found->second.node;
}

std::string YamlMapping::Text(std::string_view key) const {
  const YAML::Node node = Get(key);
  if (!node.IsDefined() || node.IsNull()) return "";
  if (!node.IsScalar()) {
    errors_->Add(node.Mark(), absl::StrCat("'", key, "' of ", what_, " is not text"), "write one value");
    return "";
  }
  return node.Scalar();
}

std::string YamlMapping::Required(std::string_view key, std::string_view remedy) const {
  const YAML::Node node = Get(key);
  if (!node.IsDefined()) {
    errors_->Add(mark_, absl::StrCat(what_, " without '", key, "'"), remedy);
    return "";
  }
  std::string text = Text(key);
  if (text.empty() && (node.IsScalar() || node.IsNull())) {
    // A value that is not there has its place at what comes next.
    const YAML::Mark mark = node.IsNull() ? values_.find(key)->second.key : node.Mark();
    errors_->Add(mark, absl::StrCat("'", key, "' of ", what_, " is empty"), remedy);
  }
  return text;
}

}  // namespace tocsin
