// The transactional writer of the in-memory log. Records go to their partitions at once, under the broker's mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/log/log.h"
#include "engine/log/memory/broker.h"

namespace tocsin::memory {

// Destroying it leaves an open transaction open, as a crash would: it ends by time-out or when its id is opened again.
class MemoryWriter : public Writer {
 public:
  MemoryWriter(std::shared_ptr<Broker> broker, Producer* producer, int64_t epoch);

  absl::Status Begin() override;
  absl::Status Write(const OutputRecord& record) override;
  absl::Status Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                      std::string_view group) override;
  absl::Status Abort() override;

 private:
  // Aborted if a newer writer or the time-out has ended this one.
  absl::Status CheckOwner() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker_->mu);
  absl::Status SendOffsets(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                           std::string_view group);
  absl::Status End(bool commit);
  absl::Status CheckUsable(bool wants_transaction) const;
  absl::Status WriteLocked(const OutputRecord& record) ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker_->mu);
  // Remembers an error, after which this writer only returns errors.
  absl::Status Note(absl::Status status);

  const std::shared_ptr<Broker> broker_;
  Producer* const producer_;  // owned by the broker, never destroyed before it
  const std::string id_;
  const int64_t epoch_;
  bool in_transaction_ = false;
  bool is_broken_ = false;
  Topic* last_topic_ = nullptr;  // of the last Write: most go to the same one
};

}  // namespace tocsin::memory
