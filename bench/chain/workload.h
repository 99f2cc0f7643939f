// Posts as `tocsin generate` makes them, in memory, that can be sent again as later and other ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/log/log.h"
#include "operators/match/watchlist.h"

namespace tocsin {

// Twitter's v1.1 form, about 2.4 KB each, one behind the other as in a fetched batch. Not thread-safe.
class ChainWorkload {
 public:
  static constexpr int64_t kPosts = 12'000;
  static constexpr int64_t kRoundMs = 2'000;  // of event time: 6,000 posts a second
  static constexpr size_t kPadding = 64;      // readable behind each record

  // `matched_percent` of the posts mention one of `brands` brands.
  ChainWorkload(int32_t brands, int32_t matched_percent);

  const std::shared_ptr<const Watchlist>& watchlist() const { return watchlist_; }
  int64_t mentions() const { return mentions_; }  // of one round, as the generator made them
  double mean_bytes() const { return static_cast<double>(bytes_.size()) / static_cast<double>(kPosts); }

  // Makes the posts those of the next round: kRoundMs later, with ids of their own.
  void NextRound();
  // In the order of delivery. Views are valid for the workload's life.
  const std::vector<Record>& records() const { return records_; }
  int64_t highest_event_time_ms() const { return highest_event_time_ms_; }

 private:
  struct Places {
    size_t id = 0, id_text = 0, time = 0;
    int64_t time_ms = 0;  // in the first round
  };

  std::shared_ptr<const Watchlist> watchlist_;
  std::string bytes_;
  std::vector<Record> records_;
  std::vector<Places> places_;
  int64_t mentions_ = 0;
  int64_t round_ = 0;
  int64_t highest_event_time_ms_ = 0;
};

}  // namespace tocsin
