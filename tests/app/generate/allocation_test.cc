// From planner to record nothing is allocated per post: what is left is a handful of texts for every second.
#include <gtest/gtest.h>

#include <atomic>

#include "app/generate/built_in_scenarios.h"
#include "app/generate/firehose.h"

extern std::atomic<size_t> allocations;

namespace tocsin {
namespace {

TEST(GenerateAllocationTest, APostCostsNoAllocationOnceTheBuffersHaveGrown) {
  Scenario scenario = MixedScenario(1, 400'000, 3'600'000, 50, 0.35);
  AddGenericStream(0.3, &scenario);
  for (ScenarioStream& stream : scenario.streams) {
    stream.defects.disorder_ms = 2'000;
    stream.defects.duplicates = 0.01;
  }
  Firehose firehose(scenario);
  FirehoseRecord record;
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(firehose.Next(&record));
  const size_t before = allocations.load();
  constexpr size_t kPosts = 200'000;  // of half an hour
  for (size_t i = 0; i < kPosts; ++i) ASSERT_TRUE(firehose.Next(&record));
  // About 1,800 seconds' times in three forms, made of strings.
  EXPECT_LT(allocations.load() - before, kPosts / 10);
}

}  // namespace
}  // namespace tocsin
