// One seed of the simulation: a calm world and a wild one over the same posts, compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/metrics/app_metrics.h"
#include "tests/simulation/sabotaged_log.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {

inline constexpr int kPosts = 2'000;

struct SeedResult {
  std::vector<std::string> problems;  // empty: the wild world published what it must
  WorldStatistics statistics;         // of the wild world
  int64_t metrics = 0, signals = 0;   // that it published
};

SeedResult RunSeed(uint64_t seed, Sabotage sabotage, bool trace, AppMetrics* metrics);

}  // namespace tocsin::simulation
