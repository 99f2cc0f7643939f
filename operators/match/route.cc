#include "operators/match/route.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "operators/match/type_lexicon.h"

namespace tocsin {
namespace {

constexpr int32_t kHighestLevel = 5;

// "500ms", "90s", "30m", "2h", "1d".
bool ParseDuration(std::string_view text, int64_t* ms) {
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  int64_t count = 0;
  if (!absl::SimpleAtoi(text.substr(0, digits), &count)) return false;
  for (const auto& [unit, size] : kUnits) {
    if (text.substr(digits) != unit) continue;
    if (count > std::numeric_limits<int64_t>::max() / size) return false;
    *ms = count * size;
    return true;
  }
  return false;
}

bool IsWebAddress(std::string_view url) { return url.starts_with("https://") || url.starts_with("http://"); }

class RouteReader {
 public:
  RouteReader(std::span<const std::string> own_types, YamlErrors* errors) : own_types_(own_types), errors_(*errors) {}

  std::map<std::string, Route> Read(const YAML::Node& routes) {
    if (!routes.IsDefined() || routes.IsNull()) return {};
    if (!routes.IsMap()) {
      errors_.Add(routes.Mark(), "'routes' is not a mapping", "write a name and a mapping for each");
      return {};
    }
    for (const auto& pair : routes) ReadRoute(pair.first, pair.second);
    // A rule may lead to a route that stands further down. What it leads to has no rules, so there is no way around.
    const std::map<std::string, Route> plain = routes_;
    for (Unresolved& each : rules_) AddRule(plain, &each);
    return std::move(routes_);
  }

 private:
  struct Unresolved {
    std::string of;  // route
    RouteRule rule;
    std::string to;
    YAML::Mark mark;  // of `to`
  };

  void ReadRoute(const YAML::Node& key, const YAML::Node& node) {
    Route route;
    route.name = key.IsScalar() ? key.Scalar() : "";
    if (route.name.empty()) errors_.Add(key.Mark(), "a route without a name", "name it");
    const YamlMapping fields(
        node, absl::StrCat("route '", route.name, "'"),
        {"owner", "channel", "playbook_url", "dashboard_url", "escalate_after", "next", "language", "rules"}, &errors_);
    if (!fields.valid()) return;
    route.owner = fields.Text("owner");
    route.channel = fields.Text("channel");
    route.playbook_url = fields.Text("playbook_url");
    route.dashboard_url = fields.Text("dashboard_url");
    for (const char* name : {"playbook_url", "dashboard_url"}) {
      const std::string url = fields.Text(name);
      if (!url.empty() && !IsWebAddress(url)) {
        errors_.Add(fields.Get(name).Mark(), absl::StrCat("'", url, "' is no web address"), "start it with https://");
      }
    }
    route.next = fields.Text("next");
    const std::string escalate = fields.Text("escalate_after");
    if (!escalate.empty() && !ParseDuration(escalate, &route.escalate_after_ms)) {
      errors_.Add(fields.Get("escalate_after").Mark(), absl::StrCat("'", escalate, "' is no duration"),
                  "write a number and ms, s, m, h or d: 30m");
    }
    if (const std::string language = fields.Text("language"); !language.empty()) {
      route.language = language;
      if (language != "en" && language != "fr" && language != "it") {
        errors_.Add(fields.Get("language").Mark(), absl::StrCat("no summaries in '", language, "'"),
                    "write en, fr or it");
      }
    }
    if (!routes_.emplace(route.name, route).second) {
      errors_.Add(key.Mark(), absl::StrCat("route '", route.name, "' twice"), "remove one");
      return;
    }
    ReadRules(fields.Get("rules"), route.name);
  }

  void ReadRules(const YAML::Node& rules, const std::string& of) {
    if (!rules.IsDefined() || rules.IsNull()) return;
    if (!rules.IsSequence()) {
      errors_.Add(rules.Mark(), absl::StrCat("'rules' of route '", of, "' is not a list"),
                  "write - {types: [data_breach], level: 3, route: name}");
      return;
    }
    for (const YAML::Node& rule : rules) ReadRule(rule, of);
  }

