#include "operators/match/watchlist.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/base/hash.h"
#include "engine/yaml/yaml_errors.h"
#include "operators/match/brand_thresholds.h"
#include "operators/match/matcher.h"
#include "operators/match/query.h"
#include "operators/match/tone_lexicon.h"
#include "operators/match/type_lexicon.h"
#include "operators/match/watchlist_canonical.h"
#include "operators/match/watchlist_yaml.h"

namespace tocsin {
namespace {

constexpr size_t kMaxErrors = 100;
constexpr size_t kMaxIdSize = 64;

bool IsId(std::string_view id) {
  const auto is_first = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= kMaxIdSize && is_first(id.front()) &&
         std::all_of(id.begin(), id.end(), [&](char c) { return is_first(c) || c == '.' || c == '_' || c == '-'; });
}

// Without zone data on the machine only UTC can be told from a wrong name, so then every name passes.
bool IsTimeZone(const std::string& name) {
  static const bool have_data = [] {
    absl::TimeZone zone;
    return absl::LoadTimeZone("Europe/London", &zone);
  }();
  absl::TimeZone zone;
  return !have_data || absl::LoadTimeZone(name, &zone);
}

}  // namespace

struct Watchlist::Compiled {
  std::vector<ParsedBrand> parsed;  // by brand
  std::unique_ptr<Matcher> matcher;
  std::unique_ptr<ToneLexicon> tone;   // null: no lexicon
  std::unique_ptr<TypeLexicon> types;  // null: no such words
};

namespace {

Matcher::Source SourceOf(const Brand& brand, const ParsedBrand& parsed) {
  return {&parsed.query, brand.official_accounts, brand.topic, &parsed.context};
}

}  // namespace

// Fills a watchlist from YAML; stays valid after errors, to find the others.
class Watchlist::Reader {
 public:
  Reader(std::string_view yaml, std::string_view file) : yaml_(yaml), errors_(yaml, file) {}

  absl::StatusOr<std::shared_ptr<const Watchlist>> Read() {
    const YAML::Node root = LoadYaml(yaml_, &errors_);
    if (!errors_.empty()) return errors_.ToStatus();
    GuardYaml(&errors_, [&] { ReadRoot(root); });
    if (!errors_.empty()) return errors_.ToStatus();
    std::shared_ptr<Watchlist> made(new Watchlist());
    made->brands_ = std::move(brands_);
    made->routes_ = std::move(routes_);
    made->canonical_text_ = CanonicalWatchlist(made->brands_, parsed_, lexicon_, types_.terms, made->routes_);
    made->version_ = Hash64(made->canonical_text_);
    made->by_id_.resize(made->brands_.size());
    std::iota(made->by_id_.begin(), made->by_id_.end(), 0);
    std::sort(made->by_id_.begin(), made->by_id_.end(),
              [&](uint32_t a, uint32_t b) { return made->brands_[a].id < made->brands_[b].id; });
    auto compiled = std::make_unique<Compiled>();
    compiled->parsed = std::move(parsed_);
    std::vector<Matcher::Source> sources;
    std::vector<std::span<const ToneTerm>> lexicons;
    for (size_t i = 0; i < made->brands_.size(); ++i) {
      sources.push_back(SourceOf(made->brands_[i], compiled->parsed[i]));
      lexicons.emplace_back(compiled->parsed[i].lexicon);
    }
    compiled->matcher = std::make_unique<Matcher>(sources);
    auto tone = std::make_unique<ToneLexicon>(lexicon_, lexicons);
    if (!tone->empty()) compiled->tone = std::move(tone);
    if (!types_.terms.empty()) compiled->types = std::make_unique<TypeLexicon>(types_);
    made->own_types_ = std::move(types_.own_types);
    made->compiled_ = std::move(compiled);
    return std::shared_ptr<const Watchlist>(std::move(made));
  }

