// Starts detect anew where its history is lost: the snapshot is damaged, the group's offsets have expired, or the
// mentions log no longer reaches back to where the windows must be rebuilt from.
//
// Every mentions partition gets a snapshot of a task that knows nothing, which says where to go on, and the offset that
// goes with it. So the next start is an ordinary recovery, and what was published stays as it is. What is lost is what
// the snapshots held: baselines (brands learn again), open incidents, and the windows' posts from before the place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/pipeline/source_reset.h"
#include "app/worker/recovery.h"
#include "engine/log/log.h"

namespace tocsin {

struct DetectReset {
  enum class Start : uint8_t {
    kWhereItStopped,  // the committed offset, else the snapshot's; nothing is published twice
    kEarliest,        // all that the mentions log holds: publishes again what it had published of it
    kLatest,
  };
  RecoveryOptions topics;        // and the group of detect
  std::string transactional_id;  // not that of a worker
  Start start = Start::kWhereItStopped;
};

struct DetectResetPartition {
  int32_t partition = 0;
  Offset from = 0;
  // Blocks' offsets between what was committed and `from`, which nobody has applied and nobody will. -1: nothing was
  // committed.
  Offset skipped = 0;
};

// NotFound: there is no mentions topic. FailedPrecondition: the group has members. After an error, call it again.
absl::StatusOr<std::vector<DetectResetPartition>> ResetDetect(const DetectReset& reset, Log* log,
                                                              const DetectTaskFactory& make_task,
                                                              const SetOffsets& set_offsets);

}  // namespace tocsin
