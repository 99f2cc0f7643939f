#include "app/worker/offset_metadata.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin {

std::string EncodeMetadata(const OffsetMetadata& metadata) {
  return absl::StrCat("v1 ", metadata.epoch, " ", metadata.highest_event_time_ms);
}

bool DecodeMetadata(std::string_view text, OffsetMetadata* metadata) {
  const std::vector<std::string_view> fields = absl::StrSplit(text, ' ');
  return fields.size() == 3 && fields[0] == "v1" && absl::SimpleAtoi(fields[1], &metadata->epoch) &&
         absl::SimpleAtoi(fields[2], &metadata->highest_event_time_ms);
}

absl::StatusOr<int64_t> HighestCommittedEventTime(Log* log, const std::string& group,
                                                  const std::vector<std::string>& topics) {
  std::vector<TopicPartition> partitions;
  for (const std::string& topic : topics) {
    const absl::StatusOr<int32_t> count = log->PartitionCount(topic);
    if (absl::IsNotFound(count.status())) continue;  // nothing can have been read of it
    if (!count.ok()) return count.status();
    for (int32_t partition = 0; partition < *count; ++partition) partitions.push_back({topic, partition});
  }
  const absl::StatusOr<std::vector<AssignedPartition>> committed = log->CommittedOffsets(group, partitions);
  if (!committed.ok()) return committed.status();
  int64_t highest_ms = kUnknownTime;
  for (const AssignedPartition& each : *committed) {
    OffsetMetadata metadata;
    // What is not Tocsin's is refused by whoever reads that partition.
    if (!DecodeMetadata(each.metadata, &metadata)) continue;
    highest_ms = std::max(highest_ms, metadata.highest_event_time_ms);
  }
  return highest_ms;
}

}  // namespace tocsin