 private:
  void ReadRoot(const YAML::Node& node) {
    const YamlMapping root(node, "a watchlist", {"brands", "routes", "lexicon", "types"}, &errors_);
    if (!root.valid()) return;
    types_ = ReadTypeTerms(root.Get("types"), &errors_);
    routes_ = ReadRoutes(root.Get("routes"), types_.own_types, &errors_);
    lexicon_ = ReadToneTerms(root.Get("lexicon"), &errors_);
    const YAML::Node brands = root.Get("brands");
    if (!brands.IsDefined()) {
      errors_.Add(root.mark(), "a watchlist without 'brands'", "add brands: with an entry of id, name and query each");
      return;
    }
    if (!brands.IsSequence() || brands.size() == 0) {
      errors_.Add(brands.Mark(), "'brands' is not a list of brands", "start each brand with '- id: ...'");
      return;
    }
    for (const YAML::Node& brand : brands) {
      if (errors_.size() >= kMaxErrors) {
        errors_.Add(brand.Mark(), "too many errors", "correct those above first");
        return;
      }
      ReadBrand(brand);
    }
  }

  void ReadBrand(const YAML::Node& node) {
    const YamlMapping fields(node, "a brand",
                             {"id", "name", "query", "accents", "context", "lexicon", "official_accounts", "sector",
                              "time_zone", "route", "kind", "thresholds", "crisis_history"},
                             &errors_);
    if (!fields.valid()) return;
    Brand brand;
    ReadId(fields, &brand);
    brand.name = fields.Required("name", "write the name that people shall read");
    brand.sector = fields.Text("sector");
    ReadAccounts(fields.Get("official_accounts"), &brand);
    if (const std::string zone = fields.Text("time_zone"); !zone.empty()) {
      brand.time_zone = zone;
      if (!IsTimeZone(zone)) {
        errors_.Add(fields.Get("time_zone").Mark(), absl::StrCat("unknown time zone '", zone, "'"),
                    "write a name of the tz database: Europe/Rome");
      }
    }
    brand.route = fields.Text("route");
    if (!brand.route.empty() && !routes_.contains(brand.route)) {
      errors_.Add(fields.Get("route").Mark(), absl::StrCat("unknown route '", brand.route, "'"),
                  "add it under routes: or correct the name");
    }
    const std::string kind = fields.Text("kind");
    brand.sector_entry = kind == "sector";
    brand.topic = kind == "topic" || brand.sector_entry;
    if (!kind.empty() && kind != "topic" && kind != "brand" && kind != "sector") {
      errors_.Add(fields.Get("kind").Mark(), absl::StrCat("unknown kind '", kind, "'"), "write brand, topic or sector");
    }
    brand.thresholds = ReadThresholds(fields.Get("thresholds"), &errors_);
    brand.crisis_history_ms = ReadCrisisHistory(fields.Get("crisis_history"), &errors_);
    ParsedBrand parsed;
    parsed.lexicon = ReadToneTerms(fields.Get("lexicon"), &errors_);
    ReadQuery(fields, &brand, &parsed);
    brands_.push_back(std::move(brand));
    parsed_.push_back(std::move(parsed));
  }

  void ReadQuery(const YamlMapping& fields, Brand* brand, ParsedBrand* parsed) {
    const std::string accents = fields.Text("accents");
    brand->keep_accents = accents == "keep";
    if (!accents.empty() && accents != "keep" && accents != "fold") {
      errors_.Add(fields.Get("accents").Mark(), absl::StrCat("unknown 'accents' '", accents, "'"),
                  "write fold (é is e) or keep");
    }
    brand->query = fields.Required("query", "write what to look for, e.g. '\"acme corp\" OR @acme'");
    if (brand->query.empty()) return;
    const QueryOptions options{brand->keep_accents};
    QueryError error;
    if (!ParseQuery(brand->query, options, &parsed->query, &error)) {
      errors_.AddInScalar(fields.Get("query"), error.offset, absl::StrCat("query: ", error.what), error.remedy);
      return;
    }
    ReadContext(fields.Get("context"), options, &parsed->query, &parsed->context, &errors_);
    const std::string general = lexicon_.empty() ? "" : CanonicalLexicon(lexicon_);
    brand->config_hash = Hash64(absl::StrCat(CanonicalRule(*brand, *parsed), general));
  }

