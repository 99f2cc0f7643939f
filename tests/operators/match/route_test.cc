// Which way a signal goes, by its type and level.
#include "operators/match/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "operators/match/watchlist.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kBrands = "brands: [{id: a, name: A, query: acme, route: oncall}]\n";
constexpr std::string_view kRoutes = R"(
types: [{type: strike, terms: [strike]}]
routes:
  oncall:
    owner: comms
    rules:
      - {types: [product_safety, data_breach], level: 3, route: security}
      - {types: strike, route: staff}
      - {level: 4, route: board}
  board: {owner: board, language: it, escalate_after: 5m, next: chair, rules: [{level: 5, route: oncall}]}
  security: {owner: security}
  staff: {owner: staff}
)";

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

std::string ErrorOf(std::string_view rules) {
  const auto yaml = absl::StrCat(kBrands, "routes:\n  oncall:\n    rules: ", rules, "\n  board: {}\n");
  return std::string(Watchlist::Parse(yaml, "w.yaml").status().message());
}

TEST(RouteTest, TheFirstRuleThatFitsDecides) {
  const auto watchlist = MustParse(absl::StrCat(kBrands, kRoutes));
  const Route& route = *watchlist->RouteOf(0);
  EXPECT_EQ(route.For("service_failure", 3).name, "oncall");
  EXPECT_EQ(route.For("service_failure", 4).name, "board");
  EXPECT_EQ(route.For("data_breach", 2).name, "oncall");
  EXPECT_EQ(route.For("data_breach", 3).name, "security");
  EXPECT_EQ(route.For("product_safety", 5).name, "security") << "before the one for level 4";
  EXPECT_EQ(route.For("strike", 1).name, "staff");
  EXPECT_EQ(route.For("unknown", 0).name, "oncall");
  EXPECT_EQ(route.For("unknown", 4).owner, "board");
  EXPECT_EQ(route.For("unknown", 4).escalate_after_ms, 300'000);
}

// Goal: no loops. The board's rule leads back to where it came from, and it does not count.
TEST(RouteTest, TheRulesOfWhereARuleLeadsDoNotCount) {
  const auto watchlist = MustParse(absl::StrCat(kBrands, kRoutes));
  const Route& board = watchlist->RouteOf(0)->For("unknown", 5);
  EXPECT_EQ(board.name, "board");
  EXPECT_EQ(board.For("unknown", 5).name, "board");
  EXPECT_EQ(watchlist->routes().at("board").For("unknown", 5).name, "oncall") << "a brand of its own has them";
}

TEST(RouteTest, ARouteDoesWithoutTheWatchlist) {
  Route copy;
  {
    const auto watchlist = MustParse(absl::StrCat(kBrands, kRoutes));
    copy = *watchlist->RouteOf(0);
  }
  EXPECT_EQ(copy.For("unknown", 4).next, "chair");
  EXPECT_EQ(copy.Named("staff").owner, "staff");
  EXPECT_EQ(copy.Named("oncall").owner, "comms");
  EXPECT_EQ(copy.Named("gone").owner, "comms");
  EXPECT_EQ(copy.Named("").owner, "comms");
}

TEST(RouteTest, ARuleMayKeepSomeWhereTheyAre) {
  const auto watchlist = MustParse(absl::StrCat(
      kBrands,
      "routes: {oncall: {rules: [{types: [review_surge], route: oncall}, {level: 2, route: board}]}, board: {}}"));
  EXPECT_EQ(watchlist->RouteOf(0)->For("review_surge", 5).name, "oncall");
  EXPECT_EQ(watchlist->RouteOf(0)->For("misconduct", 5).name, "board");
}

TEST(RouteTest, TheCanonicalTextHasRulesOnlyWhereThereAreAny) {
  const auto plain = MustParse(absl::StrCat(kBrands, "routes: {oncall: {owner: o}}"));
  EXPECT_THAT(plain->canonical_text(), HasSubstr("\"oncall\": {\"owner\":\"o\",\"language\":\"en\"}\n"));
  EXPECT_THAT(plain->canonical_text(), Not(HasSubstr("rules")));
  const auto watchlist = MustParse(absl::StrCat(kBrands, kRoutes));
  EXPECT_THAT(watchlist->canonical_text(),
              HasSubstr(R"("rules":[{"types":["data_breach","product_safety"],"level":3,"route":"security"},)"
                        R"({"types":["strike"],"route":"staff"},{"level":4,"route":"board"}])"));
  const auto again = MustParse(watchlist->canonical_text());
  EXPECT_EQ(again->canonical_text(), watchlist->canonical_text());
  EXPECT_EQ(again->version(), watchlist->version());
  EXPECT_EQ(again->RouteOf(0)->For("strike", 1).name, "staff");
}

TEST(RouteTest, MistakesAreNamedWithTheirPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"board", "4:12: 'rules' of route 'oncall' is not a list"},
      {"[board]", "4:13: a rule of route 'oncall' is not a mapping"},
      {"[{level: 4}]", "4:13: a rule of route 'oncall' without 'route'"},
      {"[{route: board}]", "4:13: a rule of route 'oncall' that always fits"},
      {"[{level: 4, route: bord}]", "4:31: unknown route 'bord'; add it under routes:"},
      {"[{level: 6, route: board}]", "4:21: '6' is no level"},
      {"[{level: 0, route: board}]", "4:21: '0' is no level"},
      {"[{level: high, route: board}]", "4:21: 'high' is no level"},
      {"[{types: [data_breach, strike], route: board}]", "4:35: unknown type 'strike'; add it under types:"},
      {"[{types: [], route: board}]", "4:21: unknown type ''"},
      {"[{types: [[a]], route: board}]", "4:22: unknown type ''"},
      {"[{type: strike, route: board}]", "4:14: unknown key 'type' in a rule of route 'oncall'"},
  };
  for (const auto& [rules, error] : cases) {
    EXPECT_THAT(ErrorOf(rules), HasSubstr(absl::StrCat("w.yaml:", error))) << rules;
  }
}

}  // namespace
}  // namespace tocsin
