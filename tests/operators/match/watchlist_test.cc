#include "operators/match/watchlist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/match/matcher.h"

namespace tocsin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kDesignExample = R"(brands:
  - id: united
    name: United Airlines
    query: '"united airlines" OR @united OR #united OR (united NEAR/5 (flight OR plane))'
    official_accounts: [united]          # optional, as all that follows
    sector: airlines
    route: airline-oncall
  - id: airlines
    name: Airlines
    kind: topic
    time_zone: Europe/Rome
    query: >-
      airline OR airlines
      OR "air travel"
routes:
  airline-oncall: {owner: "comms on call", channel: "#crisis-united", playbook_url: "https://example.com/playbook", escalate_after: 30m, next: head-of-comms, language: fr}
)";

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

std::vector<std::string> Errors(std::string_view yaml) {
  const auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  if (watchlist.ok()) return {};
  EXPECT_EQ(watchlist.status().code(), absl::StatusCode::kInvalidArgument);
  return absl::StrSplit(watchlist.status().message(), '\n');
}

TEST(WatchlistTest, ReadsTheDocumentedForm) {
  const auto watchlist = MustParse(kDesignExample);
  ASSERT_EQ(watchlist->brands().size(), 2u);
  const Brand& united = watchlist->brands()[0];
  EXPECT_EQ(united.id, "united");
  EXPECT_EQ(united.name, "United Airlines");
  EXPECT_THAT(united.official_accounts, ElementsAre("united"));
  EXPECT_EQ(united.sector, "airlines");
  EXPECT_EQ(united.time_zone, "UTC");
  EXPECT_FALSE(united.topic);
  EXPECT_TRUE(watchlist->brands()[1].topic);
  EXPECT_EQ(watchlist->brands()[1].time_zone, "Europe/Rome");
  EXPECT_EQ(watchlist->CanonicalQuery(1), "airline OR airlines OR \"air travel\"");
  const Route* route = watchlist->RouteOf(0);
  ASSERT_NE(route, nullptr);
  EXPECT_EQ(route->name, "airline-oncall");
  EXPECT_EQ(route->owner, "comms on call");
  EXPECT_EQ(route->escalate_after_ms, 30 * 60 * 1000);
  EXPECT_EQ(route->next, "head-of-comms");
  EXPECT_EQ(route->language, "fr");
  EXPECT_EQ(watchlist->RouteOf(1), nullptr);
}

TEST(WatchlistTest, JsonIsAWatchlistToo) {
  const auto watchlist = MustParse(R"({"brands": [{"id": "a", "name": "A", "query": "\"l'oréal\" OR @a"}]})");
  EXPECT_EQ(watchlist->CanonicalQuery(0), "\"l oreal\" OR @a");
}

TEST(WatchlistTest, OfficialAccountsSpeakForTheirBrandOnly) {
  const auto watchlist = MustParse(R"(
brands:
  - {id: united, name: U, query: '@united', official_accounts: ['@United', united_de]}
  - {id: delta, name: D, query: '@delta OR @united'}
)");
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  Post post;
  post.text = "we are sorry";
  post.author_handle = "UNITED";
  watchlist->Match(post, &scratch, &matches);
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].brand, 0u);
  EXPECT_TRUE(matches[0].official);
  post.text = "ask @united";
  watchlist->Match(post, &scratch, &matches);
  ASSERT_EQ(matches.size(), 2u);
  EXPECT_TRUE(matches[0].official);
  EXPECT_FALSE(matches[1].official);
  post.author_handle = "someone";
  watchlist->Match(post, &scratch, &matches);
  ASSERT_EQ(matches.size(), 2u);
  EXPECT_FALSE(matches[0].official);
}

