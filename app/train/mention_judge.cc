#include "app/train/mention_judge.h"

#include "operators/ingest/brand_sentiment.h"
#include "operators/match/matcher.h"
#include "operators/parse/post.h"

namespace tocsin {

JudgedMentions JudgeMentions(const SentimentModel& model, const Watchlist& watchlist,
                             const std::vector<LabelledPost>& posts, std::string_view language) {
  JudgedMentions judged;
  BrandSentiment brand_sentiment(&model);
  MatchScratch scratch;
  std::vector<BrandMatch> matches;
  for (const LabelledPost& labelled : posts) {
    Post post;
    post.text = labelled.text;
    post.language = language;
    matches.clear();
    watchlist.Match(post, &scratch, &matches);
    if (matches.empty()) ++judged.unmatched;
    brand_sentiment.Read(watchlist, post, &scratch, matches);
    for (const BrandMatch& match : matches) {
      const Sentiment sentiment = brand_sentiment.Of(match);
      judged.judgements.push_back({.label = labelled.label,
                                   .predicted = static_cast<int>(sentiment.label),
                                   .negativity = sentiment.negativity,
                                   .scores = sentiment.scores});
    }
  }
  return judged;
}

}  // namespace tocsin
