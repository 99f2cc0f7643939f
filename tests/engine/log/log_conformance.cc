#include "tests/engine/log/log_conformance.h"

#include <unistd.h>

#include <algorithm>

namespace tocsin {
namespace {

ReadRecord CopyOf(const Record& record) {
  return {record.offset, std::string(record.key), std::string(record.value), record.has_value};
}

}  // namespace

absl::Status Member::PollOnce() {
  std::vector<RecordBatch> batches;
  absl::Status status = reader_->Poll(absl::Milliseconds(50), listener, &batches);
  if (!status.ok()) return status;
  for (const RecordBatch& batch : batches) {
    const auto slot = static_cast<size_t>(batch.slot);
    if (slot >= listener.assigned.size()) return absl::InternalError("a batch of a slot that is not assigned");
    const TopicPartition& partition = listener.assigned[slot].partition;
    for (const Record& record : batch.records) records[partition].push_back(CopyOf(record));
    next_offset[partition] = batch.next_offset;
    if (batch.end_of_partition) {
      at_end.insert(partition);
    } else {
      at_end.erase(partition);
    }
  }
  return absl::OkStatus();
}

std::vector<TopicPartition> Member::Partitions() const {
  std::vector<TopicPartition> partitions;
  for (const AssignedPartition& assigned : listener.assigned) partitions.push_back(assigned.partition);
  std::sort(partitions.begin(), partitions.end());
  return partitions;
}

int32_t Member::SlotOf(const TopicPartition& partition) const {
  for (size_t i = 0; i < listener.assigned.size(); ++i) {
    if (listener.assigned[i].partition == partition) return static_cast<int32_t>(i);
  }
  return -1;
}

size_t Member::RecordCount() const {
  size_t count = 0;
  for (const auto& [partition, list] : records) count += list.size();
  return count;
}

void LogConformanceTest::SetUp() {
  absl::StatusOr<std::unique_ptr<LogUnderTest>> made = GetParam().make();
  if (absl::IsUnavailable(made.status())) GTEST_SKIP() << made.status().message();
  ASSERT_THAT(made.status(), absl_testing::IsOk());
  under_test_ = *std::move(made);
}

std::string LogConformanceTest::Unique(std::string_view stem) {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string name = absl::StrCat(stem, "-", info->name(), "-", getpid(), "-", ++unique_);
  std::replace(name.begin(), name.end(), '/', '-');
  return name;
}

std::string LogConformanceTest::MakeTopic(int32_t partitions) {
  std::string topic = Unique("t");
  EXPECT_THAT(log().EnsureTopics({TopicSpec{topic, partitions, -1, {}}}, true), absl_testing::IsOk());
  return topic;
}

std::unique_ptr<Writer> LogConformanceTest::MakeWriter(const std::string& transactional_id) {
  absl::StatusOr<std::unique_ptr<Writer>> writer = log().OpenWriter(transactional_id);
  EXPECT_THAT(writer.status(), absl_testing::IsOk());
  return writer.ok() ? *std::move(writer) : nullptr;
}

std::unique_ptr<Member> LogConformanceTest::Join(const std::string& group, std::vector<std::string> topics,
                                                 std::string member) {
  absl::StatusOr<std::unique_ptr<GroupReader>> reader =
      log().OpenGroupReader({group, std::move(member), std::move(topics)});
  EXPECT_THAT(reader.status(), absl_testing::IsOk());
  return reader.ok() ? std::make_unique<Member>(*std::move(reader)) : nullptr;
}

OutputRecord LogConformanceTest::RecordFor(const TopicPartition& partition, std::string_view value) {
  OutputRecord record;
  record.topic = partition.topic;
  record.partition = partition.partition;
  record.value = value;
  return record;
}

void LogConformanceTest::CommitValues(Writer& writer, const TopicPartition& partition,
                                      const std::vector<std::string>& values) {
  ASSERT_THAT(writer.Begin(), absl_testing::IsOk());
  for (const std::string& value : values) {
    ASSERT_THAT(writer.Write(RecordFor(partition, value)), absl_testing::IsOk());
  }
  ASSERT_THAT(writer.Commit({}, GroupGeneration(), kNoGroup), absl_testing::IsOk());
}

void LogConformanceTest::PollUntil(const std::vector<Member*>& members, const std::function<bool()>& done,
                                   std::string_view what) {
  for (int poll = 0; poll < kMaxPolls; ++poll) {
    if (done()) return;
    for (Member* member : members) ASSERT_THAT(member->PollOnce(), absl_testing::IsOk()) << what;
  }
  ASSERT_TRUE(done()) << "did not come: " << what;
}

absl::StatusOr<std::vector<ReadRecord>> LogConformanceTest::ReadToEnd(const TopicPartition& partition, size_t at_least,
                                                                      StartPosition start) {
  absl::StatusOr<std::unique_ptr<PartitionReader>> reader = log().OpenPartitionReader({{partition, start}});
  if (!reader.ok()) return reader.status();
  std::vector<ReadRecord> records;
  std::vector<RecordBatch> batches;
  for (int poll = 0; poll < kMaxPolls; ++poll) {
    absl::Status status = (*reader)->Poll(kPollWait, &batches);
    if (!status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) records.push_back(CopyOf(record));
      if (batch.end_of_partition && records.size() >= at_least) return records;
    }
  }
  return absl::DeadlineExceededError(absl::StrCat("too few records: ", records.size(), " of ", at_least));
}

std::vector<std::string> LogConformanceTest::ValuesOf(const TopicPartition& partition, size_t at_least) {
  absl::StatusOr<std::vector<ReadRecord>> records = ReadToEnd(partition, at_least);
  EXPECT_THAT(records.status(), absl_testing::IsOk());
  return records.ok() ? Values(*records) : std::vector<std::string>();
}

absl::Status LogConformanceTest::FirstPollError(PartitionReader& reader) {
  std::vector<RecordBatch> batches;
  for (int poll = 0; poll < kMaxPolls; ++poll) {
    absl::Status status = reader.Poll(kPollWait, &batches);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void LogConformanceTest::AwaitEnd(const TopicPartition& partition, Offset end) {
  constexpr int kMaxAsked = 20'000;
  for (int asked = 0; asked < kMaxAsked; ++asked) {
    absl::StatusOr<OffsetRange> range = log().Offsets(partition);
    ASSERT_THAT(range.status(), absl_testing::IsOk());
    if (range->end >= end) return;
  }
  FAIL() << "the partition did not reach offset " << end;
}

std::vector<std::string> LogConformanceTest::Values(const std::vector<ReadRecord>& records) {
  std::vector<std::string> values;
  values.reserve(records.size());
  for (const ReadRecord& record : records) values.push_back(record.value);
  return values;
}

}  // namespace tocsin
