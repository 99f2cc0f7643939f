#include "app/worker/detect_worker.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "app/logging/logging.h"
#include "engine/base/cpu_time.h"
#include "engine/state/snapshot.h"

namespace tocsin {
namespace {

constexpr absl::Duration kShowBrandsEvery = absl::Seconds(5);
// Asks the log for a partition's beginning, which takes a round trip each.
constexpr absl::Duration kShowMarginEvery = absl::Minutes(1);

}  // namespace

// One mentions partition of the assignment.
struct DetectWorker::Slot {
  TopicPartition partition;
  std::unique_ptr<DetectTask> task;
  Offset position = -1;  // behind the last block applied; -1: nothing was read since the assignment
  Offset committed = -1;
  Offset snapshot_at = -1;                 // position of the last snapshot
  Offset rebuild_from = 0;                 // what a recovery would read first
  Offset next_rebuild_from = -1;           // the same once the open transaction is committed; -1: it has no snapshot
  int64_t last_append_ms = kNoAppendTime;  // when the log took the last block that was read
  uint64_t snapshot_generation = 0;
  absl::Time last_snapshot;
  SignalJournal journal;   // since the last snapshot
  DetectCounters counted;  // what the metrics have been told
};

size_t DetectWorker::OutputCounts::total() const {
  return static_cast<size_t>(std::accumulate(signals.begin(), signals.end(), metric_records + refused_actions));
}

DetectWorker::DetectWorker(const DetectWorkerOptions& options, Log* log, Clock* clock, DetectTaskFactory make_task,
                           Publisher* publisher, DetectMetrics* metrics)
    : options_(options),
      log_(log),
      clock_(clock),
      make_task_(std::move(make_task)),
      publisher_(publisher),
      metrics_(metrics),
      last_commit_(clock->Now()) {}

DetectWorker::~DetectWorker() { ShowNothing(); }

absl::StatusOr<std::unique_ptr<DetectWorker>> DetectWorker::Create(const DetectWorkerOptions& options, Log* log,
                                                                   Clock* clock, DetectTaskFactory make_task,
                                                                   Publisher* publisher, DetectMetrics* metrics) {
  std::unique_ptr<DetectWorker> worker(new DetectWorker(options, log, clock, std::move(make_task), publisher, metrics));
  absl::StatusOr<std::unique_ptr<Writer>> writer = log->OpenWriter(options.transactional_id);
  if (!writer.ok()) return writer.status();
  worker->writer_ = *std::move(writer);
  absl::StatusOr<std::unique_ptr<GroupReader>> reader =
      log->OpenGroupReader({options.group, options.member, {options.mentions_topic}});
  if (!reader.ok()) return reader.status();
  worker->reader_ = *std::move(reader);
  return worker;
}

absl::StatusOr<std::vector<StartPosition>> DetectWorker::OnAssigned(absl::Span<const AssignedPartition> partitions) {
  slots_.clear();
  std::vector<StartPosition> starts;
  RecoveryCost cost;
  for (const AssignedPartition& assigned : partitions) {
    Slot& slot = slots_.emplace_back();
    slot.partition = assigned.partition;
    slot.last_snapshot = clock_->Now();
    if (options_.snapshots_topic.empty()) {
      slot.task = make_task_(assigned.partition.partition);
      starts.push_back({StartPosition::Kind::kEarliest, 0});
      continue;
    }
    absl::StatusOr<RecoveredTask> recovered =
        RecoverTask({options_.mentions_topic, options_.snapshots_topic, options_.group}, log_, make_task_, assigned);
    if (!recovered.ok()) return recovered.status();
    LogRecovery(LogLevel::kDebug, "partition recovered", options_.member,
                absl::StrCat(assigned.partition.topic, "/", assigned.partition.partition), recovered->cost);
    cost.Add(recovered->cost);
    if (!recovered->difference.empty()) TellDifference(assigned.partition, recovered->difference);
    slot.journal = recovered->journal;
    slot.task = std::move(recovered->task);
    slot.snapshot_generation = recovered->snapshot_generation;
    slot.rebuild_from = recovered->rebuild_from;
    // What was replayed has been counted by whoever applied it first.
    slot.counted = slot.task->counters();
    if (assigned.committed.has_value()) slot.position = slot.committed = *assigned.committed;
    slot.snapshot_at = recovered->journal.since;
    starts.push_back(recovered->start);
  }
  // Not at a first start, and not in a replay.
  if (cost.snapshot_bytes + cost.replayed_bytes > 0) {
    LogRecovery(LogLevel::kInfo, "recovered", options_.member, absl::StrCat(slots_.size(), " partitions"), cost);
  }
  assigned_ = true;
  metrics_->rebalances->Increment();
  metrics_->assigned->Set(static_cast<double>(slots_.size()));
  return starts;
}

void DetectWorker::TellDifference(const TopicPartition& partition, const std::string& difference) {
  metrics_->recovery_differences->Increment();
  // The worker goes on, and nothing is published twice; but what it decides from here on may not follow from what was
  // told.
  LogEvent(LogLevel::kError, "recovery has replayed other signals than were published: please report it",
           {{"worker", options_.member},
            {"partition", absl::StrCat(partition.topic, "/", partition.partition)},
            {"difference", difference}});
}

void DetectWorker::OnRevoked(bool lost) {
  if (!lost && failure_.ok()) failure_ = CommitAll(/*with_snapshots=*/draining_);
  ShowNothing();
  slots_.clear();
  assigned_ = false;
  urgent_ = false;
  outputs_.clear();
}

absl::Status DetectWorker::Step(absl::Duration max_wait) {
  last_step_blocks_ = 0;
  if (!outputs_.empty()) {
    max_wait = std::clamp(first_output_ + options_.publish_within - clock_->Now(), absl::ZeroDuration(), max_wait);
  }
  if (absl::Status status = reader_->Poll(max_wait, *this, &batches_); !status.ok()) return status;
  if (!failure_.ok()) return failure_;
  const absl::Time polled = clock_->Now();
  const absl::Duration cpu_before = ThreadCpuTime();
  for (const RecordBatch& batch : batches_) {
    if (absl::Status status = ApplyBatch(batch); !status.ok()) return status;
  }
  absl::Status status = CommitIsDue() ? CommitAll(/*with_snapshots=*/true) : absl::OkStatus();
  metrics_->busy_seconds->Observe(absl::ToDoubleSeconds(clock_->Now() - polled));
  metrics_->busy_cpu_seconds->Observe(absl::ToDoubleSeconds(ThreadCpuTime() - cpu_before));
  return status;
}

absl::Status DetectWorker::ApplyBatch(const RecordBatch& batch) {
  Slot& slot = slots_[static_cast<size_t>(batch.slot)];
  generation_ = reader_->Generation();
  for (const Record& record : batch.records) {
    if (absl::Status status = slot.task->Accept(record.value, record.offset); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(status.message(), "; topic=", slot.partition.topic, " partition=",
                                                      slot.partition.partition, " offset=", record.offset));
    }
    if (absl::Status status = Evaluate(slot); !status.ok()) return status;
    slot.position = record.offset + 1;
    ++last_step_blocks_;
    if (published_.total() + outputs_.size() >= options_.max_pending_outputs) {
      if (absl::Status status = CommitAll(/*with_snapshots=*/false); !status.ok()) return status;
    }
  }
  slot.position = batch.next_offset;
  if (!batch.records.empty()) slot.last_append_ms = batch.records.back().append_time_ms;
  return absl::OkStatus();
}

