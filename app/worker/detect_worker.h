// One detect worker: reads blocks of mentions, publishes brand metrics and signals, exactly once.
//
// Outputs, offsets and snapshots go out in one transaction. Every decision comes from the blocks; the wall clock only
// says when to commit and when to take a snapshot. After any error the worker is thrown away and its successor recovers
// the tasks (recovery.h).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/worker/publisher.h"
#include "app/worker/recovery.h"
#include "app/worker/worker_metrics.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "engine/worker/job.h"
#include "operators/task/detect_task.h"

namespace tocsin {

struct DetectWorkerOptions {
  std::string transactional_id;
  std::string group;
  std::string member;
  std::string mentions_topic = "tocsin.mentions";
  std::string snapshots_topic = "tocsin.snapshots";  // empty: no snapshots are read or written (replay)
  absl::Duration commit_every = absl::Seconds(1);    // at most so late when there is nothing to publish
  // Outputs wait so long for those of other partitions whose blocks were committed with theirs; signals don't.
  absl::Duration publish_within = absl::Milliseconds(50);
  absl::Duration snapshot_every = absl::Minutes(5);
  // Commits when so many are in a transaction. A block that closes more windows than that still goes out whole, in one
  // transaction, but only so many of its outputs are in memory at a time.
  size_t max_pending_outputs = 10'000;
  bool commit_offsets = true;
};

class DetectWorker : public Worker, private AssignmentListener {
 public:
  // `log`, `clock`, `publisher` and `metrics` must outlive the worker.
  static absl::StatusOr<std::unique_ptr<DetectWorker>> Create(const DetectWorkerOptions& options, Log* log,
                                                              Clock* clock, DetectTaskFactory make_task,
                                                              Publisher* publisher, DetectMetrics* metrics);
  ~DetectWorker() override;

  absl::Status Step(absl::Duration max_wait) override;
  absl::Status Drain() override;
  bool ready() const override { return assigned_; }

  // Commits what is pending now.
  absl::Status Commit();

  // For drivers that own all partitions (replay): blocks applied by the last Step, and the tasks in the order of
  // partitions.
  int64_t last_step_blocks() const { return last_step_blocks_; }
  absl::Status FlushTasks();  // closes windows up to the slide end after the largest event time
  void ForEachTask(absl::FunctionRef<void(int32_t partition, const DetectTask& task)> fn) const;
  int64_t EvaluatedEndMs() const;  // lowest slide end that all tasks have evaluated

 private:
  struct Slot;
  struct OutputCounts {
    int64_t metric_records = 0;
    int64_t refused_actions = 0;
    std::array<int64_t, kSignalKinds> signals = {};

    size_t total() const;
  };

  DetectWorker(const DetectWorkerOptions& options, Log* log, Clock* clock, DetectTaskFactory make_task,
               Publisher* publisher, DetectMetrics* metrics);

  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override;
  void OnRevoked(bool lost) override;

  absl::Status ApplyBatch(const RecordBatch& batch);
  absl::Status Evaluate(Slot& slot);
  // Moves outputs_ into the transaction, which it begins if it is not open.
  absl::Status PublishOutputs();
  bool CommitIsDue() const;
  bool SnapshotIsDue(const Slot& slot, absl::Time now) const;
  absl::Status WriteSnapshot(Slot& slot, absl::Time now);
  absl::Status CommitAll(bool with_snapshots);
  void CountTotals();
  // Now and then, what costs too much at every commit: the brands, and how far the log reaches back.
  void ShowState(absl::Time now);
  // Says how far the mentions log reaches back beyond what a recovery would need of it.
  void ShowSnapshotMargin();
  void ShowNothing();
  // A recovery did not come out as what was published.
  void TellDifference(const TopicPartition& partition, const std::string& difference);

  const DetectWorkerOptions options_;
  Log* const log_;
  Clock* const clock_;
  const DetectTaskFactory make_task_;
  Publisher* const publisher_;
  DetectMetrics* const metrics_;
  std::unique_ptr<GroupReader> reader_;
  std::unique_ptr<Writer> writer_;
  std::vector<Slot> slots_;
  GroupGeneration generation_;
  bool assigned_ = false;
  bool urgent_ = false;  // a signal waits
  bool draining_ = false;
  bool in_transaction_ = false;
  std::vector<DetectOutput> outputs_;  // not in the transaction yet; those of a partition in their order
  OutputCounts published_;             // in it
  absl::Time first_output_;            // of those that are not committed yet
  absl::Time last_commit_;
  absl::Time brands_shown_ = absl::InfinitePast();
  absl::Time margin_shown_ = absl::InfinitePast();
  absl::Status failure_;
  int64_t last_step_blocks_ = 0;
  std::vector<RecordBatch> batches_;
};

}  // namespace tocsin
