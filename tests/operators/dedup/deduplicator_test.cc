#include "operators/dedup/deduplicator.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using Result = Deduplicator::Result;

constexpr int64_t kStartMs = 1'700'000'000'000;

// What a map of all that was ever new says of the insertion, and remembers; before `start_ms` nothing is known.
Result InsertNaively(std::map<uint64_t, int64_t>* naive, int64_t start_ms, uint64_t key, int64_t time_ms) {
  if (time_ms < start_ms) return Result::kUnchecked;
  const auto known = naive->find(key);
  if (known != naive->end() && known->second >= start_ms) {
    return known->second == time_ms ? Result::kDuplicate : Result::kDuplicateOfOtherTime;
  }
  (*naive)[key] = time_ms;
  return Result::kNew;
}

TEST(DeduplicatorTest, FindsCopiesAndOnlyCopies) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    Deduplicator dedup({.horizon_ms = 64'000, .max_entries = 1'000'000});
    std::map<uint64_t, int64_t> naive;  // key to event time
    int64_t now = kStartMs;
    for (int i = 0; i < 20'000; ++i) {
      now += static_cast<int64_t>(random() % 50);
      // A key names its event time, as a post does.
      const uint64_t number = static_cast<uint64_t>(now) / 10 - random() % 4'000;
      const int64_t time = static_cast<int64_t>(number) * 10;
      const Result result = dedup.Insert(Deduplicator::MixKey(7, number), time);
      const bool known = !naive.try_emplace(number, time).second;
      ASSERT_EQ(result, known ? Result::kDuplicate : Result::kNew) << "seed " << seed << " step " << i;
      if (i % 100 == 0) dedup.AdvanceTo(now);
    }
    EXPECT_LT(dedup.size(), naive.size());
  }
}

TEST(DeduplicatorTest, EqualsANaiveReferenceWhereTimesDiffer) {
  std::mt19937_64 random(11);
  Deduplicator dedup({.horizon_ms = 640, .max_entries = 1'000'000});
  std::map<uint64_t, int64_t> naive;
  int64_t now = kStartMs;
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t key = random() % 500;
    const int64_t time = now - static_cast<int64_t>(random() % 700);
    // With a horizon of 64 steps of 10 ms, steps that lie wholly before now - horizon are forgotten.
    const int64_t start = i < 10 ? kUnknownTime : (now - 640) / 10 * 10;
    const Result expected = InsertNaively(&naive, start, key, time);
    ASSERT_EQ(dedup.Insert(key, time), expected) << "step " << i;
    if (i < 9) continue;
    now += static_cast<int64_t>(random() % 3);
    dedup.AdvanceTo(now);
  }
}

// Goal: times that lie further apart than 32 bits of milliseconds reach are known as exactly as others.
// Method: as above, over a hundred days and with times of any size among them.
TEST(DeduplicatorTest, EqualsANaiveReferenceWhereTimesAreFarApart) {
  constexpr int64_t kDayMs = 86'400'000;
  constexpr int64_t kHorizonMs = 64 * kDayMs;
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    Deduplicator dedup({.horizon_ms = kHorizonMs, .max_entries = 1'000'000});
    std::map<uint64_t, int64_t> naive;
    std::map<int64_t, int> found;
    int64_t start = kUnknownTime;
    for (int64_t now = kStartMs; now < kStartMs + 200 * kDayMs; now += kDayMs / 50) {
      const uint64_t key = random() % 3'000;
      int64_t time = now - static_cast<int64_t>(random() % (kHorizonMs + kDayMs));
      if (random() % 50 == 0) time = static_cast<int64_t>(random() >> random() % 24);
      if (random() % 4 == 0 && naive.count(key) != 0) time = naive[key];
      const Result expected = InsertNaively(&naive, start, key, time);
      ASSERT_EQ(dedup.Insert(key << 52 | key, time), expected) << "seed " << seed << " at " << now;
      ++found[static_cast<int64_t>(expected)];
      dedup.AdvanceTo(now);
      start = (now - kHorizonMs) / kDayMs * kDayMs;
    }
    EXPECT_EQ(found.size(), 4u);
  }
}

