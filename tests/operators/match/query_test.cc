#include "operators/match/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

std::string Canonical(std::string_view query) {
  QueryNode root;
  QueryError error;
  if (!ParseQuery(query, &root, &error)) return ExplainQueryError(query, error);
  return PrintQuery(root);
}

TEST(QueryTest, PrintsCanonically) {
  EXPECT_EQ(Canonical("\"United Airlines\" OR @United OR #UNITED OR (united NEAR/5 (flight OR plane))"),
            "\"united airlines\" OR @united OR #united OR united NEAR/5 (flight OR plane)");
  EXPECT_EQ(Canonical("  a  b c "), "a AND b AND c");
  EXPECT_EQ(Canonical("a b OR c d"), "a AND b OR c AND d");
  EXPECT_EQ(Canonical("a AND (b OR c)"), "a AND (b OR c)");
  EXPECT_EQ(Canonical("((a OR (b)) OR (c OR d))"), "a OR b OR c OR d");
  EXPECT_EQ(Canonical("a NOT b"), "a AND NOT b");
  EXPECT_EQ(Canonical("a NOT (b OR NOT c)"), "a AND NOT (b OR NOT c)");
  EXPECT_EQ(Canonical("a NOT b ONEAR/3 c"), "a AND NOT b ONEAR/3 c");
  EXPECT_EQ(Canonical("coca-cola l’Oréal"), "\"coca cola\" AND \"l oreal\"");
  EXPECT_EQ(Canonical("{Gap} {New  York!}"), "{Gap} AND {New York}");
  EXPECT_EQ(Canonical("Unit* #Boy*"), "unit* AND #boy*");
  EXPECT_EQ(Canonical("“Acme” AND \"or\""), "acme AND \"or\"");
  EXPECT_EQ(Canonical("acme lang:pt-BR network:Twitter is:repost rating:>=4 rating:2"),
            "acme AND lang:pt-br AND network:twitter AND is:repost AND rating:4..5 AND rating:2");
  EXPECT_EQ(Canonical("author:@Joe site:www.Example.com url:\"a.com/b\" tag:Acme"),
            "author:\"joe\" AND site:\"example.com\" AND url:\"a com b\" AND tag:\"acme\"");
  EXPECT_EQ(Canonical("author:@@joe"), "author:\"joe\"");
  EXPECT_EQ(Canonical("site:www.www.example.com"), "site:\"example.com\"");
  EXPECT_EQ(Canonical("7:30 $UAL 😀"), "\"7 30\" AND $ual AND 😀");
}

struct BadQuery {
  std::string query;
  std::string place;
  std::string what;
};

TEST(QueryTest, BadQueriesAreRefusedWithPlaceReasonAndCaret) {
  const BadQuery cases[] = {
      {"", "1:1", "empty"},
      {"   ", "1:1", "empty"},
      {"(a OR b", "1:1", "not closed"},
      {"a OR b)", "1:7", "')' without '('"},
      {"a OR", "1:5", "ends where a term is due"},
      {"OR a", "1:1", "'OR' where a term is due"},
      {"a AND OR b", "1:7", "'OR' where a term is due"},
      {"()", "1:1", "empty group"},
      {"a \"b c", "1:3", "quote that is not closed"},
      {"{A b", "1:1", "'{' that is not closed"},
      {"a } b", "1:3", "'}' without '{'"},
      {"\"\"", "1:2", "no word"},
      {"a OR !!!", "1:6", "no word"},
      {"a or b", "1:3", "neither an operator nor"},
      {"a near/5 b", "1:3", "neither an operator nor"},
      {"a && b", "1:3", "no operator"},
      {"a -b", "1:3", "starts with '-'"},
      {"a NEAR b", "1:3", "no distance"},
      {"a NEAR/0 b", "1:3", "no distance"},
      {"a NEAR/500 b", "1:3", "no distance"},
      {"a NEAR/2 b NEAR/2 c", "1:12", "NEAR after NEAR"},
      {"(a AND b) NEAR/2 c", "1:1", "can't measure"},
      {"a NEAR/2 lang:en", "1:10", "can't measure"},
      {"a NEAR/2 NOT b", "1:10", "NOT can't be a side"},
      {"NOT a", "1:1", "only excludes"},
      {"a OR NOT b", "1:6", "only excludes"},
      {"a OR (NOT b NOT c)", "1:6", "no word that must be present"},
      {"lang:en", "1:1", "no word that must be present"},
      {"é OR lang:en rating:1", "1:6", "no word that must be present"},
      {"a lang:english", "1:8", "not a language"},
      {"a lang:", "1:3", "without a value"},
      {"a network:myspace", "1:11", "unknown network"},
      {"a is:retweet", "1:6", "unknown kind"},
      {"a rating:6", "1:10", "not in 1 to 5"},
      {"a rating:4..2", "1:10", "not in 1 to 5"},
      {"a country:it", "1:3", "unknown field"},
      {"site:example.com/path", "1:6", "not a host"},
      {"site:www...example.com", "1:6", "not a host"},
      {"site:\xCC\x81", "1:6", "not a host"},
      {"http://example.com", "1:1", "is a URL"},
      {"un*ted", "1:3", "inside a word"},
      {"u*", "1:1", "too short"},
      {"coca-col*", "1:1", "prefix of several words"},
      {"\"a b\"*", "1:6", "prefix of a phrase"},
      {"\"a b\"~5", "1:6", "after a phrase"},
      {"#1", "1:1", "no hashtag"},
      {"@é", "1:1", "no hashtag, handle"},
      {"a\nOR (b\n", "2:4", "not closed"},
  };
  for (const BadQuery& bad : cases) {
    QueryNode root;
    QueryError error;
    ASSERT_FALSE(ParseQuery(bad.query, &root, &error)) << bad.query;
    const std::string message = ExplainQueryError(bad.query, error);
    EXPECT_THAT(message, ::testing::StartsWith(bad.place + ": ")) << bad.query;
    EXPECT_THAT(message, HasSubstr(bad.what)) << bad.query;
    EXPECT_FALSE(error.remedy.empty()) << bad.query;
  }
  QueryNode root;
  QueryError error;
  ASSERT_FALSE(ParseQuery("né OR lang:en", &root, &error));
  EXPECT_THAT(ExplainQueryError("né OR lang:en", error), ::testing::EndsWith("\n  né OR lang:en\n        ^"));
}

