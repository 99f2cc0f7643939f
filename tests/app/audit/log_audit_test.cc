#include "app/audit/log_audit.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/audit/audit_report.h"
#include "app/worker/offset_metadata.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kGroup[] = "test-ingest";
constexpr int32_t kMentionsPartitions = 2;

// A log into which ingest is played: each flush is one transaction with a block for every mentions partition.
class LogAuditTest : public testing::Test {
 protected:
  LogAuditTest() : log_(&clock_, {}) {
    CHECK_OK(log_.EnsureTopics({{"posts", 2, -1, {}}, {"mentions", kMentionsPartitions, -1, {}}}, true));
  }

  static std::string BlockOf(int32_t partition, Offset from, Offset to, uint32_t epoch) {
    SourceRange range;
    range.topic = "posts";
    range.partition = partition;
    range.epoch = epoch;
    range.from = from;
    range.to = to;
    range.records = range.unmatched = static_cast<uint32_t>(to - from);
    BlockBuilder builder;
    std::vector<std::string> parts;
    builder.Encode(1, {&range, 1}, size_t{1} << 20, &parts);
    return parts.front();
  }

  void Block(int32_t mentions, int32_t partition, Offset from, Offset to, uint32_t epoch = 0) {
    CHECK_OK(log_.Append({"mentions", mentions}, std::nullopt, BlockOf(partition, from, to, epoch)).status());
  }
  void Commit(int32_t partition, Offset offset, uint32_t epoch = 0) {
    const ConsumedOffset committed{{"posts", partition}, offset, EncodeMetadata({epoch, 1'000})};
    CHECK_OK(log_.SetCommittedOffsets(kGroup, {&committed, 1}));
  }
  void Flush(int32_t partition, Offset from, Offset to, uint32_t epoch = 0) {
    for (int32_t mentions = 0; mentions < kMentionsPartitions; ++mentions) Block(mentions, partition, from, to, epoch);
    Commit(partition, to, epoch);
  }

  absl::StatusOr<LogAudit> Audit(Log* log) {
    LogAuditOptions options;
    options.mentions_topic = "mentions";
    options.ingest_group = kGroup;
    options.source_topics = {"posts"};
    options.max_wait = absl::Milliseconds(300);
    return AuditLog(options, log, nullptr);
  }
  LogAudit Audit() {
    absl::StatusOr<LogAudit> audit = Audit(&log_);
    CHECK_OK(audit.status());
    return *std::move(audit);
  }

  ManualClock clock_{absl::FromUnixSeconds(1'767'225'600)};
  MemoryLog log_;
};

TEST_F(LogAuditTest, AnEmptyLogIsWhole) {
  EXPECT_TRUE(Audit().IsWhole());
  EXPECT_EQ(RenderLogAudit(Audit()).find("NOT"), std::string::npos);
}

TEST_F(LogAuditTest, WhatFollowsUponOneAnotherAndIsCommittedIsWhole) {
  Flush(0, 0, 100);
  Flush(1, 3, 4);
  Flush(0, 100, 250);
  const LogAudit audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_THAT(audit.notes, IsEmpty());
  const std::string text = RenderLogAudit(audit);
  EXPECT_THAT(text, HasSubstr("posts/0 [0, 250) in 2 of 2 mentions partitions, epoch 0: 250 records = 0 matched + 250 "
                              "unmatched + 0 dead + 0 official"));
  EXPECT_THAT(text, HasSubstr("\nwhole; 6 blocks of 2 source partitions in 2 mentions partitions\n"));
}

TEST_F(LogAuditTest, APlantedGapIsFoundInTheMentionsPartitionWhereItIs) {
  Flush(0, 0, 100);
  Block(0, 0, 100, 150);  // lost on the way to mentions partition 1
  Commit(0, 150);
  Flush(0, 150, 200);
  const LogAudit audit = Audit();
  EXPECT_FALSE(audit.IsWhole());
  EXPECT_EQ(audit.partitions[0].audit.Count(AuditProblem::kGap), 0);
  EXPECT_EQ(audit.partitions[1].audit.Count(AuditProblem::kGap), 1);
  EXPECT_THAT(RenderLogAudit(audit),
              HasSubstr("  gap: posts/0 [100, 150) is in no block before the one at offset 1\n"));
  const nlohmann::json json = nlohmann::json::parse(RenderLogAuditJson(audit));
  EXPECT_EQ(json["whole"], false);
  EXPECT_EQ(json["partitions"][1]["sources"][0]["missing"], 50);
  EXPECT_EQ(json["partitions"][1]["findings"][0]["problem"], "gap");
}

TEST_F(LogAuditTest, APlantedRepeatIsToldAndDoesNoHarm) {
  Flush(0, 0, 100);
  Block(1, 0, 0, 100);
  const LogAudit audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_EQ(audit.Count(AuditProblem::kRepeat), 1);
  EXPECT_THAT(RenderLogAudit(audit), HasSubstr("\nwhole: 1 repeat; "));
}

TEST_F(LogAuditTest, TheLastBlockMissingIsFoundByTheOffsetsThatWereCommitted) {
  Flush(0, 0, 100);
  Block(0, 0, 100, 120);
  Commit(0, 120);
  const LogAudit audit = Audit();
  EXPECT_FALSE(audit.IsWhole());
  EXPECT_EQ(audit.partitions[1].audit.Count(AuditProblem::kBehind), 1);
  EXPECT_THAT(RenderLogAudit(audit), HasSubstr("behind: posts/0 [100, 120) is committed as read"));
}

TEST_F(LogAuditTest, ABlockWhoseOffsetsWereNotCommittedIsFound) {
  Flush(0, 0, 100);
  Block(0, 0, 100, 120);
  EXPECT_EQ(Audit().partitions[0].audit.Count(AuditProblem::kUncommitted), 1);
}

TEST_F(LogAuditTest, TheTailThatRetentionHasLeftIsAuditedFromItsFirstBlock) {
  Flush(0, 0, 100);
  Flush(0, 100, 200);
  for (int32_t mentions = 0; mentions < kMentionsPartitions; ++mentions) CHECK_OK(log_.Trim({"mentions", mentions}, 1));
  const LogAudit audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_EQ(audit.partitions[0].audit.sources().begin()->second.first, 100);
}

TEST_F(LogAuditTest, ATopicMadeAnewIsNoGapNeitherBeforeNorAfterItsFirstBlock) {
  Flush(0, 0, 100);
  Commit(0, 30, 1);
  LogAudit audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_THAT(audit.notes, testing::ElementsAre(HasSubstr("was reset, and nothing has been read since")));
  Flush(0, 30, 60, 1);
  audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_THAT(audit.notes, IsEmpty());
}

TEST_F(LogAuditTest, AGroupWithoutOffsetsIsNoted) {
  Block(0, 0, 0, 10);
  Block(1, 0, 0, 10);
  const LogAudit audit = Audit();
  EXPECT_TRUE(audit.IsWhole());
  EXPECT_THAT(audit.notes, testing::ElementsAre(HasSubstr("the group has no offset for it")));
}

TEST_F(LogAuditTest, AnOpenTransactionIsWaitedForAndThenAnError) {
  Flush(0, 0, 100);
  absl::StatusOr<std::unique_ptr<Writer>> writer = log_.OpenWriter("somebody");
  CHECK_OK(writer.status());
  CHECK_OK((*writer)->Begin());
  const std::string block = BlockOf(0, 100, 110, 0);
  OutputRecord record;
  record.topic = "mentions";
  record.partition = 0;
  record.value = block;
  CHECK_OK((*writer)->Write(record));
  EXPECT_THAT(Audit(&log_).status(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("a transaction is open")));
  CHECK_OK((*writer)->Abort());
  EXPECT_TRUE(Audit().IsWhole());
}

}  // namespace
}  // namespace tocsin
