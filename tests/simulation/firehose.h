// The posts of one simulated run, and what a naive reading of the rules says must come out of them.
//
// A pure function of the seed. Every post has its partition, its event time and its place in the order of arrival;
// event times are out of order within a partition by at most kDisorderMs. Some posts are repeated (in any partition),
// some records are no posts, one brand has a crisis, and each partition ends with a post far in the future that closes
// every window.
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

struct FirehoseRecord {
  int32_t partition = 0;
  int64_t event_time_ms = 0;  // of malformed records: when it came
  std::string value;
};

// Mentions and distinct authors by (brand, window size, window end).
struct WindowCount {
  int64_t mentions = 0;
  int64_t authors = 0;
  friend bool operator==(const WindowCount&, const WindowCount&) = default;
};
using WindowKey = std::tuple<std::string, int64_t, int64_t>;

struct Firehose {
  std::vector<FirehoseRecord> records;  // in the order of arrival
  int64_t matched = 0, unmatched = 0, dead = 0, official = 0;
  int64_t mentions = 0;  // rows before duplicates are dropped
  // Every window with mentions, at the slide ends where metrics are written.
  std::map<WindowKey, WindowCount> windows;
};

Firehose MakeFirehose(uint64_t seed, int posts, const std::vector<int64_t>& window_sizes_ms);

}  // namespace tocsin::simulation
