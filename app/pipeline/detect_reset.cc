#include "app/pipeline/detect_reset.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "app/pipeline/first_snapshot.h"

namespace tocsin {
namespace {

Offset StartOf(DetectReset::Start start, const std::optional<Offset>& committed, const KeptSnapshot& kept,
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
    absl::StatusOr<KeptSnapshot> kept = ReadKeptSnapshot({reset.topics.snapshots_topic, each.partition.partition}, log);
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
    absl::Status status = WriteFirstSnapshot({reset.topics.snapshots_topic, partition}, results[i].from, keys[i],
                                             make_task(partition)->Encode(), writer->get());
    if (!status.ok()) return status;
  }
  if (absl::Status status = (*writer)->Commit({}, GroupGeneration(), ""); !status.ok()) return status;
  return results;
}

}  // namespace tocsin
