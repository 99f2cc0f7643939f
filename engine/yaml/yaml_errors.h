// Complaints about a YAML text: gathered, not thrown, each with the exact place and what to do about it.
//
// yaml-cpp throws on malformed text; that is caught in GuardYaml and nowhere else. Not thread-safe.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tocsin {

class YamlErrors {
 public:
  // Borrows the text, which the nodes come from; `file` names it.
  YamlErrors(std::string_view yaml, std::string_view file);

  // "file:line:column: what; remedy". Lines and columns, in characters, from 1.
  void Add(const YAML::Mark& mark, std::string_view what, std::string_view remedy = "");
  // At the place of `node`, which is that of the file or what SetOrigin said of it.
  void Add(const YAML::Node& node, std::string_view what, std::string_view remedy = "");
  // At the byte `offset` of the scalar's value, as near as its style lets it be found.
  void AddInScalar(const YAML::Node& scalar, size_t offset, std::string_view what, std::string_view remedy);
  // At this byte of the text.
  void AddAt(size_t position, std::string_view what, std::string_view remedy = "");
  // Of a flag or an environment variable.
  void AddElsewhere(std::string_view where, std::string_view what);

  // From now on complaints of `node` and of all below it name `where` instead of a line.
  void SetOrigin(const YAML::Node& node, const std::string& where);

  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size(); }
  // InvalidArgument with all errors, a line each, in the order of their places; OK if there are none.
  absl::Status ToStatus() const;

 private:
  struct Error {
    size_t order;  // position + 1, or 0 for what is no place in the text
    std::string text;
    std::string excerpt;
  };

  size_t PositionOf(const YAML::Mark& mark) const;
  // The line and a caret below the place; empty for lines that are long or may hold a secret.
  std::string Excerpt(size_t line_start, size_t position) const;

  std::string_view yaml_;
  std::string file_;
  std::vector<size_t> line_starts_;
  std::vector<std::pair<YAML::Node, std::string>> origins_;
  std::vector<Error> errors_;
};

// The message of a status that YamlErrors made, with the line and a caret below each error; of others the message.
std::string TextWithExcerpts(const absl::Status& status);

// Loads the one document of a text in UTF-8, or in UTF-16 or UTF-32 with a byte-order mark. An error of its form is
// added to `*errors`, and the node is undefined: also where yaml-cpp would go on, with the first of several documents
// or with other characters than were meant.
YAML::Node LoadYaml(std::string_view text, YamlErrors* errors);
// Runs `read`; what yaml-cpp throws meanwhile becomes an error.
void GuardYaml(YamlErrors* errors, absl::FunctionRef<void()> read);

}  // namespace tocsin
