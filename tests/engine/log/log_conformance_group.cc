// Consumer groups: assignment, generations, offsets that commit with the output, positions.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/engine/log/log_conformance.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(LogConformanceTest, AMemberAloneReadsEveryPartition) {
  const std::string topic = MakeTopic(3);
  auto writer = MakeWriter();
  CommitValues(*writer, {topic, 0}, {"p0a", "p0b"});
  CommitValues(*writer, {topic, 2}, {"p2"});
  auto member = Join(Unique("group"), {topic});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() >= 3 && member->at_end.size() == 3; }, "all records");
  EXPECT_THAT(Values(member->records[{topic, 0}]), ElementsAre("p0a", "p0b"));
  EXPECT_THAT(Values(member->records[{topic, 1}]), IsEmpty());
  EXPECT_THAT(Values(member->records[{topic, 2}]), ElementsAre("p2"));
  EXPECT_EQ(member->listener.assignments, 1);
  for (const AssignedPartition& assigned : member->listener.assigned) {
    EXPECT_EQ(assigned.committed, std::nullopt);
    EXPECT_EQ(assigned.metadata, "");
  }
}

TEST_P(LogConformanceTest, AMemberMayReadSeveralTopics) {
  const std::string first = MakeTopic(1);
  const std::string second = MakeTopic(2);
  auto writer = MakeWriter();
  CommitValues(*writer, {first, 0}, {"f"});
  CommitValues(*writer, {second, 1}, {"s"});
  auto member = Join(Unique("group"), {first, second});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() == 2; }, "all records");
  EXPECT_THAT(member->Partitions(), testing::UnorderedElementsAre(TopicPartition{first, 0}, TopicPartition{second, 0},
                                                                  TopicPartition{second, 1}));
}

TEST_P(LogConformanceTest, TheEndIsReportedOnAnEmptyPartitionAndAgainBehindNewRecords) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto member = Join(Unique("group"), {partition.topic});
  PollUntil(
      {member.get()}, [&] { return member->at_end.contains(partition); }, "the end of an empty partition");
  EXPECT_EQ(member->next_offset[partition], 0);
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a"});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() == 1 && member->at_end.contains(partition); },
      "the end behind a record");
  EXPECT_GE(member->next_offset[partition], 1);
}

TEST_P(LogConformanceTest, OffsetsAndMetadataCommitWithTheOutput) {
  const TopicPartition input{MakeTopic(1), 0};
  const TopicPartition output{MakeTopic(1), 0};
  const std::string group = Unique("group");
  const std::string metadata(4000, 'm');
  auto writer = MakeWriter();
  CommitValues(*writer, input, {"a", "b", "c"});
  auto member = Join(group, {input.topic});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() == 3; }, "the input");
  const Offset consumed = member->records[input][1].offset + 1;
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(output, "out")), IsOk());
  ASSERT_THAT(writer->Commit({{input, consumed, metadata}}, member->reader().Generation(), group), IsOk());
  EXPECT_THAT(ValuesOf(output, 1), ElementsAre("out"));

  auto committed = log().CommittedOffsets(group, {input, output});
  ASSERT_THAT(committed.status(), IsOk());
  ASSERT_EQ(committed->size(), 2U);
  EXPECT_EQ((*committed)[0].partition, input);
  EXPECT_EQ((*committed)[0].committed, consumed);
  EXPECT_EQ((*committed)[0].metadata, metadata);
  EXPECT_EQ((*committed)[1].partition, output);
  EXPECT_EQ((*committed)[1].committed, std::nullopt);

  ASSERT_THAT(member->Close(), IsOk());
  auto heir = Join(group, {input.topic});
  PollUntil(
      {heir.get()}, [&] { return heir->RecordCount() == 1; }, "what was not consumed");
  ASSERT_EQ(heir->listener.assigned.size(), 1U);
  EXPECT_EQ(heir->listener.assigned[0].committed, consumed);
  EXPECT_EQ(heir->listener.assigned[0].metadata, metadata);
  EXPECT_THAT(Values(heir->records[input]), ElementsAre("c"));
}

TEST_P(LogConformanceTest, ATransactionMayCommitOffsetsOnly) {
  const TopicPartition input{MakeTopic(1), 0};
  const std::string group = Unique("group");
  auto writer = MakeWriter();
  auto member = Join(group, {input.topic});
  PollUntil(
      {member.get()}, [&] { return !member->listener.assigned.empty(); }, "the assignment");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Commit({{input, 0, "held event time"}}, member->reader().Generation(), group), IsOk());
  auto committed = log().CommittedOffsets(group, {input});
  ASSERT_THAT(committed.status(), IsOk());
  EXPECT_EQ((*committed)[0].committed, 0);
  EXPECT_EQ((*committed)[0].metadata, "held event time");
}