TEST(QueryTest, LimitsDepthSizeAndPhraseLength) {
  const std::string deep = absl::StrCat(std::string(1000, '('), "a", std::string(1000, ')'));
  EXPECT_THAT(Canonical(deep), HasSubstr("more than 64 levels"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "NOT ";
  EXPECT_THAT(Canonical("a AND " + nots + "b"), HasSubstr("more than 64 levels"));
  EXPECT_EQ(Canonical(absl::StrCat(std::string(60, '('), "a", std::string(60, ')'))), "a");
  std::string phrase;
  for (int i = 0; i < 33; ++i) phrase += "w ";
  EXPECT_THAT(Canonical("\"" + phrase + "\""), HasSubstr("a phrase of 33 words"));
  EXPECT_THAT(Canonical(std::string(70'000, 'a')), HasSubstr("a query of 70000 bytes"));
}

// Goal: no text crashes the parser, and what it accepts prints to something with the same meaning.
// Method: random sequences of the language's own pieces; printing the parse of the print changes nothing.
// Other processes read the canonical text: what it says must be good where what was written is.
TEST(QueryTest, LimitsTheSizeOfTheCanonicalText) {
  std::string query;
  while (query.size() + 8 < kMaxQueryBytes * 3 / 4) absl::StrAppend(&query, query.empty() ? "" : " OR ", "(x y z)");
  QueryNode root;
  QueryError error;
  ASSERT_LT(query.size(), kMaxQueryBytes);
  EXPECT_FALSE(ParseQuery(query, &root, &error));
  EXPECT_THAT(error.what, ::testing::HasSubstr("once written out"));
  query.resize(query.size() / 2);
  query.resize(query.rfind(" OR "));
  ASSERT_TRUE(ParseQuery(query, &root, &error));
  EXPECT_TRUE(ParseQuery(PrintQuery(root), &root, &error));
}

TEST(QueryTest, RandomTextIsRefusedOrPrintsToAFixedPoint) {
  static constexpr std::string_view kPieces[] = {
      "a",          "United",   "É",         "東京", "😀",       " ",       " ",        " ",    " OR ", " AND ",
      " NOT ",      "(",        ")",         "\"",   "{",       "}",       "#",        "@",    "$",    "*",
      "~",          " NEAR/2 ", " ONEAR/9 ", "NEAR", "lang:en", "author:", "site:a.b", "url:", "tag:", "rating:1",
      "is:reply",   "½",        "㏂",        "'",    "-",       "and",     "\xFF",     "“",    "”",    "&amp;",
      "http://x.y", ":",        "\n",        "ﷺ",    "\u0301",  "か\u3099"};
  std::mt19937_64 rng(11);
  int accepted = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string query;
    for (size_t n = 1 + rng() % 9; n > 0; --n) query += kPieces[rng() % std::size(kPieces)];
    QueryNode root;
    QueryError error;
    if (!ParseQuery(query, &root, &error)) {
      ASSERT_LE(error.offset, query.size());
      ASSERT_FALSE(ExplainQueryError(query, error).empty());
      continue;
    }
    ++accepted;
    const std::string printed = PrintQuery(root);
    QueryNode again;
    ASSERT_TRUE(ParseQuery(printed, &again, &error)) << query << " -> " << printed << ": " << error.what;
    ASSERT_EQ(PrintQuery(again), printed) << query;
  }
  EXPECT_GT(accepted, 5'000);
}

}  // namespace
}  // namespace tocsin
