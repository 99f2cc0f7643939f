// Posts that mention several brands, with the user's own words: reading them allocates nothing once buffers have grown.
#include <atomic>
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "operators/ingest/brand_sentiment.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/sentiment/sentiment_model.h"

extern std::atomic<size_t> allocations;  // counting_new.cc

namespace tocsin {
namespace {

TEST(BrandSentimentAllocationTest, TheSteadyStateAllocatesNothing) {
  const auto watchlist = Watchlist::Parse(
      "brands: [{id: a, name: A, query: acme}, {id: b, name: B, query: borealis, lexicon: [{terms: [late], weight: "
      "1}]},"
      " {id: c, name: C, query: '\"cedar air\"'}]\n"
      "lexicon: [{terms: [grounded, 'never again'], weight: -2}]\n",
      "watchlist.yaml");
  ASSERT_TRUE(watchlist.ok()) << watchlist.status();
  const std::vector<std::string> pieces = {"acme",     "borealis", "cedar air", "is great", "was awful", "never again",
                                           "grounded", "late",     ", but ",    ". ",       "; and ",    "to be fair"};
  std::mt19937_64 random(3);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (uint64_t words = random() % 24; words > 0; --words) {
      absl::StrAppend(&text, pieces[random() % pieces.size()], " ");
    }
    texts.push_back(text);
  }
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  BrandSentiment sentiment(&SentimentModel::Default());
  size_t mentions = 0;
  size_t several = 0;
  const auto read_all = [&] {
    for (const std::string& text : texts) {
      Post post;
      post.text = text;
      post.language = "en";
      matches.clear();
      (*watchlist)->Match(post, &scratch, &matches);
      sentiment.Read(**watchlist, post, &scratch, matches);
      for (const BrandMatch& match : matches) mentions += sentiment.Of(match).language.empty() ? 0U : 1U;
      several += matches.size() > 1 ? 1U : 0U;
    }
  };
  read_all();
  read_all();
  ASSERT_GT(several, 500u);
  ASSERT_GT(mentions, 1'000u);
  const size_t before = allocations;
  read_all();
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace tocsin