TEST_P(LogConformanceTest, AMemberThatHasNotJoinedCannotCommit) {
  const TopicPartition input{MakeTopic(1), 0};
  const std::string group = Unique("group");
  auto writer = MakeWriter();
  auto member = Join(group, {input.topic});
  ASSERT_THAT(writer->Begin(), IsOk());
  EXPECT_FALSE(writer->Commit({{input, 0, ""}}, member->reader().Generation(), group).ok());
  auto committed = log().CommittedOffsets(group, {input});
  ASSERT_THAT(committed.status(), IsOk());
  EXPECT_EQ((*committed)[0].committed, std::nullopt);
}

TEST_P(LogConformanceTest, TwoMembersShareThePartitionsAndLeavingHandsThemOver) {
  constexpr size_t kPartitions = 4;
  const std::string topic = MakeTopic(kPartitions);
  const std::string group = Unique("group");
  auto first = Join(group, {topic});
  PollUntil(
      {first.get()}, [&] { return first->Partitions().size() == kPartitions; }, "all partitions");
  auto second = Join(group, {topic});
  PollUntil(
      {first.get(), second.get()}, [&] { return first->Partitions().size() == 2 && second->Partitions().size() == 2; },
      "an even split");
  EXPECT_EQ(first->listener.revocations, 1);
  EXPECT_FALSE(first->listener.last_lost);
  std::vector<TopicPartition> all = first->Partitions();
  for (const TopicPartition& partition : second->Partitions()) all.push_back(partition);
  std::sort(all.begin(), all.end());
  EXPECT_THAT(all, ElementsAre(TopicPartition{topic, 0}, TopicPartition{topic, 1}, TopicPartition{topic, 2},
                               TopicPartition{topic, 3}));
  ASSERT_THAT(first->Close(), IsOk());
  EXPECT_EQ(first->listener.revocations, 2);
  EXPECT_THAT(first->Close(), IsOk());
  EXPECT_EQ(first->listener.revocations, 2);
  PollUntil(
      {second.get()}, [&] { return second->Partitions().size() == kPartitions; }, "the rest");
}

TEST_P(LogConformanceTest, AStaleGenerationIsRefusedAndNothingBecomesVisible) {
  const TopicPartition input{MakeTopic(2), 0};
  const TopicPartition output{MakeTopic(1), 0};
  const std::string group = Unique("group");
  auto first = Join(group, {input.topic});
  PollUntil(
      {first.get()}, [&] { return first->Partitions().size() == 2; }, "all partitions");
  const GroupGeneration old = first->reader().Generation();
  auto second = Join(group, {input.topic});
  PollUntil(
      {first.get(), second.get()}, [&] { return first->Partitions().size() == 1 && second->Partitions().size() == 1; },
      "an even split");

  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(output, "stale")), IsOk());
  EXPECT_THAT(writer->Commit({{input, 7, ""}}, old, group), StatusIs(absl::StatusCode::kAborted));

  auto heir = MakeWriter();
  ASSERT_THAT(heir->Begin(), IsOk());
  ASSERT_THAT(heir->Write(RecordFor(output, "fresh")), IsOk());
  ASSERT_THAT(heir->Commit({{input, 5, ""}}, first->reader().Generation(), group), IsOk());
  EXPECT_THAT(ValuesOf(output, 1), ElementsAre("fresh"));
  auto committed = log().CommittedOffsets(group, {input});
  ASSERT_THAT(committed.status(), IsOk());
  EXPECT_EQ((*committed)[0].committed, 5);
}

