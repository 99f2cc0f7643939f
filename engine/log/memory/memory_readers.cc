#include "engine/log/memory/memory_readers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace tocsin::memory {

MemoryGroupReader::MemoryGroupReader(std::shared_ptr<Broker> broker, Log::GroupOptions options, std::string member_id)
    : broker_(std::move(broker)), options_(std::move(options)), member_id_(std::move(member_id)) {
  // Before the first assignment nothing can be committed.
  SetGeneration(GenerationToken::kNone);
}

void MemoryGroupReader::SetGeneration(int64_t generation) {
  generation_ = GroupGeneration(std::make_shared<const GenerationToken>(GenerationToken{
      .group = options_.group, .member_id = member_id_, .instance = options_.member, .generation = generation}));
}

MemoryGroupReader::~MemoryGroupReader() {
  if (is_closed_) return;
  absl::MutexLock lock(&broker_->mu);
  ConsumerGroup& group = broker_->Group(options_.group);
  group.Silence(member_id_, broker_->clock().Now());
  broker_->ExpectDeadline(group.NextDeadline());
}

absl::Status MemoryGroupReader::Poll(absl::Duration max_wait, AssignmentListener& listener,
                                     std::vector<RecordBatch>* batches) {
  batches->clear();
  fetch_.Release();
  if (is_closed_) return absl::FailedPreconditionError(absl::StrCat("the reader is closed: group=", options_.group));
  if (!failure_.ok()) return failure_;
  if (absl::Status status = broker_->Fault(LogCall::kPoll, CallMoment::kBefore, actor()); !status.ok()) return status;
  {
    absl::MutexLock lock(&broker_->mu);
    const absl::Time deadline = broker_->clock().Now() + max_wait;
    absl::Duration patience = max_wait;
    for (;;) {
      const absl::Time now = broker_->Settle();
      const absl::StatusOr<Step> step = FollowGroup(now, listener);
      if (!step.ok()) return step.status();
      if (*step == Step::kAgain) continue;
      if (absl::Status status = fetch_.Collect(*broker_, batches); !status.ok()) return status;
      if (!batches->empty() || !WaitForChange(*broker_, deadline, &patience)) break;
    }
  }
  absl::Status status = broker_->Fault(LogCall::kPoll, CallMoment::kAfter, actor());
  if (!status.ok()) batches->clear();
  return status;
}

absl::StatusOr<MemoryGroupReader::Step> MemoryGroupReader::FollowGroup(absl::Time now, AssignmentListener& listener) {
  ConsumerGroup& group = broker_->Group(options_.group);
  switch (group.Touch(member_id_, options_.member, now)) {
    case ConsumerGroup::Duty::kNone:
      return Step::kProceed;
    case ConsumerGroup::Duty::kRevoke:
      Revoke(/*lost=*/false, listener);
      group.Revoked(member_id_, now);
      broker_->Notify();
      return Step::kAgain;
    case ConsumerGroup::Duty::kAccept: {
      for (const TopicPartition& partition : group.Assignment(member_id_)) {
        if (group.IsUnstable(partition)) return Step::kProceed;
      }
      // Without start positions there is nothing to go on with.
      failure_ = Accept(listener);
      if (!failure_.ok()) return failure_;
      return Step::kAgain;
    }
    case ConsumerGroup::Duty::kRejoin: {
      Revoke(/*lost=*/true, listener);
      if (absl::Status status = broker_->JoinGroup(options_, now, &member_id_); !status.ok()) return status;
      return Step::kAgain;
    }
    case ConsumerGroup::Duty::kFenced:
      Revoke(/*lost=*/true, listener);
      return absl::AbortedError(absl::StrCat("fenced by another member of the same name: group=", options_.group,
                                             " member=", options_.member));
  }
  return absl::InternalError("unknown duty");
}

