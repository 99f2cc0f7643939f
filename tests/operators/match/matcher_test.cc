#include "operators/match/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Brands 0, 1, ... of the given queries.
class Queries {
 public:
  explicit Queries(std::vector<std::string> texts, std::vector<bool> topics = {}) : parsed_(texts.size()) {
    std::vector<Matcher::Source> sources;
    for (size_t i = 0; i < texts.size(); ++i) {
      QueryError error;
      EXPECT_TRUE(ParseQuery(texts[i], &parsed_[i], &error)) << ExplainQueryError(texts[i], error);
      sources.push_back({&parsed_[i], {}, i < topics.size() && topics[i]});
    }
    matcher_ = std::make_unique<Matcher>(sources);
  }

  std::vector<uint32_t> Match(const Post& post) {
    matcher_->Match(post, &scratch_, &matches_);
    std::vector<uint32_t> brands;
    for (const BrandMatch& match : matches_) brands.push_back(match.brand);
    return brands;
  }
  std::vector<uint32_t> Match(std::string_view text) {
    Post post;
    post.text = text;
    return Match(post);
  }

 private:
  std::vector<QueryNode> parsed_;
  std::unique_ptr<Matcher> matcher_;
  MatchScratch scratch_;
  std::vector<BrandMatch> matches_;
};

bool Matches(const std::string& query, std::string_view text) { return !Queries({query}).Match(text).empty(); }

struct Case {
  std::string query;
  std::vector<std::string> matching;
  std::vector<std::string> other;
};

TEST(MatcherTest, HandMadeCases) {
  const Case cases[] = {
      {"\"united airlines\" OR @united OR #united OR (united NEAR/5 (flight OR plane))",
       {"United Airlines broke my guitar", "UNITED, AIRLINES!", "thanks @United", "#UNITED",
        "my united\nflight is late", "the plane of the company united", "@united.bsky.social hi"},
       {"united we stand", "#unitedfail", "airlines united", "@unitedway", "flight one two three four five united",
        "mail@united.com"}},
      {"l'Oréal OR loreal",
       {"L’ORÉAL Paris", "le shampoing l'oreal", "#x loreal", "L'Ore\u0301al", "j'aime l' Oréal"},
       {"oreal", "#loreal", "l'or"}},
      {"3M", {"3M recalls masks", "(3m)", "3M's"}, {"3 M", "13m", "#3M", "3mm"}},
      {"{HP} OR @HP OR (hp NEAR/6 (printer OR laptop))",
       {"my HP died", "@hp help", "this hp laptop"},
       {"200 hp engine", "Hp sauce", "#HP"}},
      {"{BP} NOT (blood OR pressure OR \"bp monitor\")",
       {"BP oil spill", "Shame on BP!"},
       {"bp is high", "BP and blood tests", "my BP monitor"}},
      {"{Gap} OR @gap", {"Gap opens stores", "love @GAP jeans"}, {"the wage gap", "GAP year", "mind the gap"}},
      {"apple NOT (pie OR juice OR cider)", {"Apple's new phone"}, {"apple pie", "Apple recipe: cider"}},
      {"(orange OR {Orange}) AND (réseau OR fibre OR forfait)",
       {"Orange: plus de réseau !", "fibre orange en panne"},
       {"jus d'orange", "réseau SFR"}},
      {"{Total} OR totalenergies", {"Total augmente ses prix", "TotalEnergies"}, {"total mess", "TOTAL", "in total"}},
      {"monday.com OR @mondaydotcom",
       {"we moved to Monday.com", "monday com"},
       {"monday morning", "monday, community"}},
      {"zoom ONEAR/3 (call OR meeting)",
       {"a Zoom call", "zoom is our meeting tool"},
       {"call me, zoom in", "zoom lens"}},
      {"AT&T", {"AT&T is down", "at&amp;t", "AT & T"}, {"at amp t", "att", "at the"}},
      {"東京電力", {"今日は東京電力が停電", "東京 電力"}, {"東京の電力", "#東京電力"}},
      {"삼성 OR 갤럭시", {"삼성 폰", "새 갤럭시!"}, {"삼성전자"}},
      {"москва*", {"Москвабанк", "МОСКВА"}, {"московский"}},
      {"$UAL", {"buy $ual now", "$UAL."}, {"ual", "$UALX", "#UAL"}},
      {"tag:acme", {"#BoycottAcmeNow", "#boycott_acme", "#acme"}, {"acme", "#boycottacme", "@acme"}},
      {"tag:\"acme now\"", {"#BoycottAcmeNow"}, {"#AcmeBoycottNow", "#Acme #Now"}},
      {"site:example.com",
       {"http://example.com", "https://Shop.Example.com/x", "www.example.com."},
       {"example.com", "http://badexample.com", "http://example.com.evil.org", "http://x.org/example.com"}},
      {"url:\"acme/recall\"",
       {"https://news.org/acme/recall?id=1", "http://x.y/acme-recall"},
       {"acme recall", "http://acme.x/y"}},
      {"😀 OR 🇮🇹", {"ok😀", "forza 🇮🇹!"}, {"😃", "🇮🇳", "🇹🇮"}},
      {"\"new york\" NEAR/1 times", {"New York Times", "times, New York"}, {"new york daily times", "York times new"}},
      {"a NEAR/1 a", {"a a"}, {"a", "a b a"}},
      {"united NOT NOT airlines", {"united airlines"}, {"united"}},
      {"{É} OR {École}", {"É", "l'École"}, {"é", "E", "école", "E\u0301"}},
  };
  for (const Case& c : cases) {
    for (const std::string& text : c.matching) EXPECT_TRUE(Matches(c.query, text)) << c.query << "\n" << text;
    for (const std::string& text : c.other) EXPECT_FALSE(Matches(c.query, text)) << c.query << "\n" << text;
  }
}

