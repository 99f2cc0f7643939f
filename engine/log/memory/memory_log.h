// A log in memory with the semantics of Kafka that Tocsin relies on: the engine of `replay`, the broker of the tests,
// and what the simulator drives.
//
// Real here: transactions (records take their offsets when written and become readable on commit; readers stop at the
// last stable offset, the first offset of the oldest open transaction; aborted records are skipped; markers take an
// offset, so offsets have gaps), fencing of older writers under one transactional id, transaction time-outs, consumer
// groups with generations, eager rebalancing, static and dynamic members, commits checked against the generation but
// not against ownership, offsets that are applied on commit only, trimming, compaction.
//
// A group's offsets that a transaction has sent but not yet ended are unstable: CommittedOffsets returns Unavailable
// for them, and a reader is not given its assignment until they are settled (as Kafka's require_stable has it), so that
// a new owner can never start from an offset that is about to be overtaken.
//
// Time is read from the injected clock: append times, transaction time-outs, expiry of members. Expiry happens within
// calls; there are no threads inside. A Poll with `max_wait` zero never blocks; a positive one waits on a condition
// variable in real time, so a single thread that drives several workers passes zero.
//
// Differences from Kafka: transactions end at once (no marker delay), one replica, OpenGroupReader joins the group.
// Thread-safe; readers and writers may outlive the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "engine/log/memory/fault_injector.h"

namespace tocsin {

namespace memory {
class Broker;
}  // namespace memory

enum class AssignmentStrategy : uint8_t { kRange, kRoundRobin };

// How much of a topic is kept. What the limits pass is dropped in whole segments (up to 256 KB, or one record); the
// start that Offsets reports is where the oldest record kept begins.
struct MemoryRetention {
  size_t bytes_max = SIZE_MAX;                        // per partition
  absl::Duration age_max = absl::InfiniteDuration();  // by append time
};

// Records of `topic` that all of `groups` have committed past are dropped.
struct TrimConsumed {
  std::string topic;
  std::vector<std::string> groups;
};

struct MemoryLogOptions {
  AssignmentStrategy assignment = AssignmentStrategy::kRange;
  absl::Duration transaction_timeout = absl::Seconds(10);
  // How long a member stays in its group after its reader was destroyed without Close (a crash), or closed under a
  // stable name: the same name coming back within it gets the same partitions without a rebalance.
  absl::Duration session_timeout = absl::Seconds(10);
  // How long a member may go without Poll, and so how long a rebalance waits for it to rejoin.
  absl::Duration max_poll_interval = absl::InfiniteDuration();
  size_t record_bytes_max = size_t{1} << 20;  // key, value and headers; larger ones are InvalidArgument
  size_t batch_bytes_max = size_t{1} << 20;   // of one partition in one Poll; one record may exceed it
  size_t batch_records_max = 16384;
  std::vector<TrimConsumed> trim_consumed = {};
  FaultInjector* fault_injector = nullptr;  // borrowed
};

// A record with all that is stored of it, for tests and for sinks that need headers.
struct StoredRecord {
  Offset offset = 0;
  int64_t append_time_ms = kNoAppendTime;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
};

class MemoryLog : public Log {
 public:
  // `clock` is borrowed and must outlive this and all that was opened from it.
  explicit MemoryLog(Clock* clock, MemoryLogOptions options = {});
  ~MemoryLog() override;

  // Log. OpenGroupReader and OpenPartitionReader return NotFound for a topic that does not exist.
  absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) override;
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) override;
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) override;
  absl::StatusOr<int32_t> PartitionCount(const std::string& topic) override;
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) override;
  // Of `config`, only cleanup.policy=compact has an effect.
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) override;
  absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) override;

  // Appends outside any transaction. `append_time_ms` kNoAppendTime: the clock's now. NotFound for an unknown
  // partition, InvalidArgument for a record over record_bytes_max.
  absl::StatusOr<Offset> Append(const TopicPartition& partition, std::optional<std::string_view> key,
                                std::optional<std::string_view> value, absl::Span<const Header> headers = {},
                                int64_t append_time_ms = kNoAppendTime);

  // Sets a group's offsets from outside, as an operator's tool would. REQUIRES: none of the group is
  // transactional-pending.
  absl::Status SetCommittedOffsets(const std::string& group, absl::Span<const ConsumedOffset> offsets);

  // Adds partitions to a topic, which rebalances the groups that read it. InvalidArgument if `count` is below the
  // present.
  absl::Status AddPartitions(const std::string& topic, int32_t count);

  // Drops all records of `partition` below `before` (at most up to the last stable offset).
  absl::Status Trim(const TopicPartition& partition, Offset before);
  absl::Status SetRetention(const std::string& topic, const MemoryRetention& retention);
  // Keeps the last record of every key below the last stable offset; compacted topics do so by themselves now and then.
  absl::Status Compact(const std::string& topic);

  // Copies up to `count_max` committed records from `from` on; nothing of open or aborted transactions.
  absl::StatusOr<std::vector<StoredRecord>> ReadStored(const TopicPartition& partition, Offset from = 0,
                                                       size_t count_max = SIZE_MAX) const;

  // Bytes of records held, of all topics (buffers, not their contents).
  size_t HeldBytes() const;

 private:
  std::shared_ptr<memory::Broker> broker_;
};

}  // namespace tocsin
