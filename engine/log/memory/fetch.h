// What the two kinds of readers share: positions, and the buffers that the batches of one Poll point into.
//
// Not thread-safe; Collect needs the broker's mutex.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/log.h"
#include "engine/log/memory/broker.h"

namespace tocsin::memory {

class Fetch {
 public:
  // Replaces all slots. Views of the last Collect stay valid.
  void Clear() { slots_.clear(); }
  // Appends a slot that starts at `start`. NotFound for an unknown partition.
  absl::Status Add(Broker& broker, const TopicPartition& partition, const StartPosition& start)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker.mu);

  // Ends the validity of the views of the last Collect.
  void Release();
  // One batch for every slot that is not paused and has records, or has just reached the end. OutOfRange, and no
  // batches, if a position is outside of its partition.
  absl::Status Collect(Broker& broker, std::vector<RecordBatch>* batches) ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker.mu);

  bool HasSlot(int32_t slot) const { return slot >= 0 && static_cast<size_t>(slot) < slots_.size(); }
  void SetPaused(int32_t slot, bool paused) { slots_[static_cast<size_t>(slot)].is_paused = paused; }
  int64_t Lag(Broker& broker, int32_t slot) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker.mu);

 private:
  struct Slot {
    TopicPartition name;
    const Partition* partition = nullptr;  // owned by the broker
    Offset position = 0;
    Offset end_told = -1;  // the position at which the end was last delivered
    bool is_paused = false;
  };

  std::vector<Slot> slots_;
  std::vector<Record> records_;  // of all batches of one Collect
  std::vector<SegmentPin> pins_;
};

// Waits for a change of the log in real time, at most until `deadline` on the broker's clock or until `*patience` is
// used up: the latter ends the wait where that clock stands still. Returns false when there is no time left.
bool WaitForChange(Broker& broker, absl::Time deadline, absl::Duration* patience)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker.mu);

}  // namespace tocsin::memory
