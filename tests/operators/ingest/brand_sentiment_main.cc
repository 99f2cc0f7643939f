// tocsin-brand-sentiment WATCHLIST MODEL: reads lines of `language<TAB>text` and writes for each the brands that it
// mentions, as id:class:level, for the comparison with tests/oracle/brand_sentiment.py.
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/ingest/brand_sentiment.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/sentiment/sentiment_model.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: tocsin-brand-sentiment WATCHLIST MODEL < lines of language<TAB>text\n";
    return 2;
  }
  std::ifstream file(argv[1]);
  std::stringstream yaml;
  yaml << file.rdbuf();
  const auto watchlist = tocsin::Watchlist::Parse(yaml.str(), argv[1]);
  const auto model = tocsin::SentimentModel::Load(argv[2]);
  if (!watchlist.ok() || !model.ok()) {
    std::cerr << "tocsin-brand-sentiment: " << watchlist.status() << ' ' << model.status() << '\n';
    return 1;
  }
  std::ios::sync_with_stdio(false);
  tocsin::MatchScratch scratch;
  std::vector<tocsin::BrandMatch> matches;
  tocsin::BrandSentiment sentiment(model->get());
  for (std::string line; std::getline(std::cin, line);) {
    const std::string_view record = line;
    const size_t tab = record.find('\t');
    if (tab == std::string_view::npos) return 2;
    tocsin::Post post;
    post.language = record.substr(0, tab);
    post.text = record.substr(tab + 1);
    (*watchlist)->Match(post, &scratch, &matches);
    sentiment.Read(**watchlist, post, &scratch, matches);
    std::string shown;
    for (const tocsin::BrandMatch& match : matches) {
      const tocsin::Sentiment own = sentiment.Of(match);
      const bool classified = own.label != tocsin::SentimentClass::kUnclassified;
      absl::StrAppend(&shown, shown.empty() ? "" : " ", (*watchlist)->brands()[match.brand].id, ":",
                      static_cast<int>(own.label), ":", classified ? own.negativity : 0);
    }
    std::cout << shown << '\n';
  }
  return 0;
}
