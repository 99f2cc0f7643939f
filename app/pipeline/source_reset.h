// Accepts a source topic that was made anew: its offsets begin again, so ingest must read it from a new place, and
// detect must not take what comes for repeats.
//
// Both follow from what ingest commits beside its offsets: a higher epoch, which every block carries from then on,
// starts each mentions partition's audit chain of that source again.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"

namespace tocsin {

struct SourceReset {
  std::string group;  // of ingest
  std::string topic;
  bool from_latest = false;  // where to go on: the present end instead of the beginning
};

struct SourceResetResult {
  uint32_t epoch = 0;
  int32_t partitions = 0;
};

// Sets a group's offsets from outside it. FailedPrecondition: the group has members.
using SetOffsets = std::function<absl::Status(const std::string& group, absl::Span<const ConsumedOffset> offsets)>;

// What the group has committed of all partitions of a topic. NotFound: there is no such topic.
absl::StatusOr<std::vector<AssignedPartition>> CommittedOfTopic(Log* log, const std::string& group,
                                                                const std::string& topic);

// NotFound: there is no such topic. What the group still knows of event times is kept.
absl::StatusOr<SourceResetResult> ResetSource(const SourceReset& reset, Log* log, Clock* clock,
                                              const SetOffsets& set_offsets);

}  // namespace tocsin
