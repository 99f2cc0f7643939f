#include "operators/match/type_lexicon.h"

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

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kBrands = "\nbrands: [{id: a, name: A, query: acme}]\n";
constexpr uint32_t kFirstOwn = uint32_t{1} << kOwnTypeShift;

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

std::shared_ptr<const Watchlist> WithTypes(std::string_view groups) {
  return MustParse(absl::StrCat("types: [", groups, "]", kBrands));
}

std::string ErrorOf(std::string_view groups) {
  const auto watchlist = Watchlist::Parse(absl::StrCat("types: [", groups, "]", kBrands), "w.yaml");
  return std::string(watchlist.status().message());
}

uint32_t Terms(const Watchlist& watchlist, std::string_view text, std::string_view language = "en") {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  return watchlist.type_lexicon()->Terms(tokenizer, LanguageNumber(language));
}

TEST(TypeLexiconTest, AWatchlistWithoutOneHasNoneAndItsTextSaysNothingOfIt) {
  const auto plain = MustParse(kBrands);
  EXPECT_EQ(plain->type_lexicon(), nullptr);
  EXPECT_THAT(plain->own_types(), IsEmpty());
  EXPECT_EQ(plain->canonical_text(), "{\"brands\": [\n{\"id\":\"a\",\"query\":\"acme\",\"name\":\"A\"}\n]}\n");
  const auto empty = MustParse(absl::StrCat("types: []", kBrands));
  EXPECT_EQ(empty->type_lexicon(), nullptr);
  EXPECT_EQ(empty->version(), plain->version());
}

TEST(TypeLexiconTest, WordsOfABuiltInTypeAreItsTerm) {
  const auto watchlist =
      WithTypes("{type: product_safety, terms: [Listériose, 'pulled from shelves', '#deadly', 🤮]}");
  EXPECT_THAT(watchlist->own_types(), IsEmpty());
  for (const std::string_view text : {"la listeriose", "was PULLED, from shelves", "#Deadly", "🤮🤮"}) {
    EXPECT_EQ(Terms(*watchlist, text), uint32_t{kSafetyTerm}) << text;
  }
  for (const std::string_view text : {"pulled shelves", "pulled from", "deadly", "listerioses", ""}) {
    EXPECT_EQ(Terms(*watchlist, text), 0U) << text;
  }
}

TEST(TypeLexiconTest, TypesOfOnesOwnHaveBitsInTheOrderOfTheirNames) {
  const auto watchlist = WithTypes(
      "{type: walkout, terms: [walkout, strike]}, {type: strike, terms: [strike]}, {type: strike, terms: [grève], "
      "lang: FR}");
  EXPECT_THAT(watchlist->own_types(), ElementsAre("strike", "walkout"));
  EXPECT_EQ(Terms(*watchlist, "a strike"), kFirstOwn | kFirstOwn << 1);
  EXPECT_EQ(Terms(*watchlist, "a walkout"), kFirstOwn << 1);
  EXPECT_EQ(Terms(*watchlist, "en grève", "fr"), kFirstOwn);
  EXPECT_EQ(Terms(*watchlist, "en grève", "en"), 0U);
  EXPECT_EQ(Terms(*watchlist, "en grève", ""), 0U) << "in which language is not known";
  EXPECT_EQ(Terms(*watchlist, "https://strike.org/strike"), 0U);
}

TEST(TypeLexiconTest, EightTypesOfOnesOwnFit) {
  std::string groups;
  for (char name = 'a'; name < 'i'; ++name) {
    absl::StrAppend(&groups, groups.empty() ? "" : ", ", "{type: ", std::string(1, name), ", terms: [w",
                    std::string(1, name), "]}");
  }
  EXPECT_EQ(Terms(*WithTypes(groups), "wa wb wc wd we wf wg wh"), kOwnTypeTerms);
  EXPECT_EQ(ErrorOf(groups + ", {type: i, terms: [x]}, {type: j, terms: [x]}"),
            "w.yaml:1:208: too many types of your own; at most 8");
}

TEST(TypeLexiconTest, TheCanonicalTextIsAWatchlistOfTheSameVersion) {
  const auto watchlist = WithTypes(
      "{type: strike, terms: [grève, en lutte], lang: fr}, {type: data_breach, terms: ['#Leak', 'all our data']}");
  const auto again = MustParse(watchlist->canonical_text());
  EXPECT_EQ(again->canonical_text(), watchlist->canonical_text());
  EXPECT_EQ(again->own_types(), watchlist->own_types());
  EXPECT_EQ(Terms(*again, "grève #leak", "fr"), kFirstOwn | kBreachTerm);
  const auto other_order = WithTypes(
      "{type: data_breach, terms: 'All our data'}, {type: strike, terms: [en lutte], lang: FR}, {type: data_breach, "
      "terms: ['#leak']}, {type: strike, terms: [greve], lang: fr}");
  EXPECT_EQ(other_order->version(), watchlist->version());
  const auto plain = MustParse(kBrands);
  EXPECT_NE(plain->version(), watchlist->version());
  EXPECT_EQ(plain->brands()[0].config_hash, watchlist->brands()[0].config_hash) << "nobody learns anew for it";
}

TEST(TypeLexiconTest, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(std::string(Watchlist::Parse(absl::StrCat("types: strike", kBrands), "w.yaml").status().message()),
              HasSubstr("w.yaml:1:8: 'types' is not a list"));
  EXPECT_THAT(ErrorOf("{terms: [x]}"), HasSubstr("w.yaml:1:9: a group of 'types' without 'type'"));
  EXPECT_THAT(ErrorOf("{type: strike}"), HasSubstr("w.yaml:1:9: a group of 'types' without 'terms'"));
  EXPECT_THAT(ErrorOf("{type: Strike, terms: [x]}"), HasSubstr("w.yaml:1:16: 'Strike' is no type"));
  EXPECT_THAT(ErrorOf("{type: 1st, terms: [x]}"), HasSubstr("'1st' is no type"));
  EXPECT_THAT(ErrorOf(absl::StrCat("{type: ", std::string(41, 'a'), ", terms: [x]}")), HasSubstr("is no type"));
  EXPECT_THAT(ErrorOf("{type: spillover, terms: [x]}"), HasSubstr("w.yaml:1:16: no words tell the type 'spillover'"));
  EXPECT_THAT(ErrorOf("{type: safety, terms: [x]}"),
              HasSubstr("'safety' is the name of a class of built-in words; write product_safety"));
  EXPECT_THAT(ErrorOf("{type: anger, terms: [x]}"), HasSubstr("choose another name"));
  EXPECT_THAT(ErrorOf("{type: strike, terms: [x, X]}"), HasSubstr("w.yaml:1:35: 'x' is in the type 'strike' twice"));
  EXPECT_THAT(ErrorOf("{type: strike, terms: [x], lang: english}"), HasSubstr("'english' is no language"));
  EXPECT_THAT(ErrorOf("{type: strike, terms: [a b c d e f g h i]}"), HasSubstr("of 'types' has 9 words"));
  EXPECT_THAT(ErrorOf("{type: strike, terms: ['www.x.org']}"), HasSubstr("has a web address"));
  EXPECT_THAT(ErrorOf("{type: strike, terms: [x], weight: 1}"), HasSubstr("unknown key 'weight'"));
}

}  // namespace
}  // namespace tocsin
