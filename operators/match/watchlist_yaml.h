// Reads the mappings of a watchlist file, every complaint with its exact place.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include "engine/yaml/yaml_errors.h"

namespace tocsin {

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