TEST(WatchlistTest, HashesChangeWithWhatTheyCover) {
  const auto parse = [](std::string_view brand) { return MustParse(absl::StrCat("brands:\n  - {", brand, "}\n")); };
  const auto base = parse("id: a, name: A, query: 'x OR Y'");
  const auto same = parse("id: a, name: A, query: '(x) OR y'");
  const auto renamed = parse("id: a, name: B, query: 'x OR y'");
  const auto other = parse("id: a, name: A, query: 'x OR z'");
  const auto official = parse("id: a, name: A, query: 'x OR y', official_accounts: [q]");
  EXPECT_EQ(base->version(), same->version());
  EXPECT_EQ(base->brands()[0].config_hash, same->brands()[0].config_hash);
  EXPECT_NE(base->version(), renamed->version());
  EXPECT_EQ(base->brands()[0].config_hash, renamed->brands()[0].config_hash);
  EXPECT_NE(base->brands()[0].config_hash, other->brands()[0].config_hash);
  EXPECT_NE(base->brands()[0].config_hash, official->brands()[0].config_hash);
  // What is decided changes, not what the baseline has learnt from.
  for (const std::string_view own : {"thresholds: {negative_authors: 4}", "crisis_history: [2025-03-01]"}) {
    const auto decided = parse(absl::StrCat("id: a, name: A, query: 'x OR y', ", own));
    EXPECT_NE(base->version(), decided->version()) << own;
    EXPECT_EQ(base->brands()[0].config_hash, decided->brands()[0].config_hash) << own;
  }
  EXPECT_EQ(base->version(), parse("id: a, name: A, query: 'x OR y', thresholds: {}, crisis_history: []")->version());
}