TEST_P(LogConformanceTest, ANamedMemberOpenedAgainTakesItsPartitionsBackAndFencesTheOldOne) {
  const TopicPartition input{MakeTopic(1), 0};
  const TopicPartition output{MakeTopic(1), 0};
  const std::string group = Unique("group");
  auto zombie = Join(group, {input.topic}, "worker-0");
  PollUntil(
      {zombie.get()}, [&] { return zombie->Partitions().size() == 1; }, "the assignment");
  const GroupGeneration old = zombie->reader().Generation();
  auto heir = Join(group, {input.topic}, "worker-0");
  PollUntil(
      {heir.get()}, [&] { return heir->Partitions().size() == 1; }, "the assignment again");

  auto writer = MakeWriter();
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(writer->Write(RecordFor(output, "zombie")), IsOk());
  EXPECT_THAT(writer->Commit({{input, 3, ""}}, old, group), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(ValuesOf(output, 0), IsEmpty());
}

TEST_P(LogConformanceTest, ANamedMemberThatWasClosedTakesItsPartitionsBack) {
  const std::string topic = MakeTopic(2);
  const std::string group = Unique("group");
  auto first = Join(group, {topic}, "worker-0");
  auto second = Join(group, {topic}, "worker-1");
  PollUntil(
      {first.get(), second.get()}, [&] { return first->Partitions().size() == 1 && second->Partitions().size() == 1; },
      "an even split");
  ASSERT_THAT(first->Close(), IsOk());
  first = Join(group, {topic}, "worker-0");
  PollUntil(
      {first.get(), second.get()}, [&] { return first->Partitions().size() == 1 && second->Partitions().size() == 1; },
      "an even split again");
}

TEST_P(LogConformanceTest, PauseStopsOnePartitionAndResumeLosesNothing) {
  const std::string topic = MakeTopic(2);
  const TopicPartition paused{topic, 0};
  const TopicPartition running{topic, 1};
  auto member = Join(Unique("group"), {topic});
  PollUntil(
      {member.get()}, [&] { return member->at_end.size() == 2; }, "both ends");
  ASSERT_THAT(member->reader().Pause(member->SlotOf(paused)), IsOk());
  auto writer = MakeWriter();
  CommitValues(*writer, paused, {"p1", "p2"});
  CommitValues(*writer, running, {"r1"});
  PollUntil(
      {member.get()}, [&] { return member->records[running].size() == 1; }, "the running partition");
  constexpr int kMorePolls = 10;
  for (int poll = 0; poll < kMorePolls; ++poll) ASSERT_THAT(member->PollOnce(), IsOk());
  EXPECT_THAT(Values(member->records[paused]), IsEmpty());
  ASSERT_THAT(member->reader().Resume(member->SlotOf(paused)), IsOk());
  PollUntil(
      {member.get()}, [&] { return member->records[paused].size() >= 2; }, "the resumed partition");
  EXPECT_THAT(Values(member->records[paused]), ElementsAre("p1", "p2"));
}

TEST_P(LogConformanceTest, PausingInTheMiddleLosesAndRepeatsNothing) {
  constexpr int kRecords = 2000;
  const std::string topic = MakeTopic(2);
  auto writer = MakeWriter();
  std::vector<std::string> values;
  values.reserve(kRecords);
  for (int i = 0; i < kRecords; ++i) values.push_back(absl::StrCat(i));
  CommitValues(*writer, {topic, 0}, values);
  CommitValues(*writer, {topic, 1}, values);
  auto member = Join(Unique("group"), {topic});
  PollUntil(
      {member.get()},
      [&] {
        return !member->records[{topic, 0}].empty();
      },
      "the first records");
  for (int round = 0; round < 5; ++round) {
    const int32_t slot = member->SlotOf({topic, round % 2});
    ASSERT_THAT(member->reader().Pause(slot), IsOk());
    ASSERT_THAT(member->PollOnce(), IsOk());
    ASSERT_THAT(member->reader().Resume(slot), IsOk());
    ASSERT_THAT(member->PollOnce(), IsOk());
  }
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() >= 2 * kRecords; }, "all records");
  EXPECT_EQ(Values(member->records[{topic, 0}]), values);
  EXPECT_EQ(Values(member->records[{topic, 1}]), values);
}

TEST_P(LogConformanceTest, AMemberStartsWhereItsListenerSays) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b", "c"});
  ASSERT_EQ(ValuesOf(partition, 3).size(), 3U);

  auto at_offset = Join(Unique("group"), {partition.topic});
  at_offset->listener.start = {StartPosition::Kind::kOffset, 1};
  auto at_end = Join(Unique("group"), {partition.topic});
  at_end->listener.start = {StartPosition::Kind::kLatest, 0};
  PollUntil(
      {at_offset.get(), at_end.get()},
      [&] { return at_offset->RecordCount() == 2 && at_end->at_end.contains(partition); }, "the start positions");
  CommitValues(*writer, partition, {"d"});
  PollUntil(
      {at_offset.get(), at_end.get()}, [&] { return at_offset->RecordCount() == 3 && at_end->RecordCount() >= 1; },
      "the new record");
  EXPECT_THAT(Values(at_offset->records[partition]), ElementsAre("b", "c", "d"));
  EXPECT_THAT(Values(at_end->records[partition]), ElementsAre("d"));
}

