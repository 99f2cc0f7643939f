#include "app/pipeline/detect_reset.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "engine/state/snapshot.h"

namespace tocsin {
namespace {

// What the snapshots topic holds of one partition.
struct Kept {
  std::set<std::string> keys;  // with a value
  std::optional<Offset> applied_to;
};

absl::StatusOr<Kept> ReadKept(const TopicPartition& snapshots, Log* log) {
  Kept kept;
  SnapshotAssembler assembler(snapshots.partition);
  const absl::Status status = ReadAll(log, snapshots, [&](const Record& record) {
    if (record.has_value) {
      kept.keys.emplace(record.key);
    } else {
      kept.keys.erase(std::string(record.key));
    }
    assembler.Add(record.key, record.has_value ? std::optional<std::string_view>(record.value) : std::nullopt);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  // A damaged one says nothing.
  const absl::StatusOr<std::optional<Snapshot>> newest = assembler.Newest();
  if (newest.ok() && newest->has_value()) kept.applied_to = (*newest)->applied_to;
  return kept;
}

Offset StartOf(DetectReset::Start start, const std::optional<Offset>& committed, const Kept& kept,
               const OffsetRange& range) {
  switch (start) {
    case DetectReset::Start::kEarliest:
      return range.begin;
    case DetectReset::Start::kLatest:
      return range.end;
    case DetectReset::Start::kWhereItStopped:
      break;
  }
  return std::clamp(committed.value_or(kept.applied_to.value_or(range.begin)), range.begin, range.end);
}

// The snapshot of a task that knows nothing, in place of all that was there.
absl::Status WriteEmpty(const std::string& topic, int32_t partition, Offset from, const std::set<std::string>& keys,
                        const DetectTask& task, Writer* writer) {
  Snapshot snapshot;
  snapshot.partition = partition;
  snapshot.generation = 1;
  snapshot.rebuild_from = snapshot.applied_to = from;
  snapshot.payload = task.Encode();
  OutputRecord record;
  record.topic = topic;
  record.partition = partition;
  for (const std::string& key : keys) {
    record.key = key;
    if (absl::Status status = writer->Write(record); !status.ok()) return status;
  }
  for (const SnapshotRecord& part : EncodeSnapshot(snapshot)) {
    record.key = part.key;
    record.value = part.value;
    if (absl::Status status = writer->Write(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<DetectResetPartition>> ResetDetect(const DetectReset& reset, Log* log,
                                                              const DetectTaskFactory& make_task,
                                                              const SetOffsets& set_offsets) {
  const absl::StatusOr<std::vector<AssignedPartition>> committed =
      CommittedOfTopic(log, reset.topics.group, reset.topics.mentions_topic);
  if (!committed.ok()) return committed.status();

  std::vector<DetectResetPartition> results;
  std::vector<ConsumedOffset> offsets;
  std::vector<std::set<std::string>> keys;
  for (const AssignedPartition& each : *committed) {
    const absl::StatusOr<OffsetRange> range = log->Offsets(each.partition);
    if (!range.ok()) return range.status();
    absl::StatusOr<Kept> kept = ReadKept({reset.topics.snapshots_topic, each.partition.partition}, log);
    if (!kept.ok()) return kept.status();
    DetectResetPartition& result = results.emplace_back();
    result.partition = each.partition.partition;
    result.from = StartOf(reset.start, each.committed, *kept, *range);
    result.skipped = each.committed.has_value() ? std::max<Offset>(0, result.from - *each.committed) : -1;
    offsets.push_back({each.partition, result.from, ""});
    keys.push_back(std::move(kept->keys));
  }
  // First, since it is refused while the group has members, who would go on from their own state.
  if (absl::Status status = set_offsets(reset.topics.group, offsets); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Writer>> writer = log->OpenWriter(reset.transactional_id);
  if (!writer.ok()) return writer.status();
  if (absl::Status status = (*writer)->Begin(); !status.ok()) return status;
  for (size_t i = 0; i < results.size(); ++i) {
    const int32_t partition = results[i].partition;
    absl::Status status = WriteEmpty(reset.topics.snapshots_topic, partition, results[i].from, keys[i],
                                     *make_task(partition), writer->get());
    if (!status.ok()) return status;
  }
  if (absl::Status status = (*writer)->Commit({}, GroupGeneration(), ""); !status.ok()) return status;
  return results;
}

}  // namespace tocsin
