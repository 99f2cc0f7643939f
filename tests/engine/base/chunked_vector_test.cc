#include "engine/base/chunked_vector.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

struct Item {
  uint64_t number = 0;
  uint8_t more = 0;
};

TEST(ChunkedVectorTest, HoldsWhatAVectorWouldHold) {
  std::mt19937_64 random(1);
  ChunkPool pool;
  ChunkedVector<uint16_t> chunked(&pool);
  ChunkedVector<Item> other(&pool);
  for (int round = 0; round < 3; ++round) {
    std::vector<uint16_t> expected;
    while (expected.size() < 100'000) {
      std::vector<uint16_t> added(random() % 20'000);
      for (uint16_t& value : added) value = static_cast<uint16_t>(random());
      chunked.Append(added.data(), added.size());
      expected.insert(expected.end(), added.begin(), added.end());
      other.push_back({expected.size(), 1});
      EXPECT_EQ(other.back().number, expected.size());
    }
    ASSERT_EQ(chunked.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_EQ(chunked[i], expected[i]) << i;
    size_t read = 0;
    while (read < expected.size()) {
      const auto [piece, count] = chunked.Piece(read, 1 + random() % 30'000);
      ASSERT_GE(count, 1U);
      ASSERT_LE(read + count, expected.size());
      for (size_t i = 0; i < count; ++i) ASSERT_EQ(piece[i], expected[read + i]);
      read += count;
    }
    chunked.Clear();
    EXPECT_EQ(chunked.size(), 0U);
    other.Clear();
  }
}

TEST(ChunkedVectorTest, WhatOneGivesBackAnotherGets) {
  ChunkPool pool;
  const std::vector<uint8_t> bytes(8 * ChunkPool::kChunkBytes, 7);
  ChunkedVector<uint8_t> first(&pool);
  first.Append(bytes.data(), bytes.size());
  std::vector<const uint8_t*> chunks;
  for (size_t i = 0; i < bytes.size(); i += ChunkPool::kChunkBytes) chunks.push_back(first.Piece(i, 1).first);
  first.Clear();
  ChunkedVector<uint8_t> second(&pool);
  second.Append(bytes.data(), bytes.size());
  for (size_t i = 0; i < bytes.size(); i += ChunkPool::kChunkBytes) {
    EXPECT_EQ(std::count(chunks.begin(), chunks.end(), second.Piece(i, 1).first), 1);
  }
}

TEST(ChunkedVectorTest, AMegabyteAtMostIsKept) {
  ChunkPool pool;
  const std::vector<uint8_t> bytes(2 * ChunkPool::kMostKept * ChunkPool::kChunkBytes);
  ChunkedVector<uint8_t> chunked(&pool);
  chunked.Append(bytes.data(), bytes.size());
  EXPECT_EQ(pool.kept(), 0U);
  chunked.Clear();
  EXPECT_EQ(pool.kept(), ChunkPool::kMostKept);
}

TEST(ChunkedVectorTest, WhatWasMovedFromIsEmpty) {
  ChunkPool pool;
  const std::vector<uint8_t> bytes(3 * ChunkPool::kChunkBytes, 7);
  ChunkedVector<uint8_t> first(&pool);
  first.Append(bytes.data(), bytes.size());
  const ChunkedVector<uint8_t> second(std::move(first));
  EXPECT_EQ(second.size(), bytes.size());
  EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move): that is what is tested
  first.Append(bytes.data(), 1);
  EXPECT_EQ(first[0], 7);
}

}  // namespace
}  // namespace tocsin