TEST(MatcherTest, FieldsLookAtThePostAndNotAtItsText) {
  Queries queries({"acme lang:pt", "acme lang:pt-BR", "acme network:review rating:1..2", "acme is:repost", "author:joe",
                   "acme NOT author:joe", "acme lang:und"});
  Post post;
  post.text = "Acme";
  EXPECT_THAT(queries.Match(post), ElementsAre(5, 6));
  post.language = "pt_br";
  EXPECT_THAT(queries.Match(post), ElementsAre(0, 1, 5));
  post.language = "PT";
  post.kind = PostKind::kRepost;
  post.author_handle = "@Joe";
  EXPECT_THAT(queries.Match(post), ElementsAre(0, 3, 4));
  post.language = "ptx";
  post.network = Network::kReview;
  post.rating = 2;
  post.kind = PostKind::kReply;
  EXPECT_THAT(queries.Match(post), ElementsAre(2, 4));
  post.rating = 0;
  EXPECT_THAT(queries.Match(post), ElementsAre(4));
}

TEST(MatcherTest, EntitiesListedApartCountAndAreNearNothing) {
  Queries queries(
      {"#acme", "@acme", "site:acme.com", "\"bad #acme\"", "bad NEAR/9 #acme", "tag:acme", "#acme NEAR/9 @acme"});
  const std::string_view tags[] = {"ACME"};
  const std::string_view handles[] = {"acme"};
  const std::string_view urls[] = {"https://www.acme.com/x"};
  Post post;
  post.text = "bad";
  post.hashtags = tags;
  post.handles = handles;
  post.urls = urls;
  EXPECT_THAT(queries.Match(post), ElementsAre(0, 1, 2, 5));
  EXPECT_THAT(queries.Match("bad #acme @acme"), ElementsAre(0, 1, 3, 4, 5, 6));
  EXPECT_THAT(queries.Match("bad"), IsEmpty());
}

