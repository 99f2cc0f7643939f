// What a synthetic firehose is to contain: brands with rates and moods, a daily rhythm, and events with known onsets.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin {

struct ScenarioBrand {
  std::string id;
  std::string name;    // as people write it
  std::string handle;  // without '@', also used as hashtag
  std::string query;
  double per_minute = 1;   // mean over a day
  double negative = 0.15;  // shares of the mentions; the rest is neutral
  double positive = 0.25;
};

struct ScenarioEvent {
  enum class Kind : uint8_t {
    kCrisis,   // negative posts by ever more people
    kSurge,    // as many posts, in good spirits
    kSpam,     // one author and a copied text, negative
    kReposts,  // one negative post reposted
  };
  Kind kind = Kind::kCrisis;
  size_t brand = 0;
  int64_t onset_ms = 0;           // since the start of the firehose
  int64_t rise_ms = 30 * 60'000;  // linear, to the peak
  int64_t hold_ms = 30 * 60'000;
  int64_t half_life_ms = 40 * 60'000;  // of the decay
  double factor = 10;                  // peak over the brand's mean rate
  double negative = 0.6;               // share of negative among the additional posts (kSurge: of positive)
};

struct Scenario {
  uint64_t seed = 1;
  int64_t start_ms = 0;  // event time of the first post, epoch
  int64_t duration_ms = 3'600'000;
  std::vector<ScenarioBrand> brands;
  std::vector<ScenarioEvent> events;
  double unmatched_per_minute = 600;  // posts about nothing that is watched, mean over a day
  double daily_amplitude = 0.5;       // rate(t) = mean * (1 + amplitude * sin), lowest at 4 h UTC
  double dispersion = 1.5;            // variance over mean of a brand's posts per minute
  double repost_share = 0.2;
  double second_network = 0.3;  // share of posts in the generic form, as network "mastodon"
  double french = 0.15;
  double italian = 0.1;
  int32_t post_bytes = 2'500;  // of the Twitter-shaped posts, about
  double duplicates = 0;       // share of posts delivered twice
  double malformed = 0;        // share of additional records that are no posts
  int64_t disorder_ms = 0;     // a post is delivered at most so much later than one that is younger
  std::vector<double> partition_weights = {1};
  // One partition says nothing for a while (its posts go to the others).
  int32_t silent_partition = -1;
  int64_t silent_from_ms = 0;
  int64_t silent_for_ms = 0;
};

// `brands` brands with Zipf popularity whose mentions are `matched_share` of all, `posts` posts in all.
Scenario MixedScenario(uint64_t seed, int64_t posts, int64_t duration_ms, int32_t brands, double matched_share);

// The demo's: twelve brands; a day to learn from, then a crisis, a positive surge and a spam flood, each of another
// brand. Brand, onset and shape vary with the seed.
Scenario DemoScenario(uint64_t seed, int64_t history_ms, double posts_per_minute);

// A watchlist for the scenario's brands, as YAML.
std::string WatchlistYaml(const Scenario& scenario);

}  // namespace tocsin
