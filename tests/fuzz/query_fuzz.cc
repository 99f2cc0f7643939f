// Queries: what parses prints to something that parses to the same, and is matched without looking outside the post.
//
// Input: the query, a zero byte, the text of a post.
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/match/matcher.h"
#include "operators/match/query.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {
namespace {

std::vector<BrandMatch> MatchesOf(const QueryNode& query, std::string_view text) {
  static auto* const scratch = new MatchScratch();
  const Matcher::Source source{.query = &query, .official_accounts = {}};
  const Matcher matcher({&source, 1});
  std::vector<BrandMatch> matches;
  Post post;
  post.id = "1";
  post.text = text;
  post.language = "en";
  post.author_handle = "someone";
  const std::string_view listed[] = {text.substr(0, text.size() / 2)};
  post.hashtags = post.urls = listed;
  matcher.Match(post, scratch, &matches);
  return matches;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const std::string_view query :
       {R"("united airlines" OR @united OR #united OR (united NEAR/5 (flight OR plane)))",
        R"({Apple} AND NOT (pie OR cider) lang:en)", R"(tag:"crisis time" url:"example com" site:example.com)",
        R"(author:someone rating:1..3 is:reply network:twitter boycott*)", "“l’Oréal” ONEAR/3 $OR OR 東京 OR 😀",
        "NOT NOT a b -c | d & !e", "((((a))))", "a NEAR/101 b", "\"open"}) {
    seeds.push_back(absl::StrCat(query, std::string_view("\0", 1), "the United flight, #UnitedAirlines @united"));
  }
  return seeds;
}

void FuzzOne(std::string_view input) {
  const std::pair<std::string_view, std::string_view> parts = absl::StrSplit(input, absl::MaxSplits('\0', 1));
  const auto& [query, text] = parts;
  for (const bool keep_accents : {false, true}) {
    const QueryOptions options{keep_accents};
    QueryNode root;
    QueryError error;
    if (!ParseQuery(query, options, &root, &error)) {
      CHECK_LE(error.offset, query.size());
      CHECK(!error.what.empty() && !error.remedy.empty() && !ExplainQueryError(query, error).empty());
      return;
    }
    const std::string printed = PrintQuery(root);
    QueryNode again;
    CHECK(ParseQuery(printed, options, &again, &error)) << printed << ": " << error.what;
    CHECK_EQ(PrintQuery(again), printed);
    CHECK_EQ(MatchesOf(root, text).size(), MatchesOf(again, text).size()) << printed;
  }
}

}  // namespace tocsin
