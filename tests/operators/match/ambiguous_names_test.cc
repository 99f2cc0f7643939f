// Names that are words, in six languages: ambiguous_names.yaml against the posts of ambiguous_names.txt.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"

namespace tocsin {
namespace {

constexpr char kWatchlist[] = "tests/operators/match/ambiguous_names.yaml";
constexpr char kPosts[] = "tests/operators/match/ambiguous_names.txt";

std::string ReadFile(const char* path) {
  std::ifstream file(path);
  std::stringstream buffer;
  buffer << file.rdbuf();
  return buffer.str();
}

struct Case {
  std::string brand;
  std::string language;
  char expected;
  std::string text;
};

std::vector<Case> ReadCases() {
  std::vector<Case> cases;
  const std::string file = ReadFile(kPosts);
  for (const std::string_view line : absl::StrSplit(file, '\n', absl::SkipEmpty())) {
    if (line.front() == '#') continue;
    const std::vector<std::string> fields = absl::StrSplit(line, absl::MaxSplits(' ', 3));
    EXPECT_EQ(fields.size(), 4u) << line;
    cases.push_back({fields[0], fields[1], fields[2].front(), fields[3]});
  }
  return cases;
}

std::string Describe(const MatchExplanation& explanation) {
  std::string text = absl::StrCat("score ", explanation.score, " clear ", explanation.clear);
  for (const std::string& term : explanation.terms) absl::StrAppend(&text, " ", term);
  for (const ContextHit& hit : explanation.context) {
    absl::StrAppend(&text, " [", hit.term, " ", hit.weight, hit.counts ? "]" : " in another language]");
  }
  return text;
}

TEST(AmbiguousNamesTest, TellsTheBrandFromTheWordInSixLanguages) {
  const auto watchlist = Watchlist::Parse(ReadFile(kWatchlist), kWatchlist);
  ASSERT_TRUE(watchlist.ok()) << watchlist.status().message();
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  std::map<std::pair<std::string, std::string>, std::set<char>> covered;
  for (const Case& c : ReadCases()) {
    Post post;
    post.text = c.text;
    post.language = c.language;
    (*watchlist)->Match(post, &scratch, &matches);
    char found = '-';
    uint32_t brand = 0;
    while ((*watchlist)->brands()[brand].id != c.brand) ++brand;
    for (const BrandMatch& match : matches) {
      if (match.brand == brand) found = match.ambiguity > 0 ? '?' : '+';
    }
    const MatchExplanation explanation = (*watchlist)->Explain(post, brand, &scratch);
    EXPECT_EQ(found, c.expected) << c.brand << " " << c.language << ": " << c.text << "\n" << Describe(explanation);
    const char explained = explanation.outcome == MatchExplanation::Outcome::kMatched     ? '+'
                           : explanation.outcome == MatchExplanation::Outcome::kAmbiguous ? '?'
                                                                                          : '-';
    EXPECT_EQ(explained, found) << c.text;
    covered[{c.brand, c.language}].insert(c.expected);
  }
  EXPECT_EQ(covered.size(), (*watchlist)->brands().size() * 6);
  for (const auto& [key, kinds] : covered) {
    EXPECT_TRUE(kinds.contains('+') && kinds.contains('-')) << key.first << " " << key.second;
  }
}

}  // namespace
}  // namespace tocsin
