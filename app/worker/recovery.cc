#include "app/worker/recovery.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "engine/base/cpu_time.h"
#include "engine/state/snapshot.h"

namespace tocsin {
namespace {

constexpr char kResetDetect[] =
    "run `tocsin source reset --detect` to start all brands anew (docs/DELIVERY.md says what is lost)";

absl::Status MissingHistory(const RecoveryOptions& options, const TopicPartition& mentions, Offset needed,
                            Offset begin) {
  return absl::DataLossError(
      absl::StrCat("the mentions log no longer holds what the windows must be rebuilt from: raise its retention, and ",
                   kResetDetect, "; topic=", mentions.topic, " partition=", mentions.partition,
                   " needed_offset=", needed, " log_start=", begin, " group=", options.group));
}

// After an unclean election: what the snapshot and the offset speak of is gone.
absl::Status LostEnd(const RecoveryOptions& options, const TopicPartition& mentions, Offset committed, Offset end) {
  return absl::DataLossError(absl::StrCat(
      "the mentions log ends before the offset that the group has committed, so it has lost records: ", kResetDetect,
      "; topic=", mentions.topic, " partition=", mentions.partition, " committed=", committed, " log_end=", end,
      " group=", options.group));
}

// Other errors than damage, such as the snapshot of a newer release, are not mended by starting anew.
absl::Status Damaged(const absl::Status& status, const TopicPartition& snapshots) {
  if (!absl::IsDataLoss(status)) return status;
  return absl::DataLossError(absl::StrCat(status.message(), ": ", kResetDetect, "; topic=", snapshots.topic,
                                          " partition=", snapshots.partition));
}

// A snapshot, but the partition was assigned without an offset. Either the offset is lost, or somebody else has taken
// the partition over since it was assigned, and was the first to commit; then the group would refuse this worker
// anyway.
absl::Status SnapshotWithoutOffset(const RecoveryOptions& options, Log* log, const TopicPartition& mentions) {
  const std::string where =
      absl::StrCat("group=", options.group, " topic=", mentions.topic, " partition=", mentions.partition);
  const auto committed = log->CommittedOffsets(options.group, {mentions});
  if (!committed.ok()) return committed.status();
  if (committed->front().committed.has_value()) {
    return absl::AbortedError(
        absl::StrCat("another worker has taken the partition over since it was assigned to this one; ", where));
  }
  return absl::DataLossError(absl::StrCat(
      "there is a snapshot but the group has no offset for it (expired or deleted): ", kResetDetect, "; ", where));
}

std::string Difference(const SignalJournal& replayed, const std::string& metadata) {
  SignalJournal committed;
  if (!DecodeJournal(metadata, &committed) || replayed == committed) return "";
  // A snapshot newer than the offset: somebody else has taken the partition over since the offset was fetched, and the
  // group will refuse what this worker commits.
  if (replayed.since > committed.since) return "";
  return absl::StrCat("replayed (since, signals, digest): ", EncodeJournal(replayed), "; committed: ", metadata);
}

int64_t BytesOf(const Record& record) { return static_cast<int64_t>(record.key.size() + record.value.size()); }

absl::StatusOr<RecoveredTask> Recover(const RecoveryOptions& options, Log* log, const DetectTaskFactory& make_task,
                                      const AssignedPartition& assigned) {
  const int32_t partition = assigned.partition.partition;
  const std::optional<Offset>& committed = assigned.committed;
  RecoveredTask recovered;
  recovered.task = make_task(partition);
  recovered.start = {StartPosition::Kind::kEarliest, 0};
  const TopicPartition mentions{options.mentions_topic, partition};
  const TopicPartition snapshots{options.snapshots_topic, partition};
  absl::StatusOr<OffsetRange> mentions_range = log->Offsets(mentions);
  if (!mentions_range.ok()) return mentions_range.status();

  // The end is asked for after the offsets were fetched, and read to although parts of it may be uncommitted: the
  // snapshot that belongs to the committed offset lies before it (KAFKA-10167).
  SnapshotAssembler assembler(partition);
  absl::Status status = ReadAll(log, snapshots, [&](const Record& record) {
    recovered.cost.snapshot_bytes += BytesOf(record);
    assembler.Add(record.key, record.has_value ? std::optional<std::string_view>(record.value) : std::nullopt);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  absl::StatusOr<std::optional<Snapshot>> snapshot = assembler.Newest();
  if (!snapshot.ok()) return Damaged(snapshot.status(), snapshots);

  if (!committed.has_value()) {
    if (!snapshot->has_value()) return recovered;  // a first start
    return SnapshotWithoutOffset(options, log, mentions);
  }
  if (*committed > mentions_range->end) return LostEnd(options, mentions, *committed, mentions_range->end);
  recovered.start = {StartPosition::Kind::kOffset, *committed};
  Offset apply_from = 0;
  if (snapshot->has_value()) {
    const Snapshot& newest = **snapshot;
    if (status = recovered.task->Decode(newest.payload); !status.ok()) return Damaged(status, snapshots);
    recovered.snapshot_generation = newest.generation;
    recovered.rebuild_from = newest.rebuild_from;
    apply_from = newest.applied_to;
    if (newest.rebuild_from < mentions_range->begin) {
      return MissingHistory(options, mentions, newest.rebuild_from, mentions_range->begin);
    }
    status = ReadRange(log, mentions, newest.rebuild_from, apply_from, [&](const Record& record) {
      ++recovered.cost.rebuilt_blocks;
      recovered.cost.rebuilt_bytes += BytesOf(record);
      return recovered.task->Rebuild(record.value, record.offset);
    });
    if (!status.ok()) return status;
  } else if (mentions_range->begin > 0) {
    return MissingHistory(options, mentions, 0, mentions_range->begin);
  }
  recovered.journal.since = apply_from;
  std::vector<DetectOutput> signals;
  status = ReadRange(log, mentions, apply_from, *committed, [&](const Record& record) {
    signals.clear();
    ++recovered.cost.replayed_blocks;
    recovered.cost.replayed_bytes += BytesOf(record);
    absl::Status applied = recovered.task->Replay(record.value, record.offset, &signals);
    recovered.journal.Add(signals);
    return applied;
  });
  if (!status.ok()) return status;
  recovered.difference = Difference(recovered.journal, assigned.metadata);
  return recovered;
}

}  // namespace

void RecoveryCost::Add(const RecoveryCost& other) {
  snapshot_bytes += other.snapshot_bytes;
  rebuilt_blocks += other.rebuilt_blocks;
  rebuilt_bytes += other.rebuilt_bytes;
  replayed_blocks += other.replayed_blocks;
  replayed_bytes += other.replayed_bytes;
  seconds += other.seconds;
  cpu_seconds += other.cpu_seconds;
}

void LogRecovery(LogLevel level, std::string_view message, std::string_view worker, std::string what,
                 const RecoveryCost& cost) {
  LogEvent(level, message,
           {{"worker", std::string(worker)},
            {"of", std::move(what)},
            {"snapshot_bytes", absl::StrCat(cost.snapshot_bytes)},
            {"rebuilt_blocks", absl::StrCat(cost.rebuilt_blocks)},
            {"rebuilt_bytes", absl::StrCat(cost.rebuilt_bytes)},
            {"replayed_blocks", absl::StrCat(cost.replayed_blocks)},
            {"replayed_bytes", absl::StrCat(cost.replayed_bytes)},
            {"seconds", absl::StrFormat("%.3f", cost.seconds)},
            {"cpu_seconds", absl::StrFormat("%.3f", cost.cpu_seconds)}});
}

absl::Status ReadRange(Log* log, const TopicPartition& partition, Offset from, Offset end,
                       absl::FunctionRef<absl::Status(const Record&)> fn) {
  if (from >= end) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<PartitionReader>> reader =
      log->OpenPartitionReader({{partition, {StartPosition::Kind::kOffset, from}}});
  if (!reader.ok()) return reader.status();
  std::vector<RecordBatch> batches;
  for (Offset position = from; position < end;) {
    if (absl::Status status = (*reader)->Poll(absl::Milliseconds(100), &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) {
        if (record.offset >= end) return absl::OkStatus();
        if (absl::Status status = fn(record); !status.ok()) return status;
      }
      position = batch.next_offset;
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(Log* log, const TopicPartition& partition, absl::FunctionRef<absl::Status(const Record&)> fn) {
  const absl::StatusOr<OffsetRange> range = log->Offsets(partition);
  if (!range.ok()) return range.status();
  return ReadRange(log, partition, range->begin, range->end, fn);
}

absl::StatusOr<RecoveredTask> RecoverTask(const RecoveryOptions& options, Log* log, const DetectTaskFactory& make_task,
                                          const AssignedPartition& assigned) {
  const auto began = std::chrono::steady_clock::now();
  const absl::Duration cpu_before = ThreadCpuTime();
  absl::StatusOr<RecoveredTask> recovered = Recover(options, log, make_task, assigned);
  if (!recovered.ok()) return recovered;
  recovered->cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  recovered->cost.cpu_seconds = absl::ToDoubleSeconds(ThreadCpuTime() - cpu_before);
  return recovered;
}

}  // namespace tocsin