TEST(MatcherTest, TheLongestNameWins) {
  Queries queries({"6s", "\"6s plus\" OR 6splus", "\"6s plus max\"", "6s AND broke", "battery NOT 6s"});
  EXPECT_THAT(queries.Match("my 6s broke"), ElementsAre(0, 3));
  EXPECT_THAT(queries.Match("my 6S Plus broke"), ElementsAre(1));
  EXPECT_THAT(queries.Match("my 6s plus max broke"), ElementsAre(2));
  EXPECT_THAT(queries.Match("6s or 6s plus?"), ElementsAre(0, 1));
  EXPECT_THAT(queries.Match("6s plus battery"), ElementsAre(1));  // NOT sees what is hidden
}

TEST(MatcherTest, OnlyNamesHideAndOnlyOtherBrandsWords) {
  // "united states" is excluded by 1, and no name of 2 without "visa".
  Queries queries(
      {"united", "delta NOT \"united states\"", "\"united states\" AND visa", "\"@united airlines\"", "@united"});
  EXPECT_THAT(queries.Match("united states"), ElementsAre(0));
  EXPECT_THAT(queries.Match("@united airlines"), ElementsAre(3, 4));
  Queries own({"apple OR \"apple pie\"", "pie"});
  EXPECT_THAT(own.Match("apple pie"), ElementsAre(0));
  Queries shared({"apple AND fruit", "\"apple pie\"", "\"apple pie\" OR cake"});
  EXPECT_THAT(shared.Match("apple pie fruit"), ElementsAre(1, 2));
  Queries same({"\"apple pie\"", "\"apple pie\" OR cake"});
  EXPECT_THAT(same.Match("apple pie"), ElementsAre(0, 1));
}

TEST(MatcherTest, TopicsHideNothingAndAreNotHidden) {
  Queries queries({"airlines", "\"united airlines\"", "\"airlines strike\"", "strike"}, {true, false, true, false});
  EXPECT_THAT(queries.Match("united airlines strike"), ElementsAre(0, 1, 2, 3));
}

TEST(MatcherTest, AWordSharedByManyQueriesDoesNotMakeThemAllCandidates) {
  std::vector<std::string> texts;
  texts.reserve(1000);
  for (int i = 0; i < 1000; ++i) texts.push_back(absl::StrCat("\"the rare", i, "\" OR (the AND other", i, ")"));
  Queries queries(texts);
  EXPECT_THAT(queries.Match("the cat and the dog"), IsEmpty());
  EXPECT_THAT(queries.Match("the other7, the rare9"), ElementsAre(7, 9));
}

// Goal: no text makes evaluation quadratic. Method: a megabyte of the two sides of a NEAR that never are near enough,
// under names that hide them; quadratic would take minutes.
TEST(MatcherTest, LongTextsOfWatchedWordsTakeLinearTime) {
  Queries queries({"(a ONEAR/1 b) OR (c NEAR/1 d)", "\"c c c\"", "\"d d d\""});
  std::string text;
  for (int i = 0; i < 80'000; ++i) text += "b b x ";
  for (int i = 0; i < 80'000; ++i) text += "a x x ";
  for (int i = 0; i < 80'000; ++i) text += "c c c x d d d ";
  EXPECT_THAT(queries.Match(text), ElementsAre(1, 2));
}

TEST(MatcherTest, OneScratchServesSeveralWatchlists) {
  QueryNode a;
  QueryNode b;
  QueryError error;
  ASSERT_TRUE(ParseQuery("a OR x", &a, &error));
  ASSERT_TRUE(ParseQuery("b", &b, &error));
  const Matcher::Source one[] = {{&a, {}, false}};
  const Matcher::Source two[] = {{&b, {}, false}, {&a, {}, false}};
  const Matcher first(one);
  const Matcher second(two);
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  Post post;
  post.text = "a";
  for (int i = 0; i < 3; ++i) {
    first.Match(post, &scratch, &matches);
    ASSERT_THAT(matches, ElementsAre(::testing::Field(&BrandMatch::brand, 0)));
    second.Match(post, &scratch, &matches);
    ASSERT_THAT(matches, ElementsAre(::testing::Field(&BrandMatch::brand, 1)));
  }
}

}  // namespace
}  // namespace tocsin
