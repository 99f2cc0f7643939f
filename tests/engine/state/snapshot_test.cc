#include "engine/state/snapshot.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/hash.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::Each;
using testing::Field;
using testing::HasSubstr;
using testing::Le;
using testing::SizeIs;

constexpr size_t kSmallRecord = 300;

// Half of it does not compress, so that there are several chunks.
std::string RandomPayload(std::mt19937_64& random, size_t size) {
  std::string payload(size, 'x');
  for (size_t i = 0; i < size; i += 2) payload[i] = static_cast<char>(random());
  return payload;
}

Snapshot SnapshotOf(uint64_t generation, std::string payload) {
  Snapshot snapshot;
  snapshot.partition = 3;
  snapshot.generation = generation;
  snapshot.state_version = 7;
  snapshot.rebuild_from = static_cast<Offset>(100 * generation);
  snapshot.applied_to = static_cast<Offset>(100 * generation + 50);
  snapshot.attributes = {{"config", "abc"}, {"watermark", "1700000000000"}};
  snapshot.payload = std::move(payload);
  return snapshot;
}

absl::StatusOr<std::optional<Snapshot>> Assemble(const std::vector<SnapshotRecord>& records) {
  SnapshotAssembler assembler(3);
  for (const SnapshotRecord& record : records) assembler.Add(record.key, record.value);
  return assembler.Newest();
}

std::vector<SnapshotRecord> Joined(std::vector<SnapshotRecord> a, const std::vector<SnapshotRecord>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SnapshotTest, GivesBackHeaderAndPayloadOfAnySize) {
  std::mt19937_64 random(1);
  for (const size_t size : {0U, 1U, 100U, 1000U, 100'000U, 3'000'000U}) {
    const std::string payload = RandomPayload(random, size);
    const auto records = EncodeSnapshot(SnapshotOf(5, payload));
    EXPECT_THAT(records, Each(Field(&SnapshotRecord::value, SizeIs(Le(kSnapshotRecordBytesMax)))));
    const auto snapshot = Assemble(records);
    ASSERT_THAT(snapshot.status(), IsOk());
    ASSERT_TRUE(snapshot->has_value());
    EXPECT_EQ(**snapshot, SnapshotOf(5, payload));
  }
}

TEST(SnapshotTest, IsTheSameBytesForTheSameState) {
  std::mt19937_64 random(2);
  const std::string payload = RandomPayload(random, 5000);
  const auto first = EncodeSnapshot(SnapshotOf(5, payload), kSmallRecord);
  const auto second = EncodeSnapshot(SnapshotOf(5, payload), kSmallRecord);
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].key, second[i].key);
    EXPECT_EQ(first[i].value, second[i].value);
    EXPECT_LE(first[i].value.size(), kSmallRecord);
  }
}

TEST(SnapshotTest, NothingWrittenIsNoSnapshot) {
  const auto snapshot = Assemble({});
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_FALSE(snapshot->has_value());
}

TEST(SnapshotTest, RecordsOfOtherTasksAreSkipped) {
  Snapshot other = SnapshotOf(9, "other");
  other.partition = 33;
  const auto records = Joined(EncodeSnapshot(SnapshotOf(1, "mine")), EncodeSnapshot(other));
  const auto snapshot = Assemble(Joined(records, {{"3/0/x", "?"}, {"3/2/0", "?"}, {"", ""}, {"config", "?"}}));
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_EQ((*snapshot)->payload, "mine");
}

// Goal: a write that ends anywhere leaves the snapshot before it.
TEST(SnapshotTest, ATornWriteLeavesTheOneBefore) {
  std::mt19937_64 random(3);
  std::vector<SnapshotRecord> log = EncodeSnapshot(SnapshotOf(1, "first"), kSmallRecord);
  std::string last = "first";
  for (uint64_t generation = 2; generation < 8; ++generation) {
    const std::string payload = RandomPayload(random, random() % 4000);
    const auto records = EncodeSnapshot(SnapshotOf(generation, payload), kSmallRecord);
    for (size_t written = 0; written < records.size(); ++written) {
      const auto snapshot =
          Assemble(Joined(log, {records.begin(), records.begin() + static_cast<std::ptrdiff_t>(written)}));
      ASSERT_THAT(snapshot.status(), IsOk());
      ASSERT_TRUE(snapshot->has_value());
      EXPECT_EQ((*snapshot)->generation, generation - 1);
      EXPECT_EQ((*snapshot)->payload, last);
    }
    log = Joined(log, records);
    last = payload;
  }
}

