// One ingest worker: reads posts, writes blocks of mentions, exactly once.
//
// Life: Create, then Step until told to stop, then Drain. A worker is one thread with a reader and a transactional
// writer of its own. The transaction is open only for the flush, so a frozen worker holds nobody back for longer than a
// flush. After any error the worker is thrown away: what was not committed is read again by its successor.
//
// The topic of actions is read as one more source: its records travel in the same blocks, to the partition of the brand
// that they are about, so the mentions log is their journal and they count exactly once as posts do.
//
// Invariants: the offsets that a flush commits are those its blocks account for, in one transaction (I1); rows of
// partitions that are taken away are flushed or dropped before they are given up, never later; no row is committed that
// was matched under another version than the one that counts at its event time, as far as versions have been published.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "app/worker/dead_letters.h"
#include "app/worker/worker_metrics.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "engine/worker/job.h"
#include "operators/ingest/ingest_chain.h"
#include "operators/parse/post_parser.h"

namespace tocsin {

// A source as the worker needs it.
struct IngestSource {
  std::vector<std::string> topics;
  std::shared_ptr<const Mapping> mapping;
  PostParserOptions parser;
  StartPosition start;  // where the group has committed nothing
  int64_t out_of_orderness_ms = 2'000;
  int64_t max_drag_ms = 60'000;
  absl::Duration idle_after = absl::Seconds(5);
};

struct IngestWorkerOptions {
  std::string transactional_id;
  std::string group;
  std::string member;
  std::vector<IngestSource> sources;
  IngestOptions chain;
  std::string mentions_topic = "tocsin.mentions";
  std::string dead_letters_topic = "tocsin.dead-letters";
  std::string actions_topic;  // read beside the sources; empty: none
  absl::Duration flush_every = absl::Seconds(1);
  absl::Duration heartbeat_every = absl::Seconds(5);  // a block although nothing was read
  size_t flush_bytes = size_t{512} << 10;             // for one mentions partition, on average
  size_t max_part_bytes = size_t{900} << 10;
  int64_t dead_letters_per_second = 1'000;  // beyond it only references
  // A partition that is further ahead of the slowest one, in event time, is paused: bounds what detect must hold. Only
  // where pausing costs nothing (files); a Kafka client throws its read-ahead away and fetches it again.
  int64_t alignment_ms = INT64_MAX;
  bool commit_offsets = true;  // false where the reader's log keeps none (replay)
  // Replay: what has been read to its end is complete as far as the others have come, at once and for good, but does
  // not move the watermark further than that; and blocks do not say when they were written.
  bool ends_are_final = false;
  size_t record_padding = 0;  // readable bytes that the reader's log promises behind each record
};

class IngestWorker : public Worker, private AssignmentListener {
 public:
  // `source`, `sink`, `clock`, `model` and `metrics` must outlive the worker.
  static absl::StatusOr<std::unique_ptr<IngestWorker>> Create(const IngestWorkerOptions& options, Log* source,
                                                              Log* sink, Clock* clock,
                                                              std::shared_ptr<WatchlistVersions> versions,
                                                              const SentimentModel* model, IngestMetrics* metrics);
  ~IngestWorker() override;

  absl::Status Step(absl::Duration max_wait) override;

  // Flushes now whatever is pending, even if that is only a change of idleness. After an error the worker is of no use.
  absl::Status Flush();

  // Flushes, leaves the group. The worker is of no use afterwards.
  absl::Status Drain() override;

  // All partitions of the assignment have been read to their ends. False without an assignment.
  bool AllAtEnd() const;
  bool ready() const override { return assigned_; }
  int64_t last_step_records() const { return last_step_records_; }

 private:
  struct Slot;

  IngestWorker(const IngestWorkerOptions& options, Log* source, Log* sink, Clock* clock,
               std::shared_ptr<WatchlistVersions> versions, const SentimentModel* model, IngestMetrics* metrics);

  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override;
  void OnRevoked(bool lost) override;

  absl::Status ProcessBatches();
  absl::Status ProcessBatch(const RecordBatch& batch);
  void ProcessRecord(Slot& slot, int32_t source, const Record& record);
  void ProcessAction(Slot& slot, int32_t source, const Record& record);
  // Asks the log for the ends of partitions that are quiet: only then may they be called idle or caught up.
  void ConfirmEnds(absl::Time now);
  // Whether the flags that blocks carry have changed since the last block.
  bool UpdateIdleness(absl::Time now);
  absl::Status FlushIfDue();
  absl::Status TryToFlush();
  // Asks what has been published, before rows are committed. Aborted: a version that was not known when the rows were
  // matched counts for some of them.
  absl::Status CheckVersions();
  // That which counts at the largest event time of what this worker has read: detect needs no later one yet.
  uint64_t VersionOfBlock() const;
  absl::Status WriteBlocks(absl::Span<const SourceRange> ranges);
  // Own partitions by slot, then those of all sources that others own, without a place in the chain: detect learns from
  // them for which partitions its watermark has to wait.
  std::vector<SourceRange> Ranges() const;
  absl::Status Align();
  bool Pending() const;
  void DropPending();
  // What is no longer owned must not look like a lag that lasts.
  void ShowNothing();
  // Counts what a flush has committed, and begins anew.
  void CountFlushed();

  const IngestWorkerOptions options_;
  Log* const source_;
  Log* const sink_;
  Clock* const clock_;
  IngestMetrics* const metrics_;
  const std::shared_ptr<WatchlistVersions> versions_;
  IngestChain chain_;
  DeadLetters dead_letters_;
  BlockBuilder builder_;
  std::vector<std::unique_ptr<PostParser>> parsers_;  // by source
  std::unique_ptr<GroupReader> reader_;
  std::unique_ptr<Writer> writer_;
  std::vector<Slot> slots_;            // by slot of the assignment
  std::vector<SourceRange> expected_;  // every partition of every source, as of the assignment
  bool assigned_ = false;
  int64_t last_step_records_ = 0;
  GroupGeneration generation_;                           // as of the assignment that the pending rows belong to
  std::array<uint32_t, kDropReasons> dead_by_reason_{};  // not yet committed
  int64_t pending_latest_ms_ = kUnknownTime;             // event time of what the next block accounts for
  absl::Time last_flush_;
  absl::Status failure_;  // of a flush, reported by the next Step if it was inside a rebalance
  std::vector<RecordBatch> batches_;
  std::vector<std::string> parts_;
};

}  // namespace tocsin
