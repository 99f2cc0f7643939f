#include "operators/audit/part_assembler.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

Block Part(int32_t source, Offset from, uint32_t part, uint32_t parts) {
  Block block;
  block.part = part;
  block.parts = parts;
  SourceRange range;
  range.topic = "posts";
  range.partition = source;
  range.from = from;
  range.to = from + 10;
  block.sources = {range};
  return block;
}

TEST(PartAssemblerTest, GivesTheBlockWithItsLastPart) {
  PartAssembler assembler;
  EXPECT_EQ(assembler.Add(Part(0, 0, 0, 3), "a", 100), std::nullopt);
  EXPECT_THAT(assembler.first_offset(), Optional(100));
  EXPECT_EQ(assembler.Add(Part(0, 0, 1, 3), "b", 102), std::nullopt);
  const std::optional<PartAssembler::Whole> whole = assembler.Add(Part(0, 0, 2, 3), "c", 105);
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->first_offset, 100);
  EXPECT_THAT(whole->parts, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(assembler.empty());
  EXPECT_EQ(assembler.first_offset(), std::nullopt);
  EXPECT_EQ(assembler.torn(), 0);
}

TEST(PartAssemblerTest, PartsOfDifferentBlocksMayInterleave) {
  PartAssembler assembler;
  EXPECT_FALSE(assembler.Add(Part(0, 0, 0, 2), "a0", 1));
  EXPECT_FALSE(assembler.Add(Part(1, 0, 0, 2), "b0", 2));
  const auto b = assembler.Add(Part(1, 0, 1, 2), "b1", 3);
  const auto a = assembler.Add(Part(0, 0, 1, 2), "a1", 4);
  ASSERT_TRUE(a && b);
  EXPECT_THAT(a->parts, ElementsAre("a0", "a1"));
  EXPECT_THAT(b->parts, ElementsAre("b0", "b1"));
}

TEST(PartAssemblerTest, ALaterBlockOfTheSameSourceTearsAnIncompleteOne) {
  PartAssembler assembler;
  assembler.Add(Part(0, 0, 0, 2), "a0", 1);
  assembler.Add(Part(1, 0, 0, 2), "b0", 2);
  assembler.Preempt(Part(0, 10, 0, 1).sources);
  EXPECT_EQ(assembler.torn(), 1);
  EXPECT_THAT(assembler.first_offset(), Optional(2));
  assembler.Add(Part(1, 10, 0, 2), "b0", 3);
  EXPECT_EQ(assembler.torn(), 2);
  EXPECT_TRUE(assembler.Add(Part(1, 10, 1, 2), "b1", 4));
}

TEST(PartAssemblerTest, ABlockThatOnlyExpectsASourceTearsNothing) {
  PartAssembler assembler;
  assembler.Add(Part(0, 0, 0, 2), "a0", 1);
  Block other = Part(1, 0, 0, 1);
  other.sources.push_back(Part(0, 0, 0, 1).sources[0]);
  other.sources[1].from = other.sources[1].to = -1;
  assembler.Preempt(other.sources);
  EXPECT_EQ(assembler.torn(), 0);
}

TEST(PartAssemblerTest, ABlockWrittenAgainAfterATearIsWhole) {
  PartAssembler assembler;
  assembler.Add(Part(0, 0, 0, 2), "torn", 1);
  assembler.Add(Part(0, 0, 0, 2), "a0", 2);
  const auto whole = assembler.Add(Part(0, 0, 1, 2), "a1", 3);
  ASSERT_TRUE(whole.has_value());
  EXPECT_THAT(whole->parts, ElementsAre("a0", "a1"));
  EXPECT_EQ(assembler.torn(), 1);
}

TEST(PartAssemblerTest, PartsWrittenASecondTimeTearNothing) {
  PartAssembler assembler;
  assembler.Add(Part(0, 10, 0, 3), "a0", 1);
  assembler.Add(Part(0, 10, 1, 3), "a1", 2);
  assembler.Preempt(Part(0, 0, 0, 1).sources);
  EXPECT_FALSE(assembler.Add(Part(0, 0, 0, 2), "of the block before", 3));
  EXPECT_FALSE(assembler.Add(Part(0, 10, 0, 3), "a0", 4));
  EXPECT_FALSE(assembler.Add(Part(0, 10, 1, 3), "a1", 5));
  const auto whole = assembler.Add(Part(0, 10, 2, 3), "a2", 6);
  ASSERT_TRUE(whole.has_value());
  EXPECT_THAT(whole->parts, ElementsAre("a0", "a1", "a2"));
  EXPECT_EQ(assembler.torn(), 0);
}

TEST(PartAssemblerTest, AMissingPartInTheMiddleTearsTheBlock) {
  PartAssembler assembler;
  assembler.Add(Part(0, 0, 0, 3), "a0", 1);
  EXPECT_FALSE(assembler.Add(Part(0, 0, 2, 3), "a2", 2));
  EXPECT_EQ(assembler.torn(), 1);
  EXPECT_TRUE(assembler.empty());
}

TEST(PartAssemblerTest, PartsWithoutABeginningAreOneTornBlock) {
  PartAssembler assembler;
  EXPECT_FALSE(assembler.Add(Part(0, 0, 1, 3), "a1", 1));
  EXPECT_FALSE(assembler.Add(Part(0, 0, 2, 3), "a2", 2));
  EXPECT_EQ(assembler.torn(), 1);
}

}  // namespace
}  // namespace tocsin