absl::Status DetectWorker::Evaluate(Slot& slot) {
  for (bool more = true; more;) {
    const size_t before = outputs_.size();
    const bool none = outputs_.empty() && published_.total() == 0;
    more = slot.task->EvaluateSome(options_.max_pending_outputs, &outputs_);
    if (none && !outputs_.empty()) first_output_ = clock_->Now();
    slot.journal.Add(absl::MakeConstSpan(outputs_).subspan(before));
    for (size_t i = before; i < outputs_.size() && !urgent_; ++i) {
      urgent_ = outputs_[i].kind == DetectOutput::Kind::kSignal;
    }
    // A transaction is opened early for this alone: until it is committed it holds back who reads what is committed.
    if (!more) break;
    if (absl::Status status = PublishOutputs(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status DetectWorker::PublishOutputs() {
  if (!in_transaction_) {
    if (absl::Status status = writer_->Begin(); !status.ok()) return status;
    in_transaction_ = true;
  }
  for (const DetectOutput& output : outputs_) {
    if (absl::Status status = publisher_->Publish(output, writer_.get()); !status.ok()) return status;
    if (output.kind == DetectOutput::Kind::kMetric) {
      ++published_.metric_records;
    } else if (output.kind == DetectOutput::Kind::kRefusedAction) {
      ++published_.refused_actions;
    } else {
      ++published_.signals[static_cast<size_t>(output.signal->kind)];
    }
  }
  outputs_.clear();
  return absl::OkStatus();
}

bool DetectWorker::CommitIsDue() const {
  if (urgent_) return true;
  const absl::Time now = clock_->Now();
  if (!outputs_.empty() || in_transaction_) {
    return now - first_output_ >= options_.publish_within || now - last_commit_ >= options_.commit_every;
  }
  return now - last_commit_ >= options_.commit_every &&
         std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.position != slot.committed; });
}

absl::Status DetectWorker::Commit() { return CommitAll(/*with_snapshots=*/false); }

bool DetectWorker::SnapshotIsDue(const Slot& slot, absl::Time now) const {
  if (options_.snapshots_topic.empty() || slot.position < 0 || slot.position == slot.snapshot_at) return false;
  return draining_ || now - slot.last_snapshot >= options_.snapshot_every;
}

absl::Status DetectWorker::WriteSnapshot(Slot& slot, absl::Time now) {
  Snapshot snapshot;
  snapshot.partition = slot.partition.partition;
  snapshot.generation = slot.snapshot_generation + 1;
  snapshot.rebuild_from = std::min(slot.task->rebuild_from(), slot.position);
  snapshot.applied_to = slot.position;
  snapshot.payload = slot.task->Encode();
  for (const SnapshotRecord& part : EncodeSnapshot(snapshot)) {
    OutputRecord record;
    record.topic = options_.snapshots_topic;
    record.partition = slot.partition.partition;
    record.key = part.key;
    record.value = part.value;
    if (absl::Status status = writer_->Write(record); !status.ok()) return status;
  }
  slot.snapshot_generation = snapshot.generation;
  slot.snapshot_at = slot.position;
  slot.next_rebuild_from = snapshot.rebuild_from;
  slot.journal = {.since = snapshot.applied_to};
  slot.last_snapshot = now;
  metrics_->snapshots->Increment();
  return absl::OkStatus();
}

absl::Status DetectWorker::CommitAll(bool with_snapshots) {
  const absl::Time start = clock_->Now();
  last_commit_ = start;
  const auto has_moved = [](const Slot& slot) { return slot.position >= 0 && slot.position != slot.committed; };
  // A worker that ends leaves a snapshot also where all was committed before: nothing is to be decided again after it.
  const auto has_to_be_committed = [&](const Slot& slot) {
    return has_moved(slot) || (with_snapshots && draining_ && SnapshotIsDue(slot, start));
  };
  if (outputs_.empty() && !in_transaction_ && std::none_of(slots_.begin(), slots_.end(), has_to_be_committed)) {
    return absl::OkStatus();
  }
  if (absl::Status status = PublishOutputs(); !status.ok()) return status;
  std::vector<ConsumedOffset> offsets;
  for (Slot& slot : slots_) {
    if (with_snapshots && SnapshotIsDue(slot, start)) {
      if (absl::Status status = WriteSnapshot(slot, start); !status.ok()) return status;
    }
    // With a snapshot the journal begins anew, also where the offset stays.
    if (has_moved(slot) || slot.next_rebuild_from >= 0) {
      offsets.push_back({slot.partition, slot.position, EncodeJournal(slot.journal)});
    }
  }
  if (!options_.commit_offsets) offsets.clear();
  if (absl::Status status = writer_->Commit(offsets, generation_, options_.group); !status.ok()) return status;
  in_transaction_ = false;
  for (Slot& slot : slots_) {
    slot.committed = slot.position;
    if (slot.next_rebuild_from >= 0) slot.rebuild_from = std::exchange(slot.next_rebuild_from, -1);
  }
  urgent_ = false;
  metrics_->metric_records->Increment(static_cast<double>(published_.metric_records));
  for (size_t i = 0; i < kSignalKinds; ++i) metrics_->signals[i]->Increment(static_cast<double>(published_.signals[i]));
  published_ = {};
  const absl::Time now = clock_->Now();
  metrics_->commit_seconds->Observe(absl::ToDoubleSeconds(now - start));
  CountTotals();
  ShowState(now);
  return absl::OkStatus();
}

void DetectWorker::CountTotals() {
  int64_t watermark_ms = INT64_MAX;
  int64_t lag = 0;
  int64_t lag_ms = 0;
  const int64_t now_ms = absl::ToUnixMillis(clock_->Now());
  size_t state_bytes = 0;
  std::optional<std::pair<int32_t, int32_t>> completeness;  // of the partition that misses most
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const DetectCounters& now = slot.task->counters();
    const auto add = [&](prometheus::Counter* counter, int64_t DetectCounters::*field) {
      counter->Increment(static_cast<double>(now.*field - slot.counted.*field));
    };
    add(metrics_->blocks, &DetectCounters::blocks);
    add(metrics_->rows, &DetectCounters::rows);
    add(metrics_->applied, &DetectCounters::applied);
    add(metrics_->duplicates, &DetectCounters::duplicates);
    add(metrics_->late_added, &DetectCounters::late_added);
    add(metrics_->late_dropped, &DetectCounters::late_dropped);
    add(metrics_->audit_repeats, &DetectCounters::repeats);
    add(metrics_->audit_gaps, &DetectCounters::gaps);
    add(metrics_->audit_torn, &DetectCounters::torn);
    add(metrics_->dedup_cuts, &DetectCounters::dedup_cuts);
    add(metrics_->actions_applied, &DetectCounters::actions);
    add(metrics_->actions_refused, &DetectCounters::actions_refused);
    slot.counted = now;
    watermark_ms = std::min(watermark_ms, slot.task->watermark_ms());
    const int64_t slot_lag = std::max<int64_t>(0, reader_->Lag(static_cast<int32_t>(i)));
    lag += slot_lag;
    if (slot_lag > 0 && slot.last_append_ms != kNoAppendTime) lag_ms = std::max(lag_ms, now_ms - slot.last_append_ms);
    state_bytes += slot.task->memory_bytes();
    const std::pair<int32_t, int32_t> complete = slot.task->completeness();
    if (!completeness.has_value() || complete.second - complete.first > completeness->second - completeness->first) {
      completeness = complete;
    }
  }
  if (watermark_ms != INT64_MAX && watermark_ms != kUnknownTime) {
    metrics_->watermark_seconds->Set(static_cast<double>(watermark_ms) * 1e-3);
  }
  metrics_->lag_records->Set(static_cast<double>(lag));
  metrics_->lag_seconds->Set(static_cast<double>(lag_ms) * 1e-3);
  metrics_->queued_bytes->Set(static_cast<double>(reader_->QueuedBytes()));
  metrics_->state_bytes->Set(static_cast<double>(state_bytes));
  if (!completeness.has_value()) return;
  metrics_->sources_complete->Set(completeness->first);
  metrics_->sources->Set(completeness->second);
}

void DetectWorker::ShowState(absl::Time now) {
  if (metrics_->show_brands && now - brands_shown_ >= kShowBrandsEvery) {
    brands_shown_ = now;
    std::vector<BrandStatus> brands;
    for (const Slot& slot : slots_) {
      std::vector<BrandStatus> more = slot.task->BrandStatuses();
      brands.insert(brands.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    metrics_->show_brands(std::move(brands));
  }
  if (options_.snapshots_topic.empty() || now - margin_shown_ < kShowMarginEvery) return;
  margin_shown_ = now;
  ShowSnapshotMargin();
}

void DetectWorker::ShowSnapshotMargin() {
  double margin = std::numeric_limits<double>::infinity();
  for (const Slot& slot : slots_) {
    const absl::StatusOr<OffsetRange> range = log_->Offsets(slot.partition);
    // A log that does not answer now shows in the commits.
    if (!range.ok()) return;
    if (range->begin > 0) margin = std::min(margin, static_cast<double>(slot.rebuild_from - range->begin));
  }
  metrics_->snapshot_margin_blocks->Set(margin);
}

void DetectWorker::ShowNothing() {
  for (prometheus::Gauge* gauge :
       {metrics_->assigned, metrics_->lag_records, metrics_->lag_seconds, metrics_->queued_bytes, metrics_->state_bytes,
        metrics_->sources, metrics_->sources_complete}) {
    gauge->Set(0);
  }
  metrics_->snapshot_margin_blocks->Set(std::numeric_limits<double>::infinity());
  if (metrics_->show_brands) metrics_->show_brands({});
  brands_shown_ = margin_shown_ = absl::InfinitePast();
}

absl::Status DetectWorker::FlushTasks() {
  for (Slot& slot : slots_) slot.task->Flush(&outputs_);
  return CommitAll(/*with_snapshots=*/false);
}

void DetectWorker::ForEachTask(absl::FunctionRef<void(int32_t partition, const DetectTask& task)> fn) const {
  for (const Slot& slot : slots_) fn(slot.partition.partition, *slot.task);
}

int64_t DetectWorker::EvaluatedEndMs() const {
  int64_t end_ms = INT64_MAX;
  for (const Slot& slot : slots_) end_ms = std::min(end_ms, slot.task->evaluated_end_ms());
  return end_ms == INT64_MAX ? kUnknownTime : end_ms;
}

absl::Status DetectWorker::Drain() {
  draining_ = true;
  generation_ = reader_->Generation();          // there may have been no batch to take it with
  absl::Status status = reader_->Close(*this);  // commits in OnRevoked, with a last snapshot
  if (!failure_.ok()) return failure_;
  return status;
}

}  // namespace tocsin
