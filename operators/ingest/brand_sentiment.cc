#include "operators/ingest/brand_sentiment.h"

#include <algorithm>

#include "operators/match/tone_lexicon.h"

namespace tocsin {

void BrandSentiment::Read(const Watchlist& watchlist, const Post& post, MatchScratch* scratch,
                          std::span<const BrandMatch> matches) {
  whole_ = {};
  lexicon_ = nullptr;
  strongest_ = 0;
  tokenizer_ = &scratch->tokenizer();
  if (post.rating > 0) {
    whole_.label = ClassifyRating(post.rating);
  } else if (!std::ranges::all_of(matches, &BrandMatch::official)) {
    whole_ = model_.Classify(post.text, post.language);
    if (whole_.language.empty()) return;
    lexicon_ = watchlist.tone_lexicon();
    if (matches.size() > 1) FindAspects(watchlist, post, scratch, matches);
  }
}

void BrandSentiment::FindAspects(const Watchlist& watchlist, const Post& post, MatchScratch* scratch,
                                 std::span<const BrandMatch> matches) {
  const auto is_named = [&](const BrandMatch& match) {
    return !match.official && !watchlist.brands()[match.brand].topic;
  };
  const auto named = static_cast<size_t>(std::ranges::count_if(matches, is_named));
  if (named < 2 || named > kMaxAspects) return;
  names_.clear();
  for (const BrandMatch& match : matches) {
    if (!is_named(match)) continue;
    spans_.clear();
    watchlist.FindNames(post, match.brand, scratch, &spans_);
    for (const TokenSpan& span : spans_) names_.push_back({span, match.brand});
  }
  aspects_.Find(*tokenizer_, post.text, names_, whole_.language);
  strongest_ = aspects_.strongest();
}

Sentiment BrandSentiment::Shifted(const Sentiment& sentiment, std::span<const TokenSpan> tokens, uint32_t brand) const {
  if (lexicon_ == nullptr) return sentiment;
  return model_.Shift(sentiment, lexicon_->Weight(*tokenizer_, tokens, brand, sentiment.language));
}

Sentiment BrandSentiment::Of(const BrandMatch& match) {
  size_t before = 0;
  for (int level = AspectFinder::kFinest; level <= strongest_; ++level) {
    const Aspect& aspect = aspects_.Of(match.brand, level);
    // A coarser part that is no longer is the same one.
    if (aspect.words == 0 || aspect.text.size() == before) continue;
    before = aspect.text.size();
    const Sentiment part = Shifted(model_.Classify(aspect.text, whole_.language), aspect.tokens, match.brand);
    const bool has_tone = part.label == SentimentClass::kNegative || part.label == SentimentClass::kPositive;
    if (has_tone || aspect.words >= kFewWords) return part;
  }
  const TokenSpan all{0, static_cast<uint32_t>(tokenizer_->text_tokens())};
  return Shifted(whole_, {&all, 1}, match.brand);
}

}  // namespace tocsin
