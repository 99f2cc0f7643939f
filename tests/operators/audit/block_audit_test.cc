#include "operators/audit/block_audit.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

SourceRange Range(int32_t partition, Offset from, Offset to, uint32_t epoch = 0) {
  SourceRange range;
  range.topic = "posts";
  range.partition = partition;
  range.epoch = epoch;
  range.from = from;
  range.to = to;
  range.records = range.unmatched = from < 0 ? 0 : static_cast<uint32_t>(to - from);
  return range;
}

std::string BlockOf(const std::vector<SourceRange>& sources) {
  BlockBuilder builder;
  std::vector<std::string> parts;
  builder.Encode(1, sources, size_t{1} << 20, &parts);
  return parts.front();
}

// A block with rows enough for at least two parts.
std::vector<std::string> Parts(const SourceRange& source) {
  BlockBuilder builder;
  Mention mention;
  for (Offset offset = source.from; offset < source.to; ++offset) {
    mention.offset = offset;
    mention.post_hash = static_cast<uint64_t>(offset);
    builder.Add(mention, "acme", nullptr);
  }
  std::vector<std::string> parts;
  builder.Encode(1, {source}, 400, &parts);  // bytes: less than it takes
  return parts;
}

std::vector<AuditProblem> Problems(const BlockAudit& audit) {
  std::vector<AuditProblem> problems;
  for (const AuditFinding& finding : audit.findings()) problems.push_back(finding.problem);
  return problems;
}

const TopicPartition kPosts0{"posts", 0};

TEST(BlockAuditTest, AnUnbrokenChainHasNoFindings) {
  BlockAudit audit;
  audit.Add(BlockOf({Range(0, 5, 10), Range(1, -1, -1)}), 0);
  audit.Add(BlockOf({Range(0, 10, 10), Range(1, 0, 7)}), 2);
  audit.Add(BlockOf({Range(0, 10, 12)}), 4);
  audit.Finish();
  audit.CheckEnd(kPosts0, 0, 10, 12);
  audit.CheckEnd({"posts", 1}, 0, 7, 9);
  EXPECT_THAT(audit.findings(), IsEmpty());
  EXPECT_FALSE(audit.HasLoss());
  EXPECT_EQ(audit.blocks(), 3);
  ASSERT_THAT(audit.sources(), SizeIs(2));
  const SourceAudit& source = audit.sources().at(kPosts0);
  EXPECT_EQ(source.first, 5);
  EXPECT_EQ(source.end, 12);
  EXPECT_EQ(source.applied, 3);
  EXPECT_EQ(source.records, 7);
}

TEST(BlockAuditTest, AGapIsALossAndSaysWhatIsMissing) {
  BlockAudit audit;
  audit.Add(BlockOf({Range(0, 0, 10)}), 0);
  audit.Add(BlockOf({Range(0, 14, 20)}), 3);
  ASSERT_THAT(Problems(audit), ElementsAre(AuditProblem::kGap));
  EXPECT_EQ(audit.findings()[0].mentions_offset, 3);
  EXPECT_EQ(audit.findings()[0].from, 10);
  EXPECT_EQ(audit.findings()[0].to, 14);
  EXPECT_EQ(audit.sources().at(kPosts0).missing, 4);
  EXPECT_TRUE(audit.HasLoss());
}

TEST(BlockAuditTest, RepeatsAndOverlapsAreToldAndAreNoLoss) {
  BlockAudit audit;
  audit.Add(BlockOf({Range(0, 0, 10)}), 0);
  audit.Add(BlockOf({Range(0, 0, 10)}), 1);
  audit.Add(BlockOf({Range(0, 5, 15)}), 2);
  audit.Add(BlockOf({Range(0, 15, 16)}), 3);
  EXPECT_THAT(Problems(audit), ElementsAre(AuditProblem::kRepeat, AuditProblem::kOverlap));
  EXPECT_EQ(audit.findings()[1].to, 10);
  EXPECT_EQ(audit.sources().at(kPosts0).repeats, 1);
  EXPECT_EQ(audit.sources().at(kPosts0).overlaps, 1);
  EXPECT_FALSE(audit.HasLoss());
}

