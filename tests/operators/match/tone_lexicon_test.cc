#include "operators/match/tone_lexicon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/match/watchlist.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

constexpr std::string_view kBrands = R"(
brands:
  - {id: a, name: A, query: acme}
  - id: b
    name: B
    query: beta
    lexicon:
      - {terms: [killer], weight: 2}
)";

std::string WithLexicon(std::string_view groups) { return absl::StrCat("lexicon: [", groups, "]", kBrands); }

// In hundredths, of the whole text, for brand 0 (a) or 1 (b).
int Weight(const Watchlist& watchlist, std::string_view text, uint32_t brand = 0, std::string_view language = "en") {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  const TokenSpan all{0, static_cast<uint32_t>(tokenizer.text_tokens())};
  return watchlist.tone_lexicon()->Weight(tokenizer, {&all, 1}, brand, language);
}

std::string ErrorOf(std::string_view yaml) { return std::string(Watchlist::Parse(yaml, "w.yaml").status().message()); }

TEST(ToneLexiconTest, AWatchlistWithoutOneHasNone) {
  EXPECT_EQ(MustParse("brands: [{id: a, name: A, query: acme}]")->tone_lexicon(), nullptr);
  EXPECT_EQ(MustParse("lexicon: []\nbrands: [{id: a, name: A, query: acme, lexicon: }]")->tone_lexicon(), nullptr);
}

TEST(ToneLexiconTest, WordsAreComparedFolded) {
  const auto watchlist = MustParse(WithLexicon("{terms: [Délai, '#Fail', 😡], weight: -0.5}"));
  EXPECT_EQ(Weight(*watchlist, "un DELAI de plus"), -50);
  EXPECT_EQ(Weight(*watchlist, "#FAIL"), -50);
  EXPECT_EQ(Weight(*watchlist, "fail 😡"), -50);
  EXPECT_EQ(Weight(*watchlist, "delais"), 0);
}

TEST(ToneLexiconTest, EveryOccurrenceCountsUpToTheLimit) {
  const auto watchlist = MustParse(WithLexicon("{terms: [late], weight: -1.5}, {terms: [nice], weight: 4}"));
  EXPECT_EQ(Weight(*watchlist, "late, late"), -300);
  EXPECT_EQ(Weight(*watchlist, "late late late late"), -kMaxToneWeight);
  EXPECT_EQ(Weight(*watchlist, "nice nice late"), kMaxToneWeight) << "the sum is limited, not its parts";
}

TEST(ToneLexiconTest, TheLongestTermCountsAndHidesTheOthers) {
  const auto watchlist = MustParse(
      WithLexicon("{terms: [bad], weight: -1}, {terms: [not bad], weight: 0.5}, {terms: [not bad at all], weight: 2}"));
  EXPECT_EQ(Weight(*watchlist, "bad"), -100);
  EXPECT_EQ(Weight(*watchlist, "not bad at least"), 50);
  EXPECT_EQ(Weight(*watchlist, "not bad at all, bad"), 100);
  EXPECT_EQ(Weight(*watchlist, "not so bad"), -100);
}

TEST(ToneLexiconTest, ABrandsOwnTermStandsForTheGeneralOne) {
  const auto watchlist = MustParse(WithLexicon("{terms: [killer, late], weight: -1}"));
  EXPECT_EQ(Weight(*watchlist, "killer, late", 0), -200);
  EXPECT_EQ(Weight(*watchlist, "killer, late", 1), 100);
}

TEST(ToneLexiconTest, ATermWithALanguageCountsInThatOneAlone) {
  const auto watchlist =
      MustParse(WithLexicon("{terms: [chat], weight: -2, lang: FR}, {terms: [chat, pain], weight: 1}"));
  EXPECT_EQ(Weight(*watchlist, "chat", 0, "fr"), -200);
  EXPECT_EQ(Weight(*watchlist, "chat", 0, "en"), 100);
  EXPECT_EQ(Weight(*watchlist, "pain", 0, "fr"), 100);
}

