// One seed of the simulation: a wild world, compared with a calm one in which the same posts arrive in another way.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "app/metrics/app_metrics.h"
#include "tests/simulation/firehose.h"
#include "tests/simulation/sabotaged_log.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {

inline constexpr int kPosts = 2'000;
// Seeds that share their posts, and so a calm world; how these arrive and what happens meanwhile are the seed's own.
inline constexpr uint64_t kSeedsPerFirehose = 50;

// Posts, and what has come of them in a calm world.
struct Oracle {
  Firehose firehose;
  Outcome outcome;  // its problems are those of the calm world
};

// Oracles of the seeds that are being run. Thread-safe.
class Oracles {
 public:
  // Made by whoever asks first; others wait for it.
  std::shared_ptr<const Oracle> Of(uint64_t seed, AppMetrics* metrics);

 private:
  struct Place {
    absl::Mutex mu;
    std::shared_ptr<const Oracle> oracle ABSL_GUARDED_BY(mu);
  };

  absl::Mutex mu_;
  std::map<uint64_t, std::shared_ptr<Place>> places_ ABSL_GUARDED_BY(mu_);
};

struct SeedResult {
  std::vector<std::string> problems;  // empty: the wild world published what it must
  WorldStatistics statistics;         // of the wild world
  int64_t metrics = 0, signals = 0;   // that it published
  int64_t calls = 0;                  // of these, signals that call who is next
};

SeedResult RunSeed(uint64_t seed, Sabotage sabotage, bool trace, Oracles* oracles, AppMetrics* metrics);

}  // namespace tocsin::simulation
