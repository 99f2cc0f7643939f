// Classifies labelled posts as ingest does: for each brand of a watchlist that they mention, by the part of the text
// that is about it and with the watchlist's own words (operators/ingest/brand_sentiment.h).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "app/train/evaluation.h"
#include "app/train/labelled_posts.h"
#include "operators/match/watchlist.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {

struct JudgedMentions {
  std::vector<Judgement> judgements;  // one a mention, in the order of the posts
  size_t unmatched = 0;               // posts that mention no brand, which the service would not classify
};

// `language` of all posts; empty: each is guessed.
[[nodiscard]] JudgedMentions JudgeMentions(const SentimentModel& model, const Watchlist& watchlist,
                                           const std::vector<LabelledPost>& posts, std::string_view language);

}  // namespace tocsin
