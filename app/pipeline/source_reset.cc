#include "app/pipeline/source_reset.h"

#include <algorithm>
#include <vector>

#include "absl/time/time.h"
#include "app/worker/offset_metadata.h"

namespace tocsin {

absl::StatusOr<std::vector<AssignedPartition>> CommittedOfTopic(Log* log, const std::string& group,
                                                                const std::string& topic) {
  const absl::StatusOr<int32_t> count = log->PartitionCount(topic);
  if (!count.ok()) return count.status();
  std::vector<TopicPartition> partitions;
  partitions.reserve(static_cast<size_t>(*count));
  for (int32_t partition = 0; partition < *count; ++partition) partitions.push_back({topic, partition});
  return log->CommittedOffsets(group, partitions);
}

absl::StatusOr<SourceResetResult> ResetSource(const SourceReset& reset, Log* log, Clock* clock,
                                              const SetOffsets& set_offsets) {
  const absl::StatusOr<std::vector<AssignedPartition>> committed = CommittedOfTopic(log, reset.group, reset.topic);
  if (!committed.ok()) return committed.status();

  uint32_t highest_epoch = 0;
  std::vector<ConsumedOffset> offsets;
  std::vector<OffsetMetadata> known;
  for (const AssignedPartition& each : *committed) {
    OffsetMetadata& metadata = known.emplace_back();
    if (!each.committed.has_value() || !DecodeMetadata(each.metadata, &metadata)) {
      // The epoch before is lost, as it is whenever a topic is deleted: Kafka forgets what a group had committed of it.
      // Seconds since 1970 are higher than any that was counted up, and than those of an earlier reset.
      metadata = {.epoch = static_cast<uint32_t>(absl::ToUnixSeconds(clock->Now()))};
    }
    highest_epoch = std::max(highest_epoch, metadata.epoch);
    const absl::StatusOr<OffsetRange> range = log->Offsets(each.partition);
    if (!range.ok()) return range.status();
    offsets.push_back({each.partition, reset.from_latest ? range->end : range->begin, ""});
  }
  const SourceResetResult result{.epoch = highest_epoch + 1, .partitions = static_cast<int32_t>(offsets.size())};
  for (size_t i = 0; i < offsets.size(); ++i) {
    offsets[i].metadata = EncodeMetadata({result.epoch, known[i].highest_event_time_ms});
  }
  if (absl::Status status = set_offsets(reset.group, offsets); !status.ok()) return status;
  return result;
}

}  // namespace tocsin
