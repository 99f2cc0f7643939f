// The Kafka log over librdkafka's mock cluster: what the demo rests on.
#include "engine/log/kafka/mock_cluster.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

constexpr absl::Duration kPollWait = absl::Milliseconds(20);
constexpr int kMaxPolls = 2000;

class StartAtCommitted : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    assigned.assign(partitions.begin(), partitions.end());
    std::vector<StartPosition> starts(partitions.size());
    for (size_t i = 0; i < partitions.size(); ++i) {
      const AssignedPartition& partition = partitions[i];
      if (partition.committed.has_value()) starts[i] = {StartPosition::Kind::kOffset, *partition.committed};
    }
    return starts;
  }
  void OnRevoked(bool /*lost*/) override { assigned.clear(); }

  std::vector<AssignedPartition> assigned;
};

class MockClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto mock = MockCluster::Create();
    ASSERT_THAT(mock.status(), IsOk());
    mock_ = *std::move(mock);
    KafkaOptions options;
    options.properties = {{"bootstrap.servers", mock_->bootstrap_servers()}};
    options.open_timeout = absl::Seconds(20);
    auto log = KafkaLog::Create(options);
    ASSERT_THAT(log.status(), IsOk());
    log_ = *std::move(log);
  }

  std::unique_ptr<MockCluster> mock_;
  std::unique_ptr<KafkaLog> log_;
};

// One worker as the pipelines have it: a member that reads, and a writer that commits what it read.
class Worker {
 public:
  Worker(KafkaLog& log, const std::string& group, const std::string& input, std::string output, int index)
      : group_(group), output_(std::move(output)) {
    auto reader = log.OpenGroupReader({group, absl::StrCat(group, "-", index), {input}});
    EXPECT_THAT(reader.status(), IsOk());
    reader_ = *std::move(reader);
    auto writer = log.OpenWriter(absl::StrCat(group, "-", index));
    EXPECT_THAT(writer.status(), IsOk());
    writer_ = *std::move(writer);
  }

  // Passes on what a poll brings, in one transaction with its offsets.
  void Step() {
    std::vector<RecordBatch> batches;
    ASSERT_THAT(reader_->Poll(kPollWait, listener_, &batches), IsOk());
    std::vector<ConsumedOffset> offsets;
    for (const RecordBatch& batch : batches) {
      if (batch.records.empty()) continue;
      if (offsets.empty()) {
        ASSERT_THAT(writer_->Begin(), IsOk());
      }
      for (const Record& record : batch.records) {
        OutputRecord copy;
        copy.topic = output_;
        copy.key = record.value;
        copy.value = record.value;
        ASSERT_THAT(writer_->Write(copy), IsOk());
        ++passed_;
      }
      const AssignedPartition& partition = listener_.assigned[static_cast<size_t>(batch.slot)];
      offsets.push_back({partition.partition, batch.next_offset, "held"});
    }
    if (offsets.empty()) return;
    ASSERT_THAT(writer_->Commit(offsets, reader_->Generation(), group_), IsOk());
  }

  void Close() { EXPECT_THAT(reader_->Close(listener_), IsOk()); }
  size_t partitions() const { return listener_.assigned.size(); }
  int passed() const { return passed_; }

 private:
  std::string group_;
  std::string output_;
  StartAtCommitted listener_;
  std::unique_ptr<GroupReader> reader_;
  std::unique_ptr<Writer> writer_;
  int passed_ = 0;
};

TEST_F(MockClusterTest, TwoIngestAndTwoDetectWorkersPassEveryRecordOnExactlyOnceAsLongAsNothingFails) {
  constexpr int kRecords = 3000;
  constexpr int kPerTransaction = 500;
  ASSERT_THAT(mock_->CreateTopic("posts", 4), IsOk());
  ASSERT_THAT(mock_->CreateTopic("mentions", 8), IsOk());
  ASSERT_THAT(mock_->CreateTopic("signals", 1), IsOk());

  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < 2; ++i) {
    workers.push_back(std::make_unique<Worker>(*log_, "ingest", "posts", "mentions", i));
    workers.push_back(std::make_unique<Worker>(*log_, "detect", "mentions", "signals", i));
  }
  const auto shared = [&] {
    return workers[0]->partitions() == 2 && workers[2]->partitions() == 2 && workers[1]->partitions() == 4 &&
           workers[3]->partitions() == 4;
  };
  for (int poll = 0; poll < kMaxPolls && !shared(); ++poll) {
    for (auto& worker : workers) worker->Step();
  }
  ASSERT_TRUE(shared());

  auto generator = log_->OpenWriter("generator");
  ASSERT_THAT(generator.status(), IsOk());
  for (int first = 0; first < kRecords; first += kPerTransaction) {
    ASSERT_THAT((*generator)->Begin(), IsOk());
    for (int i = first; i < first + kPerTransaction; ++i) {
      const std::string value = absl::StrCat("post-", i);
      OutputRecord record;
      record.topic = "posts";
      record.partition = i % 4;
      record.value = value;
      ASSERT_THAT((*generator)->Write(record), IsOk());
    }
    ASSERT_THAT((*generator)->Commit({}, GroupGeneration(), ""), IsOk());
    for (auto& worker : workers) worker->Step();
  }

  auto signals = log_->OpenPartitionReader({{{"signals", 0}, {}}});
  ASSERT_THAT(signals.status(), IsOk());
  std::multiset<std::string> seen;
  std::vector<RecordBatch> batches;
  for (int poll = 0; poll < kMaxPolls && seen.size() < kRecords; ++poll) {
    for (auto& worker : workers) worker->Step();
    ASSERT_THAT((*signals)->Poll(kPollWait, &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) seen.emplace(record.value);
    }
  }
  std::multiset<std::string> expected;
  for (int i = 0; i < kRecords; ++i) expected.insert(absl::StrCat("post-", i));
  EXPECT_EQ(seen, expected);
  for (auto& worker : workers) {
    EXPECT_GT(worker->passed(), 0);
    worker->Close();
  }
}