TEST_P(LogConformanceTest, AnErrorOfTheListenerEndsThePoll) {
  const std::string topic = MakeTopic(1);
  auto member = Join(Unique("group"), {topic});
  member->listener.refuse_with = absl::FailedPreconditionError("no history");
  absl::Status status;
  for (int poll = 0; poll < kMaxPolls && status.ok(); ++poll) status = member->PollOnce();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_P(LogConformanceTest, AMemberOfATopicThatDoesNotExistIsTold) {
  auto reader = log().OpenGroupReader({Unique("group"), "", {Unique("missing")}});
  absl::Status status = reader.status();
  if (reader.ok()) {
    Member member(*std::move(reader));
    for (int poll = 0; poll < kMaxPolls && status.ok(); ++poll) status = member.PollOnce();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
}

TEST_P(LogConformanceTest, LagIsWhatIsLeft) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b", "c"});
  auto member = Join(Unique("group"), {partition.topic});
  PollUntil(
      {member.get()}, [&] { return member->RecordCount() == 3 && member->at_end.contains(partition); }, "the end");
  EXPECT_EQ(member->reader().Lag(0), 0);
}

TEST_P(LogConformanceTest, AMissingOffsetIsAnErrorOfAMemberAndNeverAReset) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a"});
  auto member = Join(Unique("group"), {partition.topic});
  member->listener.start = {StartPosition::Kind::kOffset, 1000};
  absl::Status status;
  for (int poll = 0; poll < kMaxPolls && status.ok(); ++poll) status = member->PollOnce();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange, testing::HasSubstr(partition.topic)));
  EXPECT_EQ(member->RecordCount(), 0U);
}

// What follows is about readers outside any group.

TEST_P(LogConformanceTest, APartitionReaderStartsWhereItIsTold) {
  const std::string topic = MakeTopic(3);
  auto writer = MakeWriter();
  for (int32_t i = 0; i < 3; ++i) {
    CommitValues(*writer, {topic, i}, {"a", "b"});
    ASSERT_EQ(ValuesOf({topic, i}, 2).size(), 2U);
  }
  auto reader = log().OpenPartitionReader({{{topic, 2}, {StartPosition::Kind::kEarliest, 0}},
                                           {{topic, 0}, {StartPosition::Kind::kOffset, 1}},
                                           {{topic, 1}, {StartPosition::Kind::kLatest, 0}}});
  ASSERT_THAT(reader.status(), IsOk());
  std::vector<std::vector<std::string>> read(3);
  std::vector<RecordBatch> batches;
  size_t ends = 0;
  for (int poll = 0; poll < kMaxPolls && ends < 3; ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      ASSERT_LT(batch.slot, 3);
      for (const Record& record : batch.records) read[static_cast<size_t>(batch.slot)].emplace_back(record.value);
      if (batch.end_of_partition) ++ends;
    }
  }
  EXPECT_THAT(read[0], ElementsAre("a", "b"));
  EXPECT_THAT(read[1], ElementsAre("b"));
  EXPECT_THAT(read[2], IsEmpty());
}

TEST_P(LogConformanceTest, APartitionReaderGoesOnBehindTheEnd) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto reader = log().OpenPartitionReader({{partition, {StartPosition::Kind::kLatest, 0}}});
  ASSERT_THAT(reader.status(), IsOk());
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"new"});
  std::vector<std::string> read;
  std::vector<RecordBatch> batches;
  for (int poll = 0; poll < kMaxPolls && read.empty(); ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) read.emplace_back(record.value);
    }
  }
  EXPECT_THAT(read, ElementsAre("new"));
}

TEST_P(LogConformanceTest, AnOffsetBehindTheEndIsOutOfRange) {
  const TopicPartition partition{MakeTopic(1), 0};
  auto reader = log().OpenPartitionReader({{partition, {StartPosition::Kind::kOffset, 1000}}});
  const absl::Status status = reader.ok() ? FirstPollError(**reader) : reader.status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(LogConformanceTest, AnOffsetThatWasTrimmedIsOutOfRange) {
  if (!GetParam().can_trim) GTEST_SKIP() << "this log cannot be trimmed by a test";
  const TopicPartition partition{MakeTopic(1), 0};
  auto writer = MakeWriter();
  CommitValues(*writer, partition, {"a", "b", "c"});
  ASSERT_EQ(ValuesOf(partition, 3).size(), 3U);
  ASSERT_THAT(under_test().Trim(partition, 2), IsOk());
  auto range = log().Offsets(partition);
  ASSERT_THAT(range.status(), IsOk());
  EXPECT_EQ(range->begin, 2);
  EXPECT_THAT(ValuesOf(partition, 1), ElementsAre("c"));
  auto reader = log().OpenPartitionReader({{partition, {StartPosition::Kind::kOffset, 1}}});
  const absl::Status status = reader.ok() ? FirstPollError(**reader) : reader.status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange));
}

TEST_P(LogConformanceTest, APartitionReaderOfWhatDoesNotExistIsTold) {
  auto reader = log().OpenPartitionReader({{{Unique("missing"), 0}, {}}});
  const absl::Status status = reader.ok() ? FirstPollError(**reader) : reader.status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace tocsin
