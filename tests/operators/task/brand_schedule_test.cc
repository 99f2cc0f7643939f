#include "operators/task/brand_schedule.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::testing::ElementsAreArray;

TEST(BrandScheduleTest, EqualsANaiveMapOfDueTimes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    BrandSchedule schedule(50, 5);
    std::map<uint32_t, int64_t> naive;
    int64_t now = 0;
    for (int step = 0; step < 3'000; ++step) {
      for (uint64_t i = random() % 6; i > 0; --i) {
        const auto brand = static_cast<uint32_t>(random() % 50);
        const int64_t ms = now + 5 * static_cast<int64_t>(1 + (random() % 3 == 0 ? random() % 200 : 0));
        schedule.Set(brand, ms);
        const auto [entry, inserted] = naive.try_emplace(brand, ms);
        entry->second = std::min(entry->second, ms);
      }
      int64_t next = BrandSchedule::kNever;
      for (const auto& [brand, ms] : naive) next = std::min(next, ms);
      ASSERT_EQ(schedule.NextMs(), next);
      if (next == BrandSchedule::kNever) continue;
      now = random() % 10 == 0 ? next + 50 : next;
      std::vector<uint32_t> expected;
      for (const auto& [brand, ms] : naive) {
        if (ms <= now) expected.push_back(brand);
      }
      for (const uint32_t brand : expected) naive.erase(brand);
      std::vector<uint32_t> taken;
      schedule.Take(now, &taken);
      ASSERT_THAT(taken, ElementsAreArray(expected));
    }
  }
}

}  // namespace
}  // namespace tocsin
