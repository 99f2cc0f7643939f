#include "app/check/file_check.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/files/read_file.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_log.h"
#include "engine/yaml/yaml_errors.h"

namespace tocsin {
namespace {

// A file that another one names under `key`.
std::optional<std::string> ReadNamed(const std::string& path, const std::string& of, std::string_view key,
                                     std::vector<std::string>* errors) {
  std::optional<std::string> text = ReadWholeFile(path);
  if (!text.has_value()) {
    errors->push_back(
        absl::StrCat(of, ": can't read the file that ", key, " names; correct the path or the rights; file=", path));
  }
  return text;
}

bool NamesBrokers(std::string_view property) {
  return property == "bootstrap.servers" || property == "metadata.broker.list";
}

// librdkafka knows which of its properties there are, and what they take. Without the brokers nothing is contacted.
absl::Status CheckKafkaProperties(const KafkaProperties& properties) {
  KafkaOptions options;
  std::ranges::copy_if(properties, std::back_inserter(options.properties),
                       [](const auto& property) { return !NamesBrokers(property.first); });
  return KafkaLog::Create(options).status();
}

// "data_breach or strike, at level 3 and above"
std::string ConditionOf(const RouteRule& rule) {
  std::string text = absl::StrJoin(rule.types, " or ");
  if (rule.level > 0) absl::StrAppend(&text, text.empty() ? "" : ", ", "at level ", rule.level, " and above");
  return text;
}

void DoubtRules(const Route& route, const std::map<std::string, Route>& routes, CheckReport* report) {
  for (auto rule = route.rules.begin(); rule != route.rules.end(); ++rule) {
    if (!routes.at(rule->to->name).rules.empty() && rule->to->name != route.name) {
      report->Warn(absl::StrCat("route ", route.name, " has a rule that leads to ", rule->to->name,
                                ", whose own rules do not count then"));
    }
    const auto covers = [&rule](const RouteRule& before) {
      return before.level <= std::max(1, rule->level) &&
             (before.types.empty() || (!rule->types.empty() && std::ranges::includes(before.types, rule->types)));
    };
    if (std::any_of(route.rules.begin(), rule, covers)) {
      report->Warn(absl::StrCat("route ", route.name, " has a rule that decides nothing (", ConditionOf(*rule),
                                "), since one before it fits whenever it does; put it first, or remove it"));
    }
  }
}

// "acme has thresholds of its own: negative_authors 4"; empty: it has none.
std::string OwnThresholds(const Brand& brand) {
  std::vector<std::string> parts;
  VisitThresholds(brand.thresholds, [&parts](std::string_view key, const auto& value, const auto&) {
    if (value.has_value()) parts.push_back(absl::StrCat(key, " ", *value));
  });
  return parts.empty() ? "" : absl::StrCat(brand.id, " has thresholds of its own: ", absl::StrJoin(parts, ", "));
}

}  // namespace

std::vector<std::string> FindFileErrors(const std::string& path, const ConfigSources& sources, Config* config) {
  std::vector<std::string> errors;
  const auto add = [&errors](const absl::Status& status, std::string_view where) {
    if (!status.ok()) errors.push_back(absl::StrCat(where, TextWithExcerpts(status)));
  };
  const std::optional<std::string> text = ReadWholeFile(path);
  if (!text.has_value())
    return {absl::StrCat("can't read the configuration; correct the path or the rights; file=", path)};
  add(ReadConfig(*text, path, sources, config), "");
  if (!config->watchlist.empty()) {
    const std::optional<std::string> yaml = ReadNamed(config->watchlist, path, "watchlist", &errors);
    if (yaml.has_value()) add(Watchlist::Parse(*yaml, config->watchlist).status(), "");
  }
  if (config->sentiment.model != "default") {
    add(SentimentModel::Load(config->sentiment.model).status(), absl::StrCat(path, ": sentiment.model: "));
  }
  if (!config->privacy.key_file.empty()) (void)ReadNamed(config->privacy.key_file, path, "privacy.key_file", &errors);
  if (!config->kafka.empty()) add(CheckKafkaProperties(config->kafka), absl::StrCat(path, ": kafka: "));
  return errors;
}

CheckReport FindDoubtful(const PipelineSettings& settings) {
  CheckReport report;
  const Config& config = *settings.config;
  const bool has_broker =
      std::ranges::any_of(config.kafka, [](const auto& property) { return NamesBrokers(property.first); });
  if (!has_broker) report.Warn("kafka.bootstrap.servers is not set; `tocsin run` needs it, `tocsin replay` does not");
  const Watchlist& watchlist = *settings.watchlist;
  std::set<std::string> used;
  std::map<std::string, std::string> brand_of_query;
  for (uint32_t i = 0; i < watchlist.brands().size(); ++i) {
    const Brand& brand = watchlist.brands()[i];
    used.insert(brand.route);
    if (const Route* const route = watchlist.RouteOf(i); route != nullptr) {
      for (const RouteRule& rule : route->rules) used.insert(rule.to->name);
    }
    const auto [at, is_new] = brand_of_query.emplace(watchlist.CanonicalQuery(i), brand.id);
    if (!is_new) {
      report.Warn(absl::StrCat("brands ", at->second, " and ", brand.id,
                               " have the same query; every mention counts for both: correct one, or remove it"));
    }
  }
  for (const auto& entry : watchlist.routes()) {
    const std::string& name = entry.first;
    const Route& route = entry.second;
    DoubtRules(route, watchlist.routes(), &report);
    if ((route.escalate_after_ms > 0) == route.next.empty()) {
      report.Warn(absl::StrCat("route ", name, " has ",
                               route.next.empty() ? "escalate_after, but no next" : "next, but no escalate_after",
                               ", so nobody is ever called; give both"));
    }
    if (used.contains(name)) continue;
    const bool is_next = std::any_of(watchlist.routes().begin(), watchlist.routes().end(),
                                     [&name](const auto& other) { return other.second.next == name; });
    if (!is_next) report.Warn(absl::StrCat("route ", name, " is used by no brand; name it in one, or remove it"));
  }
  return report;
}

std::vector<std::string> ExplainDecisions(const Watchlist& watchlist) {
  std::vector<std::string> lines;
  if (!watchlist.own_types().empty()) {
    lines.push_back(absl::StrCat("types of your own: ", absl::StrJoin(watchlist.own_types(), ", ")));
  }
  for (const auto& entry : watchlist.routes()) {
    const Route& route = entry.second;
    for (const RouteRule& rule : route.rules) {
      lines.push_back(absl::StrCat("route ", route.name, ": ", ConditionOf(rule), " goes to ", rule.to->name));
    }
  }
  for (const Brand& brand : watchlist.brands()) {
    if (std::string own = OwnThresholds(brand); !own.empty()) lines.push_back(std::move(own));
    if (!brand.crisis_history_ms.empty()) {
      lines.push_back(absl::StrCat(brand.id, " has had crises, ", brand.crisis_history_ms.size(),
                                   "; each further one is a level higher once it is confirmed"));
    }
  }
  return lines;
}

}  // namespace tocsin
