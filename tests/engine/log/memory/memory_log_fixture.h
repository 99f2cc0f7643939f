// A fixture around one in-memory log on a clock that stands still.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {

// Starts at what is committed, else at the beginning.
class Listener : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    assigned.assign(partitions.begin(), partitions.end());
    ++assignments;
    std::vector<StartPosition> starts;
    for (const AssignedPartition& partition : partitions) {
      starts.push_back(partition.committed.has_value()
                           ? StartPosition{StartPosition::Kind::kOffset, *partition.committed}
                           : StartPosition{});
    }
    return starts;
  }
  void OnRevoked(bool lost) override {
    if (during_revoke) during_revoke();
    assigned.clear();
    ++revocations;
    last_lost = lost;
  }

  std::function<void()> during_revoke;
  std::vector<AssignedPartition> assigned;
  int assignments = 0;
  int revocations = 0;
  bool last_lost = false;
};

// A reader with its listener and the values that it has read.
struct Member {
  std::unique_ptr<GroupReader> reader;
  Listener listener;
  std::vector<RecordBatch> batches;
  std::vector<std::string> values;

  absl::Status Poll() {
    absl::Status status = reader->Poll(absl::ZeroDuration(), listener, &batches);
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) values.emplace_back(record.value);
    }
    return status;
  }
};

class MemoryLogTest : public testing::Test {
 protected:
  MemoryLog& Make(MemoryLogOptions options = {}) {
    log_ = std::make_unique<MemoryLog>(&clock_, std::move(options));
    EXPECT_THAT(log_->EnsureTopics({TopicSpec{"in", 2, -1, {}}, TopicSpec{"out", 1, -1, {}}}, true),
                absl_testing::IsOk());
    return *log_;
  }
  Member Join(const std::string& name = "") {
    auto reader = log_->OpenGroupReader({"group", name, {"in"}});
    EXPECT_THAT(reader.status(), absl_testing::IsOk());
    Member member;
    member.reader = *std::move(reader);
    return member;
  }
  std::unique_ptr<Writer> OpenWriter(const std::string& id) {
    auto writer = log_->OpenWriter(id);
    EXPECT_THAT(writer.status(), absl_testing::IsOk());
    return *std::move(writer);
  }
  absl::Status Write(Writer& writer, std::string_view value, std::string_view topic = "out", int32_t partition = 0) {
    OutputRecord record;
    record.topic = topic;
    record.partition = partition;
    record.value = value;
    return writer.Write(record);
  }
  std::vector<std::string> Stored(const TopicPartition& partition) {
    std::vector<std::string> values;
    auto records = log_->ReadStored(partition);
    EXPECT_THAT(records.status(), absl_testing::IsOk());
    for (const StoredRecord& record : *records) values.push_back(record.value.value_or("(none)"));
    return values;
  }
  std::optional<Offset> Committed(const TopicPartition& partition) {
    auto offsets = log_->CommittedOffsets("group", {partition});
    EXPECT_THAT(offsets.status(), absl_testing::IsOk());
    return (*offsets)[0].committed;
  }

  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  std::unique_ptr<MemoryLog> log_;
  const TopicPartition in_{"in", 0};
  const TopicPartition out_{"out", 0};
};

}  // namespace tocsin
