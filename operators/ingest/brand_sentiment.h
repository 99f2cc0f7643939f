// What a post says of each brand that it mentions: the class of its stars, or of the part of its text that is about the
// brand (operators/ingest/aspect.h), with the evidence of the user's own words (operators/match/tone_lexicon.h).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "operators/ingest/aspect.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/parse/post.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

// Keeps its buffers, so that the steady state allocates nothing. Not thread-safe: a chain has its own.
class BrandSentiment {
 public:
  // More brands than these in one post are a list, and the whole post is about each.
  static constexpr size_t kMaxAspects = 8;
  // A part with fewer words of its own that is neither negative nor positive says too little to decide.
  static constexpr size_t kFewWords = 3;

  // `model` must outlive this.
  explicit BrandSentiment(const SentimentModel* model) : model_(*model) {}

  // Takes a post that has been matched; classifies its text, once, unless it has stars or none of `matches` is a
  // mention. Looks for names only where it mentions several brands. Borrows all of it until the next call. REQUIRES:
  // `scratch` is as `watchlist.Match(post)` left it.
  void Read(const Watchlist& watchlist, const Post& post, MatchScratch* scratch, std::span<const BrandMatch> matches);

  // Of the whole post, by the model alone.
  const Sentiment& whole() const { return whole_; }

  // For the brand of one of the matches. Classifies up to three parts where the post mentions several brands.
  Sentiment Of(const BrandMatch& match);

 private:
  void FindAspects(const Watchlist& watchlist, const Post& post, MatchScratch* scratch,
                   std::span<const BrandMatch> matches);
  Sentiment Shifted(const Sentiment& sentiment, std::span<const TokenSpan> tokens, uint32_t brand) const;

  const SentimentModel& model_;
  AspectFinder aspects_;
  std::vector<TokenSpan> spans_;
  std::vector<NameSpan> names_;

  // Of the post.
  const ToneLexicon* lexicon_ = nullptr;  // null where it decides nothing
  const Tokenizer* tokenizer_ = nullptr;
  int strongest_ = 0;  // border that parts its names; 0: the whole post is about each brand
  Sentiment whole_;
};

}  // namespace tocsin
