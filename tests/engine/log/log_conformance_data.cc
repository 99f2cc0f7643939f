// Topics, records and transactions: what is written is what is read.
#include <string>
#include <vector>

#include "tests/engine/log/log_conformance.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_P(LogConformanceTest, ReadsWhatWasCommitted) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b"});
  CommitValues(*writer, partition, {"c"});
  EXPECT_THAT(ValuesOf(partition, 3), ElementsAre("a", "b", "c"));
}

TEST_P(LogConformanceTest, OffsetsRise) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b"});
  CommitValues(*writer, partition, {"c"});
  auto records = ReadToEnd(partition, 3);
  ASSERT_THAT(records.status(), IsOk());
  ASSERT_EQ(records->size(), 3U);
  EXPECT_LT((*records)[0].offset, (*records)[1].offset);
  EXPECT_LT((*records)[1].offset, (*records)[2].offset);
}

TEST_P(LogConformanceTest, WhatIsOpenIsNotVisible) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "open")), IsOk());
  AwaitEnd(partition, 1);
  EXPECT_THAT(ValuesOf(partition, 0), IsEmpty());
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(ValuesOf(partition, 1), ElementsAre("open"));
}

TEST_P(LogConformanceTest, WhatWasAbortedIsNeverVisible) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "aborted")), IsOk());
  AwaitEnd(partition, 1);
  ASSERT_THAT(writer->Abort(), IsOk());
  auto other = MakeWriter();
  CommitValues(*other, partition, {"committed"});
  EXPECT_THAT(ValuesOf(partition, 1), ElementsAre("committed"));
}

TEST_P(LogConformanceTest, AnAbortRightBehindACommitLeavesNothing) {
  constexpr int kRounds = 5;
  const TopicPartition partition{MakeTopic(1), 0};
  const std::string id = Unique("writer");
  std::vector<std::string> expected;
  for (int round = 0; round < kRounds; ++round) {
    auto writer = MakeWriter(id);
    expected.push_back(absl::StrCat("committed", round));
    CommitValues(*writer, partition, {expected.back()});
    ASSERT_THAT(writer->Begin(), IsOk());
    ASSERT_THAT(writer->Write(RecordFor(partition, "aborted")), IsOk());
    std::ignore = writer->Abort();  // may fail, since the commit may not be finished; the next writer cleans up
  }
  EXPECT_EQ(ValuesOf(partition, kRounds), expected);
}

TEST_P(LogConformanceTest, AnOpenTransactionHoldsBackWhatWasCommittedBehindIt) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto slow = MakeWriter();
  auto quick = MakeWriter();
  ASSERT_THAT(slow->Begin(), IsOk());
  ASSERT_THAT(slow->Write(RecordFor(partition, "slow")), IsOk());
  AwaitEnd(partition, 1);
  CommitValues(*quick, partition, {"quick"});
  EXPECT_THAT(ValuesOf(partition, 0), IsEmpty());
  ASSERT_THAT(slow->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(ValuesOf(partition, 2), ElementsAre("slow", "quick"));
}

TEST_P(LogConformanceTest, InterleavedWritersKeepTheirTransactionsApart) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto kept = MakeWriter();
  auto dropped = MakeWriter();
  ASSERT_THAT(kept->Begin(), IsOk());
  ASSERT_THAT(dropped->Begin(), IsOk());
  Offset end = 0;
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(kept->Write(RecordFor(partition, absl::StrCat("kept", i))), IsOk());
    AwaitEnd(partition, ++end);
    ASSERT_THAT(dropped->Write(RecordFor(partition, absl::StrCat("dropped", i))), IsOk());
    AwaitEnd(partition, ++end);
  }
  ASSERT_THAT(dropped->Abort(), IsOk());
  ASSERT_THAT(kept->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(ValuesOf(partition, 3), ElementsAre("kept0", "kept1", "kept2"));
}

TEST_P(LogConformanceTest, OneTransactionCoversSeveralPartitionsAndTopics) {
  const std::string first = MakeTopic(2);
  const std::string second = MakeTopic(1);
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor({first, 0}, "f0")), IsOk());
  ASSERT_THAT(writer->Write(RecordFor({first, 1}, "f1")), IsOk());
  ASSERT_THAT(writer->Write(RecordFor({second, 0}, "s0")), IsOk());
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(ValuesOf({first, 0}, 1), ElementsAre("f0"));
  EXPECT_THAT(ValuesOf({first, 1}, 1), ElementsAre("f1"));
  EXPECT_THAT(ValuesOf({second, 0}, 1), ElementsAre("s0"));
}

