#include "operators/ingest/brand_sentiment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

std::shared_ptr<const Watchlist> MustParse(std::string_view yaml) {
  auto watchlist = Watchlist::Parse(yaml, "w.yaml");
  EXPECT_TRUE(watchlist.ok()) << watchlist.status();
  return watchlist.ok() ? *watchlist : nullptr;
}

Post TextPost(std::string_view text, std::string_view language = "en") {
  Post post;
  post.text = text;
  post.language = language;
  return post;
}

// Of each brand that the post mentions, in their order.
std::vector<Sentiment> Decide(const Watchlist& watchlist, const Post& post) {
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  watchlist.Match(post, &scratch, &matches);
  BrandSentiment sentiment(&SentimentModel::Default());
  sentiment.Read(watchlist, post, &scratch, matches);
  std::vector<Sentiment> decided;
  decided.reserve(matches.size());
  for (const BrandMatch& match : matches) decided.push_back(sentiment.Of(match));
  return decided;
}

constexpr std::string_view kPlain = "brands: [{id: a, name: A, query: acme}, {id: b, name: B, query: acme OR beta}]";
constexpr std::string_view kWords =
    "lexicon: [{terms: [grounded], weight: -4}]\n"
    "brands: [{id: a, name: A, query: acme}, {id: b, name: B, query: acme OR beta, lexicon: "
    "[{terms: [grounded], weight: 4}]}]";

TEST(BrandSentimentTest, WithoutALexiconAllBrandsGetWhatTheModelSays) {
  const auto watchlist = MustParse(kPlain);
  for (const std::string_view text : {"acme is great", "acme is awful", "acme opens at nine", "acme", ""}) {
    for (const Sentiment& each : Decide(*watchlist, TextPost(text))) {
      EXPECT_EQ(each.scores, SentimentModel::Default().Classify(text, "en").scores) << text;
    }
  }
}

TEST(BrandSentimentTest, TheUsersWordsDecideForEachBrandItsOwnWay) {
  const std::string_view text = "acme keeps its planes grounded on monday";
  EXPECT_EQ(Decide(*MustParse(kPlain), TextPost(text)).at(0).label, SentimentClass::kNeutral);
  const std::vector<Sentiment> decided = Decide(*MustParse(kWords), TextPost(text));
  ASSERT_EQ(decided.size(), 2u);
  EXPECT_EQ(decided[0].label, SentimentClass::kNegative);
  EXPECT_EQ(decided[1].label, SentimentClass::kPositive);
  EXPECT_GT(decided[0].negativity, decided[1].negativity);
}

TEST(BrandSentimentTest, StarsDecideWhateverTheWordsSay) {
  Post post = TextPost("acme grounded");
  post.rating = 5;
  EXPECT_EQ(Decide(*MustParse(kWords), post).at(0).label, SentimentClass::kPositive);
}

TEST(BrandSentimentTest, WordsDoNotMakeAnUncoveredLanguageCovered) {
  const std::vector<Sentiment> decided = Decide(*MustParse(kWords), TextPost("acme grounded", "nl"));
  EXPECT_EQ(decided.at(0).label, SentimentClass::kUnclassified);
}

TEST(BrandSentimentTest, AnAnswerOfTheBrandsOwnIsNotClassified) {
  const auto watchlist =
      MustParse("brands: [{id: a, name: A, query: acme, official_accounts: [acme], lexicon: [{terms: x, weight: 1}]}]");
  Post post = TextPost("we are sorry, this is awful x");
  post.author_handle = "acme";
  EXPECT_EQ(Decide(*watchlist, post).at(0).label, SentimentClass::kUnclassified);
}

// What is decided for acme, borealis and whatever else the post mentions: "+-".
std::string Signs(std::string_view text, std::string_view language = "en", std::string_view more = "") {
  const auto watchlist = MustParse(absl::StrCat(
      R"({brands: [{id: a, name: A, query: 'acme OR "acme corp" OR @acme'}, {id: b, name: B, query: borealis})", more,
      "]}"));
  std::string signs;
  for (const Sentiment& each : Decide(*watchlist, TextPost(text, language))) {
    signs.push_back("-=+?"[static_cast<size_t>(each.label)]);
  }
  return signs;
}

TEST(BrandSentimentTest, EachBrandGetsTheSentimentOfTheClauseAroundIt) {
  EXPECT_EQ(Signs("Acme is great but Borealis is awful"), "+-");
  EXPECT_EQ(Signs("Acme is awful but Borealis is great"), "-+");
  EXPECT_EQ(Signs("Borealis is awful! I love @acme"), "+-");
  EXPECT_EQ(Signs("Acme est génial mais Borealis est nul", "fr"), "+-");
  EXPECT_EQ(Signs("Acme è ottima, Borealis è pessima", "it"), "+-");
}

TEST(BrandSentimentTest, AnUnknownLanguageIsThatOfTheWholePost) {
  EXPECT_EQ(Signs("What a wonderful evening with Acme, thank you so much. Borealis is awful, never again", "und"),
            "+-");
}

TEST(BrandSentimentTest, AClauseThatHoldsTooLittleLeavesItToTheWhole) {
  EXPECT_EQ(Signs("Acme and Borealis are both terrible"), "--");
  EXPECT_EQ(Signs("I love Acme, Borealis"), "++");
}

TEST(BrandSentimentTest, TheUsersWordsCountInTheClauseTheyAreIn) {
  const std::string_view text = "Acme keeps its planes grounded on monday, Borealis flies to Turin on tuesday";
  EXPECT_EQ(Signs(text), "==");
  EXPECT_EQ(Signs(text, "en", "], lexicon: [{terms: [grounded], weight: -4}"), "-=");
}

TEST(BrandSentimentTest, ATopicIsAboutTheWholePost) {
  const std::string_view text = "Acme is great but Borealis is awful";
  const std::string signs = Signs(text, "en", ", {id: t, name: T, kind: topic, query: great}");
  const Sentiment whole = SentimentModel::Default().Classify(text, "en");
  EXPECT_EQ(signs, absl::StrCat("+-", std::string(1, "-=+?"[static_cast<size_t>(whole.label)])));
}

TEST(BrandSentimentTest, NothingOfOnePostIsLeftForTheNext) {
  const auto watchlist = MustParse("brands: [{id: a, name: A, query: acme}, {id: b, name: B, query: borealis}]");
  BrandSentiment sentiment(&SentimentModel::Default());
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  for (const std::string_view text : {"Acme is great but Borealis is awful", "Acme is awful", "Borealis is great"}) {
    const Post post = TextPost(text);
    watchlist->Match(post, &scratch, &matches);
    sentiment.Read(*watchlist, post, &scratch, matches);
    const std::vector<Sentiment> expected = Decide(*watchlist, post);
    for (size_t i = 0; i < matches.size(); ++i) {
      EXPECT_EQ(sentiment.Of(matches[i]).scores, expected[i].scores) << text;
    }
  }
}

}  // namespace
}  // namespace tocsin
