// Seeded posts as ingest would hand them to detect: cut into blocks by some number of workers over some number of
// source partitions, each partition out of order up to a bound. The same posts can be cut in many ways.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "operators/block/block.h"
#include "operators/match/watchlist.h"
#include "operators/mention/mention.h"

namespace tocsin {

inline constexpr int64_t kStreamStartMs = 1'700'000'000'000;
inline constexpr int64_t kStreamBoundMs = 2'000;

// Brands "brand-00", "brand-01", ...
std::shared_ptr<const Watchlist> MakeWatchlist(size_t brands);

struct StreamPost {
  Mention mention;  // without brand, source and offset
  std::vector<std::string> brands;
  std::string id;
};

struct StreamOptions {
  uint64_t seed = 1;
  size_t brands = 6;
  int64_t duration_ms = 1'200'000;
  int64_t posts = 1'500;
  bool crisis = true;        // brand-00 from a third on, for a twelfth: many negative authors
  double duplicates = 0.02;  // share of posts that come again a little later
  double other_time = 0;     // share of those that come with another event time
  double lull = 0.3;         // share of the time without posts, in one piece
};

// In no particular order; copies carry the same post_hash.
std::vector<StreamPost> MakePosts(const StreamOptions& options);

struct CutOptions {
  uint64_t seed = 1;
  int32_t partitions = 3;
  int32_t workers = 2;       // partition p belongs to worker p % workers
  int64_t flush_ms = 1'500;  // about how much event time a flush holds
  size_t max_part_bytes = 1 << 20;
  // What a block names as its version, by the largest event time of its worker; empty: 7.
  std::function<uint64_t(int64_t)> version_at = {};
};

// The encoded records of the mentions log.
std::vector<std::string> CutIntoBlocks(const std::vector<StreamPost>& posts, const CutOptions& options);

}  // namespace tocsin
