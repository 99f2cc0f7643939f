#include "app/pipeline/first_snapshot.h"

#include "app/worker/recovery.h"
#include "engine/state/snapshot.h"

namespace tocsin {

absl::StatusOr<KeptSnapshot> ReadKeptSnapshot(const TopicPartition& snapshots, Log* log) {
  KeptSnapshot kept;
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

absl::Status WriteFirstSnapshot(const TopicPartition& snapshots, Offset from, const std::set<std::string>& keys,
                                std::string_view payload, Writer* writer) {
  Snapshot snapshot;
  snapshot.partition = snapshots.partition;
  snapshot.generation = 1;
  snapshot.rebuild_from = snapshot.applied_to = from;
  snapshot.payload = payload;
  OutputRecord record;
  record.topic = snapshots.topic;
  record.partition = snapshots.partition;
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

}  // namespace tocsin