TEST(SnapshotTest, TheFirstOneTornIsNoSnapshot) {
  auto records = EncodeSnapshot(SnapshotOf(1, std::string(1000, 'x')));
  records.pop_back();
  const auto snapshot = Assemble(records);
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_FALSE(snapshot->has_value());
}

// Goal: whatever compaction has removed, the newest snapshot is found.
// Method: many snapshots of random sizes, of which only the last record of each key is kept from a random place on.
TEST(SnapshotTest, SurvivesCompaction) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 100; ++round) {
    std::vector<SnapshotRecord> log;
    std::string payload;
    const uint64_t count = 1 + random() % 6;
    for (uint64_t generation = 1; generation <= count; ++generation) {
      payload = RandomPayload(random, random() % 3000);
      log = Joined(log, EncodeSnapshot(SnapshotOf(generation, payload), kSmallRecord));
    }
    const size_t cleaned = random() % (log.size() + 1);
    std::map<std::string, size_t> newest;
    for (size_t i = 0; i < log.size(); ++i) newest[log[i].key] = i;
    std::vector<SnapshotRecord> compacted;
    for (size_t i = 0; i < log.size(); ++i) {
      if (i >= cleaned || newest[log[i].key] == i) compacted.push_back(log[i]);
    }
    const auto snapshot = Assemble(compacted);
    ASSERT_THAT(snapshot.status(), IsOk());
    EXPECT_EQ(**snapshot, SnapshotOf(count, payload));
  }
}

