#include <cstdint>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulation/seed_run.h"

namespace tocsin::simulation {
namespace {

using ::testing::Gt;
using ::testing::IsEmpty;

// Enough for the sanitizers; `simulate` runs many more.
constexpr uint64_t kSeeds = 40;

TEST(SimulationTest, WhateverDiesTheSameIsPublishedOnce) {
  AppMetrics metrics;
  WorldStatistics total;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const SeedResult result = RunSeed(seed, Sabotage::kNone, /*trace=*/false, &metrics);
    EXPECT_THAT(result.problems, IsEmpty()) << "seed " << seed << ": " << absl::StrJoin(result.problems, "\n");
    total.Add(result.statistics);
  }
  // Else nothing has been tried.
  EXPECT_THAT(total.kills, Gt(3 * kSeeds));
  EXPECT_THAT(total.log.snapshot_recoveries, Gt(kSeeds));
  EXPECT_THAT(total.log.fences, Gt(0));
  EXPECT_THAT(total.log.open_transactions, Gt(0));
}

class SabotageTest : public testing::TestWithParam<Sabotage> {};

TEST_P(SabotageTest, IsCaught) {
  AppMetrics metrics;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    if (!RunSeed(seed, GetParam(), /*trace=*/false, &metrics).problems.empty()) {
      RecordProperty("caught_by_seed", std::to_string(seed));
      return;
    }
  }
  FAIL() << SabotageName(GetParam()) << " was not noticed in 200 seeds";
}

INSTANTIATE_TEST_SUITE_P(All, SabotageTest, testing::ValuesIn(kSabotages), [](const auto& chosen) {
  std::string name(SabotageName(chosen.param));
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace tocsin::simulation
