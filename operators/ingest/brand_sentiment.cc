#include "operators/ingest/brand_sentiment.h"

#include <algorithm>

#include "operators/match/tone_lexicon.h"

namespace tocsin {

BrandSentiment::BrandSentiment(const SentimentModel& model, const Watchlist& watchlist, const Post& post,
                               const MatchScratch& scratch, std::span<const BrandMatch> matches)
    : model_(model), lexicon_(nullptr), scratch_(scratch) {
  if (post.rating > 0) {
    whole_.label = ClassifyRating(post.rating);
  } else if (!std::ranges::all_of(matches, &BrandMatch::official)) {
    whole_ = model.Classify(post.text, post.language);
    lexicon_ = watchlist.tone_lexicon();
  }
}

Sentiment BrandSentiment::Of(const BrandMatch& match) const {
  if (lexicon_ == nullptr || whole_.language.empty()) return whole_;
  const Tokenizer& tokenizer = scratch_.tokenizer();
  return model_.Shift(whole_, lexicon_->Weight(tokenizer, 0, tokenizer.text_tokens(), match.brand, whole_.language));
}

}  // namespace tocsin