TEST(ToneLexiconTest, OnlyTheTokensAskedForCount) {
  const auto watchlist = MustParse(WithLexicon("{terms: [late again], weight: -1}"));
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText("so late again");
  const auto weight = [&](const std::vector<TokenSpan>& runs) {
    return watchlist->tone_lexicon()->Weight(tokenizer, runs, 0, "en");
  };
  EXPECT_EQ(weight({{1, 3}}), -100);
  EXPECT_EQ(weight({{0, 2}}), 0);
  EXPECT_EQ(weight({{0, 2}, {2, 3}}), 0) << "a term does not go on in another run";
}

TEST(ToneLexiconTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(ErrorOf(absl::StrCat("lexicon: late\n", kBrands)), HasSubstr("w.yaml:1:10: 'lexicon' is not a list"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late], weight: -5}")), HasSubstr("w.yaml:1:35: '-5' is no weight"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late], weight: nan}")), HasSubstr("'nan' is no weight"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late]}")), HasSubstr("a group of 'lexicon' without 'weight'"));
  EXPECT_THAT(ErrorOf(WithLexicon("{weight: 1}")), HasSubstr("a group of 'lexicon' without 'terms'"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [x, '?'], weight: 1}")),
              HasSubstr("w.yaml:1:23: '?' of 'lexicon' has 0 words"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: a b c d e f g h i, weight: 1}")), HasSubstr("has 9 words"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: ['www.x.org'], weight: 1}")), HasSubstr("has a web address"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late, LATE], weight: 1}")), HasSubstr("'late' is in the lexicon twice"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late], weight: 1, lang: english}")), HasSubstr("'english' is no language"));
  EXPECT_THAT(ErrorOf(WithLexicon("{terms: [late], weigth: 1}")), HasSubstr("unknown key 'weigth'"));
  EXPECT_THAT(ErrorOf("brands: [{id: a, name: A, query: acme, lexicon: [{terms: late, weight: x}]}]"),
              HasSubstr("w.yaml:1:72: 'x' is no weight"));
}

TEST(ToneLexiconTest, TheCanonicalTextParsesToAnEqualWatchlist) {
  const auto watchlist = MustParse(
      WithLexicon("{terms: [L'Oréal, '#Fail', 😡, '@x', $ACM], weight: -0.25}, {terms: b, weight: 4, lang: fr}"));
  const auto again = MustParse(watchlist->canonical_text());
  EXPECT_EQ(again->canonical_text(), watchlist->canonical_text());
  EXPECT_EQ(again->version(), watchlist->version());
  for (const char* text : {"l’oreal #fail", "😡 @X $acm", "b", "killer"}) {
    EXPECT_EQ(Weight(*again, text, 1, "fr"), Weight(*watchlist, text, 1, "fr")) << text;
  }
}

TEST(ToneLexiconTest, AChangedWeightIsAnotherVersionOfTheBrandsItConcerns) {
  const auto before = MustParse(WithLexicon("{terms: [late], weight: -1}"));
  const auto all = MustParse(WithLexicon("{terms: [late], weight: -1.01}"));
  EXPECT_NE(all->version(), before->version());
  EXPECT_NE(all->brands()[0].config_hash, before->brands()[0].config_hash);
  EXPECT_NE(all->brands()[1].config_hash, before->brands()[1].config_hash);
  std::string own = WithLexicon("{terms: [late], weight: -1}");
  own.replace(own.find("weight: 2"), 9, "weight: 3");
  const auto one = MustParse(own);
  EXPECT_NE(one->version(), before->version());
  EXPECT_EQ(one->brands()[0].config_hash, before->brands()[0].config_hash);
  EXPECT_NE(one->brands()[1].config_hash, before->brands()[1].config_hash);
}

}  // namespace
}  // namespace tocsin