TEST_F(MockClusterTest, EnsureTopicsAcceptsWhatExists) {
  ASSERT_THAT(mock_->CreateTopic("posts", 4), IsOk());
  EXPECT_THAT(log_->EnsureTopics({TopicSpec{"posts", 4, -1, {{"retention.ms", "1"}}}}, true), IsOk());
  EXPECT_THAT(log_->EnsureTopics({TopicSpec{"posts", 5, -1, {}}}, true),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("posts")));
}

TEST_F(MockClusterTest, EnsureTopicsSaysThatItCannotCreateHere) {
  EXPECT_THAT(log_->EnsureTopics({TopicSpec{"missing", 1, -1, {}}}, true),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("missing")));
  EXPECT_THAT(log_->EnsureTopics({TopicSpec{"missing", 1, -1, {}}}, false),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing")));
}

TEST_F(MockClusterTest, NothingIsCommittedSinceItStoresNoOffsetsOfTransactions) {
  ASSERT_THAT(mock_->CreateTopic("posts", 1), IsOk());
  auto committed = log_->CommittedOffsets("ingest", {{"posts", 0}});
  ASSERT_THAT(committed.status(), IsOk());
  ASSERT_EQ(committed->size(), 1U);
  EXPECT_EQ((*committed)[0].committed, std::nullopt);
}

TEST_F(MockClusterTest, OffsetsAreAnswered) {
  ASSERT_THAT(mock_->CreateTopic("posts", 1), IsOk());
  auto writer = log_->OpenWriter("writer");
  ASSERT_THAT(writer.status(), IsOk());
  ASSERT_THAT((*writer)->Begin(), IsOk());
  OutputRecord record;
  record.topic = "posts";
  record.partition = 0;
  record.value = "a";
  ASSERT_THAT((*writer)->Write(record), IsOk());
  ASSERT_THAT((*writer)->Commit({}, GroupGeneration(), ""), IsOk());
  auto range = log_->Offsets({"posts", 0});
  ASSERT_THAT(range.status(), IsOk());
  EXPECT_EQ(range->begin, 0);
  EXPECT_EQ(range->end, 1);
}

TEST_F(MockClusterTest, AMemberThatFallsBehindFiveMebibytesIsToldThatRecordsAreGone) {
  constexpr int kRecords = 80;
  ASSERT_THAT(mock_->CreateTopic("posts", 1), IsOk());
  auto writer = log_->OpenWriter("writer");
  ASSERT_THAT(writer.status(), IsOk());
  const std::string value = [] {  // not compressible, so that it counts in full
    std::string bytes(200'000, '\0');
    uint32_t state = 1;
    for (char& byte : bytes) {
      state = state * 1664525U + 1013904223U;
      byte = static_cast<char>(state >> 24U);
    }
    return bytes;
  }();
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_THAT((*writer)->Begin(), IsOk());
    OutputRecord record;
    record.topic = "posts";
    record.partition = 0;
    record.value = value;
    ASSERT_THAT((*writer)->Write(record), IsOk());
    ASSERT_THAT((*writer)->Commit({}, GroupGeneration(), ""), IsOk());
  }
  auto range = log_->Offsets({"posts", 0});
  ASSERT_THAT(range.status(), IsOk());
  EXPECT_GT(range->begin, 0);
  EXPECT_EQ(range->end, kRecords);
  auto reader = log_->OpenPartitionReader({{{"posts", 0}, {StartPosition::Kind::kOffset, 0}}});
  ASSERT_THAT(reader.status(), IsOk());
  std::vector<RecordBatch> batches;
  absl::Status status;
  for (int poll = 0; poll < kMaxPolls && status.ok(); ++poll) status = (*reader)->Poll(kPollWait, &batches);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kOutOfRange));
}

}  // namespace
}  // namespace tocsin
