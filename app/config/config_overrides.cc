#include "app/config/config_overrides.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "app/config/config_keys.h"

namespace tocsin {
namespace {

// Far more than any configuration has: a document whose aliases multiply it, or stand inside of what they name, is
// refused instead of walked.
constexpr int kMaxValues = 10'000;
constexpr int kMaxDepth = 64;

// Whether a walk over all keys and values ends soon.
bool IsWalkable(const YAML::Node& node, int* values, int depth = 0) {
  if (++*values > kMaxValues || depth > kMaxDepth) return false;
  if (node.IsMap()) {
    return std::all_of(node.begin(), node.end(), [values, depth](const auto& entry) {
      return IsWalkable(entry.first, values, depth + 1) && IsWalkable(entry.second, values, depth + 1);
    });
  }
  if (!node.IsSequence()) return true;
  return std::all_of(node.begin(), node.end(),
                     [values, depth](const auto& element) { return IsWalkable(element, values, depth + 1); });
}

class Interpolation {
 public:
  Interpolation(const ConfigSources& sources, YamlErrors* errors) : sources_(sources), errors_(errors) {}

  void Apply(YAML::Node node, int depth = 0) {
    if (refused_) return;
    if (++values_ > kMaxValues) return Refuse(node, "the configuration has too many values");
    if (depth > kMaxDepth) {
      return Refuse(node, "nested too deeply, or an alias inside of what it stands for; write the values out");
    }
    if (node.IsMap()) {
      for (const auto& entry : node) Apply(entry.second, depth + 1);
    } else if (node.IsSequence()) {
      for (const auto& element : node) Apply(element, depth + 1);
    } else if (node.IsScalar() && absl::StrContains(node.Scalar(), "${")) {
      node = Replaced(node);
    }
  }

 private:
  void Refuse(const YAML::Node& node, std::string_view why) {
    refused_ = true;
    errors_->Add(node, why);
  }

  std::string Replaced(const YAML::Node& node) {
    const std::string& text = node.Scalar();
    std::string out;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t begin = rest.find("${");
      if (begin == std::string_view::npos) {
        out.append(rest);
        break;
      }
      out.append(rest.substr(0, begin));
      if (begin > 0 && rest[begin - 1] == '$') {
        out.append("{");
        rest.remove_prefix(begin + 2);
        continue;
      }
      const size_t end = rest.find('}', begin);
      if (end == std::string_view::npos) {
        errors_->Add(node, "${ without its }; write $${ for the characters themselves");
        return out;
      }
      out.append(ValueOf(node, rest.substr(begin + 2, end - begin - 2)));
      rest.remove_prefix(end + 1);
    }
    return out;
  }

  // `inside` is what stands between the brackets: NAME or NAME:default.
  std::string ValueOf(const YAML::Node& node, std::string_view inside) {
    const size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    if (name.empty()) {
      errors_->Add(node, "${} names no environment variable");
      return "";
    }
    std::optional<std::string> value;
    if (sources_.environment) value = sources_.environment(name);
    if (value.has_value()) return *value;
    if (colon != std::string_view::npos) return std::string(inside.substr(colon + 1));
    errors_->Add(node,
                 absl::StrCat("environment variable ", name, " is not set; set it, or write ${", name, ":default}"));
    return "";
  }

  const ConfigSources& sources_;
  YamlErrors* const errors_;
  int values_ = 0;
  bool refused_ = false;
};

// Keys of librdkafka have dots themselves.
std::vector<std::string> Steps(std::string_view key) {
  constexpr std::string_view kKafka = "kafka.";
  if (absl::StartsWith(key, kKafka)) return {"kafka", std::string(key.substr(kKafka.size()))};
  return absl::StrSplit(key, '.');
}

// The value below `node` that `step` names: a key, or an element by its number from 0. Undefined if there is none.
YAML::Node Below(const YAML::Node& node, const std::string& step) {
  size_t index = 0;
  if (node.IsMap()) {
    const YAML::Node found = node[step];
    if (found.IsDefined()) return found;
  } else if (node.IsSequence() && absl::SimpleAtoi(step, &index) && index < node.size()) {
    return node[index];
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

// Puts `text`, read as YAML, at the dotted `key` of the document.
void Override(const YAML::Node& document, std::string_view key, const std::string& text, const std::string& where,
              YamlErrors* errors) {
  const std::vector<std::string> steps = Steps(key);
  YAML::Node value(text);
  if (steps.front() != "kafka") {
    YamlErrors form(text, where);
    value.reset(LoadYaml(text, &form));
    if (!form.empty()) return errors->AddElsewhere(where, "the value is not YAML");
    if (int values = 0; !IsWalkable(value, &values)) {
      return errors->AddElsewhere(where, "the value is too large, or an alias stands inside of what it stands for");
    }
  }
  YAML::Node parent;
  parent.reset(document);
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    YAML::Node child = Below(parent, steps[i]);
    if (!child.IsDefined() || child.IsNull()) {
      if (parent.IsSequence()) return errors->AddElsewhere(where, absl::StrCat("there is no element ", steps[i]));
      child.reset(YAML::Node(YAML::NodeType::Map));
      parent[steps[i]] = child;
      errors->SetOrigin(child, where);
      for (const auto& entry : parent) {
        if (entry.first.IsScalar() && entry.first.Scalar() == steps[i]) errors->SetOrigin(entry.first, where);
      }
    }
    parent.reset(child);
  }
  size_t index = 0;
  if (parent.IsSequence() && absl::SimpleAtoi(steps.back(), &index) && index < parent.size()) {
    parent[index] = value;
  } else if (parent.IsMap()) {
    parent[steps.back()] = value;
    for (const auto& entry : parent) {
      if (entry.first.IsScalar() && entry.first.Scalar() == steps.back()) errors->SetOrigin(entry.first, where);
    }
  } else {
    return errors->AddElsewhere(where, absl::StrCat(key, " is not below a mapping or an element of a list"));
  }
  errors->SetOrigin(value, where);
}

// The keys that a variable can set, with its name; made once.
const std::vector<std::pair<std::string_view, std::string>>& KeysOfEnvironment() {
  static const auto* const keys = [] {
    auto* made = new std::vector<std::pair<std::string_view, std::string>>();
    for (const ConfigKey& key : ConfigKeys()) {
      if (absl::StrContains(key.name, "[]") || key.name == "kafka") continue;
      made->emplace_back(key.name, EnvironmentName(key.name));
    }
    return made;
  }();
  return *keys;
}

}  // namespace

void Interpolate(const YAML::Node& document, const ConfigSources& sources, YamlErrors* errors) {
  Interpolation(sources, errors).Apply(document);
}

void ApplyOverrides(const YAML::Node& document, const ConfigSources& sources, YamlErrors* errors) {
  if (sources.environment) {
    for (const auto& [key, name] : KeysOfEnvironment()) {
      const std::optional<std::string> value = sources.environment(name);
      if (value.has_value()) Override(document, key, *value, name, errors);
    }
  }
  for (const std::string& set : sources.set) {
    const size_t equals = set.find('=');
    if (equals == std::string::npos || equals == 0) {
      errors->AddElsewhere("--set", "write key=value, such as --set windows.slide=10s");
      continue;
    }
    const std::string key = set.substr(0, equals);
    Override(document, key, set.substr(equals + 1), absl::StrCat("--set ", key), errors);
  }
}

}  // namespace tocsin
