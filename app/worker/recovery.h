// Brings a detect task to where its mentions partition's committed offset stands.
//
// Reads the partition's newest snapshot, rebuilds windows from the mentions log behind it, and applies the blocks
// between the snapshot and the committed offset with their output thrown away: it was committed with that offset.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/logging/logging.h"
#include "app/worker/signal_journal.h"
#include "engine/log/log.h"
#include "operators/task/detect_task.h"

namespace tocsin {

struct RecoveryOptions {
  std::string mentions_topic;
  std::string snapshots_topic;
  std::string group;  // whose offset the task is brought to
};

// What a recovery read, and took. The times are for who looks on: nothing is decided by them.
struct RecoveryCost {
  int64_t snapshot_bytes =
      0;  // of the snapshots topic: its newest snapshot, and what compaction has left of older ones
  int64_t rebuilt_blocks = 0;  // before the snapshot, for windows and deduplication
  int64_t rebuilt_bytes = 0;
  int64_t replayed_blocks = 0;  // behind it
  int64_t replayed_bytes = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // of the calling thread; those of the log's own threads come on top

  void Add(const RecoveryCost& other);
};

// `what` is a partition, or says how many.
void LogRecovery(LogLevel level, std::string_view message, std::string_view worker, std::string what,
                 const RecoveryCost& cost);

struct RecoveredTask {
  std::unique_ptr<DetectTask> task;
  StartPosition start;               // where to go on reading
  uint64_t snapshot_generation = 0;  // of the snapshot that was used; 0: none
  Offset rebuild_from = 0;           // first offset that was read; 0 without a snapshot
  RecoveryCost cost;
  SignalJournal journal;   // of what was replayed
  std::string difference;  // between it and what was committed; empty: none, or nothing to compare with
};

// Reads [from, end) of one partition and hands every record to `fn`, whose error ends it.
absl::Status ReadRange(Log* log, const TopicPartition& partition, Offset from, Offset end,
                       absl::FunctionRef<absl::Status(const Record&)> fn);
// From its beginning to the end as of now.
absl::Status ReadAll(Log* log, const TopicPartition& partition, absl::FunctionRef<absl::Status(const Record&)> fn);

using DetectTaskFactory = std::function<std::unique_ptr<DetectTask>(int32_t partition)>;

// `assigned` is the mentions partition with the group's offset, nullopt at a first start, and the journal beside it
// (signal_journal.h). DataLoss, naming what to do, if a snapshot is damaged, if there is one and the group has lost its
// offset, or if the mentions log no longer reaches back to where the windows must be rebuilt from; Aborted if another
// worker has committed for the first time since the partition was assigned.
absl::StatusOr<RecoveredTask> RecoverTask(const RecoveryOptions& options, Log* log, const DetectTaskFactory& make_task,
                                          const AssignedPartition& assigned);

}  // namespace tocsin
