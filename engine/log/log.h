// The narrow interface to a partitioned, transactional log: everything that Tocsin reads or writes passes through it.
//
// Three implementations: Kafka (engine/log/kafka), memory with real transactions, last-stable-offset and fencing
// (engine/log/memory), and files as a read-only source (engine/log/file). A worker is the same code over each.
//
// Delivery in one paragraph: a worker polls batches with a GroupReader, computes, and at each flush opens a transaction
// on its Writer, writes, and commits together with the offsets that it has consumed, under the group generation that
// it captured when the batch began. A commit under an old generation fails and nothing becomes visible. After any
// failed commit or abort the worker throws the memory of its tasks away and reloads.
//
// Thread-safety: a Log may be shared by threads; readers and writers belong to one thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace tocsin {

// Position of a record in its partition. Offsets may have gaps (control records, compaction), so "the next offset" of
// a reader is kept by the reader and never computed as last + 1 by others.
using Offset = int64_t;

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;

  friend bool operator==(const TopicPartition&, const TopicPartition&) = default;
  friend auto operator<=>(const TopicPartition& a, const TopicPartition& b) {
    return std::tie(a.topic, a.partition) <=> std::tie(b.topic, b.partition);
  }
  template <typename H>
  friend H AbslHashValue(H h, const TopicPartition& tp) {
    return H::combine(std::move(h), tp.topic, tp.partition);
  }
};

inline constexpr int64_t kNoAppendTime = -1;

// One record as read. Views are valid until the next Poll of the reader that returned it.
struct Record {
  Offset offset = 0;
  // Epoch milliseconds: the log's, or its producer's where the log keeps that (believed up to ten minutes ahead).
  int64_t append_time_ms = kNoAppendTime;
  std::string_view key;
  std::string_view value;
  bool has_value = true;  // false: a tombstone
};

// Records of one partition in offset order.
struct RecordBatch {
  int32_t slot = 0;  // index into the current assignment, or into the list of a PartitionReader
  absl::Span<const Record> records;
  Offset next_offset = 0;         // the reader's position behind this batch
  bool end_of_partition = false;  // that position is the (stable) end of the partition just now
};

// A partition given to this member, with what the group has committed for it.
struct AssignedPartition {
  TopicPartition partition;
  std::optional<Offset> committed;
  std::string metadata;  // the string committed with the offset
};

// Start of a partition for which nothing was committed, or an explicit place.
struct StartPosition {
  enum class Kind : uint8_t { kEarliest, kLatest, kOffset };
  Kind kind = Kind::kEarliest;
  Offset offset = 0;
};

// Told of changes of the assignment, from within Poll or Close. All partitions come and go together (eager
// rebalancing), so slots are stable between OnAssigned and OnRevoked.
class AssignmentListener {
 public:
  virtual ~AssignmentListener() = default;

  // Returns where to start each partition, in the order given. An error ends the Poll with that error.
  virtual absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) = 0;

  // Called before the partitions are given up. With `lost`, another member may own them already: drop, don't commit.
  virtual void OnRevoked(bool lost) = 0;
};

// An opaque token for "the group as it was when this batch began". Copyable; empty for a reader without a group.
class GroupGeneration {
 public:
  GroupGeneration() = default;
  explicit GroupGeneration(std::shared_ptr<const void> token) : token_(std::move(token)) {}
  const void* get() const { return token_.get(); }

 private:
  std::shared_ptr<const void> token_;
};

// A member of a consumer group. Reads committed records only.
class GroupReader {
 public:
  virtual ~GroupReader() = default;

  // Waits up to `max_wait` for records and appends at most one batch per partition to `*batches` (cleared first).
  // Batches with no records are delivered when a partition's end is reached. Errors: Unavailable (retry with back-off
  // by opening anew), OutOfRange (an offset is no longer in the log: never silently reset), PermissionDenied, NotFound,
  // Internal (fatal to this reader).
  virtual absl::Status Poll(absl::Duration max_wait, AssignmentListener& listener,
                            std::vector<RecordBatch>* batches) = 0;

  // The generation to commit under; take it when a batch begins.
  virtual GroupGeneration Generation() const = 0;

  // Stops and resumes delivery of one partition of the assignment; what was fetched already is not lost.
  virtual absl::Status Pause(int32_t slot) = 0;
  virtual absl::Status Resume(int32_t slot) = 0;

  // Records between the position and the end of the partition, as far as known without asking (-1 unknown).
  virtual int64_t Lag(int32_t slot) const = 0;

  // Bytes that were fetched and not polled yet, as of some seconds ago; 0 where nothing is fetched ahead.
  virtual int64_t QueuedBytes() const { return 0; }

  // Leaves the group (calls OnRevoked first). Idempotent.
  virtual absl::Status Close(AssignmentListener& listener) = 0;
};

// Reads given partitions from given offsets, outside any group: snapshots, configuration, recovery, audits.
class PartitionReader {
 public:
  virtual ~PartitionReader() = default;
  virtual absl::Status Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) = 0;
};

struct Header {
  std::string_view name;
  std::string_view value;
};

// A record to write. Everything is copied by Write.
struct OutputRecord {
  std::string_view topic;
  int32_t partition = -1;  // -1: by the log's default partitioner on the key
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;  // nullopt: a tombstone
  absl::Span<const Header> headers;
};

struct ConsumedOffset {
  TopicPartition partition;
  Offset next_offset = 0;
  std::string metadata;  // at most 4 KB of text without NUL bytes
};

// A transactional producer. After any error other than those of Write's arguments the writer is unusable: destroy it
// and open a new one under the same transactional id, which also fences what the old one may have left open.
class Writer {
 public:
  virtual ~Writer() = default;

  // REQUIRES: no transaction is open.
  virtual absl::Status Begin() = 0;

  // Queues a record. Blocks while the queue is full. Errors: InvalidArgument (too large: nothing was queued), others
  // fatal.
  virtual absl::Status Write(const OutputRecord& record) = 0;

  // Sends everything, adds the offsets, commits. OK means: all of it is visible, exactly once. Aborted: the transaction
  // is surely rolled back (fenced, old generation). Unavailable/DeadlineExceeded: rolled back or unknown; reload
  // decides.
  virtual absl::Status Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                              std::string_view group) = 0;

  virtual absl::Status Abort() = 0;
};

// What a topic must look like; `config` holds the log's own keys (retention.ms, cleanup.policy).
struct TopicSpec {
  std::string name;
  int32_t partitions = 1;
  int16_t replication = -1;  // -1: the cluster's default
  std::vector<std::pair<std::string, std::string>> config;
};

struct OffsetRange {
  Offset begin = 0;  // first offset still held
  Offset end = 0;    // read_uncommitted end; half-open
};

class Log {
 public:
  virtual ~Log() = default;

  struct GroupOptions {
    std::string group;
    std::string member;  // stable name of this member (static membership); empty: dynamic
    std::vector<std::string> topics;
  };
  virtual absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) = 0;

  // Slots follow the order of `starts`.
  virtual absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) = 0;

  // Initialises transactions: fences older writers with this id and finishes what they left open.
  virtual absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) = 0;

  // NotFound when the topic does not exist.
  virtual absl::StatusOr<int32_t> PartitionCount(const std::string& topic) = 0;
  virtual absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) = 0;

  // Creates what is missing if `create`, else NotFound naming it. A topic with another partition count than asked for:
  // FailedPrecondition. Existing configuration is left alone.
  virtual absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) = 0;

  // nullopt in place of a partition for which the group has committed nothing.
  virtual absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) = 0;
};

}  // namespace tocsin
