// The scenarios that need no file.
#pragma once

#include <cstdint>

#include "app/generate/scenario.h"

namespace tocsin {

// `brands` brands with Zipf popularity whose mentions are `matched_share` of all, `posts` posts in all, no events.
Scenario MixedScenario(uint64_t seed, int64_t posts, int64_t duration_ms, int32_t brands, double matched_share);

// The demo's: twelve brands; a day to learn from, then a crisis, a positive surge and a spam flood, each
// of another brand. Brand, onset and shape vary with the seed.
Scenario DemoScenario(uint64_t seed, int64_t history_ms, double posts_per_minute);

// A second stream, of the generic shape, for `share` of all posts.
void AddGenericStream(double share, Scenario* scenario);

}  // namespace tocsin
