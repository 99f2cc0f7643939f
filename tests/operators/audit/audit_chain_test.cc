#include "operators/audit/audit_chain.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;

SourceRange Range(Offset from, Offset to, uint32_t epoch = 0, int32_t partition = 0) {
  SourceRange range;
  range.topic = "posts";
  range.partition = partition;
  range.epoch = epoch;
  range.from = from;
  range.to = to;
  return range;
}

TEST(AuditChainTest, TheFirstBlockOfAPartitionStartsItsChain) {
  AuditChain chain;
  EXPECT_EQ(chain.Apply(Range(500, 510)), AuditResult{.verdict = AuditVerdict::kFirst});
  EXPECT_EQ(chain.Apply(Range(510, 510)), AuditResult{.verdict = AuditVerdict::kApplied});
  EXPECT_EQ(chain.Apply(Range(510, 520)), AuditResult{.verdict = AuditVerdict::kApplied});
  EXPECT_EQ(chain.Apply(Range(7, 9, 0, 1)), AuditResult{.verdict = AuditVerdict::kFirst});
  EXPECT_EQ(chain.size(), 2u);
}

TEST(AuditChainTest, ARepeatIsLeftOutAndMovesNothing) {
  AuditChain chain;
  chain.Apply(Range(0, 100));
  const AuditResult repeat{.verdict = AuditVerdict::kRepeat, .skip_below = kSkipAll};
  EXPECT_EQ(chain.Apply(Range(0, 100)), repeat);
  EXPECT_EQ(chain.Apply(Range(20, 60)), repeat);
  EXPECT_EQ(chain.Apply(Range(60, 60)), repeat);
  EXPECT_EQ(chain.Apply(Range(100, 110)).verdict, AuditVerdict::kApplied);
}

TEST(AuditChainTest, OfAnOverlapOnlyTheRowsBehindCount) {
  AuditChain chain;
  chain.Apply(Range(0, 100));
  EXPECT_EQ(chain.Apply(Range(90, 120)), (AuditResult{.verdict = AuditVerdict::kOverlap, .skip_below = 100}));
  EXPECT_EQ(chain.Apply(Range(120, 121)).verdict, AuditVerdict::kApplied);
}

TEST(AuditChainTest, AGapIsMeasuredAndGoesOn) {
  AuditChain chain;
  chain.Apply(Range(0, 100));
  EXPECT_EQ(chain.Apply(Range(130, 140)), (AuditResult{.verdict = AuditVerdict::kGap, .missing = 30}));
  EXPECT_EQ(chain.Apply(Range(140, 141)).verdict, AuditVerdict::kApplied);
  EXPECT_EQ(chain.Apply(Range(100, 130)).verdict, AuditVerdict::kRepeat);
}

TEST(AuditChainTest, ANewEpochStartsAgainAndTheOldOneIsARepeat) {
  AuditChain chain;
  chain.Apply(Range(0, 100));
  EXPECT_EQ(chain.Apply(Range(0, 10, 1)), AuditResult{.verdict = AuditVerdict::kNewEpoch});
  EXPECT_EQ(chain.Apply(Range(100, 110, 0)).verdict, AuditVerdict::kRepeat);
  EXPECT_EQ(chain.Apply(Range(10, 20, 1)).verdict, AuditVerdict::kApplied);
}

TEST(AuditChainTest, CheckMovesNothing) {
  AuditChain chain;
  chain.Apply(Range(0, 100));
  const AuditChain before = chain;
  EXPECT_EQ(chain.Check(Range(130, 140)).verdict, AuditVerdict::kGap);
  EXPECT_EQ(chain, before);
}

// Goal: whatever ranges come, no offset is taken twice, and what is missing is what was never offered.
// Method: against a set of every offset taken.
TEST(AuditChainTest, TakesEveryOffsetOnceAgainstASetOfOffsets) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    std::mt19937_64 random(seed);
    AuditChain chain;
    std::set<Offset> taken;
    int64_t missing = 0;
    Offset next = static_cast<Offset>(random() % 100);
    const Offset start = next;
    for (int step = 0; step < 300; ++step) {
      Offset from = next;
      if (step > 0 && random() % 4 == 0) from = std::max(start, next - static_cast<Offset>(random() % 30));
      if (step > 0 && random() % 10 == 0) from = next + static_cast<Offset>(random() % 20);
      const SourceRange range = Range(from, from + static_cast<Offset>(random() % 25));
      const AuditResult result = chain.Apply(range);
      missing += result.missing;
      for (Offset offset = range.from; offset < range.to; ++offset) {
        if (offset < result.skip_below) {
          ASSERT_TRUE(offset < next) << "a row that was not known was skipped";
        } else {
          ASSERT_TRUE(taken.insert(offset).second) << "offset " << offset << " taken twice";
        }
      }
      next = std::max(next, range.to);
    }
    EXPECT_EQ(static_cast<int64_t>(taken.size()) + missing, next - start);
  }
}

TEST(AuditChainTest, SurvivesASnapshot) {
  AuditChain chain;
  for (int32_t partition = 0; partition < 20; ++partition) {
    chain.Apply(
        Range(partition * 7, partition * int64_t{1'000'000'007}, static_cast<uint32_t>(partition % 3), partition));
  }
  std::string bytes;
  ByteWriter writer(&bytes);
  chain.Encode(&writer);
  AuditChain restored;
  ByteReader reader(bytes);
  ASSERT_THAT(restored.Decode(&reader), IsOk());
  EXPECT_EQ(restored, chain);
  for (size_t size = 0; size < bytes.size(); ++size) {
    ByteReader cut(std::string_view{bytes}.substr(0, size));
    EXPECT_THAT(restored.Decode(&cut), StatusIs(absl::StatusCode::kDataLoss));
  }
}

}  // namespace
}  // namespace tocsin