TEST(SnapshotTest, AMissingChunkFallsBackToTheOneBeforeAndSaysSo) {
  const std::string payload = [] {
    std::mt19937_64 random(5);
    return RandomPayload(random, 2000);
  }();
  const auto first = EncodeSnapshot(SnapshotOf(1, "first"), kSmallRecord);
  const auto second = EncodeSnapshot(SnapshotOf(2, payload), kSmallRecord);
  ASSERT_GT(second.size(), 3U);
  for (size_t missing = 0; missing + 1 < second.size(); ++missing) {
    auto torn = second;
    torn.erase(torn.begin() + static_cast<std::ptrdiff_t>(missing));
    const auto snapshot = Assemble(Joined(first, torn));
    ASSERT_THAT(snapshot.status(), IsOk());
    EXPECT_EQ((*snapshot)->payload, "first");
    EXPECT_TRUE((*snapshot)->is_fallback);
    EXPECT_THAT(Assemble(torn), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no snapshot is complete")));
  }
}

TEST(SnapshotTest, AChunkLeftOverFromAnOlderSnapshotDoesNotStandInForAMissingOne) {
  std::mt19937_64 random(9);
  const auto second = EncodeSnapshot(SnapshotOf(2, RandomPayload(random, 2000)), kSmallRecord);
  const auto third = EncodeSnapshot(SnapshotOf(3, "third"), kSmallRecord);
  auto fourth = EncodeSnapshot(SnapshotOf(4, RandomPayload(random, 2000)), kSmallRecord);
  fourth.erase(fourth.begin() + 1);
  const auto snapshot = Assemble(Joined(Joined(second, third), fourth));
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_EQ((*snapshot)->payload, "third");
  EXPECT_TRUE((*snapshot)->is_fallback);
}

// Goal: every flipped byte of the snapshot that the manifest names is noticed.
TEST(SnapshotTest, DamageAnywhereIsDataLossAndNeverAnotherState) {
  std::mt19937_64 random(6);
  const std::string payload = RandomPayload(random, 1500);
  const auto before = EncodeSnapshot(SnapshotOf(1, "first"), kSmallRecord);
  const auto records = EncodeSnapshot(SnapshotOf(2, payload), kSmallRecord);
  for (size_t i = 0; i < records.size(); ++i) {
    for (size_t at = 0; at < records[i].value.size(); ++at) {
      auto damaged = records;
      damaged[i].value[at] = static_cast<char>(damaged[i].value[at] ^ (1 << (random() % 8)));
      EXPECT_THAT(Assemble(Joined(before, damaged)), StatusIs(absl::StatusCode::kDataLoss));
    }
    for (size_t size = 0; size < records[i].value.size(); size += 17) {
      auto cut = records;
      cut[i].value.resize(size);
      EXPECT_THAT(Assemble(Joined(before, cut)), StatusIs(absl::StatusCode::kDataLoss));
    }
  }
}

TEST(SnapshotTest, DamageOfAnOlderOneDoesNotMatter) {
  auto before = EncodeSnapshot(SnapshotOf(1, "first"));
  for (SnapshotRecord& record : before) record.value[10] = static_cast<char>(record.value[10] ^ 1);
  const auto snapshot = Assemble(Joined(before, EncodeSnapshot(SnapshotOf(2, "second"))));
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_EQ((*snapshot)->payload, "second");
}

TEST(SnapshotTest, TombstonesTakeASnapshotAway) {
  SnapshotAssembler assembler(3);
  const auto records = EncodeSnapshot(SnapshotOf(1, "first"));
  for (const SnapshotRecord& record : records) assembler.Add(record.key, record.value);
  for (const SnapshotRecord& record : records) assembler.Add(record.key, std::nullopt);
  const auto snapshot = assembler.Newest();
  ASSERT_THAT(snapshot.status(), IsOk());
  EXPECT_FALSE(snapshot->has_value());
}

TEST(SnapshotTest, ANewerReleasesSnapshotIsRefusedByName) {
  auto records = EncodeSnapshot(SnapshotOf(1, "first"));
  std::string& manifest = records.back().value;
  constexpr size_t kVersionAt = 4;
  constexpr size_t kChecksumBytes = 8;
  manifest[kVersionAt] = static_cast<char>(kSnapshotVersion + 1);
  const uint64_t checksum = Hash64(std::string_view{manifest}.substr(0, manifest.size() - kChecksumBytes));
  for (size_t i = 0; i < kChecksumBytes; ++i) {
    manifest[manifest.size() - kChecksumBytes + i] = static_cast<char>(checksum >> (8 * i));
  }
  EXPECT_THAT(Assemble(records), StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("newer release")));
}

TEST(SnapshotTest, RandomBytesNeverCrash) {
  std::mt19937_64 random(8);
  const std::string payload = RandomPayload(random, 2000);
  const auto good = EncodeSnapshot(SnapshotOf(2, payload), kSmallRecord);
  for (int round = 0; round < 20'000; ++round) {
    SnapshotAssembler assembler(3);
    for (size_t i = 0; i < 1 + random() % 4; ++i) {
      SnapshotRecord record = good[random() % good.size()];
      switch (random() % 4) {
        case 0:
          record.value.resize(random() % 400);
          break;
        case 1:
          for (char& c : record.value) c = static_cast<char>(random());
          break;
        case 2:
          for (char& c : record.key) c = "0123/manifest"[random() % 13];
          break;
        default:
          break;
      }
      // A checksum that holds, around nonsense.
      if (random() % 2 == 0 && record.value.size() > 8) {
        const uint64_t checksum = Hash64(std::string_view{record.value}.substr(0, record.value.size() - 8));
        for (size_t k = 0; k < 8; ++k)
          record.value[record.value.size() - 8 + k] = static_cast<char>(checksum >> (8 * k));
      }
      assembler.Add(record.key, record.value);
    }
    const auto snapshot = assembler.Newest();
    if (snapshot.ok() && snapshot->has_value()) {
      EXPECT_EQ(**snapshot, SnapshotOf(2, payload));
    }
  }
}

}  // namespace
}  // namespace tocsin
