// What every implementation of the log interface (engine/log/log.h) must do, as one suite of parameterised tests.
//
// An implementation runs it by compiling log_conformance_*.cc into its own test and adding
//
//   INSTANTIATE_TEST_SUITE_P(MemoryLog, LogConformanceTest, testing::Values(LogConformanceParam{...}),
//                            LogConformanceParamName);
//
// Nothing here sleeps or looks at a clock: whatever takes time is waited for by a bounded number of polls.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/log/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {

// One instance of the implementation; lives for one test.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;

  virtual Log& log() = 0;

  // Removes the records before `offset`. Only called when the implementation says that it can.
  virtual absl::Status Trim(const TopicPartition& /*partition*/, Offset /*offset*/) {
    return absl::UnimplementedError("no trimming");
  }
};

struct LogConformanceParam {
  std::string name;
  // An Unavailable error skips the test with its message as the reason (no broker here).
  std::function<absl::StatusOr<std::unique_ptr<LogUnderTest>>()> make;
  bool can_trim = true;
  int64_t too_large_bytes = int64_t{64} << 20;  // a record of this size must be refused
};

inline std::string LogConformanceParamName(const testing::TestParamInfo<LogConformanceParam>& info) {
  return info.param.name;
}

// A record with its bytes copied, to outlive the Poll.
struct ReadRecord {
  Offset offset = 0;
  std::string key;
  std::string value;
  bool has_value = true;
};

// Starts at what is committed, else at `start`; keeps what it is told.
class RecordingListener : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    if (!refuse_with.ok()) return refuse_with;
    assigned.assign(partitions.begin(), partitions.end());
    ++assignments;
    std::vector<StartPosition> starts;
    for (const AssignedPartition& partition : partitions) {
      if (partition.committed.has_value()) {
        starts.push_back({StartPosition::Kind::kOffset, *partition.committed});
      } else {
        starts.push_back(start);
      }
    }
    return starts;
  }

  void OnRevoked(bool lost) override {
    assigned.clear();
    ++revocations;
    last_lost = lost;
  }

  absl::Status refuse_with;
  StartPosition start;
  std::vector<AssignedPartition> assigned;
  int assignments = 0;
  int revocations = 0;
  bool last_lost = false;
};

// A group reader with everything that it has read. Records of a partition are kept over reassignments.
class Member {
 public:
  explicit Member(std::unique_ptr<GroupReader> reader) : reader_(std::move(reader)) {}

  absl::Status PollOnce();
  absl::Status Close() { return reader_->Close(listener); }

  GroupReader& reader() { return *reader_; }
  std::vector<TopicPartition> Partitions() const;
  int32_t SlotOf(const TopicPartition& partition) const;  // -1: not assigned
  size_t RecordCount() const;

  RecordingListener listener;
  std::map<TopicPartition, std::vector<ReadRecord>> records;
  std::map<TopicPartition, Offset> next_offset;
  std::set<TopicPartition> at_end;  // whose last batch said that it reached the end

 private:
  std::unique_ptr<GroupReader> reader_;
};

class LogConformanceTest : public testing::TestWithParam<LogConformanceParam> {
 protected:
  static constexpr absl::Duration kPollWait = absl::Milliseconds(50);
  static constexpr int kMaxPolls = 800;
  static constexpr std::string_view kNoGroup = "";

  void SetUp() override;

  Log& log() { return under_test_->log(); }
  LogUnderTest& under_test() { return *under_test_; }

  // A name that no other test or run uses.
  std::string Unique(std::string_view stem);
  std::string MakeTopic(int32_t partitions);
  std::unique_ptr<Writer> MakeWriter(const std::string& transactional_id);
  std::unique_ptr<Writer> MakeWriter() { return MakeWriter(Unique("writer")); }
  std::unique_ptr<Member> Join(const std::string& group, std::vector<std::string> topics, std::string member = "");

  // Writes `values` in one committed transaction.
  void CommitValues(Writer& writer, const TopicPartition& partition, const std::vector<std::string>& values);

  // Polls all `members` in turn until `done`; fails the test when it does not come.
  void PollUntil(const std::vector<Member*>& members, const std::function<bool()>& done, std::string_view what);

  // Everything that a read-committed reader finds from `start` to the end, but not before `at_least` records came:
  // Kafka answers a commit when it is decided, a moment before it has written the markers that make the records
  // visible.
  absl::StatusOr<std::vector<ReadRecord>> ReadToEnd(const TopicPartition& partition, size_t at_least,
                                                    StartPosition start = {});
  std::vector<std::string> ValuesOf(const TopicPartition& partition, size_t at_least);

  // Polls until an error comes; OK if none does.
  absl::Status FirstPollError(PartitionReader& reader);

  // Waits until the read-uncommitted end of `partition` is at least `end`.
  void AwaitEnd(const TopicPartition& partition, Offset end);

  static OutputRecord RecordFor(const TopicPartition& partition, std::string_view value);
  static std::vector<std::string> Values(const std::vector<ReadRecord>& records);

 private:
  std::unique_ptr<LogUnderTest> under_test_;
  int unique_ = 0;
};

}  // namespace tocsin
