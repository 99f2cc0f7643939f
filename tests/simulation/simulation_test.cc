#include <cstdint>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rounds.h"
#include "tests/simulation/seed_run.h"

namespace tocsin::simulation {
namespace {

using ::testing::Ge;
using ::testing::Gt;
using ::testing::IsEmpty;

// `simulate` runs many more.
constexpr uint64_t kSeeds = Rounds(40, 15);
constexpr uint64_t kStride = 10;  // so that the posts of several firehoses are met

TEST(SimulationTest, WhateverDiesTheSameIsPublishedOnce) {
  AppMetrics metrics;
  Oracles oracles;
  WorldStatistics total;
  int64_t calls = 0;
  for (uint64_t seed = 1; seed <= kSeeds * kStride; seed += kStride) {
    const SeedResult result = RunSeed(seed, Sabotage::kNone, /*trace=*/false, &oracles, &metrics);
    EXPECT_THAT(result.problems, IsEmpty()) << "seed " << seed << ": " << absl::StrJoin(result.problems, "\n");
    total.Add(result.statistics);
    calls += result.calls;
  }
  // Else nothing has been tried.
  EXPECT_THAT(total.kills, Ge(3 * kSeeds));
  EXPECT_THAT(total.log.snapshot_recoveries, Ge(kSeeds));
  EXPECT_THAT(total.log.fences, Gt(0));
  EXPECT_THAT(total.log.open_transactions, Gt(0));
  EXPECT_THAT(calls, Gt(0)) << "of who is next, since nobody had acknowledged";
}

class SabotageTest : public testing::TestWithParam<Sabotage> {};

TEST_P(SabotageTest, IsCaught) {
  AppMetrics metrics;
  Oracles oracles;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    if (!RunSeed(seed, GetParam(), /*trace=*/false, &oracles, &metrics).problems.empty()) {
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
