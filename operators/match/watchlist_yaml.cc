#include "operators/match/watchlist_yaml.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {

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
