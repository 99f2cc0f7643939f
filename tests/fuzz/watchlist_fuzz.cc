// Watchlists, and a post through each that is accepted.
#include "absl/log/check.h"
#include "operators/match/matcher.h"
#include "operators/match/type_lexicon.h"
#include "operators/match/watchlist.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {

std::vector<std::string> FuzzSeeds() {
  return {R"yaml(brands:
  - id: united
    name: United Airlines
    query: '"united airlines" OR @united OR #united OR (united NEAR/5 (flight OR plane))'
    official_accounts: [united, "@UnitedHelp"]
    sector: airlines
    time_zone: America/Chicago
    route: oncall
  - {id: apple, name: Apple, query: "{Apple} AND NOT (pie OR author:\"x\")", kind: brand}
lexicon:
  - {terms: [stranded, "never again", '#fail'], weight: -1.5, lang: en}
routes:
  oncall: {owner: "comms", channel: "#crisis", playbook_url: "https://example.com/p", escalate_after: 30m, language: fr}
)yaml",
          "brands:\n  - id: a\n    name: |\n      two\n      lines\n    query: >-\n      \"l'Or\xC3\xA9\x61l\"\n      "
          "OR #loreal\n",
          R"yaml(brands:
  - id: gap
    name: "Gap\t\x07\u0085"
    query: '{Gap} OR gap* OR #gap OR pâté'
    accents: keep
    context: {ambiguous: ['#gap', gap*], any_of: [jeans, {terms: [mise à jour], lang: FR, weight: 0.07}], none_of: [{terms: wage, weight: 10}], unsure: drop}
  - {id: s, name: S, kind: sector, query: gap, context: {none_of: [x]}}
)yaml",
          R"yaml(brands: [{id: a, name: n, query: acme, route: r}]
types:
  - {type: product_safety, terms: [Listériose, "pulled from shelves", '#recall', 🤮]}
  - {type: strike, terms: [grève], lang: FR}
  - {type: fees_2, terms: strike}
routes:
  r: {rules: [{types: [strike, data_breach], level: 3, route: q}, {types: unknown, route: r}, {level: 4, route: q}]}
  q: {owner: o, escalate_after: 5m, next: n, rules: [{level: 5, route: r}]}
)yaml",
          "brands: [{id: a, name: n, query: a}]\ntypes: [{type: safety, terms: [[]]}, {type: , terms: a b}]\n"
          "routes: {r: {rules: [{types: [x], level: 6, route: s}, {route: r}, q]}}\n",
          "brands: [{id: A b, name: , query: '(x', kind: z, route: none}, {id: a, name: n, query: \"\\\"x y\"}]\n",
          "brands: &b\n  - &x {id: a, name: n, query: lang:en}\n  - *x\nroutes: *b\n"};
}

void FuzzOne(std::string_view input) {
  const absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(input, "watchlist.yaml");
  if (!watchlist.ok()) {
    CHECK(absl::IsInvalidArgument(watchlist.status()) && !watchlist.status().message().empty());
    return;
  }
  CHECK(!(*watchlist)->brands().empty());
  static auto* const scratch = new MatchScratch();
  std::vector<BrandMatch> matches;
  Post post;
  post.id = "1";
  post.text = (*watchlist)->brands().front().query;
  post.author_handle = "united";
  (*watchlist)->Match(post, scratch, &matches);
  for (const BrandMatch& match : matches) CHECK_LT(match.brand, (*watchlist)->brands().size());
  for (uint32_t brand = 0; brand < (*watchlist)->brands().size(); ++brand) {
    CHECK(!(*watchlist)->CanonicalQuery(brand).empty());
    const MatchExplanation explanation = (*watchlist)->Explain(post, brand, scratch);
    CHECK_LE(explanation.ambiguity, 100);
  }
  if (const TypeLexicon* const types = (*watchlist)->type_lexicon(); types != nullptr) {
    const uint32_t known = kOwnTypeTerms >> (kOwnTypesMax - (*watchlist)->own_types().size());
    CHECK_EQ(types->Terms(scratch->tokenizer(), 0) & kOwnTypeTerms & ~known, 0u);
  }
  for (const auto& [name, route] : (*watchlist)->routes()) {
    for (int32_t level = 0; level <= 5; ++level) {
      const Route& chosen = route.For("strike", level);
      CHECK(&chosen == &route || chosen.rules.empty());
      CHECK_EQ(route.Named(chosen.name).owner, chosen.owner);
    }
  }
  const auto again = Watchlist::Parse((*watchlist)->canonical_text(), "canonical.yaml");
  CHECK(again.ok()) << again.status() << "\n" << (*watchlist)->canonical_text();
  CHECK_EQ((*again)->version(), (*watchlist)->version()) << (*watchlist)->canonical_text();
}

}  // namespace tocsin
