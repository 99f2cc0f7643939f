// Reads YAML nodes with the exact place of everything, and collects errors as "file:line:column: what; what to do".
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

// Not thread-safe. Borrows the text, which the nodes come from.
class YamlErrors {
 public:
  YamlErrors(std::string_view yaml, std::string_view file);

  void Add(const YAML::Mark& mark, std::string_view what, std::string_view remedy);
  // At the byte `offset` of the scalar's value, as near as its style lets it be found.
  void AddInScalar(const YAML::Node& scalar, size_t offset, std::string_view what, std::string_view remedy);

  bool empty() const { return errors_.empty(); }
  size_t size() const { return errors_.size(); }
  // InvalidArgument with every error, by place.
  absl::Status ToStatus() const;

 private:
  struct Error {
    size_t position;
    std::string text;
  };

  size_t PositionOf(const YAML::Mark& mark) const;
  void AddAt(size_t position, std::string_view what, std::string_view remedy);

  std::string_view yaml_;
  std::string file_;
  std::vector<size_t> line_starts_;
  std::vector<Error> errors_;
};

// A mapping whose keys are checked: every unknown or repeated key is an error. `what` names it ("a brand").
class YamlMapping {
 public:
  YamlMapping(const YAML::Node& node, std::string_view what, std::initializer_list<std::string_view> keys,
              YamlErrors* errors);

  // False (after an error) if the node was no mapping.
  bool valid() const { return valid_; }
  // Undefined if absent.
  YAML::Node Get(std::string_view key) const;
  // Empty, after an error, if it is not a scalar; empty if absent.
  std::string Text(std::string_view key) const;
  // As Text, but an absent or empty value is an error.
  std::string Required(std::string_view key, std::string_view remedy) const;
  const YAML::Mark& mark() const { return mark_; }

 private:
  struct Value {
    YAML::Mark key;
    YAML::Node node;
  };

  std::map<std::string, Value, std::less<>> values_;
  std::string what_;
  YAML::Mark mark_;
  YamlErrors* errors_;
  bool valid_ = false;
};

}  // namespace tocsin
