// Reasons, ambiguity, context and accents: what a match says beside the brand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/match/watchlist_slot.h"
#include "operators/mention/mention.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

// The names of the reasons and the ambiguity of the only match: "word hashtag 50"; "-" if there is none.
std::string Match(const Watchlist& watchlist, std::string_view text, std::string_view language = "en") {
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  Post post;
  post.text = text;
  post.language = language;
  post.author_handle = "someone";
  watchlist.Match(post, &scratch, &matches);
  if (matches.empty()) return "-";
  EXPECT_EQ(matches.size(), 1u);
  std::string shown;
  for (size_t bit = 0; bit < kMatchReasonBits; ++bit) {
    if ((matches[0].reasons >> bit & 1) != 0) absl::StrAppend(&shown, kMatchReasonNames[bit], " ");
  }
  return absl::StrCat(shown, matches[0].ambiguity);
}

std::string MatchQuery(std::string_view fields, std::string_view text) {
  return Match(*MustParse(absl::StrCat("brands: [{id: a, name: A, ", fields, "}]")), text);
}

TEST(ContextTest, AMatchHasTheReasonsThatHold) {
  const std::string query =
      "query: 'acme OR \"acme corp\" OR #acme OR tag:acme OR @acme OR $ACM OR site:acme.com OR author:someone'";
  EXPECT_EQ(MatchQuery("query: 'acme OR @acme'", "ACME!"), "word 0");
  EXPECT_EQ(MatchQuery("query: 'acme OR @acme'", "acme @acme"), "word handle 0");
  EXPECT_EQ(MatchQuery(query, "#BoycottAcme at www.acme.com"), "hashtag url author 0");
  EXPECT_EQ(MatchQuery(query, "acme corp $ACM"), "word phrase cashtag author 0");
  EXPECT_EQ(MatchQuery("query: 'acme NEAR/3 pump'", "acme's pump"), "near 0");
  EXPECT_EQ(MatchQuery("query: 'acme AND NOT (pump OR @pump)'", "acme"), "word 0");
}

constexpr std::string_view kGap = R"(brands:
  - id: gap
    name: Gap
    query: 'gap OR @gap OR "gap inc" OR (gap AND brand)'
    context:
      any_of: [jeans, {terms: [store, shop], weight: 0.6}, {terms: magasin, lang: fr}]
      none_of: [mind the gap, {terms: wage, weight: 0.5}, {terms: écart, lang: fr}]
)";

TEST(ContextTest, TheScoreDecidesWhereOnlyAmbiguousTermsMatch) {
  const auto gap = MustParse(kGap);
  EXPECT_EQ(Match(*gap, "what a gap"), "word 100");
  EXPECT_EQ(Match(*gap, "the gap store"), "word 40");
  EXPECT_EQ(Match(*gap, "the gap store, what a store"), "word 40");
  EXPECT_EQ(Match(*gap, "the gap store, what a shop"), "word context 0");
  EXPECT_EQ(Match(*gap, "gap jeans"), "word context 0");
  EXPECT_EQ(Match(*gap, "mind the gap"), "-");
  EXPECT_EQ(Match(*gap, "wage gap"), "-");
  EXPECT_EQ(Match(*gap, "the wage at the gap store"), "word 90");
  EXPECT_EQ(Match(*gap, "mind the gap jeans"), "word 100");
}

TEST(ContextTest, TheContextIsNotAskedWhereTheQueryIsClear) {
  const auto gap = MustParse(kGap);
  EXPECT_EQ(Match(*gap, "mind the gap @gap"), "word handle 0");
  EXPECT_EQ(Match(*gap, "gap inc wage"), "word phrase 0");
  EXPECT_EQ(Match(*gap, "a wage gap brand"), "word 0");
}

TEST(ContextTest, TermsOfALanguageCountInItAndWhereTheLanguageIsUnknown) {
  const auto gap = MustParse(kGap);
  EXPECT_EQ(Match(*gap, "gap magasin", "fr"), "word context 0");
  EXPECT_EQ(Match(*gap, "gap magasin", "fr-CA"), "word context 0");
  EXPECT_EQ(Match(*gap, "gap magasin", "it"), "word 100");
  EXPECT_EQ(Match(*gap, "gap magasin", ""), "word context 0");
  EXPECT_EQ(Match(*gap, "gap magasin", "und"), "word context 0");
  EXPECT_EQ(Match(*gap, "gap ecart", "fr"), "-");
  EXPECT_EQ(Match(*gap, "gap ecart", "de"), "word 100");
}

TEST(ContextTest, UnsureMatchesAreDroppedWhereTheEntrySaysSo) {
  const std::string fields = "query: gap, context: {any_of: [{terms: store, weight: 0.6}], unsure: ";
  EXPECT_EQ(MatchQuery(fields + "keep}", "gap store"), "word 40");
  EXPECT_EQ(MatchQuery(fields + "drop}", "gap store"), "-");
}

