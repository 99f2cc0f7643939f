// What a post says of each brand that it mentions: the class of its stars or of its text, with the evidence of the
// user's own words (operators/match/tone_lexicon.h).
#pragma once

#include <span>

#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/parse/post.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

// Of one post: made where it has been matched, gone before the next. Borrows what it is given. Not thread-safe.
class BrandSentiment {
 public:
  // Classifies the post once, unless it has stars or none of `matches` is a mention. REQUIRES: `scratch` is as
  // `watchlist.Match(post)` left it.
  BrandSentiment(const SentimentModel& model, const Watchlist& watchlist, const Post& post, const MatchScratch& scratch,
                 std::span<const BrandMatch> matches);

  // Of the whole post, by the model alone.
  const Sentiment& whole() const { return whole_; }

  // For the brand of one of the matches.
  Sentiment Of(const BrandMatch& match) const;

 private:
  const SentimentModel& model_;
  const ToneLexicon* lexicon_;  // null where it decides nothing
  const MatchScratch& scratch_;
  Sentiment whole_;
};

}  // namespace tocsin
