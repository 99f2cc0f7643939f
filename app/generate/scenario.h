// What a synthetic firehose is to contain: brands with rates and moods, rhythms of day and week, streams with their
// defects, and events with known onsets.
//
// Where things are, in the order in which a post comes to be:
//
//   scenario_reader, event_reader   YAML -> Scenario          built_in_scenarios   mixed, demo
//   intensity                       Scenario, time -> posts a minute (cycles, shapes of events)
//   planner                         seconds of event time -> PlannedPosts in the order of their delivery
//   composer                        PlannedPost -> PostFields: author, language, text (texts, labelled_texts)
//   network_posts                   PostFields -> a record in the shape of its network; malformed spoils some
//   firehose                        all of this, one record at a time; truth counts what was delivered
//   record_sink                     records -> files or topics
//
// One thread and one random sequence plan everything; what a post's text becomes hangs on its own seed alone. So the
// bytes follow from scenario and seed, whatever is done with them. Memory follows the rate and the longest delay, not
// the length. From planner to sink nothing is allocated per post in steady state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

enum class Mood : uint8_t { kNegative = 0, kNeutral = 1, kPositive = 2 };
inline constexpr size_t kMoods = 3;
std::string_view MoodName(Mood mood);  // "negative"

enum class PostLanguage : uint8_t { kEnglish, kFrench, kItalian, kGerman, kSpanish, kPortuguese };
inline constexpr size_t kPostLanguages = 6;
std::string_view LanguageTag(PostLanguage language);  // "en"
std::optional<PostLanguage> LanguageFromTag(std::string_view tag);

// The shape of a stream's records, named as the preset that reads them.
enum class PostShape : uint8_t { kTwitterV1, kTwitterV2, kBluesky, kMastodon, kReddit, kReview, kGeneric };
inline constexpr size_t kPostShapes = 7;
std::string_view ShapeName(PostShape shape);  // "twitter_v1"

struct ScenarioBrand {
  std::string id;
  std::string name;    // as people write it
  std::string handle;  // without '@', also used as hashtag
  std::string query;
  std::string sector;      // empty: none
  double per_minute = 1;   // mean over a week
  double negative = 0.15;  // shares of the mentions; the rest is neutral
  double positive = 0.25;
};

// How a stream's records come: all of it by chance, each post on its own.
struct DeliveryDefects {
  int64_t disorder_ms = 0;  // a post is delivered at most so much later than one that is younger
  double duplicates = 0;    // share of posts delivered twice
  int64_t duplicate_within_ms = 20'000;
  double malformed = 0;  // share of additional records that are no posts
  double late = 0;       // share of posts that come later than the disorder, by late_from_ms to late_to_ms
  int64_t late_from_ms = 60'000;
  int64_t late_to_ms = 3'600'000;
};

// One topic, or one file for each of its partitions.
struct ScenarioStream {
  std::string name = "twitter_v1";
  std::string topic = "posts";
  PostShape shape = PostShape::kTwitterV1;
  double share = 1;  // of all posts; reviews are of brands only
  std::vector<double> partition_weights = {1};
  DeliveryDefects defects;
};

struct ScenarioEvent {
  enum class Kind : uint8_t {
    kCrisis,      // negative posts by ever more people
    kSurge,       // as many posts, in good spirits
    kSpam,        // one author, who copies one text (and, with by_one < 1, accounts that copy it as well)
    kCopied,      // many accounts, one text
    kReposts,     // one post, reposted
    kSectorRise,  // all brands of a sector at once
  };
  Kind kind = Kind::kCrisis;
  std::vector<size_t> brands;  // one, but for kSectorRise
  int64_t onset_ms = 0;        // since the start of the firehose
  int64_t rise_ms = 0;         // linear, to the peak
  int64_t hold_ms = 0;
  // Decay after the hold: level = (1 + t / scale)^-power, or, with a half-life, 2^(-t / half-life). It ends where the
  // level falls below kFadedLevel.
  int64_t half_life_ms = 0;
  int64_t scale_ms = 20 * 60'000;
  double power = 1.5;
  double factor = 10;        // peak over the brand's mean rate, the brand's own posts included
  double negative = 0.6;     // shares of the additional posts; the rest is neutral
  double positive = 0;       //
  double by_one = 1;         // kSpam: share of the one author
  int32_t accounts = 60;     // kSpam, kCopied: that copy the text
  int32_t only_stream = -1;  // in which all its posts are; -1: by the streams' shares
};
std::string_view EventKindName(ScenarioEvent::Kind kind);  // "crisis"
inline constexpr double kFadedLevel = 0.01;

// A stream, or one partition of it, says nothing for a while.
struct ScenarioGap {
  enum class Posts : uint8_t {
    kLost,       // never delivered
    kHeld,       // delivered in order afterwards, ten times as fast as they came
    kElsewhere,  // delivered through the other partitions
  };
  int32_t stream = 0;
  int32_t partition = -1;  // -1: all
  int64_t from_ms = 0;     // since the start, in time of delivery
  int64_t length_ms = 0;
  Posts posts = Posts::kLost;
};
std::string_view GapPostsName(ScenarioGap::Posts posts);  // "lost"

// Relative rate by hour of the day (UTC) and by day of the week; values stand at full hours and at noon, and between
// them the rate is a straight line. Each is normalised to a mean of 1; empty: always 1.
struct ScenarioCycles {
  double amplitude = 0;         // without hours: 1 + amplitude * sin, highest at peak_hour
  double peak_hour = 16;        //
  std::vector<double> hours;    // 24, from midnight
  std::vector<double> weekday;  // 7, from Monday
};

struct Scenario {
  std::string name = "mixed";
  uint64_t seed = 1;
  int64_t start_ms = 0;  // event time of the first post, epoch
  int64_t duration_ms = 3'600'000;
  std::vector<ScenarioBrand> brands;
  std::vector<ScenarioEvent> events;
  std::vector<ScenarioGap> gaps;
  std::vector<ScenarioStream> streams = {ScenarioStream()};
  ScenarioCycles cycles;
  double unmatched_per_minute = 600;  // posts about nothing that is watched, mean over a week
  double dispersion = 1.5;            // variance over mean of a brand's posts per minute
  double repost_share = 0.2;          // of posts that are not part of an event of copies
  std::array<double, kPostLanguages> languages = {0.75, 0.15, 0.1, 0, 0, 0};  // shares
  int32_t post_bytes = 2'500;                                                 // of a record of twitter_v1, about
};

// 2026-06-01T00:00:00Z, a Monday: event time of synthetic firehoses is fixed unless a scenario says otherwise, so that
// the same seed gives the same bytes.
inline constexpr int64_t kDefaultStartMs = 1'780'272'000'000;

// A made-up brand: the same index gives the same name, no two indices do.
ScenarioBrand MadeUpBrand(size_t index);
// "name OR @handle OR #handle"; a name of several words is a phrase.
std::string DefaultQuery(const ScenarioBrand& brand);

// A watchlist for the scenario's brands, as YAML.
std::string WatchlistYaml(const Scenario& scenario);

}  // namespace tocsin
