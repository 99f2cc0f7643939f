#include "engine/log/memory/memory_log.h"

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engine/log/memory/broker.h"
#include "engine/log/memory/fetch.h"
#include "engine/log/memory/memory_readers.h"
#include "engine/log/memory/memory_writer.h"

namespace tocsin {

MemoryLog::MemoryLog(Clock* clock, MemoryLogOptions options)
    : broker_(std::make_shared<memory::Broker>(clock, std::move(options))) {}

MemoryLog::~MemoryLog() = default;

absl::StatusOr<std::unique_ptr<GroupReader>> MemoryLog::OpenGroupReader(const GroupOptions& options) {
  absl::Status status = broker_->Fault(LogCall::kOpenGroupReader, CallMoment::kBefore, options.group);
  if (!status.ok()) return status;
  std::string member_id;
  {
    absl::MutexLock lock(&broker_->mu);
    status = broker_->JoinGroup(options, broker_->Settle(), &member_id);
    if (!status.ok()) return status;
  }
  auto reader = std::make_unique<memory::MemoryGroupReader>(broker_, options, std::move(member_id));
  status = broker_->Fault(LogCall::kOpenGroupReader, CallMoment::kAfter, options.group);
  if (!status.ok()) return status;
  return reader;
}

absl::StatusOr<std::unique_ptr<PartitionReader>> MemoryLog::OpenPartitionReader(
    const std::vector<std::pair<TopicPartition, StartPosition>>& starts) {
  if (absl::Status status = broker_->Fault(LogCall::kOpenPartitionReader, CallMoment::kBefore); !status.ok())
    return status;
  memory::Fetch fetch;
  {
    absl::MutexLock lock(&broker_->mu);
    broker_->Settle();
    for (const auto& [partition, start] : starts) {
      if (absl::Status status = fetch.Add(*broker_, partition, start); !status.ok()) return status;
    }
  }
  return std::make_unique<memory::MemoryPartitionReader>(broker_, std::move(fetch));
}

absl::StatusOr<std::unique_ptr<Writer>> MemoryLog::OpenWriter(const std::string& transactional_id) {
  absl::Status status = broker_->Fault(LogCall::kOpenWriter, CallMoment::kBefore, transactional_id);
  if (!status.ok()) return status;
  std::unique_ptr<Writer> writer;
  {
    absl::MutexLock lock(&broker_->mu);
    memory::Producer& producer = broker_->InitProducer(transactional_id, broker_->Settle());
    writer = std::make_unique<memory::MemoryWriter>(broker_, &producer, producer.epoch);
  }
  status = broker_->Fault(LogCall::kOpenWriter, CallMoment::kAfter, transactional_id);
  if (!status.ok()) return status;
  return writer;
}

absl::StatusOr<int32_t> MemoryLog::PartitionCount(const std::string& topic) {
  if (absl::Status status = broker_->Fault(LogCall::kPartitionCount, CallMoment::kBefore); !status.ok()) return status;
  absl::MutexLock lock(&broker_->mu);
  const absl::StatusOr<memory::Topic*> found = broker_->FindTopic(topic);
  if (!found.ok()) return found.status();
  return static_cast<int32_t>((*found)->partitions.size());
}

absl::StatusOr<OffsetRange> MemoryLog::Offsets(const TopicPartition& partition) {
  if (absl::Status status = broker_->Fault(LogCall::kOffsets, CallMoment::kBefore); !status.ok()) return status;
  absl::MutexLock lock(&broker_->mu);
  broker_->Settle();
  const absl::StatusOr<memory::Partition*> found = broker_->FindPartition(partition);
  if (!found.ok()) return found.status();
  return OffsetRange{.begin = (*found)->log_start(), .end = (*found)->end()};
}

absl::Status MemoryLog::EnsureTopics(absl::Span<const TopicSpec> topics, bool create) {
  if (absl::Status status = broker_->Fault(LogCall::kEnsureTopics, CallMoment::kBefore); !status.ok()) return status;
  absl::MutexLock lock(&broker_->mu);
  for (const TopicSpec& spec : topics) {
    if (absl::Status status = broker_->EnsureTopic(spec, create); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AssignedPartition>> MemoryLog::CommittedOffsets(
    const std::string& group, const std::vector<TopicPartition>& partitions) {
  if (absl::Status status = broker_->Fault(LogCall::kCommittedOffsets, CallMoment::kBefore, group); !status.ok()) {
    return status;
  }
  absl::MutexLock lock(&broker_->mu);
  broker_->Settle();
  const memory::ConsumerGroup& found = broker_->Group(group);
  std::vector<AssignedPartition> offsets;
  for (const TopicPartition& partition : partitions) {
    if (found.IsUnstable(partition)) {
      return absl::UnavailableError(absl::StrCat("a transaction holds newer offsets: group=", group,
                                                 " topic=", partition.topic, " partition=", partition.partition));
    }
    AssignedPartition& entry = offsets.emplace_back();
    entry.partition = partition;
    if (const auto* committed = found.Committed(partition); committed != nullptr) {
      entry.committed = committed->offset;
      entry.metadata = committed->metadata;
    }
  }
  return offsets;
}

absl::StatusOr<Offset> MemoryLog::Append(const TopicPartition& partition, std::optional<std::string_view> key,
                                         std::optional<std::string_view> value, absl::Span<const Header> headers,
                                         int64_t append_time_ms) {
  if (absl::Status status = broker_->CheckSize(key, value, headers); !status.ok()) return status;
  absl::MutexLock lock(&broker_->mu);
  const absl::Time now = broker_->Settle();
  const absl::StatusOr<memory::Topic*> topic = broker_->FindTopic(partition.topic);
  if (!topic.ok()) return topic.status();
  const absl::StatusOr<memory::Partition*> found = broker_->FindPartition(partition);
  if (!found.ok()) return found.status();
  const int64_t time_ms = append_time_ms == kNoAppendTime ? absl::ToUnixMillis(now) : append_time_ms;
  const Offset offset =
      (*found)->Append({.key = key, .value = value, .headers = headers, .append_time_ms = time_ms}, /*producer=*/0);
  broker_->Housekeep(**topic, *found, now);
  broker_->Notify();
  return offset;
}

absl::Status MemoryLog::SetCommittedOffsets(const std::string& group, absl::Span<const ConsumedOffset> offsets) {
  absl::MutexLock lock(&broker_->mu);
  broker_->Settle();
  for (const ConsumedOffset& offset : offsets) {
    broker_->Group(group).SetOffset(offset.partition, offset.next_offset, offset.metadata);
    broker_->TrimConsumedRecords(offset.partition);
  }
  return absl::OkStatus();
}

absl::Status MemoryLog::AddPartitions(const std::string& topic, int32_t count) {
  absl::MutexLock lock(&broker_->mu);
  return broker_->AddPartitions(topic, count, broker_->Settle());
}

absl::Status MemoryLog::Trim(const TopicPartition& partition, Offset before) {
  absl::MutexLock lock(&broker_->mu);
  broker_->Settle();
  const absl::StatusOr<memory::Partition*> found = broker_->FindPartition(partition);
  if (!found.ok()) return found.status();
  (*found)->Trim(before);
  return absl::OkStatus();
}

absl::Status MemoryLog::SetRetention(const std::string& topic, const MemoryRetention& retention) {
  absl::MutexLock lock(&broker_->mu);
  const absl::Time now = broker_->Settle();
  const absl::StatusOr<memory::Topic*> found = broker_->FindTopic(topic);
  if (!found.ok()) return found.status();
  (*found)->retention = retention;
  for (const auto& partition : (*found)->partitions) broker_->Housekeep(**found, partition.get(), now);
  return absl::OkStatus();
}

absl::Status MemoryLog::Compact(const std::string& topic) {
  absl::MutexLock lock(&broker_->mu);
  const absl::Time now = broker_->Settle();
  const absl::StatusOr<memory::Topic*> found = broker_->FindTopic(topic);
  if (!found.ok()) return found.status();
  for (const auto& partition : (*found)->partitions) broker_->CompactPartition(partition.get(), now);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredRecord>> MemoryLog::ReadStored(const TopicPartition& partition, Offset from,
                                                                size_t count_max) const {
  absl::MutexLock lock(&broker_->mu);
  const absl::StatusOr<memory::Partition*> found = broker_->FindPartition(partition);
  if (!found.ok()) return found.status();
  std::vector<StoredRecord> records;
  (*found)->Visit(from, [&](const memory::Entry& entry) {
    if (records.size() == count_max) return false;
    StoredRecord& record = records.emplace_back();
    record.offset = entry.offset;
    record.append_time_ms = entry.append_time_ms;
    if (entry.has_key) record.key = entry.key();
    if (entry.has_value) record.value = entry.value();
    record.headers = memory::DecodeHeaders(entry.headers());
    return true;
  });
  return records;
}

size_t MemoryLog::HeldBytes() const {
  absl::MutexLock lock(&broker_->mu);
  return broker_->HeldBytes();
}

}  // namespace tocsin