  void ReadRule(const YAML::Node& node, const std::string& of) {
    const YamlMapping fields(node, absl::StrCat("a rule of route '", of, "'"), {"types", "level", "route"}, &errors_);
    if (!fields.valid()) return;
    Unresolved read;
    read.of = of;
    ReadTypes(fields.Get("types"), &read.rule);
    const std::string level = fields.Text("level");
    if (!level.empty() &&
        (!absl::SimpleAtoi(level, &read.rule.level) || read.rule.level < 1 || read.rule.level > kHighestLevel)) {
      errors_.Add(fields.Get("level").Mark(), absl::StrCat("'", level, "' is no level"),
                  absl::StrCat("write 1 to ", kHighestLevel, ", from which on the rule fits"));
    }
    if (!fields.Get("types").IsDefined() && level.empty()) {
      errors_.Add(fields.mark(), absl::StrCat("a rule of route '", of, "' that always fits"),
                  "add types: or level:, or name the other route in the brands");
    }
    read.to = fields.Required("route", "name the route of such signals");
    if (read.to.empty()) return;
    read.mark = fields.Get("route").Mark();
    rules_.push_back(std::move(read));
  }

  void ReadTypes(const YAML::Node& node, RouteRule* rule) {
    if (!node.IsDefined()) return;
    const auto add = [&](const YAML::Node& type) {
      const std::string name = type.IsScalar() ? type.Scalar() : "";
      if (!IsKnownType(name, own_types_)) {
        errors_.Add(type.Mark(), absl::StrCat("unknown type '", name, "'"),
                    absl::StrCat("add it under types:, or write one of ", BuiltInTypes()));
      }
      rule->types.push_back(name);
    };
    if (node.IsSequence() && node.size() > 0) {
      for (const YAML::Node& type : node) add(type);
    } else {
      add(node);
    }
    std::ranges::sort(rule->types);
    rule->types.erase(std::unique(rule->types.begin(), rule->types.end()), rule->types.end());
  }

  static std::string BuiltInTypes() {
    std::string list;
    for (const TermClass& each : kTermClasses) {
      if (!each.type.empty()) absl::StrAppend(&list, each.type, ", ");
    }
    return absl::StrCat(list, absl::StrJoin(kWordlessTypes, ", "));
  }

  void AddRule(const std::map<std::string, Route>& plain, Unresolved* read) {
    const auto to = plain.find(read->to);
    if (to == plain.end()) {
      errors_.Add(read->mark, absl::StrCat("unknown route '", read->to, "'"),
                  "add it under routes: or correct the name");
      return;
    }
    std::shared_ptr<const Route>& shared = targets_[read->to];
    if (shared == nullptr) shared = std::make_shared<const Route>(to->second);
    read->rule.to = shared;
    routes_[read->of].rules.push_back(std::move(read->rule));
  }

  std::span<const std::string> own_types_;
  YamlErrors& errors_;
  std::map<std::string, Route> routes_;
  std::vector<Unresolved> rules_;                                // in the order of the file
  std::map<std::string, std::shared_ptr<const Route>> targets_;  // what rules lead to
};

}  // namespace

bool RouteRule::Fits(std::string_view type, int32_t at_level) const {
  return at_level >= level && (types.empty() || std::ranges::binary_search(types, type));
}

const Route& Route::For(std::string_view type, int32_t level) const {
  const auto fitting = std::ranges::find_if(rules, [&](const RouteRule& rule) { return rule.Fits(type, level); });
  return fitting == rules.end() ? *this : *fitting->to;
}

const Route& Route::Named(std::string_view wanted) const {
  if (wanted == name) return *this;
  const auto named = std::ranges::find_if(rules, [&](const RouteRule& rule) { return rule.to->name == wanted; });
  return named == rules.end() ? *this : *named->to;
}

std::map<std::string, Route> ReadRoutes(const YAML::Node& node, std::span<const std::string> own_types,
                                        YamlErrors* errors) {
  return RouteReader(own_types, errors).Read(node);
}

}  // namespace tocsin
