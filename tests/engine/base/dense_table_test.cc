#include "engine/base/dense_table.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

bool All(uint32_t /*value*/) { return true; }

// Goal: it is a map, whatever the keys and whenever room is made.
// Method: random insertions and look-ups beside std::map, with keys that spread and keys that all lie beside each
// other.
TEST(DenseTableTest, IsAMap) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random(seed);
    const uint64_t keys = seed * 400;
    const auto key_of = [seed](uint64_t number) {
      if (seed % 3 == 0) return number;               // all of one place
      if (seed % 3 == 1) return UINT64_MAX - number;  // likewise, the last
      return number * 0x9E3779B185EBCA87;
    };
    DenseTable<uint32_t> table;
    std::map<uint64_t, uint32_t> naive;
    for (uint32_t step = 1; step < 5'000; ++step) {
      const uint64_t key = key_of(random() % keys);
      const auto found = naive.find(key);
      const uint32_t* value = table.Find(key);
      ASSERT_EQ(value != nullptr, found != naive.end());
      if (value != nullptr) {
        ASSERT_EQ(*value, found->second);
      }
      uint32_t& entry = table.FindOrInsert(key, All);
      ASSERT_EQ(entry, found == naive.end() ? 0 : found->second);
      entry = step;
      naive[key] = step;
      ASSERT_EQ(table.size(), naive.size());
    }
    for (const auto& [key, value] : naive) ASSERT_EQ(*table.Find(key), value);
    const auto is_even = [](uint32_t value) { return value % 2 == 0; };
    table.MakeRoom(is_even);
    for (const auto& [key, value] : naive) ASSERT_EQ(table.Find(key) != nullptr, is_even(value));
    table.Rewrite([](uint32_t value) { return value % 4 == 0 ? value / 4 : 0; });
    for (const auto& [key, value] : naive) {
      const uint32_t* quarter = table.Find(key);
      ASSERT_EQ(quarter != nullptr, value % 4 == 0);
      if (quarter != nullptr) {
        ASSERT_EQ(*quarter, value / 4);
      }
    }
  }
}

TEST(DenseTableTest, TakesAtMost17BytesAnEntryAndGivesThemBack) {
  std::mt19937_64 random(5);
  DenseTable<uint32_t> table;
  size_t most = 0;
  for (uint32_t i = 1; i <= 200'000; ++i) {
    table.FindOrInsert(random(), All) = i;
    if (i > 10'000) most = std::max(most, 1'000 * table.memory_bytes() / i);
  }
  EXPECT_LT(most, 17'000u);
  table.MakeRoom([](uint32_t value) { return value <= 100; });
  EXPECT_EQ(table.size(), 100u);
  EXPECT_LT(table.memory_bytes(), 3'000u);
  table.Clear();
  EXPECT_EQ(table.memory_bytes(), 0u);
}

// What is not needed any more goes when room is made, so that a table through which entries pass stays as small as
// those that are needed at a time.
TEST(DenseTableTest, StaleEntriesMakeRoomForNewOnes) {
  std::mt19937_64 random(6);
  DenseTable<uint32_t> table;
  size_t most = 0;
  for (uint32_t i = 1; i <= 100'000; ++i) {
    table.FindOrInsert(random(), [i](uint32_t value) { return value + 1'000 > i; }) = i;
    most = std::max(most, table.memory_bytes());
  }
  EXPECT_LT(most, 20'000u);
}

}  // namespace
}  // namespace tocsin