TEST_P(LogConformanceTest, OrderWithinAPartitionIsTheOrderOfWriting) {
  constexpr int32_t kPartitions = 3;
  constexpr int kTransactions = 5;
  constexpr int kRecords = 300;
  const std::string topic = MakeTopic(kPartitions);
  auto writer = MakeWriter();
  std::vector<std::vector<std::string>> expected(kPartitions);
  int next = 0;
  for (int transaction = 0; transaction < kTransactions; ++transaction) {
    ASSERT_THAT(writer->Begin(), IsOk());
    for (int i = 0; i < kRecords; ++i, ++next) {
      const auto partition = static_cast<int32_t>(next % kPartitions);
      const std::string value = absl::StrCat(next);
      ASSERT_THAT(writer->Write(RecordFor({topic, partition}, value)), IsOk());
      expected[static_cast<size_t>(partition)].push_back(value);
    }
    ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  }
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    const std::vector<std::string>& values = expected[static_cast<size_t>(partition)];
    EXPECT_EQ(ValuesOf({topic, partition}, values.size()), values);
  }
}

TEST_P(LogConformanceTest, AnEmptyTransactionCommitsAndAborts) {
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  EXPECT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  ASSERT_THAT(writer->Begin(), IsOk());
  EXPECT_THAT(writer->Abort(), IsOk());
}

TEST_P(LogConformanceTest, TheSameTransactionalIdOpenedAgainFencesTheOldWriter) {
  const TopicPartition partition{MakeTopic(1), 0};
  const std::string id = Unique("writer");
  auto zombie = MakeWriter(id);
  ASSERT_THAT(zombie->Begin(), IsOk());
  ASSERT_THAT(zombie->Write(RecordFor(partition, "zombie")), IsOk());
  AwaitEnd(partition, 1);
  auto heir = MakeWriter(id);
  CommitValues(*heir, partition, {"heir"});
  EXPECT_THAT(zombie->Commit({}, GroupGeneration(), kNoGroup), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(ValuesOf(partition, 1), ElementsAre("heir"));
}

TEST_P(LogConformanceTest, AWriterDestroyedWithAnOpenTransactionLeavesNothing) {
  const TopicPartition partition{MakeTopic(1), 0};
  const std::string id = Unique("writer");
  auto dying = MakeWriter(id);
  ASSERT_THAT(dying->Begin(), IsOk());
  ASSERT_THAT(dying->Write(RecordFor(partition, "lost")), IsOk());
  AwaitEnd(partition, 1);
  dying.reset();
  auto heir = MakeWriter(id);
  CommitValues(*heir, partition, {"heir"});
  EXPECT_THAT(ValuesOf(partition, 1), ElementsAre("heir"));
}

TEST_P(LogConformanceTest, KeysValuesAndTombstonesComeBackAsWritten) {
  const TopicPartition partition{MakeTopic(1), 0};
  const std::string binary("\0\xff\n", 3);
  const std::vector<Header> headers = {{"ce_type", "tocsin.signal.v1"}, {"empty", ""}};
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  OutputRecord record = RecordFor(partition, binary);
  record.key = binary;
  record.headers = headers;
  ASSERT_THAT(writer->Write(record), IsOk());
  record = RecordFor(partition, "");
  record.key = "";
  ASSERT_THAT(writer->Write(record), IsOk());
  record = RecordFor(partition, "");
  record.key = "gone";
  record.value = std::nullopt;
  ASSERT_THAT(writer->Write(record), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "no key")), IsOk());
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());

  auto records = ReadToEnd(partition, 4);
  ASSERT_THAT(records.status(), IsOk());
  ASSERT_EQ(records->size(), 4U);
  EXPECT_EQ((*records)[0].key, binary);
  EXPECT_EQ((*records)[0].value, binary);
  EXPECT_EQ((*records)[1].key, "");
  EXPECT_EQ((*records)[1].value, "");
  EXPECT_TRUE((*records)[1].has_value);
  EXPECT_EQ((*records)[2].key, "gone");
  EXPECT_FALSE((*records)[2].has_value);
  EXPECT_EQ((*records)[3].key, "");
  EXPECT_EQ((*records)[3].value, "no key");
}