absl::Status MemoryGroupReader::Accept(AssignmentListener& listener) {
  ConsumerGroup& group = broker_->Group(options_.group);
  const std::vector<TopicPartition> partitions = group.Assignment(member_id_);
  std::vector<AssignedPartition> assigned;
  for (const TopicPartition& partition : partitions) {
    AssignedPartition& entry = assigned.emplace_back();
    entry.partition = partition;
    if (const ConsumerGroup::CommittedOffset* committed = group.Committed(partition); committed != nullptr) {
      entry.committed = committed->offset;
      entry.metadata = committed->metadata;
    }
  }
  group.Accepted(member_id_);
  holds_assignment_ = true;
  SetGeneration(group.generation());
  fetch_.Clear();

  broker_->mu.Unlock();
  absl::Status status = broker_->Fault(LogCall::kAssigned, CallMoment::kBefore, actor());
  absl::StatusOr<std::vector<StartPosition>> starts =
      status.ok() ? listener.OnAssigned(assigned) : absl::StatusOr<std::vector<StartPosition>>(status);
  broker_->mu.Lock();

  if (!starts.ok()) return starts.status();
  if (starts->size() != partitions.size()) {
    return absl::InternalError(absl::StrCat("OnAssigned must return one start for each partition: partitions=",
                                            partitions.size(), " starts=", starts->size()));
  }
  for (size_t i = 0; i < partitions.size(); ++i) {
    if (absl::Status added = fetch_.Add(*broker_, partitions[i], (*starts)[i]); !added.ok()) return added;
  }
  return absl::OkStatus();
}

void MemoryGroupReader::Revoke(bool lost, AssignmentListener& listener) {
  fetch_.Clear();
  if (!std::exchange(holds_assignment_, false)) return;
  broker_->mu.Unlock();
  listener.OnRevoked(lost);
  broker_->mu.Lock();
}

absl::Status MemoryGroupReader::SetPaused(LogCall call, int32_t slot, bool paused) {
  if (absl::Status status = broker_->Fault(call, CallMoment::kBefore, actor()); !status.ok()) return status;
  if (!fetch_.HasSlot(slot)) return absl::InvalidArgumentError(absl::StrCat("no such slot: slot=", slot));
  fetch_.SetPaused(slot, paused);
  return absl::OkStatus();
}

absl::Status MemoryGroupReader::Pause(int32_t slot) { return SetPaused(LogCall::kPause, slot, true); }
absl::Status MemoryGroupReader::Resume(int32_t slot) { return SetPaused(LogCall::kResume, slot, false); }

int64_t MemoryGroupReader::Lag(int32_t slot) const {
  absl::MutexLock lock(&broker_->mu);
  return fetch_.HasSlot(slot) ? fetch_.Lag(*broker_, slot) : -1;
}

absl::Status MemoryGroupReader::Close(AssignmentListener& listener) {
  if (is_closed_) return absl::OkStatus();
  if (absl::Status status = broker_->Fault(LogCall::kClose, CallMoment::kBefore, actor()); !status.ok()) return status;
  {
    absl::MutexLock lock(&broker_->mu);
    const absl::Time now = broker_->Settle();
    ConsumerGroup& group = broker_->Group(options_.group);
    const ConsumerGroup::Duty duty = group.Touch(member_id_, options_.member, now);
    const bool is_lost = duty == ConsumerGroup::Duty::kRejoin || duty == ConsumerGroup::Duty::kFenced;
    Revoke(is_lost, listener);
    is_closed_ = true;
    if (options_.member.empty()) {
      group.Leave(member_id_, now);
    } else {
      group.Revoked(member_id_, now);
      group.Silence(member_id_, now);
    }
    broker_->ExpectDeadline(group.NextDeadline());
    broker_->Notify();
  }
  return broker_->Fault(LogCall::kClose, CallMoment::kAfter, actor());
}

MemoryPartitionReader::MemoryPartitionReader(std::shared_ptr<Broker> broker, Fetch fetch)
    : broker_(std::move(broker)), fetch_(std::move(fetch)) {}

absl::Status MemoryPartitionReader::Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) {
  batches->clear();
  fetch_.Release();
  if (absl::Status status = broker_->Fault(LogCall::kPartitionPoll, CallMoment::kBefore); !status.ok()) return status;
  {
    absl::MutexLock lock(&broker_->mu);
    const absl::Time deadline = broker_->clock().Now() + max_wait;
    absl::Duration patience = max_wait;
    for (;;) {
      broker_->Settle();
      if (absl::Status status = fetch_.Collect(*broker_, batches); !status.ok()) return status;
      if (!batches->empty() || !WaitForChange(*broker_, deadline, &patience)) break;
    }
  }
  absl::Status status = broker_->Fault(LogCall::kPartitionPoll, CallMoment::kAfter);
  if (!status.ok()) batches->clear();
  return status;
}

}  // namespace tocsin::memory
