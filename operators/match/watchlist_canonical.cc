#include "operators/match/watchlist_canonical.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json ContextJson(const ParsedBrand& parsed) {
  Json json;
  json["ambiguous"] = AmbiguousTerms(parsed.query);
  Json any_of = Json::array();
  Json none_of = Json::array();
  for (const ContextTerm& term : parsed.context.terms) {
    Json group;
    group["terms"] = Json::array({PrintQuery(term.literal)});
    if (std::abs(term.weight) != kSureScore) group["weight"] = PrintWeight(std::abs(term.weight));
    if (!term.language.empty()) group["lang"] = term.language;
    (term.weight < 0 ? none_of : any_of).push_back(std::move(group));
  }
  if (!any_of.empty()) json["any_of"] = std::move(any_of);
  if (!none_of.empty()) json["none_of"] = std::move(none_of);
  if (parsed.context.drop_unsure) json["unsure"] = "drop";
  return json;
}

Json LexiconJson(std::span<const ToneTerm> terms) {
  Json json = Json::array();
  for (const ToneTerm& term : terms) {
    Json group;
    group["terms"] = Json::array({term.text});
    group["weight"] = PrintWeight(term.weight);
    if (!term.language.empty()) group["lang"] = term.language;
    json.push_back(std::move(group));
  }
  return json;
}

Json TypesJson(std::span<const TypeTerm> terms) {
  Json json = Json::array();
  for (const TypeTerm& term : terms) {
    Json group;
    group["type"] = term.type;
    group["terms"] = Json::array({term.text});
    if (!term.language.empty()) group["lang"] = term.language;
    json.push_back(std::move(group));
  }
  return json;
}

// Fields that have their default are left out.
Json RuleJson(const Brand& brand, const ParsedBrand& parsed) {
  Json json;
  json["id"] = brand.id;
  if (brand.topic) json["kind"] = brand.sector_entry ? "sector" : "topic";
  json["query"] = PrintQuery(parsed.query);
  if (brand.keep_accents) json["accents"] = "keep";
  if (!parsed.context.empty()) json["context"] = ContextJson(parsed);
  if (!parsed.lexicon.empty()) json["lexicon"] = LexiconJson(parsed.lexicon);
  if (!brand.official_accounts.empty()) json["official_accounts"] = brand.official_accounts;
  if (!brand.sector.empty()) json["sector"] = brand.sector;
  if (brand.time_zone != "UTC") json["time_zone"] = brand.time_zone;
  return json;
}

Json ThresholdsJson(const BrandThresholds& thresholds) {
  Json json = Json::object();
  VisitThresholds(thresholds, [&json](const char* key, const auto& value, const auto&) {
    if (value.has_value()) json[key] = *value;
  });
  return json;
}

Json CrisisHistoryJson(std::span<const int64_t> days_ms) {
  Json json = Json::array();
  for (const int64_t day_ms : days_ms) {
    json.push_back(absl::FormatCivilTime(absl::ToCivilDay(absl::FromUnixMillis(day_ms), absl::UTCTimeZone())));
  }
  return json;
}

Json RulesJson(std::span<const RouteRule> rules) {
  Json json = Json::array();
  for (const RouteRule& rule : rules) {
    Json one;
    if (!rule.types.empty()) one["types"] = rule.types;
    if (rule.level > 0) one["level"] = rule.level;
    one["route"] = rule.to->name;
    json.push_back(std::move(one));
  }
  return json;
}

Json RouteJson(const Route& route) {
  Json json = Json::object();
  const auto add = [&json](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  add("owner", route.owner);
  add("channel", route.channel);
  add("playbook_url", route.playbook_url);
  add("dashboard_url", route.dashboard_url);
  if (route.escalate_after_ms > 0) json["escalate_after"] = absl::StrCat(route.escalate_after_ms, "ms");
  add("next", route.next);
  json["language"] = route.language;
  if (!route.rules.empty()) json["rules"] = RulesJson(route.rules);
  return json;
}

}  // namespace

std::string CanonicalRule(const Brand& brand, const ParsedBrand& parsed) { return Dump(RuleJson(brand, parsed)); }

std::string CanonicalLexicon(std::span<const ToneTerm> terms) { return Dump(LexiconJson(terms)); }

std::string CanonicalWatchlist(std::span<const Brand> brands, std::span<const ParsedBrand> parsed,
                               std::span<const ToneTerm> lexicon, std::span<const TypeTerm> types,
                               const std::map<std::string, Route>& routes) {
  // An entry a line, so that two versions can be compared with the usual tools.
  std::string text = "{\"brands\": [\n";
  for (size_t i = 0; i < brands.size(); ++i) {
    Json json = RuleJson(brands[i], parsed[i]);
    json["name"] = brands[i].name;
    if (!brands[i].route.empty()) json["route"] = brands[i].route;
    if (brands[i].thresholds != BrandThresholds()) json["thresholds"] = ThresholdsJson(brands[i].thresholds);
    if (!brands[i].crisis_history_ms.empty()) json["crisis_history"] = CrisisHistoryJson(brands[i].crisis_history_ms);
    absl::StrAppend(&text, i == 0 ? "" : ",\n", Dump(json));
  }
  absl::StrAppend(&text, "\n]");
  if (!lexicon.empty()) absl::StrAppend(&text, ",\n\"lexicon\": ", CanonicalLexicon(lexicon));
  if (!types.empty()) absl::StrAppend(&text, ",\n\"types\": ", Dump(TypesJson(types)));
  if (!routes.empty()) {
    absl::StrAppend(&text, ",\n\"routes\": {\n");
    bool first = true;
    for (const auto& [name, route] : routes) {
      absl::StrAppend(&text, first ? "" : ",\n", Dump(Json(name)), ": ", Dump(RouteJson(route)));
      first = false;
    }
    absl::StrAppend(&text, "\n}");
  }
  absl::StrAppend(&text, "}\n");
  return text;
}

}  // namespace tocsin