TEST_P(LogConformanceTest, RecordsWithOneKeyShareAPartition) {
  constexpr int32_t kPartitions = 4;
  constexpr int kRecords = 12;
  const std::string topic = MakeTopic(kPartitions);
  const TopicPartition any{topic, -1};  // the record borrows its topic
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  for (int i = 0; i < kRecords; ++i) {
    OutputRecord record = RecordFor(any, "v");
    record.key = "the same key";
    ASSERT_THAT(writer->Write(record), IsOk());
  }
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  auto member = Join(Unique("group"), {topic});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() == kRecords; }, "all records");
  EXPECT_EQ(member->records.size(), 1U);
}

TEST_P(LogConformanceTest, ARecordThatIsTooLargeIsRefusedAndTheTransactionGoesOn) {
  const TopicPartition partition{MakeTopic(1), 0};
  const std::string large(static_cast<size_t>(GetParam().too_large_bytes), 'x');
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "before")), IsOk());
  EXPECT_THAT(writer->Write(RecordFor(partition, large)), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(writer->Write(RecordFor(partition, "after")), IsOk());
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(ValuesOf(partition, 2), ElementsAre("before", "after"));
}

TEST_P(LogConformanceTest, WritingToATopicThatDoesNotExistFails) {
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  absl::Status status = writer->Write(RecordFor({Unique("missing"), 0}, "v"));
  if (status.ok()) status = writer->Commit({}, GroupGeneration(), kNoGroup);
  EXPECT_FALSE(status.ok());
}

TEST_P(LogConformanceTest, EnsureTopicsCreatesWhatIsMissing) {
  const std::string topic = Unique("t");
  EXPECT_THAT(log().PartitionCount(topic), StatusIs(absl::StatusCode::kNotFound));
  const TopicSpec spec{topic, 3, -1, {{"retention.ms", "86400000"}}};
  ASSERT_THAT(log().EnsureTopics({spec}, true), IsOk());
  auto count = log().PartitionCount(topic);
  ASSERT_THAT(count.status(), IsOk());
  EXPECT_EQ(*count, 3);
  EXPECT_THAT(log().EnsureTopics({spec}, true), IsOk());
  EXPECT_THAT(log().EnsureTopics({spec}, false), IsOk());
}

TEST_P(LogConformanceTest, EnsureTopicsNamesWhatIsMissingWhenItMayNotCreate) {
  const std::string topic = Unique("t");
  EXPECT_THAT(log().EnsureTopics({TopicSpec{topic, 1, -1, {}}}, false),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(topic)));
  EXPECT_THAT(log().PartitionCount(topic), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(LogConformanceTest, EnsureTopicsRefusesAnotherPartitionCount) {
  const std::string topic = MakeTopic(2);
  EXPECT_THAT(log().EnsureTopics({TopicSpec{topic, 3, -1, {}}}, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(topic)));
  EXPECT_THAT(log().EnsureTopics({TopicSpec{topic, 3, -1, {}}}, false),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(topic)));
}

TEST_P(LogConformanceTest, OffsetsAreTheRangeHeld) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto range = log().Offsets(partition);
  ASSERT_THAT(range.status(), IsOk());
  EXPECT_EQ(range->begin, 0);
  EXPECT_EQ(range->end, 0);
  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "open")), IsOk());
  AwaitEnd(partition, 1);
  ASSERT_THAT(writer->Commit({}, GroupGeneration(), kNoGroup), IsOk());
  EXPECT_THAT(log().Offsets({Unique("missing"), 0}), StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(LogConformanceTest, TheEndThatIsReachedIsTheEndOfTheRange) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b"});
  ASSERT_EQ(ValuesOf(partition, 2).size(), 2U);
  auto before = log().Offsets(partition);
  ASSERT_THAT(before.status(), IsOk());
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(partition, "aborted")), IsOk());
  AwaitEnd(partition, before->end + 1);
  ASSERT_THAT(writer->Abort(), IsOk());
  auto reader = log().OpenPartitionReader({{partition, {}}});
  ASSERT_THAT(reader.status(), IsOk());
  std::vector<RecordBatch> batches;
  bool reached = false;
  for (int poll = 0; poll < kMaxPolls && !reached; ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      auto range = log().Offsets(partition);
      ASSERT_THAT(range.status(), IsOk());
      reached = batch.end_of_partition && batch.next_offset == range->end;
    }
  }
  EXPECT_TRUE(reached);
}

}  // namespace
}  // namespace tocsin
