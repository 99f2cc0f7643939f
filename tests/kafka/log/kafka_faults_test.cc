// What a writer and a reader make of a broker's errors, which the mock cluster is told to answer with.
// The second needs the first.
// clang-format off
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
// clang-format on

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_log.h"
#include "engine/log/kafka/mock_cluster.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

// Numbers of Kafka's protocol.
constexpr int16_t kProduceRequest = 0;
constexpr int16_t kListOffsetsRequest = 2;
constexpr int16_t kEndTxnRequest = 26;
constexpr int16_t kTxnOffsetCommitRequest = 28;

constexpr absl::Duration kPollWait = absl::Milliseconds(20);
constexpr int kMaxPolls = 1000;

class KafkaFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto mock = MockCluster::Create();
    ASSERT_THAT(mock.status(), IsOk());
    mock_ = *std::move(mock);
    ASSERT_THAT(mock_->CreateTopic("input", 1), IsOk());
    ASSERT_THAT(mock_->CreateTopic("output", 1), IsOk());
    KafkaOptions options;
    options.properties = {{"bootstrap.servers", mock_->bootstrap_servers()}};
    options.transaction_timeout = absl::Seconds(2);
    auto log = KafkaLog::Create(options);
    ASSERT_THAT(log.status(), IsOk());
    log_ = *std::move(log);
    auto writer = log_->OpenWriter("writer");
    ASSERT_THAT(writer.status(), IsOk());
    writer_ = *std::move(writer);
  }

  void BeginAndWrite() {
    ASSERT_THAT(writer_->Begin(), IsOk());
    OutputRecord record;
    record.topic = "output";
    record.partition = 0;
    record.value = "v";
    ASSERT_THAT(writer_->Write(record), IsOk());
  }

  absl::Status Commit() { return writer_->Commit({}, GroupGeneration(), ""); }

  void Answer(int16_t request, std::initializer_list<rd_kafka_resp_err_t> errors) {
    const std::vector<rd_kafka_resp_err_t> list(errors);
    rd_kafka_mock_push_request_errors_array(mock_->handle(), request, list.size(), list.data());
  }

  std::unique_ptr<MockCluster> mock_;
  std::unique_ptr<KafkaLog> log_;
  std::unique_ptr<Writer> writer_;
};

class AnyAssignment : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    assigned = true;
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool /*lost*/) override { assigned = false; }

  bool assigned = false;
};

TEST_F(KafkaFaultsTest, AFencedCommitIsAbortedAndTheWriterIsDone) {
  BeginAndWrite();
  Answer(kEndTxnRequest, {RD_KAFKA_RESP_ERR_PRODUCER_FENCED});
  EXPECT_THAT(Commit(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(writer_->Begin(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(KafkaFaultsTest, ARecordThatIsNotDeliveredFailsTheCommit) {
  BeginAndWrite();
  Answer(kProduceRequest, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_FALSE(Commit().ok());
}

TEST_F(KafkaFaultsTest, ACommitThatIsNotAnsweredInTimeLeavesTheWriterUnusable) {
  BeginAndWrite();
  constexpr int kSlowMs = 5000;
  ASSERT_EQ(rd_kafka_mock_broker_push_request_error_rtts(mock_->handle(), 1, kEndTxnRequest, 1,
                                                         RD_KAFKA_RESP_ERR_NO_ERROR, kSlowMs),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  EXPECT_THAT(Commit(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(writer_->Begin(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(KafkaFaultsTest, AfterAConnectionFailedAroundACommitNoOtherTransactionBegins) {
  BeginAndWrite();
  Answer(kEndTxnRequest, {RD_KAFKA_RESP_ERR__TRANSPORT});
  // librdkafka sends it again, and the commit is confirmed; but the first request may still arrive.
  EXPECT_THAT(Commit(), IsOk());
  EXPECT_THAT(writer_->Begin(), StatusIs(absl::StatusCode::kUnavailable));
  auto heir = log_->OpenWriter("writer");
  ASSERT_THAT(heir.status(), IsOk());
  EXPECT_THAT((*heir)->Begin(), IsOk());
  EXPECT_THAT((*heir)->Abort(), IsOk());
}

TEST_F(KafkaFaultsTest, AnOldGenerationRollsBackAndTheWriterGoesOn) {
  auto reader = log_->OpenGroupReader({"group", "", {"input"}});
  ASSERT_THAT(reader.status(), IsOk());
  AnyAssignment listener;
  std::vector<RecordBatch> batches;
  for (int poll = 0; poll < kMaxPolls && !listener.assigned; ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, listener, &batches), IsOk());
  }
  BeginAndWrite();
  Answer(kTxnOffsetCommitRequest, {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION});
  EXPECT_THAT(writer_->Commit({{{"input", 0}, 1, ""}}, (*reader)->Generation(), "group"),
              StatusIs(absl::StatusCode::kAborted));
  BeginAndWrite();
  EXPECT_THAT(writer_->Commit({{{"input", 0}, 1, ""}}, (*reader)->Generation(), "group"), IsOk());
}

TEST_F(KafkaFaultsTest, OffsetsAreAskedAgainWhileTheLeaderMoves) {
  BeginAndWrite();
  ASSERT_THAT(Commit(), IsOk());
  // The mock cluster counts the marker of a commit as no record.
  constexpr Offset kEnd = 1;
  Answer(kListOffsetsRequest, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                               RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  auto range = log_->Offsets({"output", 0});
  ASSERT_THAT(range.status(), IsOk());
  EXPECT_EQ(range->begin, 0);
  EXPECT_EQ(range->end, kEnd);
}

TEST_F(KafkaFaultsTest, CallsInTheWrongOrderAreRefused) {
  EXPECT_THAT(Commit(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(writer_->Abort(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(writer_->Write({}), StatusIs(absl::StatusCode::kFailedPrecondition));
  ASSERT_THAT(writer_->Begin(), IsOk());
  EXPECT_THAT(writer_->Begin(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(KafkaFaultsTest, ABrokerThatGoesAwayAndComesBackIsNotAnErrorOfAReader) {
  auto reader = log_->OpenPartitionReader({{{"output", 0}, {}}});
  ASSERT_THAT(reader.status(), IsOk());
  std::vector<RecordBatch> batches;
  ASSERT_EQ(rd_kafka_mock_broker_set_down(mock_->handle(), 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  constexpr int kPollsWithoutBroker = 25;
  for (int poll = 0; poll < kPollsWithoutBroker; ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, &batches), IsOk());
  }
  ASSERT_EQ(rd_kafka_mock_broker_set_up(mock_->handle(), 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  writer_.reset();
  auto heir = log_->OpenWriter("writer");
  ASSERT_THAT(heir.status(), IsOk());
  writer_ = *std::move(heir);
  BeginAndWrite();
  ASSERT_THAT(Commit(), IsOk());
  size_t records = 0;
  for (int poll = 0; poll < kMaxPolls && records == 0; ++poll) {
    ASSERT_THAT((*reader)->Poll(kPollWait, &batches), IsOk());
    for (const RecordBatch& batch : batches) records += batch.records.size();
  }
  EXPECT_EQ(records, 1U);
}

}  // namespace
}  // namespace tocsin
