#include "app/generate/scenario.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tocsin {
namespace {

constexpr auto kFirstNames = std::to_array<std::string_view>({"Nord", "Vel",  "Acme",  "Luma", "Ost",   "Kara", "Brio",
                                                              "Tavi", "Orla", "Zeph",  "Mira", "Cobal", "Fjor", "Hexa",
                                                              "Juno", "Pavo", "Quill", "Rook", "Sable", "Umbra"});
constexpr auto kLastNames =
    std::to_array<std::string_view>({"air", "bank", "mart", "fone", "motor", "food", "rail", "wear", "play", "med",
                                     "home", "ship", "soft", "brew", "gym"});
constexpr std::array<std::string_view, kPostLanguages> kLanguageTags = {"en", "fr", "it", "de", "es", "pt"};

}  // namespace

std::string_view MoodName(Mood mood) {
  constexpr std::array<std::string_view, kMoods> kNames = {"negative", "neutral", "positive"};
  return kNames[static_cast<size_t>(mood)];
}

std::string_view LanguageTag(PostLanguage language) { return kLanguageTags[static_cast<size_t>(language)]; }

std::optional<PostLanguage> LanguageFromTag(std::string_view tag) {
  for (size_t i = 0; i < kPostLanguages; ++i) {
    if (kLanguageTags[i] == tag) return static_cast<PostLanguage>(i);
  }
  return std::nullopt;
}

std::string_view ShapeName(PostShape shape) {
  constexpr std::array<std::string_view, kPostShapes> kNames = {"twitter_v1", "twitter_v2", "bluesky", "mastodon",
                                                                "reddit",     "review",     "generic"};
  return kNames[static_cast<size_t>(shape)];
}

std::string_view EventKindName(ScenarioEvent::Kind kind) {
  constexpr std::array<std::string_view, 6> kNames = {"crisis", "surge", "spam", "copied", "reposts", "sector_rise"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view GapPostsName(ScenarioGap::Posts posts) {
  constexpr std::array<std::string_view, 3> kNames = {"lost", "held", "elsewhere"};
  return kNames[static_cast<size_t>(posts)];
}

ScenarioBrand MadeUpBrand(size_t index) {
  // Every pair of first and last name once, walked so that neighbours differ in both.
  const size_t first = index % kFirstNames.size();
  const size_t round = index / kFirstNames.size();
  // Six and fifteen have three in common: after five rounds a step of one leads to names not met yet.
  const size_t last = (first + 6 * round + round / 5) % kLastNames.size();
  ScenarioBrand brand;
  brand.name = absl::StrCat(kFirstNames[first], kLastNames[last]);
  if (round >= kLastNames.size()) absl::StrAppend(&brand.name, round);
  brand.id = absl::AsciiStrToLower(brand.name);
  brand.handle = brand.id;
  brand.query = DefaultQuery(brand);
  return brand;
}

std::string DefaultQuery(const ScenarioBrand& brand) {
  const bool is_phrase = brand.name.find(' ') != std::string::npos;
  return absl::StrCat(is_phrase ? absl::StrCat("\"", brand.name, "\"") : absl::AsciiStrToLower(brand.name), " OR @",
                      brand.handle, " OR #", brand.handle);
}

std::string WatchlistYaml(const Scenario& scenario) {
  std::string yaml = "brands:\n";
  for (const ScenarioBrand& brand : scenario.brands) {
    const auto quoted = [](const std::string& text) { return absl::StrReplaceAll(text, {{"'", "''"}}); };
    absl::StrAppend(&yaml, "  - id: ", brand.id, "\n    name: '", quoted(brand.name), "'\n    query: '",
                    quoted(brand.query), "'\n    official_accounts: [", brand.handle, "_help]\n    route: on-call\n");
    if (!brand.sector.empty()) absl::StrAppend(&yaml, "    sector: ", brand.sector, "\n");
  }
  absl::StrAppend(&yaml,
                  "routes:\n  on-call: {owner: \"comms on call\", channel: \"#crisis\", playbook_url: "
                  "\"https://example.com/playbook\", language: en}\n");
  return yaml;
}

}  // namespace tocsin
