#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"

extern std::atomic<size_t> allocations;

namespace tocsin {
namespace {

TEST(MatcherAllocationTest, MatchingAllocatesNothingInSteadyState) {
  std::string yaml = "brands:\n";
  for (int i = 0; i < 300; ++i) {
    absl::StrAppend(&yaml, "  - {id: b", i, ", name: B, official_accounts: [o", i, "], query: '\"brand", i,
                    " corp\" OR @b", i, " OR (word", i, " NEAR/5 {Corp}) OR pre", i,
                    "* OR tag:now OR url:recall NOT (lang:fr author:x)'}\n");
  }
  const auto watchlist = Watchlist::Parse(yaml, "test.yaml");
  ASSERT_TRUE(watchlist.ok()) << watchlist.status();

  std::mt19937_64 rng(3);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int w = 0; w < 20; ++w) {
      const auto n = rng() % 300;
      switch (rng() % 8) {
        case 0:
          absl::StrAppend(&text, "brand", n, " corp ");
          break;
        case 1:
          absl::StrAppend(&text, "@b", n, " ");
          break;
        case 2:
          absl::StrAppend(&text, "Word", n, " Corp ");
          break;
        case 3:
          absl::StrAppend(&text, "#PreNow", n, " ");
          break;
        case 4:
          absl::StrAppend(&text, "https://x.example/recall/", n, " ");
          break;
        case 5:
          absl::StrAppend(&text, "Été ", "東京 😀 ");
          break;
        default:
          absl::StrAppend(&text, "other", n, " boycott ");
      }
    }
    texts.push_back(text);
  }
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  const std::string_view tags[] = {"BoycottNow", "x"};
  const std::string_view urls[] = {"https://example.com/recall"};
  size_t matched = 0;
  const auto match_all = [&] {
    for (size_t i = 0; i < texts.size(); ++i) {
      Post post;
      post.text = texts[i];
      post.author_handle = i % 3 == 0 ? "o7" : "someone";
      if (i % 2 == 0) post.hashtags = tags;
      if (i % 5 == 0) post.urls = urls;
      (*watchlist)->Match(post, &scratch, &matches);
      matched += matches.size();
      matched += (scratch.TextFingerprint() & 1) + scratch.Terms(0);
    }
  };
  match_all();
  match_all();
  ASSERT_GT(matched, 10'000u);
  const size_t before = allocations;
  match_all();
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace tocsin
