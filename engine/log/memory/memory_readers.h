// The two readers of the in-memory log.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/log/log.h"
#include "engine/log/memory/broker.h"
#include "engine/log/memory/fetch.h"

namespace tocsin::memory {

// A member of a group. Destroying it without Close is a crash: the group waits for its session to end.
class MemoryGroupReader : public GroupReader {
 public:
  MemoryGroupReader(std::shared_ptr<Broker> broker, Log::GroupOptions options, std::string member_id);
  ~MemoryGroupReader() override;

  // Aborted if another reader has come under the same stable name. After an error the positions are those before it.
  absl::Status Poll(absl::Duration max_wait, AssignmentListener& listener, std::vector<RecordBatch>* batches) override;
  GroupGeneration Generation() const override { return generation_; }
  absl::Status Pause(int32_t slot) override;
  absl::Status Resume(int32_t slot) override;
  int64_t Lag(int32_t slot) const override;
  // Under a stable name the member stays in the group until its session ends, as Kafka's static members do.
  absl::Status Close(AssignmentListener& listener) override;

 private:
  enum class Step : uint8_t { kProceed, kAgain };

  // Does what the group asks for. The lock is released while the listener is called.
  absl::StatusOr<Step> FollowGroup(absl::Time now, AssignmentListener& listener)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker_->mu);
  absl::Status Accept(AssignmentListener& listener) ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker_->mu);
  void Revoke(bool lost, AssignmentListener& listener) ABSL_EXCLUSIVE_LOCKS_REQUIRED(broker_->mu);
  void SetGeneration(int64_t generation);
  absl::Status SetPaused(LogCall call, int32_t slot, bool paused);
  const std::string& actor() const { return options_.member.empty() ? options_.group : options_.member; }

  const std::shared_ptr<Broker> broker_;
  const Log::GroupOptions options_;
  std::string member_id_;
  GroupGeneration generation_;
  bool holds_assignment_ = false;  // the listener has been told of one
  bool is_closed_ = false;
  absl::Status failure_;  // of taking on an assignment: returned by every Poll from then on
  Fetch fetch_;
};

class MemoryPartitionReader : public PartitionReader {
 public:
  MemoryPartitionReader(std::shared_ptr<Broker> broker, Fetch fetch);

  absl::Status Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) override;

 private:
  const std::shared_ptr<Broker> broker_;
  Fetch fetch_;
};

}  // namespace tocsin::memory