TEST(DeduplicatorTest, WhatIsDroppedDoesNotDependOnTheOrderOfArrival) {
  std::mt19937_64 random(12);
  std::vector<std::pair<uint64_t, int64_t>> posts;
  posts.reserve(3'600);
  for (int i = 0; i < 3'000; ++i) posts.emplace_back(i, kStartMs + i * 10);
  for (int i = 0; i < 600; ++i) posts.push_back(posts[random() % 3'000]);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(posts.begin(), posts.end(), random);
    Deduplicator dedup({});
    std::set<uint64_t> taken;
    for (const auto& [number, time] : posts) {
      if (dedup.Insert(Deduplicator::MixKey(1, number), time) == Result::kNew) {
        EXPECT_TRUE(taken.insert(number).second);
      }
    }
    EXPECT_EQ(taken.size(), 3'000u);
  }
}

TEST(DeduplicatorTest, TheSamePostOfTwoBrandsIsNoDuplicate) {
  Deduplicator dedup({});
  EXPECT_EQ(dedup.Insert(Deduplicator::MixKey(1, 42), kStartMs), Result::kNew);
  EXPECT_EQ(dedup.Insert(Deduplicator::MixKey(2, 42), kStartMs), Result::kNew);
  EXPECT_EQ(dedup.Insert(Deduplicator::MixKey(1, 42), kStartMs), Result::kDuplicate);
}

TEST(DeduplicatorTest, TheBoundGivesUpTheOldestAndSaysFromWhereTheAnswerIsWhole) {
  Deduplicator dedup({.horizon_ms = 3'600'000, .max_entries = 1'000});
  EXPECT_EQ(dedup.EnforceBound(), kUnknownTime);
  for (uint64_t i = 0; i < 1'200; ++i)
    dedup.Insert(Deduplicator::MixKey(1, i), kStartMs + static_cast<int64_t>(i) * 2'000);
  const int64_t cut = dedup.EnforceBound();
  ASSERT_NE(cut, kUnknownTime);
  EXPECT_EQ(dedup.cut_ms(), cut);
  EXPECT_LE(dedup.size(), 1'000u);
  EXPECT_GT(dedup.size(), 800u);
  for (uint64_t i = 0; i < 1'200; ++i) {
    const int64_t time = kStartMs + static_cast<int64_t>(i) * 2'000;
    EXPECT_EQ(dedup.Insert(Deduplicator::MixKey(1, i), time), time < cut ? Result::kUnchecked : Result::kDuplicate);
  }
}

TEST(DeduplicatorTest, MemoryFollowsTheHorizon) {
  std::mt19937_64 random(13);
  Deduplicator dedup({.horizon_ms = 100'000, .max_entries = 1'000'000});
  size_t most_bytes = 0;
  for (int64_t now = kStartMs; now < kStartMs + 2'000'000; now += 100) {
    for (int i = 0; i < 10; ++i) dedup.Insert(random(), now);
    dedup.AdvanceTo(now);
    most_bytes = std::max(most_bytes, dedup.memory_bytes());
  }
  EXPECT_LE(dedup.size(), 10'200u);
  EXPECT_LT(most_bytes, 1'200'000u);
  dedup.AdvanceTo(kStartMs + 9'000'000);
  EXPECT_EQ(dedup.size(), 0u);
  EXPECT_LT(dedup.memory_bytes(), 50'000u);
}

// What becomes larger or smaller at once is copied at once: nothing else goes on meanwhile, and it is there twice.
TEST(DeduplicatorTest, GrowsAndShrinksInSmallSteps) {
  Deduplicator dedup({});
  int64_t bytes = 0;
  const auto step = [&dedup, &bytes] {
    const int64_t before = std::exchange(bytes, static_cast<int64_t>(dedup.memory_bytes()));
    return std::abs(bytes - before);
  };
  int64_t most_growth = 0;
  for (int i = 0; i < 400'000; ++i) {
    dedup.Insert(Deduplicator::MixKey(1, static_cast<uint64_t>(i)), kStartMs + i / 10);
    const int64_t grown = step();
    if (i > 50'000) most_growth = std::max(most_growth, grown);
  }
  const int64_t most_bytes = bytes;
  EXPECT_LT(most_growth, most_bytes / 100);

  // A few posts go on, so that not all of it is forgotten; what was there leaves the horizon within some seconds.
  int64_t most_shrinking = 0;
  for (int i = 0; i < 1'000; ++i) {
    const int64_t now = kStartMs + 3'500'000 + i * 1'000;
    dedup.Insert(Deduplicator::MixKey(2, static_cast<uint64_t>(i)), now);
    dedup.AdvanceTo(now);
    most_shrinking = std::max(most_shrinking, step());
  }
  EXPECT_LT(most_shrinking, most_bytes / 10);
  EXPECT_LT(bytes, most_bytes / 20);
}

}  // namespace
}  // namespace tocsin