TEST(BlockAuditTest, ANewEpochBeginsAChainOfItsOwn) {
  BlockAudit audit;
  audit.Add(BlockOf({Range(0, 0, 10)}), 0);
  audit.Add(BlockOf({Range(0, 0, 3, 1)}), 1);
  audit.Finish();
  audit.CheckEnd(kPosts0, 1, 3, 3);
  EXPECT_THAT(audit.findings(), IsEmpty());
  EXPECT_EQ(audit.sources().at(kPosts0).new_epochs, 1);
  EXPECT_EQ(audit.sources().at(kPosts0).end, 3);
}

TEST(BlockAuditTest, ABlockInPartsCountsOnceAndOneWithoutAllPartsIsTorn) {
  BlockAudit audit;
  const std::vector<std::string> whole = Parts(Range(0, 0, 10));
  ASSERT_THAT(whole, SizeIs(2));
  Offset offset = 0;
  for (const std::string& part : whole) audit.Add(part, offset++);
  EXPECT_EQ(audit.blocks(), 1);
  EXPECT_EQ(audit.rows(), 10);
  audit.Add(Parts(Range(0, 10, 20)).front(), offset++);
  EXPECT_THAT(audit.findings(), IsEmpty());
  audit.Finish();
  EXPECT_THAT(Problems(audit), ElementsAre(AuditProblem::kTorn));
  audit.CheckEnd(kPosts0, 0, 20, 20);
  EXPECT_THAT(Problems(audit), ElementsAre(AuditProblem::kTorn, AuditProblem::kBehind));
}

TEST(BlockAuditTest, DamageAndAnAccountThatDoesNotAddUpAreLosses) {
  BlockAudit damaged;
  std::string bytes = BlockOf({Range(0, 0, 10)});
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  damaged.Add(bytes, 8);
  EXPECT_THAT(Problems(damaged), ElementsAre(AuditProblem::kDamaged));
  EXPECT_TRUE(damaged.HasLoss());

  BlockAudit unaccounted;
  SourceRange range = Range(0, 0, 10);
  range.unmatched = 9;
  unaccounted.Add(BlockOf({range}), 0);
  EXPECT_THAT(Problems(unaccounted), ElementsAre(AuditProblem::kUnaccounted));
  EXPECT_TRUE(unaccounted.HasLoss());
}

TEST(BlockAuditTest, TheEndMustLieBetweenWhatWasCommittedBeforeAndAfter) {
  BlockAudit audit;
  audit.Add(BlockOf({Range(0, 0, 10)}), 0);
  audit.Finish();
  audit.CheckEnd(kPosts0, 0, 10, 10);
  audit.CheckEnd(kPosts0, 0, 0, 30);
  EXPECT_THAT(audit.findings(), IsEmpty());
  audit.CheckEnd(kPosts0, 0, 11, 12);
  audit.CheckEnd(kPosts0, 0, 0, 9);
  audit.CheckEnd({"posts", 7}, 0, 1, 1);  // committed, and never in a block
  EXPECT_THAT(Problems(audit), ElementsAre(AuditProblem::kBehind, AuditProblem::kUncommitted, AuditProblem::kBehind));
}

TEST(BlockAuditTest, FindingsAreBoundedAndCounted) {
  BlockAudit audit;
  for (Offset i = 0; i < 300; ++i) audit.Add(BlockOf({Range(0, i * 2, i * 2 + 1)}), i);
  EXPECT_THAT(audit.findings(), SizeIs(BlockAudit::kFindingsMax));
  EXPECT_EQ(audit.Count(AuditProblem::kGap), 299);
}

}  // namespace
}  // namespace tocsin
