#include "engine/log/memory/memory_writer.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace tocsin::memory {
namespace {

constexpr size_t kMetadataBytesMax = 4096;

absl::Status CheckMetadata(absl::Span<const ConsumedOffset> offsets) {
  for (const ConsumedOffset& offset : offsets) {
    if (offset.metadata.size() > kMetadataBytesMax || offset.metadata.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("offset metadata must be at most 4 KB without NUL: bytes=", offset.metadata.size()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

MemoryWriter::MemoryWriter(std::shared_ptr<Broker> broker, Producer* producer, int64_t epoch)
    : broker_(std::move(broker)), producer_(producer), id_(producer->transactional_id), epoch_(epoch) {}

absl::Status MemoryWriter::Note(absl::Status status) {
  if (!status.ok()) is_broken_ = true;
  return status;
}

absl::Status MemoryWriter::CheckUsable(bool wants_transaction) const {
  if (is_broken_) {
    return absl::FailedPreconditionError(absl::StrCat("the writer has failed before: transactional_id=", id_));
  }
  if (in_transaction_ != wants_transaction) {
    return absl::FailedPreconditionError(absl::StrCat(
        wants_transaction ? "no transaction is open: transactional_id=" : "a transaction is open: transactional_id=",
        id_));
  }
  return absl::OkStatus();
}

absl::Status MemoryWriter::CheckOwner() const {
  if (producer_->epoch == epoch_) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("fenced by a newer writer or timed out: transactional_id=", id_));
}

absl::Status MemoryWriter::Begin() {
  if (absl::Status status = CheckUsable(/*wants_transaction=*/false); !status.ok()) return status;
  if (absl::Status status = broker_->Fault(LogCall::kBegin, CallMoment::kBefore, id_); !status.ok())
    return Note(status);
  {
    absl::MutexLock lock(&broker_->mu);
    broker_->Settle();
    if (absl::Status status = CheckOwner(); !status.ok()) return Note(status);
    producer_->is_open = true;
    in_transaction_ = true;
  }
  return Note(broker_->Fault(LogCall::kBegin, CallMoment::kAfter, id_));
}

absl::Status MemoryWriter::Write(const OutputRecord& record) {
  if (absl::Status status = CheckUsable(/*wants_transaction=*/true); !status.ok()) return status;
  if (absl::Status status = broker_->CheckSize(record.key, record.value, record.headers); !status.ok()) return status;
  if (absl::Status status = broker_->Fault(LogCall::kWrite, CallMoment::kBefore, id_); !status.ok())
    return Note(status);
  {
    absl::MutexLock lock(&broker_->mu);
    absl::Status status = WriteLocked(record);
    if (absl::IsInvalidArgument(status)) return status;
    if (!status.ok()) return Note(status);
  }
  return Note(broker_->Fault(LogCall::kWrite, CallMoment::kAfter, id_));
}

absl::Status MemoryWriter::WriteLocked(const OutputRecord& record) {
  const absl::Time now = broker_->Settle();
  if (absl::Status status = CheckOwner(); !status.ok()) return status;
  if (last_topic_ == nullptr || last_topic_->name != record.topic) {
    const absl::StatusOr<Topic*> topic = broker_->FindTopic(record.topic);
    if (!topic.ok()) return topic.status();
    last_topic_ = *topic;
  }
  const int32_t partition =
      record.partition == -1 ? Broker::ChoosePartition(record.key, last_topic_) : record.partition;
  return broker_->AppendTransactional(producer_, last_topic_, partition,
                                      {.key = record.key, .value = record.value, .headers = record.headers}, now);
}

absl::Status MemoryWriter::SendOffsets(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                                       std::string_view group) {
  if (offsets.empty()) return absl::OkStatus();
  absl::MutexLock lock(&broker_->mu);
  const absl::Time now = broker_->Settle();
  if (absl::Status status = CheckOwner(); !status.ok()) return status;
  const std::string name(group);
  absl::Status status = CheckMetadata(offsets);
  if (const auto* token = static_cast<const GenerationToken*>(generation.get()); status.ok() && token != nullptr) {
    status = broker_->Group(name).Validate(*token);
  }
  if (!status.ok()) {
    broker_->EndTransaction(producer_, /*commit=*/false, now);
    in_transaction_ = false;
    return status;
  }
  broker_->AddPendingOffsets(producer_, name, offsets, now);
  return absl::OkStatus();
}

absl::Status MemoryWriter::End(bool commit) {
  absl::MutexLock lock(&broker_->mu);
  const absl::Time now = broker_->Settle();
  if (absl::Status status = CheckOwner(); !status.ok()) return status;
  broker_->EndTransaction(producer_, commit, now);
  in_transaction_ = false;
  return absl::OkStatus();
}

absl::Status MemoryWriter::Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                                  std::string_view group) {
  if (absl::Status status = CheckUsable(/*wants_transaction=*/true); !status.ok()) return status;
  absl::Status status = broker_->Fault(LogCall::kSendOffsets, CallMoment::kBefore, id_);
  if (status.ok()) status = SendOffsets(offsets, generation, group);
  if (status.ok()) status = broker_->Fault(LogCall::kSendOffsets, CallMoment::kAfter, id_);
  if (status.ok()) status = broker_->Fault(LogCall::kEndTransaction, CallMoment::kBefore, id_);
  if (status.ok()) status = End(/*commit=*/true);
  if (status.ok()) status = broker_->Fault(LogCall::kEndTransaction, CallMoment::kAfter, id_);
  return Note(std::move(status));
}

absl::Status MemoryWriter::Abort() {
  if (absl::Status status = CheckUsable(/*wants_transaction=*/true); !status.ok()) return status;
  absl::Status status = broker_->Fault(LogCall::kAbort, CallMoment::kBefore, id_);
  if (status.ok()) status = End(/*commit=*/false);
  if (status.ok()) status = broker_->Fault(LogCall::kAbort, CallMoment::kAfter, id_);
  return Note(std::move(status));
}

}  // namespace tocsin::memory
