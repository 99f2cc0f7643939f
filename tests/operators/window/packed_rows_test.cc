#include "operators/window/packed_rows.h"

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

void ExpectSame(const HeldMention& got, const HeldMention& row) {
  EXPECT_EQ(got.event_time_ms, row.event_time_ms);
  EXPECT_EQ(got.post_hash, row.post_hash);
  EXPECT_EQ(got.author_hash, row.author_hash);
  EXPECT_EQ(got.text_hash, row.text_hash);
  EXPECT_EQ(got.offset, row.offset);
  EXPECT_EQ(got.reach, row.reach);
  EXPECT_EQ(got.terms, row.terms);
  EXPECT_EQ(got.source, row.source);
  EXPECT_EQ(got.language, row.language);
  EXPECT_EQ(got.sentiment, row.sentiment);
  EXPECT_EQ(got.kind, row.kind);
  EXPECT_EQ(got.network, row.network);
  EXPECT_EQ(got.flags, row.flags);
  EXPECT_EQ(got.reasons, row.reasons);
}

// A value of any size, so that every length of its encoding comes up, with the largest and 0 among them.
template <typename T>
T AnySize(std::mt19937_64& random) {
  const auto most = static_cast<uint64_t>(std::numeric_limits<T>::max());
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return std::numeric_limits<T>::max();
    default:
      return static_cast<T>(random() >> random() % 64 & most);
  }
}

HeldMention AnyRow(std::mt19937_64& random) {
  HeldMention row;
  row.event_time_ms = kStartMs + static_cast<int64_t>(random() % 3'600'000);
  row.post_hash = AnySize<uint64_t>(random);
  row.author_hash = AnySize<uint64_t>(random);
  row.text_hash = AnySize<uint64_t>(random);
  row.offset = AnySize<Offset>(random) * (random() % 4 == 0 ? -1 : 1);
  row.reach = AnySize<uint32_t>(random);
  row.terms = AnySize<uint32_t>(random);
  row.source = static_cast<int16_t>(AnySize<uint16_t>(random));
  row.language = AnySize<uint16_t>(random);
  row.sentiment = static_cast<SentimentClass>(random() % 4);
  row.kind = static_cast<PostKind>(random() % 4);
  row.network = static_cast<Network>(random() % 16);
  row.flags = AnySize<uint8_t>(random);
  row.reasons = AnySize<uint16_t>(random);
  return row;
}

TEST(PackedRowsTest, GivesBackEveryFieldInTheOrderItCame) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    PackedRows packed;
    std::vector<HeldMention> rows;
    for (int i = 0; i < 500; ++i) {
      rows.push_back(AnyRow(random));
      packed.Append(rows.back(), kStartMs);
      if (random() % 50 == 0) packed.Shrink();
    }
    const PackedRows moved = std::move(packed);
    size_t number = 0;
    moved.ForEach(kStartMs, [&](const HeldMention& row) {
      ASSERT_LT(number, rows.size());
      ExpectSame(row, rows[number++]);
    });
    EXPECT_EQ(number, rows.size());
  }
}

TEST(PackedRowsTest, OffsetsMayLieAnyDistanceApart) {
  constexpr Offset kLeast = std::numeric_limits<Offset>::min();
  constexpr Offset kMost = std::numeric_limits<Offset>::max();
  PackedRows packed;
  packed.ForEach(kStartMs, [](const HeldMention&) { FAIL() << "it has none"; });
  packed.Shrink();
  std::vector<Offset> offsets = {kLeast, kMost, 0, -1, kLeast, kMost - 1, 1};
  for (const Offset offset : offsets) {
    HeldMention row;
    row.event_time_ms = kStartMs;
    row.offset = offset;
    packed.Append(row, kStartMs);
  }
  size_t number = 0;
  packed.ForEach(kStartMs, [&](const HeldMention& row) { EXPECT_EQ(row.offset, offsets[number++]); });
  EXPECT_EQ(number, offsets.size());
}

TEST(PackedRowsTest, AUsualRowOfOnePartitionTakes34Bytes) {
  std::mt19937_64 random(1);
  PackedRows packed;
  for (int i = 0; i < 1'000; ++i) {
    HeldMention row;
    row.event_time_ms = kStartMs + static_cast<int64_t>(random() % 5'000);
    row.post_hash = random();
    row.author_hash = random();
    row.text_hash = random();
    row.offset = 5'000'000'000 + static_cast<Offset>(random() % 8'000);
    row.reach = 400;
    row.source = 3;
    row.language = 'e' << 8 | 'n';
    row.network = Network::kTwitter;
    row.reasons = kByWord;
    packed.Append(row, kStartMs);
  }
  packed.Shrink();
  EXPECT_LE(packed.memory_bytes(), 34'100u);
}

}  // namespace
}  // namespace tocsin