TEST(WatchlistTest, TheCanonicalTextIsAWatchlistOfTheSameVersion) {
  const auto watchlist = MustParse(R"(brands:
  - id: gap
    name: "Gap \"Inc\" \u00e9\u2028"
    query: '{Gap} OR pâté* OR "l''été" OR (a NEAR/3 (b OR c)) NOT d'
    accents: keep
    official_accounts: [gap]
    sector: fashion
    route: r
    thresholds: {confirmed_velocity: 2.5, false_alarms: 0.01, negative_authors: 3, confirmed_authors: 5, confirmed_margin: 0.5}
    crisis_history: [2025-03-01, 1999-12-31, 2025-03-01]
    context:
      ambiguous: ['{Gap}']
      any_of: [jeans, {terms: [magasin, mise à jour], lang: FR, weight: 0.25}]
      none_of: [{terms: wage, weight: 2.5}]
      unsure: drop
  - {id: fashion, name: Fashion, kind: sector, query: fashion, time_zone: Europe/Paris}
routes: {r: {owner: o, escalate_after: 90s}}
)");
  ASSERT_NE(watchlist, nullptr);
  const auto again = MustParse(watchlist->canonical_text());
  ASSERT_NE(again, nullptr) << watchlist->canonical_text();
  EXPECT_EQ(again->canonical_text(), watchlist->canonical_text());
  EXPECT_EQ(again->version(), watchlist->version());
  EXPECT_EQ(again->brands()[0].config_hash, watchlist->brands()[0].config_hash);
  EXPECT_EQ(again->brands()[0].name, watchlist->brands()[0].name);
  EXPECT_EQ(again->brands()[0].thresholds, (BrandThresholds{0.01, 3, 2.5, 5, 0.5}));
  EXPECT_THAT(again->brands()[0].crisis_history_ms, ElementsAre(946'598'400'000, 1'740'787'200'000));
  EXPECT_EQ(again->RouteOf(0)->escalate_after_ms, 90'000);
  EXPECT_EQ(watchlist->SectorOf(0), &watchlist->brands()[1]);
  EXPECT_EQ(watchlist->SectorOf(1), nullptr);
}

TEST(WatchlistTest, ContextAndAccentsAreInTheHashes) {
  const auto hash = [](std::string_view fields) {
    return MustParse(absl::StrCat("brands:\n  - {id: a, name: A, query: x y, ", fields, "}\n"))
        ->brands()[0]
        .config_hash;
  };
  const uint64_t base = hash("context: {any_of: [b, c]}");
  EXPECT_EQ(hash("context: {any_of: [C, b], ambiguous: [y, x]}"), base);
  EXPECT_NE(hash("context: {any_of: [b, c], ambiguous: [x]}"), base);
  EXPECT_NE(hash("context: {any_of: [b]}"), base);
  EXPECT_NE(hash("context: {any_of: [b, {terms: c, weight: 2}]}"), base);
  EXPECT_NE(hash("context: {any_of: [b, {terms: c, lang: en}]}"), base);
  EXPECT_NE(hash("context: {none_of: [b, c]}"), base);
  EXPECT_NE(hash("context: {any_of: [b, c], unsure: drop}"), base);
  EXPECT_NE(hash("context: {any_of: [b, c]}, accents: keep"), base);
}

struct Bad {
  std::string yaml;
  std::string place;
  std::string what;
};

// A brand's fields, each on its own line from line 2 on.
std::string One(std::string_view fields) {
  std::string yaml = "brands:\n";
  bool first = true;
  for (const std::string_view field : absl::StrSplit(fields, '|')) {
    absl::StrAppend(&yaml, first ? "  - " : "    ", field, "\n");
    first = false;
  }
  return yaml;
}

TEST(WatchlistTest, BadWatchlistsAreRefusedWithPlaceAndReason) {
  const Bad cases[] = {
      {"", "w.yaml:1:1", "not a mapping"},
      {"- a\n", "w.yaml:1:1", "not a mapping"},
      {"brands: [\n", "w.yaml:2:1", "not YAML"},
      {"brands:\n  - {id: a\n", "w.yaml:3:1", "not YAML"},
      {"brands:\n\t- id: a\n", "w.yaml:2:2", "not YAML"},
      {"brnds: []\nbrands: [{id: a, name: A, query: a}]\n", "w.yaml:1:1", "unknown key 'brnds'"},
      {"routes: {}\n", "w.yaml:1:1", "without 'brands'"},
      {"brands: []\n", "w.yaml:1:9", "not a list"},
      {"brands: {id: a}\n", "w.yaml:1:9", "not a list"},
      {"brands: [5]\n", "w.yaml:1:10", "a brand is not a mapping"},
      {One("name: A|query: a"), "w.yaml:2:5", "without 'id'"},
      {One("id: a|query: a"), "w.yaml:2:5", "without 'name'"},
      {One("id: a|name: A"), "w.yaml:2:5", "without 'query'"},
      {One("id: a|name:|query: a"), "w.yaml:3:5", "'name' of a brand is empty"},
      {One("id: ''|name: A|query: a"), "w.yaml:2:9", "'id' of a brand is empty"},
      {One("id: Big Co|name: A|query: a"), "w.yaml:2:9", "'Big Co' is no id"},
      {One("id: -a|name: A|query: a"), "w.yaml:2:9", "is no id"},
      {One(absl::StrCat("id: ", std::string(65, 'a'), "|name: A|query: a")), "w.yaml:2:9", "is no id"},
      {One("id: a|name: A|query: ''"), "w.yaml:4:12", "'query' of a brand is empty"},
      {One("id: a|name: A|query: [a]"), "w.yaml:4:12", "is not text"},
      {One("id: a|name: A|query: a|quary: b"), "w.yaml:5:5", "unknown key 'quary' in a brand"},
      {One("id: a|name: A|query: a|query: b"), "w.yaml:5:5", "key 'query' twice"},
      {One("id: a|name: A|query: a|official_accounts: united"), "w.yaml:5:24", "not a list"},
      {One("id: a|name: A|query: a|official_accounts: [a, '@']"), "w.yaml:5:28", "no handle"},
      {One("id: a|name: A|query: a|official_accounts: [[a]]"), "w.yaml:5:25", "no handle"},
      {One("id: a|name: A|query: a|route: nowhere"), "w.yaml:5:12", "unknown route 'nowhere'"},
      {One("id: a|name: A|query: a|time_zone: Mars/North"), "w.yaml:5:16", "unknown time zone"},
      {One("id: a|name: A|query: a|kind: thing"), "w.yaml:5:11", "unknown kind 'thing'"},
      {One("id: a|name: A|query: a") + "  - {id: a, name: B, query: b}\n", "w.yaml:5:10", "is that of line 2 too"},
      {One("id: a|name: A|query: a") + "routes: [x]\n", "w.yaml:5:9", "'routes' is not a mapping"},
      {One("id: a|name: A|query: a") + "routes:\n  r: x\n", "w.yaml:6:6", "route 'r' is not a mapping"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {owner: x, ownr: y}\n", "w.yaml:6:17", "unknown key 'ownr'"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {escalate_after: soon}\n", "w.yaml:6:23", "no duration"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {escalate_after: 30}\n", "w.yaml:6:23", "no duration"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {language: xx}\n", "w.yaml:6:17", "no summaries in 'xx'"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {playbook_url: wiki}\n", "w.yaml:6:21", "no web address"},
      {One("id: a|name: A|query: a") + "routes:\n  r: {}\n  r: {}\n", "w.yaml:7:3", "route 'r' twice"},
      {One("id: a|name: A|query: a|accents: strict"), "w.yaml:5:14", "unknown 'accents' 'strict'"},
      {One("id: a|name: A|query: a|thresholds: 4"), "w.yaml:5:17", "the thresholds of a brand is not a mapping"},
      {One("id: a|name: A|query: a|thresholds: {velocity: 3}"), "w.yaml:5:18",
       "unknown key 'velocity' in the thresholds"},
      {One("id: a|name: A|query: a|thresholds: {false_alarms: 0}"), "w.yaml:5:32", "number from 0.01 to 100"},
      {One("id: a|name: A|query: a|thresholds: {false_alarms: nan}"), "w.yaml:5:32",
       "'nan' is no value of 'false_alarms'"},
      {One("id: a|name: A|query: a|thresholds: {negative_authors: 2}"), "w.yaml:5:36", "whole number from 3 to 100000"},
      {One("id: a|name: A|query: a|thresholds: {negative_authors: 4.5}"), "w.yaml:5:36", "whole number from"},
      {One("id: a|name: A|query: a|thresholds: {confirmed_velocity: 1.4}"), "w.yaml:5:38", "number from 1.5 to 100"},
      {One("id: a|name: A|query: a|thresholds: {confirmed_authors: few}"), "w.yaml:5:37", "'few' is no value"},
      {One("id: a|name: A|query: a|thresholds: {confirmed_margin: 5}"), "w.yaml:5:36", "number from 0.01 to 0.5"},
      {One("id: a|name: A|query: a|crisis_history: 2025-03-01"), "w.yaml:5:21", "'crisis_history' is not a list"},
      {One("id: a|name: A|query: a|crisis_history: [2025-03-01, March]"), "w.yaml:5:34", "no date"},
      {One("id: a|name: A|query: a|crisis_history: [1492-10-12]"), "w.yaml:5:22", "no date"},
      {One("id: a|name: A|query: a|context: b"), "w.yaml:5:14", "a context is not a mapping"},
      {One("id: a|name: A|query: a|context: {any: [b]}"), "w.yaml:5:15", "unknown key 'any' in a context"},
      {One("id: a|name: A|query: a|context: {any_of: []}"), "w.yaml:5:14", "a context without terms"},
      {One("id: a|name: A|query: a|context: {any_of: b}"), "w.yaml:5:23", "'any_of' is not a list"},
      {One("id: a|name: A|query: a|context: {none_of: [[b]]}"), "w.yaml:5:25", "that is not text"},
      {One("id: a|name: A|query: a|context: {any_of: ['(b OR c)']}"), "w.yaml:5:24", "more than one term"},
      {One("id: a|name: A|query: a|context: {any_of: ['lang:en']}"), "w.yaml:5:25", "no word that must be present"},
      {One("id: a|name: A|query: a|context: {any_of: ['b*c']}"), "w.yaml:5:26", "any_of: '*' inside a word"},
      {One("id: a|name: A|query: a|context: {any_of: [b, B]}"), "w.yaml:5:27", "b is in the context twice"},
      {One("id: a|name: A|query: a|context: {any_of: [b], none_of: [b]}"), "w.yaml:5:38", "b is in the context twice"},
      {One("id: a|name: A|query: a|context: {any_of: [{weight: 2}]}"), "w.yaml:5:24", "without 'terms'"},
      {One("id: a|name: A|query: a|context: {any_of: [{terms: b, wait: 2}]}"), "w.yaml:5:35", "unknown key 'wait'"},
      {One("id: a|name: A|query: a|context: {any_of: [{terms: b, weight: -1}]}"), "w.yaml:5:43", "is no weight"},
      {One("id: a|name: A|query: a|context: {any_of: [{terms: b, weight: lots}]}"), "w.yaml:5:43", "is no weight"},
      {One("id: a|name: A|query: a|context: {any_of: [{terms: b, weight: 11}]}"), "w.yaml:5:43", "is no weight"},
      {One("id: a|name: A|query: a|context: {any_of: [{terms: b, lang: english}]}"), "w.yaml:5:41", "not a language"},
      {One("id: a|name: A|query: a|context: {any_of: [b], unsure: maybe}"), "w.yaml:5:36", "unknown 'unsure' 'maybe'"},
      {One("id: a|name: A|query: a|context: {any_of: [b], ambiguous: [c]}"), "w.yaml:5:40", "the query has no term c"},
      {One("id: a|name: A|query: a|context: {any_of: [b], ambiguous: a}"), "w.yaml:5:39", "not a list of terms"},
      {One("id: a|name: A|query: '@a'|context: {any_of: [b]}"), "w.yaml:5:14", "is there to be ambiguous"},
      // Places inside a query, in every style of scalar.
      {One("id: a|name: A|query: a OR (b"), "w.yaml:4:17", "'(' that is not closed"},
      {One("id: a|name: A|query: 'a OR \"b'"), "w.yaml:4:18", "quote that is not closed"},
      {One("id: a|name: A|query: 'l''été OR (b'"), "w.yaml:4:23", "'(' that is not closed"},
      {One("id: a|name: A|query: \"\\\"a b\\\" OR \\u00e9 or b\""), "w.yaml:4:31", "'or' is neither"},
      {One("id: a|name: A|query: >-|  a OR|  (b|  OR c"), "w.yaml:6:7", "'(' that is not closed"},
      {One("id: a|name: A|query: a OR|  NOT b"), "w.yaml:5:7", "only excludes"},
      {One("id: a|name: A|query: 'a OR|  lang:en'"), "w.yaml:5:7", "no word that must be present"},
      {"{\"brands\": [{\"id\": \"a\", \"name\": \"A\", \"query\": \"\\\"x y\\\" OR\"}]}", "w.yaml:1:58",
       "ends where a term is due"},
  };
  for (const Bad& bad : cases) {
    EXPECT_THAT(Errors(bad.yaml),
                ElementsAre(AllOf(StartsWith(bad.place + ": "), HasSubstr(bad.what), HasSubstr("; "))))
        << bad.yaml;
  }
}

// One() splits on '|', which a literal block scalar starts with, so that one stands here in full.
TEST(WatchlistTest, PlacesInABlockScalarAreFound) {
  EXPECT_THAT(Errors("brands:\n  - id: a\n    name: A\n    query: |\n      a OR\n      b NEAR c\n"),
              ElementsAre(StartsWith("w.yaml:6:9: query: 'NEAR'")));
}

TEST(WatchlistTest, AllErrorsAreListedInOrder) {
  EXPECT_THAT(Errors("brands:\n  - {id: A, name: A, query: 'a or b'}\n  - {id: b, query: NOT b, route: x}\n"),
              ElementsAre(StartsWith("w.yaml:2:10: 'A' is no id"), StartsWith("w.yaml:2:32: query: 'or'"),
                          StartsWith("w.yaml:3:5: a brand without 'name'"),
                          StartsWith("w.yaml:3:20: query: this part only"), StartsWith("w.yaml:3:34: unknown route")));
  std::string many = "brands:\n";
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&many, "  - {id: b", i, ", name: B, query: '('}\n");
  EXPECT_THAT(Errors(many), ::testing::SizeIs(101));
}

}  // namespace
}  // namespace tocsin
