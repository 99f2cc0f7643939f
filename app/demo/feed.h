// Feeds a synthetic firehose into the demo's Kafka, at a pace, never further ahead of the engine than the embedded
// broker can hold.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "app/generate/firehose.h"
#include "engine/log/log.h"

namespace tocsin {

struct FeedOptions {
  int64_t history_ms = 0;  // of event time since the start, fed without a pace
  double speed = 600;      // of event time against the wall clock, after that
  int64_t in_flight_max = 6'000;
};

// Written by the feeding thread, read by others.
struct FeedState {
  std::atomic<int64_t> posts{0};
  std::atomic<int64_t> event_time_ms{0};  // of the last post
  std::atomic<bool> live{false};          // the history is over
  std::atomic<bool> ended{false};
};

// Feeds until the firehose ends or `stop`. `behind` tells how many of the posts fed the engine has not worked off yet.
absl::Status Feed(const FeedOptions& options, Firehose* firehose, Log* log, const std::function<int64_t()>& behind,
                  const std::atomic<bool>& stop, FeedState* state);

}  // namespace tocsin
