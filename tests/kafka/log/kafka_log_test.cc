// The conformance suite of engine/log/log.h over a real broker, and what only Kafka does.
#include "engine/log/kafka/kafka_log.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/engine/log/log_conformance.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

class KafkaUnderTest final : public LogUnderTest {
 public:
  explicit KafkaUnderTest(std::unique_ptr<KafkaLog> log) : log_(std::move(log)) {}

  Log& log() override { return *log_; }
  absl::Status Trim(const TopicPartition& partition, Offset offset) override {
    return log_->DeleteRecords(partition, offset);
  }

 private:
  std::unique_ptr<KafkaLog> log_;
};

absl::StatusOr<std::unique_ptr<LogUnderTest>> MakeKafkaWith(KafkaOptions options) {
  const char* broker = std::getenv("TOCSIN_TEST_BROKER");
  if (broker == nullptr) return absl::UnavailableError("TOCSIN_TEST_BROKER is not set: run with run_with_broker.py");
  options.properties.emplace_back("bootstrap.servers", broker);
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return log.status();
  return std::make_unique<KafkaUnderTest>(*std::move(log));
}

absl::StatusOr<std::unique_ptr<LogUnderTest>> MakeKafka() { return MakeKafkaWith({}); }

INSTANTIATE_TEST_SUITE_P(Kafka, LogConformanceTest,
                         testing::Values(LogConformanceParam{.name = "Broker", .make = &MakeKafka}),
                         LogConformanceParamName);

// Two slots of a queue that holds little: back-pressure must neither lose nor reorder.
absl::StatusOr<std::unique_ptr<LogUnderTest>> MakeSmallKafka() {
  KafkaOptions options;
  options.queue_bytes = 2000;
  options.poll_records = 7;
  options.properties = {{"queue.buffering.max.messages", "11"}};
  return MakeKafkaWith(options);
}

class KafkaLogTest : public LogConformanceTest {};

INSTANTIATE_TEST_SUITE_P(Small, KafkaLogTest,
                         testing::Values(LogConformanceParam{.name = "Broker", .make = &MakeSmallKafka}),
                         LogConformanceParamName);

TEST_P(KafkaLogTest, SmallQueuesLoseAndReorderNothing) {
  constexpr int kRecords = 500;
  const TopicPartition partition{MakeTopic(1), 0};
  std::vector<std::string> values;
  values.reserve(kRecords);
  for (int i = 0; i < kRecords; ++i) values.push_back(absl::StrCat(std::string(200, 'x'), i));
  auto writer = MakeWriter();
  CommitValues(*writer, partition, values);
  EXPECT_EQ(ValuesOf(partition, kRecords), values);
}

TEST_P(KafkaLogTest, AMemberWhoseNameWasTakenIsToldSo) {
  const std::string topic = MakeTopic(1);
  const std::string group = Unique("group");
  auto zombie = Join(group, {topic}, "worker-0");
  PollUntil(
      {zombie.get()}, [&] { return zombie->Partitions().size() == 1; }, "the assignment");
  auto heir = Join(group, {topic}, "worker-0");
  absl::Status status;
  for (int poll = 0; poll < kMaxPolls && status.ok(); ++poll) {
    ASSERT_THAT(heir->PollOnce(), IsOk());
    status = zombie->PollOnce();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(zombie->PollOnce(), StatusIs(absl::StatusCode::kAborted));
}

TEST_P(KafkaLogTest, AGroupsOffsetsAreSetFromOutsideOnlyWhileItHasNoMembers) {
  const std::string topic = MakeTopic(2);
  const std::string group = Unique("group");
  KafkaOptions options;
  options.properties.emplace_back("bootstrap.servers", std::getenv("TOCSIN_TEST_BROKER"));
  auto kafka = KafkaLog::Create(options);
  ASSERT_THAT(kafka.status(), IsOk());
  const std::vector<ConsumedOffset> offsets = {{{topic, 0}, 7, "v1 3 1700000000000"}, {{topic, 1}, 0, ""}};
  ASSERT_THAT((*kafka)->SetCommittedOffsets(group, offsets), IsOk());
  const auto committed = (*kafka)->CommittedOffsets(group, {{topic, 0}, {topic, 1}});
  ASSERT_THAT(committed.status(), IsOk());
  EXPECT_EQ((*committed)[0].committed, 7);
  EXPECT_EQ((*committed)[0].metadata, "v1 3 1700000000000");
  EXPECT_EQ((*committed)[1].committed, 0);
  auto member = Join(group, {topic}, "worker-0");
  PollUntil(
      {member.get()}, [&] { return member->Partitions().size() == 2; }, "the assignment");
  EXPECT_THAT((*kafka)->SetCommittedOffsets(group, offsets), StatusIs(absl::StatusCode::kFailedPrecondition));
}

// The broker looks for transactions that are too old every ten seconds.
TEST_P(KafkaLogTest, ATransactionThatTimesOutIsRolledBackAndItsWriterIsTold) {
  const TopicPartition partition{MakeTopic(1), 0};
  KafkaOptions options;
  options.transaction_timeout = absl::Seconds(3);
  auto impatient = MakeKafkaWith(options);
  ASSERT_THAT(impatient.status(), IsOk());
  auto opened = (*impatient)->log().OpenWriter(Unique("frozen"));
  ASSERT_THAT(opened.status(), IsOk());
  std::unique_ptr<Writer> frozen = *std::move(opened);
  auto quick = MakeWriter();
  ASSERT_THAT(frozen->Begin(), IsOk());
  ASSERT_THAT(frozen->Write(RecordFor(partition, "frozen")), IsOk());
  AwaitEnd(partition, 1);
  CommitValues(*quick, partition, {"quick"});
  EXPECT_THAT(ValuesOf(partition, 1), testing::ElementsAre("quick"));
  EXPECT_THAT(frozen->Commit({}, GroupGeneration(), kNoGroup), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(frozen->Begin(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(ValuesOf(partition, 1), testing::ElementsAre("quick"));
}

}  // namespace
}  // namespace tocsin
