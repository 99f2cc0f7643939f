// Whom signals are for: the section `routes` of a watchlist.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "operators/match/watchlist_yaml.h"
#include "yaml-cpp/yaml.h"

namespace tocsin {

struct Route;

// Sends some signals another way.
struct RouteRule {
  std::vector<std::string> types;   // sorted; empty: of any type
  int32_t level = 0;                // from this one on; 0: at any
  std::shared_ptr<const Route> to;  // without rules of its own

  bool Fits(std::string_view type, int32_t at_level) const;
};

// Whom a brand's signals are for. A value: copies do without the watchlist.
struct Route {
  std::string name;
  std::string owner;
  std::string channel;
  std::string playbook_url;
  std::string dashboard_url;
  int64_t escalate_after_ms = 0;  // 0: never
  std::string next;
  std::string language = "en";   // of the summary: en, fr, it
  std::vector<RouteRule> rules;  // the first that fits decides

  // Whether anyone is called if nobody acknowledges.
  bool calls_next() const { return escalate_after_ms > 0 && !next.empty(); }
  // The route of a signal of this type and level: that of the first rule that fits, else this one.
  const Route& For(std::string_view type, int32_t level) const;
  // The one of that name among this one and those that its rules lead to; this one if there is none.
  const Route& Named(std::string_view wanted) const;
};

// Reads `routes`; rules may name built-in types and `own_types`. What is wrong goes to `*errors`. Empty if the node is
// undefined.
std::map<std::string, Route> ReadRoutes(const YAML::Node& node, std::span<const std::string> own_types,
                                        YamlErrors* errors);

}  // namespace tocsin
