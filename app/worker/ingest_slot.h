// What an IngestWorker keeps of one partition. Included by its sources only.
//
// ingest_worker.cc: from records to flushes. ingest_partitions.cc: what the worker owns, and what it says of it.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "app/worker/ingest_worker.h"

namespace tocsin {

// One partition of the assignment.
struct IngestWorker::Slot {
  static constexpr Offset kUnknownOffset = -1;

  TopicPartition partition;
  size_t source = 0;  // index into options_.sources; of a control partition nothing
  uint32_t epoch = 0;
  bool control = false;              // of the actions topic, not of a source
  Offset from = kUnknownOffset;      // start of what the next block accounts for; unknown until the first batch
  Offset position = kUnknownOffset;  // end of what was processed
  int64_t highest_event_time_ms = kUnknownTime;
  bool at_end = false;
  bool reached_end = false;  // since the last block
  bool paused = false;
  absl::Time assigned;
  absl::Time last_record;
  int64_t last_append_ms = kNoAppendTime;  // when the log took the last record that was read
  absl::Time end_checked = absl::InfinitePast();
  bool end_confirmed = true;
  // As in the last block.
  bool idle = false;
  bool reported_idle = false;
  // Of what the next block accounts for. Counted for the metrics when it is committed: what is read again after a
  // rebalance counts once.
  uint32_t records = 0, matched = 0, unmatched = 0, dead = 0, official = 0;
  uint64_t bytes = 0;
};

}  // namespace tocsin