TEST(ContextTest, ALongerNameHidesTheWordButNotTheContext) {
  const auto watchlist = MustParse(R"(brands:
  - {id: apple, name: A, query: apple, context: {any_of: [martin]}}
  - {id: bank, name: B, query: '"apple bank"'}
)");
  EXPECT_EQ(Match(*watchlist, "apple bank"), "phrase 0");
  const auto martin = MustParse(R"(brands:
  - {id: apple, name: A, query: apple, context: {any_of: [martin]}}
  - {id: bank, name: B, query: '"martin bank" NOT apple'}
)");
  EXPECT_EQ(Match(*martin, "apple at martin bank"), "word context 0");
}

TEST(ContextTest, ExplainNamesTheTermsFound) {
  const auto gap = MustParse(kGap);
  MatchScratch scratch;
  Post post;
  post.text = "the wage at the GAP store, magasin";
  post.language = "en";
  const MatchExplanation explanation = gap->Explain(post, 0, &scratch);
  EXPECT_EQ(explanation.outcome, MatchExplanation::Outcome::kAmbiguous);
  EXPECT_EQ(explanation.score, 10);
  EXPECT_EQ(explanation.ambiguity, 90);
  EXPECT_THAT(explanation.terms, ElementsAre("gap"));
  std::vector<std::string> found;
  for (const ContextHit& hit : explanation.context) {
    found.push_back(absl::StrCat(hit.term, " ", hit.weight, hit.counts ? "" : " " + hit.language));
  }
  EXPECT_THAT(found, ElementsAre("store 60", "wage -50", "magasin 100 fr"));
  post.text = "wage gap";
  EXPECT_EQ(gap->Explain(post, 0, &scratch).outcome, MatchExplanation::Outcome::kRejected);
  post.text = "nothing";
  EXPECT_EQ(gap->Explain(post, 0, &scratch).outcome, MatchExplanation::Outcome::kNoMatch);
}

TEST(ContextTest, AccentsCountWhereTheEntryKeepsThem) {
  const std::string keep = "accents: keep, query: ";
  EXPECT_EQ(MatchQuery(keep + "pâté", "du PÂTÉ"), "word 0");
  EXPECT_EQ(MatchQuery(keep + "pâté", "du pa\u0302te\u0301!"), "word 0");
  EXPECT_EQ(MatchQuery(keep + "pâté", "la pate"), "-");
  EXPECT_EQ(MatchQuery(keep + "pâté", "la pâte"), "-");
  EXPECT_EQ(MatchQuery(keep + "pate", "la pâte"), "-");
  EXPECT_EQ(MatchQuery(keep + "ære", "Ære"), "word 0");
  EXPECT_EQ(MatchQuery(keep + "ære", "aere"), "-");
  EXPECT_EQ(MatchQuery(keep + "'\"el país\" OR #país'", "El pais #pais"), "-");
  EXPECT_EQ(MatchQuery(keep + "'\"el país\" OR #país'", "EL PAÍS #PaÍs"), "phrase hashtag 0");
  EXPECT_EQ(MatchQuery(keep + "'caf*'", "cafétéria"), "word 0");
  EXPECT_EQ(MatchQuery(keep + "'cafe*'", "cafétéria"), "-");
  EXPECT_EQ(MatchQuery(keep + "'café*'", "cafe\u0301s"), "word 0");
  EXPECT_EQ(MatchQuery("query: pâté", "la pate"), "word 0");
}

TEST(WatchlistSlotTest, WhatWasReplacedIsFreedWhenNobodyUsesIt) {
  const auto make = [](int n) { return MustParse(absl::StrCat("brands: [{id: a", n, ", name: A, query: a}]")); };
  WatchlistSlot slot(make(0));
  std::weak_ptr<const Watchlist> first = slot.Get();
  std::shared_ptr<const Watchlist> used = slot.Get();
  slot.Set(make(1));
  EXPECT_EQ(slot.generation(), 1u);
  EXPECT_EQ(slot.Get()->brands()[0].id, "a1");
  EXPECT_EQ(slot.FreeUnused(), 1u);
  EXPECT_FALSE(first.expired());
  used.reset();
  EXPECT_EQ(slot.FreeUnused(), 0u);
  EXPECT_TRUE(first.expired());
}

TEST(WatchlistSlotTest, WorkersGoOnMatchingWhileItIsSwapped) {
  const auto make = [](int n) { return MustParse(absl::StrCat("brands: [{id: a, name: A", n, ", query: acme}]")); };
  WatchlistSlot slot(make(0));
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> workers;
  workers.reserve(2);
  for (int i = 0; i < 2; ++i) {
    workers.emplace_back([&] {
      MatchScratch scratch;
      std::vector<BrandMatch> matches;
      Post post;
      post.text = "Acme!";
      do {
        slot.Get()->Match(post, &scratch, &matches);
        if (matches.size() != 1) ++wrong;
      } while (!stop);
    });
  }
  for (int i = 1; i <= 20; ++i) {
    slot.Set(make(i));
    slot.FreeUnused();
  }
  stop = true;
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(slot.generation(), 20u);
  EXPECT_EQ(slot.FreeUnused(), 0u);
}

}  // namespace
}  // namespace tocsin
