// Brings a detect task to where its mentions partition's committed offset stands.
//
// Reads the partition's newest snapshot, rebuilds windows from the mentions log behind it, and applies the blocks
// between the snapshot and the committed offset with their output thrown away: it was committed with that offset.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/worker/signal_journal.h"
#include "engine/log/log.h"
#include "operators/task/detect_task.h"

namespace tocsin {

struct RecoveryOptions {
  std::string mentions_topic;
  std::string snapshots_topic;
  std::string group;  // named in errors
};

struct RecoveredTask {
  std::unique_ptr<DetectTask> task;
  StartPosition start;               // where to go on reading
  uint64_t snapshot_generation = 0;  // of the snapshot that was used; 0: none
  Offset rebuild_from = 0;           // first offset that was read; 0 without a snapshot
  int64_t blocks_replayed = 0;
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
// (signal_journal.h). DataLoss, naming what to do,
// if a snapshot is damaged or the mentions log no longer reaches back to where the windows must be rebuilt from.
absl::StatusOr<RecoveredTask> RecoverTask(const RecoveryOptions& options, Log* log, const DetectTaskFactory& make_task,
                                          const AssignedPartition& assigned);

}  // namespace tocsin
