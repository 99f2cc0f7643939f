// The posts of a simulated run, what a naive reading of the rules says must come out of them, and ways for them to
// arrive.
//
// The posts are a pure function of the workload's seed, the way is one of the seed of a run: the same posts come in
// many ways, and the same must come of them. Some posts are repeated (in any partition), some records are no posts, one
// brand has a crisis, about which people do something, and each partition ends with a post far in the future that
// closes every window.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace tocsin::simulation {

inline constexpr int32_t kPartitions = 4;
inline constexpr int64_t kDisorderMs = 2'000;
inline constexpr int64_t kSlideMs = 5'000;
inline constexpr int64_t kMetricsEveryMs = 60'000;

// The watchlist that the posts are about.
std::string_view WatchlistYaml();

struct FirehosePost {
  int64_t event_time_ms = 0;  // of malformed records: when it came
  std::string value;
  bool is_dead = false;
};

// One record of the actions topic.
struct FirehoseAction {
  enum class Fate : uint8_t {
    kUnusable,   // ingest must make it a dead letter
    kRefused,    // detect must
    kDrill,      // must give the three signals of `drill_id`
    kAsItComes,  // takes effect if the crisis is open by then
  };
  int64_t at_ms = 0;
  std::string value;
  Fate fate = Fate::kAsItComes;
  std::string drill_id;
};

// Mentions and distinct authors by (brand, window size, window end).
struct WindowCount {
  int64_t mentions = 0;
  int64_t authors = 0;
  friend bool operator==(const WindowCount&, const WindowCount&) = default;
};
using WindowKey = std::tuple<std::string, int64_t, int64_t>;

// Immutable once made, so worlds in several threads may share one.
struct Firehose {
  std::vector<FirehosePost> posts;  // copies one after the other, the closing ones last
  std::vector<FirehoseAction> actions;
  int64_t matched = 0, unmatched = 0, dead = 0, official = 0;
  int64_t mentions = 0;  // rows before duplicates are dropped
  // Every window with mentions, at the slide ends where metrics are written.
  std::map<WindowKey, WindowCount> windows;
};

Firehose MakeFirehose(uint64_t seed, int posts, const std::vector<int64_t>& window_sizes_ms);

// One record of the posts topic.
struct Arrival {
  int32_t partition = 0;
  uint32_t post = 0;  // index into Firehose::posts
};

// All posts in an order of arrival, out of order in their partitions by at most kDisorderMs of event time.
std::vector<Arrival> Arrange(const Firehose& firehose, uint64_t seed);

}  // namespace tocsin::simulation