  void ReadId(const YamlMapping& fields, Brand* brand) {
    brand->id = fields.Required("id", "write a short name of a-z, 0-9, '.', '_', '-'");
    if (brand->id.empty()) return;
    const YAML::Mark mark = fields.Get("id").Mark();
    if (!IsId(brand->id)) {
      errors_.Add(mark, absl::StrCat("'", brand->id, "' is no id"),
                  absl::StrCat("use a-z, 0-9, '.', '_', '-', a letter or digit first, at most ", kMaxIdSize));
    }
    const auto [at, added] = ids_.emplace(brand->id, mark.line + 1);
    if (!added) {
      errors_.Add(mark, absl::StrCat("id '", brand->id, "' is that of line ", at->second, " too"), "make ids unique");
    }
  }

  void ReadAccounts(const YAML::Node& node, Brand* brand) {
    if (!node.IsDefined() || node.IsNull()) return;
    if (!node.IsSequence()) {
      errors_.Add(node.Mark(), "'official_accounts' is not a list", "write [handle, handle]");
      return;
    }
    for (const YAML::Node& account : node) {
      const std::string folded = account.IsScalar() ? FoldHandle(account.Scalar()) : "";
      if (folded.empty() || folded.find_first_of(" \t\n") != std::string::npos) {
        errors_.Add(account.Mark(), "an official account that is no handle", "write the handle without '@'");
      } else {
        brand->official_accounts.push_back(folded);
      }
    }
    std::sort(brand->official_accounts.begin(), brand->official_accounts.end());
    brand->official_accounts.erase(std::unique(brand->official_accounts.begin(), brand->official_accounts.end()),
                                   brand->official_accounts.end());
  }

  std::string_view yaml_;
  YamlErrors errors_;
  std::vector<Brand> brands_;
  std::vector<ParsedBrand> parsed_;
  std::vector<ToneTerm> lexicon_;  // of all brands
  TypeTerms types_;
  std::map<std::string, Route> routes_;
  absl::flat_hash_map<std::string, int> ids_;  // line
};

Watchlist::Watchlist() = default;
Watchlist::~Watchlist() = default;

absl::StatusOr<std::shared_ptr<const Watchlist>> Watchlist::Parse(std::string_view yaml, std::string_view file) {
  return Reader(yaml, file).Read();
}

std::optional<uint32_t> Watchlist::Find(std::string_view brand_id) const {
  const auto found = std::lower_bound(by_id_.begin(), by_id_.end(), brand_id,
                                      [this](uint32_t brand, std::string_view id) { return brands_[brand].id < id; });
  if (found == by_id_.end() || brands_[*found].id != brand_id) return std::nullopt;
  return *found;
}

const Route* Watchlist::RouteOf(uint32_t brand) const {
  const auto found = routes_.find(brands_[brand].route);
  return found == routes_.end() ? nullptr : &found->second;
}

void Watchlist::Match(const Post& post, MatchScratch* scratch, std::vector<BrandMatch>* matches) const {
  compiled_->matcher->Match(post, scratch, matches);
}

void Watchlist::FindNames(const Post& post, uint32_t brand, MatchScratch* scratch,
                          std::vector<TokenSpan>* spans) const {
  compiled_->matcher->FindNames(post, brand, scratch, spans);
}

MatchExplanation Watchlist::Explain(const Post& post, uint32_t brand, MatchScratch* scratch) const {
  const Matcher::Source source = SourceOf(brands_[brand], compiled_->parsed[brand]);
  return compiled_->matcher->Explain(post, brand, source, scratch);
}

std::string Watchlist::CanonicalQuery(uint32_t brand) const { return PrintQuery(Query(brand)); }

const QueryNode& Watchlist::Query(uint32_t brand) const { return compiled_->parsed[brand].query; }

const Brand* Watchlist::SectorOf(uint32_t brand) const {
  const auto found = std::ranges::find_if(
      brands_, [&](const Brand& entry) { return entry.sector_entry && entry.id == brands_[brand].sector; });
  return found == brands_.end() ? nullptr : &*found;
}

const ToneLexicon* Watchlist::tone_lexicon() const { return compiled_->tone.get(); }

const TypeLexicon* Watchlist::type_lexicon() const { return compiled_->types.get(); }

size_t Watchlist::MemoryBytes() const {
  return compiled_->matcher->MemoryBytes() + (compiled_->tone == nullptr ? 0 : compiled_->tone->MemoryBytes()) +
         (compiled_->types == nullptr ? 0 : compiled_->types->MemoryBytes());
}

}  // namespace tocsin
