// Groups, writers that crash or are fenced, time-outs, and injected faults: what goes beyond the conformance suite.
#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/log/memory/memory_log_fixture.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Fails one call, once.
class OneFault : public FaultInjector {
 public:
  OneFault(LogCall call, CallMoment moment, int skip = 0) : call_(call), moment_(moment), skip_(skip) {}
  absl::Status OnCall(LogCall call, CallMoment moment, std::string_view /*actor*/) override {
    if (call != call_ || moment != moment_ || skip_-- != 0) return absl::OkStatus();
    return absl::UnavailableError("injected");
  }

 private:
  const LogCall call_;
  const CallMoment moment_;
  int skip_;
};

using MemoryLogGroupTest = MemoryLogTest;

TEST_F(MemoryLogGroupTest, ATransactionThatTakesTooLongIsRolledBackAndItsWriterFenced) {
  Make();
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "late"), IsOk());
  auto quick = OpenWriter("q");
  ASSERT_THAT(quick->Begin(), IsOk());
  ASSERT_THAT(Write(*quick, "quick"), IsOk());
  ASSERT_THAT(quick->Commit({}, {}, ""), IsOk());
  EXPECT_THAT(Stored(out_), IsEmpty());
  clock_.Advance(absl::Seconds(9));
  EXPECT_THAT(log_->Offsets(out_), IsOk());
  EXPECT_THAT(Stored(out_), IsEmpty());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(log_->Offsets(out_), IsOk());
  EXPECT_THAT(Stored(out_), ElementsAre("quick"));
  EXPECT_THAT(writer->Commit({}, {}, ""), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(writer->Begin(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(MemoryLogGroupTest, AnIdleTransactionNeverTimesOut) {
  Make();
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(Write(*writer, "v"), IsOk());
  ASSERT_THAT(writer->Commit({}, {}, ""), IsOk());
  EXPECT_THAT(Stored(out_), ElementsAre("v"));
}

TEST_F(MemoryLogGroupTest, ACrashedWriterHoldsReadersBackUntilItsIdIsOpenedAgain) {
  Make();
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "lost"), IsOk());
  writer.reset();
  ASSERT_THAT(log_->Append(out_, "", "behind"), IsOk());
  EXPECT_THAT(Stored(out_), IsEmpty());
  writer = OpenWriter("w");
  EXPECT_THAT(Stored(out_), ElementsAre("behind"));
}

TEST_F(MemoryLogGroupTest, AFencedWriterCanDoNothing) {
  Make();
  auto zombie = OpenWriter("w");
  ASSERT_THAT(zombie->Begin(), IsOk());
  ASSERT_THAT(Write(*zombie, "zombie"), IsOk());
  auto heir = OpenWriter("w");
  ASSERT_THAT(heir->Begin(), IsOk());
  EXPECT_THAT(Write(*zombie, "again"), StatusIs(absl::StatusCode::kAborted));
  ASSERT_THAT(Write(*heir, "heir"), IsOk());
  ASSERT_THAT(heir->Commit({}, {}, ""), IsOk());
  EXPECT_THAT(Stored(out_), ElementsAre("heir"));
}

TEST_F(MemoryLogGroupTest, ACrashedDynamicMemberIsReplacedWhenItsSessionEnds) {
  Make();
  Member crashed = Join();
  Member other = Join();
  ASSERT_THAT(crashed.Poll(), IsOk());
  ASSERT_THAT(other.Poll(), IsOk());
  EXPECT_THAT(other.listener.assigned, SizeIs(1));
  crashed.reader.reset();
  ASSERT_THAT(other.Poll(), IsOk());
  EXPECT_THAT(other.listener.assigned, SizeIs(1));
  clock_.Advance(absl::Seconds(10));
  ASSERT_THAT(other.Poll(), IsOk());
  EXPECT_THAT(other.listener.assigned, SizeIs(2));
  EXPECT_EQ(other.listener.revocations, 1);
  EXPECT_FALSE(other.listener.last_lost);
}

TEST_F(MemoryLogGroupTest, ACrashedNamedMemberComesBackWithoutARebalance) {
  Make();
  Member first = Join("a");
  Member other = Join("b");
  ASSERT_THAT(first.Poll(), IsOk());
  ASSERT_THAT(other.Poll(), IsOk());
  const std::vector<AssignedPartition> before = first.listener.assigned;
  first.reader.reset();
  clock_.Advance(absl::Seconds(5));
  Member again = Join("a");
  ASSERT_THAT(again.Poll(), IsOk());
  ASSERT_THAT(other.Poll(), IsOk());
  ASSERT_THAT(again.listener.assigned, SizeIs(1));
  EXPECT_EQ(again.listener.assigned[0].partition, before[0].partition);
  EXPECT_EQ(other.listener.revocations, 0);
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(other.Poll(), IsOk());
  EXPECT_EQ(other.listener.revocations, 0) << "the session of the old reader must not end the new one's";
}

TEST_F(MemoryLogGroupTest, AZombieOfTheSameNameIsToldThatItLost) {
  Make();
  Member zombie = Join("a");
  ASSERT_THAT(zombie.Poll(), IsOk());
  Member heir = Join("a");
  EXPECT_THAT(zombie.Poll(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_TRUE(zombie.listener.last_lost);
  ASSERT_THAT(heir.Poll(), IsOk());
  EXPECT_THAT(heir.listener.assigned, SizeIs(2));
  zombie.reader.reset();
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(heir.Poll(), IsOk());
  EXPECT_EQ(heir.listener.revocations, 0);
}

TEST_F(MemoryLogGroupTest, AMemberThatDoesNotPollIsExpelledAndLosesItsPartitions) {
  MemoryLogOptions options;
  options.max_poll_interval = absl::Seconds(30);
  Make(options);
  Member frozen = Join();
  Member other = Join();
  ASSERT_THAT(frozen.Poll(), IsOk());
  ASSERT_THAT(other.Poll(), IsOk());
  const GroupGeneration old = frozen.reader->Generation();
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(absl::Seconds(10));
    ASSERT_THAT(other.Poll(), IsOk());
  }
  EXPECT_THAT(other.listener.assigned, SizeIs(2));
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "stale"), IsOk());
  EXPECT_THAT(writer->Commit({{in_, 1, ""}}, old, "group"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Stored(out_), IsEmpty());
  ASSERT_THAT(frozen.Poll(), IsOk());
  EXPECT_TRUE(frozen.listener.last_lost);
  ASSERT_THAT(other.Poll(), IsOk());
  ASSERT_THAT(frozen.Poll(), IsOk());
  EXPECT_THAT(frozen.listener.assigned, SizeIs(1));
}

TEST_F(MemoryLogGroupTest, WorkCanBeCommittedWhilePartitionsAreGivenUp) {
  Make();
  for (int i = 0; i < 10; ++i) ASSERT_THAT(log_->Append(in_, "", "post"), IsOk());
  Member first = Join();
  ASSERT_THAT(first.Poll(), IsOk());
  Member second = Join();
  auto writer = OpenWriter("w");
  const GroupGeneration generation = first.reader->Generation();
  first.listener.during_revoke = [&] {
    ASSERT_THAT(writer->Begin(), IsOk());
    ASSERT_THAT(Write(*writer, "last"), IsOk());
    EXPECT_THAT(writer->Commit({{in_, 7, "held"}}, generation, "group"), IsOk());
  };
  ASSERT_THAT(first.Poll(), IsOk());
  ASSERT_THAT(second.Poll(), IsOk());
  EXPECT_THAT(Stored(out_), ElementsAre("last"));
  EXPECT_EQ(Committed(in_), 7);
  ASSERT_THAT(writer->Begin(), IsOk());
  EXPECT_THAT(writer->Commit({{in_, 8, ""}}, generation, "group"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(Committed(in_), 7);
}

TEST_F(MemoryLogGroupTest, AReaderWhoseAssignmentFailedNeverPretendsThatThereIsNothingToRead) {
  OneFault fault(LogCall::kAssigned, CallMoment::kBefore);
  MemoryLogOptions options;
  options.fault_injector = &fault;
  Make(options);
  ASSERT_THAT(log_->Append(in_, "", "post"), IsOk());
  Member member = Join();
  EXPECT_THAT(member.Poll(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(member.Poll(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(MemoryLogGroupTest, OwnershipIsNotCheckedJustAsInKafka) {
  Make();
  Member first = Join();
  Member second = Join();
  ASSERT_THAT(first.Poll(), IsOk());
  ASSERT_THAT(second.Poll(), IsOk());
  const TopicPartition others = second.listener.assigned[0].partition;
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  EXPECT_THAT(writer->Commit({{others, 3, ""}}, first.reader->Generation(), "group"), IsOk());
  EXPECT_EQ(Committed(others), 3);
}

TEST_F(MemoryLogGroupTest, NewPartitionsAreHandedOut) {
  MemoryLog& log = Make();
  Member member = Join();
  ASSERT_THAT(member.Poll(), IsOk());
  EXPECT_THAT(log.AddPartitions("in", 1), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(log.AddPartitions("in", 5), IsOk());
  ASSERT_THAT(member.Poll(), IsOk());
  EXPECT_THAT(member.listener.assigned, SizeIs(5));
  EXPECT_EQ(member.listener.revocations, 1);
}

TEST_F(MemoryLogGroupTest, WhenOffsetsWereSentButNotCommittedANewOwnerWaitsForThem) {
  OneFault fault(LogCall::kEndTransaction, CallMoment::kBefore);
  MemoryLogOptions options;
  options.fault_injector = &fault;
  Make(options);
  Member member = Join("a");
  ASSERT_THAT(member.Poll(), IsOk());
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "pending"), IsOk());
  EXPECT_THAT(writer->Commit({{in_, 5, ""}}, member.reader->Generation(), "group"),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log_->CommittedOffsets("group", {in_}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(log_->CommittedOffsets("group", {{"in", 1}}), IsOk());
  Member heir = Join("a");
  ASSERT_THAT(heir.Poll(), IsOk());
  EXPECT_EQ(heir.listener.assignments, 0);
  writer = OpenWriter("w");
  ASSERT_THAT(heir.Poll(), IsOk());
  EXPECT_EQ(heir.listener.assignments, 1);
  EXPECT_EQ(heir.listener.assigned[0].committed, std::nullopt);
  EXPECT_THAT(Stored(out_), IsEmpty());
}

TEST_F(MemoryLogGroupTest, ALostAcknowledgementLeavesTheCommitStanding) {
  OneFault fault(LogCall::kEndTransaction, CallMoment::kAfter);
  MemoryLogOptions options;
  options.fault_injector = &fault;
  Make(options);
  Member member = Join();
  ASSERT_THAT(member.Poll(), IsOk());
  auto writer = OpenWriter("w");
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "committed"), IsOk());
  EXPECT_THAT(writer->Commit({{in_, 5, ""}}, member.reader->Generation(), "group"),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(writer->Begin(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Stored(out_), ElementsAre("committed"));
  EXPECT_EQ(Committed(in_), 5);
}

// Goal: a fault at any call surfaces as its error and never corrupts the log.
TEST_F(MemoryLogGroupTest, EveryCallCanBeMadeToFail) {
  for (int call = 0; call < kLogCallCount; ++call) {
    OneFault fault(static_cast<LogCall>(call), CallMoment::kBefore);
    MemoryLogOptions options;
    options.fault_injector = &fault;
    log_ = std::make_unique<MemoryLog>(&clock_, options);
    int failures = 0;
    const auto attempt = [&failures](const absl::Status& status) {
      failures += absl::IsUnavailable(status) ? 1 : 0;
      return status.ok();
    };
    const std::vector<TopicSpec> topics = {{"in", 2, -1, {}}, {"out", 1, -1, {}}};
    while (!attempt(log_->EnsureTopics(topics, true))) continue;
    attempt(log_->PartitionCount("in").status());
    attempt(log_->Offsets(in_).status());
    attempt(log_->CommittedOffsets("group", {in_}).status());
    auto partitions = log_->OpenPartitionReader({{in_, {}}});
    std::vector<RecordBatch> batches;
    if (attempt(partitions.status())) attempt((*partitions)->Poll(absl::ZeroDuration(), &batches));
    for (int i = 0; i < 2; ++i) {
      Member member;
      auto reader = log_->OpenGroupReader({"group", "a", {"in"}});
      if (!attempt(reader.status())) continue;
      member.reader = *std::move(reader);
      attempt(member.Poll());
      attempt(member.reader->Pause(0));
      attempt(member.reader->Resume(0));
      auto writer = log_->OpenWriter("w");
      if (!attempt(writer.status())) continue;
      if (!attempt((*writer)->Begin())) continue;
      if (!attempt(Write(**writer, "v"))) continue;
      if (!attempt((*writer)->Commit({{in_, 1, ""}}, member.reader->Generation(), "group"))) continue;
      if (!attempt((*writer)->Begin()) || !attempt((*writer)->Abort())) continue;
      attempt(member.reader->Close(member.listener));
    }
    EXPECT_EQ(failures, 1) << "call " << call;
  }
}

// Goal: what all groups have consumed is dropped, so that a stream of any length takes little memory.
// Goal: a compacted topic keeps the last record of each key, in order, and readers in the middle of it are not
// disturbed.
// Goal: one partition under any interleaving of transactions reads as the plainest model says.
// Method: random writes, commits, aborts, crashes and time-outs of several writers; after each step the readable
// records are compared with a list in which every record has a state.
// Goal: whatever members do, at rest every partition has exactly one owner, and every record is read once per commit.
TEST_F(MemoryLogGroupTest, RandomMembershipAlwaysSettlesOnOneOwnerEach) {
  std::mt19937_64 random(23);
  for (int round = 0; round < 40; ++round) {
    MemoryLogOptions options;
    options.assignment = round % 2 == 0 ? AssignmentStrategy::kRange : AssignmentStrategy::kRoundRobin;
    MemoryLog& log = Make(options);
    ASSERT_THAT(log.AddPartitions("in", 7), IsOk());
    std::map<std::string, Member> members;
    for (int step = 0; step < 40; ++step) {
      const std::string name = absl::StrCat("m", random() % 5);
      const auto member = members.find(name);
      switch (random() % 5) {
        case 0:
          if (member == members.end()) members[name] = Join(random() % 2 == 0 ? name : "");
          break;
        case 1:
          if (member == members.end()) break;
          ASSERT_THAT(member->second.reader->Close(member->second.listener), IsOk());
          members.erase(member);
          break;
        case 2:
          members.erase(name);
          break;
        case 3:
          clock_.Advance(absl::Seconds(3));
          break;
        default:
          if (member == members.end()) break;
          ASSERT_THAT(member->second.Poll(), IsOk());
      }
    }
    clock_.Advance(absl::Seconds(20));
    for (int i = 0; i < 4; ++i) {
      for (auto& [name, member] : members) ASSERT_THAT(member.Poll(), IsOk());
    }
    std::map<TopicPartition, int> owners;
    for (auto& [name, member] : members) {
      for (const AssignedPartition& partition : member.listener.assigned) ++owners[partition.partition];
    }
    EXPECT_THAT(owners, SizeIs(members.empty() ? 0 : 7));
    for (const auto& [partition, count] : owners) EXPECT_EQ(count, 1);
  }
}

// Copies "in" to "out" exactly once, as a worker does: offsets and output in one transaction, everything opened anew
// after an error or a rebalance. Stops when all have copied `total`.
void CopyAll(MemoryLog& log, int worker, int total, std::atomic<int>* copied) {
  while (copied->load() < total) {
    auto reader = log.OpenGroupReader({"group", absl::StrCat("worker", worker), {"in"}});
    auto writer = log.OpenWriter(absl::StrCat("worker", worker));
    ASSERT_THAT(reader, IsOk());
    ASSERT_THAT(writer, IsOk());
    Listener listener;
    std::vector<RecordBatch> batches;
    absl::Status status;
    while (status.ok() && copied->load() < total) {
      status = (*reader)->Poll(absl::Milliseconds(2), listener, &batches);
      if (!status.ok() || batches.empty()) continue;
      status = (*writer)->Begin();
      std::vector<ConsumedOffset> offsets;
      int count = 0;
      for (const RecordBatch& batch : batches) {
        for (const Record& record : batch.records) {
          OutputRecord output;
          output.topic = "out";
          output.partition = 0;
          output.value = record.value;
          if (status.ok()) status = (*writer)->Write(output);
          ++count;
        }
        const auto slot = static_cast<size_t>(batch.slot);
        offsets.push_back({listener.assigned[slot].partition, batch.next_offset, ""});
      }
      if (status.ok()) status = (*writer)->Commit(offsets, (*reader)->Generation(), "group");
      if (status.ok()) copied->fetch_add(count);
    }
    ASSERT_THAT((*reader)->Close(listener), IsOk());
  }
}

TEST_F(MemoryLogGroupTest, ThreadsCopyEveryRecordExactlyOnceWhileMembersComeAndGo) {
  constexpr int kWriters = 2;
  constexpr int kWorkers = 3;
  constexpr int kTransactions = 150;
  constexpr int kRecords = 10;
  SystemClock clock;
  MemoryLogOptions options;
  options.trim_consumed = {{"in", {"group"}}};
  options.session_timeout = absl::Milliseconds(20);
  MemoryLog log(&clock, options);
  ASSERT_THAT(log.EnsureTopics({TopicSpec{"in", 4, -1, {}}, TopicSpec{"out", 1, -1, {}}}, true), IsOk());
  std::atomic<int> copied{0};
  std::vector<std::thread> threads;
  threads.reserve(kWriters);
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&log, w] {
      auto writer = log.OpenWriter(absl::StrCat("source", w));
      ASSERT_THAT(writer, IsOk());
      for (int t = 0; t < kTransactions; ++t) {
        ASSERT_THAT((*writer)->Begin(), IsOk());
        for (int r = 0; r < kRecords; ++r) {
          const std::string value = absl::StrCat(w, "/", t, "/", r);
          OutputRecord record;
          record.topic = "in";
          record.partition = r % 4;
          record.value = value;
          ASSERT_THAT((*writer)->Write(record), IsOk());
        }
        ASSERT_THAT((*writer)->Commit({}, {}, ""), IsOk());
      }
    });
  }
  constexpr int kTotal = kWriters * kTransactions * kRecords;
  for (int w = 0; w < kWorkers; ++w) threads.emplace_back([&, w] { CopyAll(log, w, kTotal, &copied); });
  // A visitor that makes the others give up their partitions a few times, and leaves.
  threads.emplace_back([&log] {
    for (int i = 0; i < 5; ++i) {
      auto reader = log.OpenGroupReader({"group", "", {"in"}});
      ASSERT_THAT(reader, IsOk());
      Listener listener;
      ASSERT_THAT((*reader)->Close(listener), IsOk());
    }
  });
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, int> times;
  const auto records = log.ReadStored(out_);
  for (const StoredRecord& record : *records) ++times[*record.value];
  EXPECT_THAT(times, SizeIs(kTotal));
  for (const auto& [value, count] : times) EXPECT_EQ(count, 1) << value;
}

}  // namespace
}  // namespace tocsin
