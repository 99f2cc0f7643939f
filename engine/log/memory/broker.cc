#include "engine/log/memory/broker.h"

#include <zlib.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::memory {
namespace {

constexpr absl::Duration kTombstoneAge = absl::Hours(24);

bool IsCompacted(const TopicSpec& spec) {
  for (const auto& [key, value] : spec.config) {
    if (key == "cleanup.policy") return value.find("compact") != std::string::npos;
  }
  return false;
}

}  // namespace

Broker::Broker(Clock* clock, MemoryLogOptions options) : clock_(clock), options_(std::move(options)) {}

absl::Time Broker::Settle() {
  const absl::Time now = clock_->Now();
  if (now < next_deadline_) [[likely]]
    return now;
  absl::Time next = absl::InfiniteFuture();
  for (auto& [id, producer] : producers_) {
    if (producer->is_open && producer->deadline <= now) {
      EndTransaction(producer.get(), /*commit=*/false, now);
      // The coordinator fences the writer too, so that it can't go on as if nothing had happened.
      ++producer->epoch;
    }
    if (producer->is_open) next = std::min(next, producer->deadline);
  }
  for (auto& [name, group] : groups_) {
    group->Expire(now);
    next = std::min(next, group->NextDeadline());
  }
  next_deadline_ = next;
  Notify();
  return now;
}

void Broker::ExpectDeadline(absl::Time deadline) { next_deadline_ = std::min(next_deadline_, deadline); }

absl::StatusOr<Topic*> Broker::FindTopic(std::string_view name) {
  const auto topic = topics_.find(name);
  if (topic == topics_.end()) return absl::NotFoundError(absl::StrCat("no such topic: topic=", name));
  return topic->second.get();
}

absl::StatusOr<Partition*> Broker::FindPartition(const TopicPartition& partition) {
  const absl::StatusOr<Topic*> topic = FindTopic(partition.topic);
  if (!topic.ok()) return topic.status();
  const auto& partitions = (*topic)->partitions;
  if (partition.partition < 0 || static_cast<size_t>(partition.partition) >= partitions.size()) {
    return absl::NotFoundError(
        absl::StrCat("no such partition: topic=", partition.topic, " partition=", partition.partition));
  }
  return partitions[static_cast<size_t>(partition.partition)].get();
}

absl::Status Broker::EnsureTopic(const TopicSpec& spec, bool create) {
  const absl::StatusOr<Topic*> found = FindTopic(spec.name);
  if (found.ok()) {
    const size_t count = (*found)->partitions.size();
    if (count == static_cast<size_t>(spec.partitions)) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("the topic has another number of partitions: topic=", spec.name,
                                                      " partitions=", count, " wanted=", spec.partitions));
  }
  if (!create) return found.status();
  if (spec.partitions < 1) {
    return absl::InvalidArgumentError(absl::StrCat("a topic needs at least one partition: topic=", spec.name));
  }
  auto topic = std::make_unique<Topic>();
  topic->name = spec.name;
  topic->is_compacted = IsCompacted(spec);
  for (const TrimConsumed& trim : options_.trim_consumed) {
    if (trim.topic == spec.name) topic->trim_groups = trim.groups;
  }
  for (int32_t i = 0; i < spec.partitions; ++i) topic->partitions.push_back(std::make_unique<Partition>());
  topics_[spec.name] = std::move(topic);
  return absl::OkStatus();
}

absl::Status Broker::AddPartitions(const std::string& topic, int32_t count, absl::Time now) {
  const absl::StatusOr<Topic*> found = FindTopic(topic);
  if (!found.ok()) return found.status();
  auto& partitions = (*found)->partitions;
  if (count < 0 || static_cast<size_t>(count) < partitions.size()) {
    return absl::InvalidArgumentError(absl::StrCat("partitions can't be taken away: topic=", topic,
                                                   " partitions=", partitions.size(), " wanted=", count));
  }
  while (partitions.size() < static_cast<size_t>(count)) partitions.push_back(std::make_unique<Partition>());
  for (auto& [name, group] : groups_) group->SetPartitionCount(topic, count, now);
  Notify();
  return absl::OkStatus();
}

int32_t Broker::ChoosePartition(const std::optional<std::string_view>& key, Topic* topic) {
  const auto count = static_cast<uint32_t>(topic->partitions.size());
  if (!key.has_value() || key->empty()) return static_cast<int32_t>(topic->next_unkeyed++ % count);
  const uLong crc = crc32(0, reinterpret_cast<const Bytef*>(key->data()), static_cast<uInt>(key->size()));
  return static_cast<int32_t>(static_cast<uint32_t>(crc) % count);
}

ConsumerGroup& Broker::Group(const std::string& name) {
  std::unique_ptr<ConsumerGroup>& group = groups_[name];
  if (group == nullptr) {
    group =
        std::make_unique<ConsumerGroup>(name, ConsumerGroup::Options{.assignment = options_.assignment,
                                                                     .session_timeout = options_.session_timeout,
                                                                     .max_poll_interval = options_.max_poll_interval});
  }
  return *group;
}

absl::Status Broker::JoinGroup(const Log::GroupOptions& options, absl::Time now, std::string* member_id) {
  ConsumerGroup& group = Group(options.group);
  for (const std::string& name : options.topics) {
    const absl::StatusOr<Topic*> topic = FindTopic(name);
    if (!topic.ok()) return topic.status();
    group.SetPartitionCount(name, static_cast<int32_t>((*topic)->partitions.size()), now);
  }
  *member_id = group.Join(options.member, options.topics, now);
  ExpectDeadline(group.NextDeadline());
  Notify();
  return absl::OkStatus();
}

Producer& Broker::InitProducer(const std::string& transactional_id, absl::Time now) {
  std::unique_ptr<Producer>& producer = producers_[transactional_id];
  if (producer == nullptr) {
    producer = std::make_unique<Producer>();
    producer->transactional_id = transactional_id;
    producer->id = producers_.size();
  }
  if (producer->is_open) EndTransaction(producer.get(), /*commit=*/false, now);
  ++producer->epoch;
  return *producer;
}

absl::Status Broker::AppendTransactional(Producer* producer, Topic* topic, int32_t partition, RecordFields record,
                                         absl::Time now) {
  if (partition < 0 || static_cast<size_t>(partition) >= topic->partitions.size()) {
    return absl::InvalidArgumentError(absl::StrCat("no such partition: topic=", topic->name, " partition=", partition));
  }
  Partition* const target = topic->partitions[static_cast<size_t>(partition)].get();
  if (!target->HasOpenTransaction(producer->id)) {
    producer->touched.push_back({topic, target});
    StartDeadline(producer, now);
  }
  record.append_time_ms = absl::ToUnixMillis(now);
  target->Append(record, producer->id);
  return absl::OkStatus();
}

void Broker::StartDeadline(Producer* producer, absl::Time now) {
  if (producer->deadline != absl::InfiniteFuture()) return;
  producer->deadline = now + options_.transaction_timeout;
  ExpectDeadline(producer->deadline);
}

void Broker::AddPendingOffsets(Producer* producer, const std::string& group, absl::Span<const ConsumedOffset> offsets,
                               absl::Time now) {
  ConsumerGroup& target = Group(group);
  target.AddPending(producer->id, offsets);
  if (std::find(producer->groups.begin(), producer->groups.end(), &target) == producer->groups.end()) {
    producer->groups.push_back(&target);
  }
  StartDeadline(producer, now);
}

void Broker::EndTransaction(Producer* producer, bool commit, absl::Time now) {
  for (const Producer::Touched& touched : producer->touched) {
    touched.partition->EndTransaction(producer->id, commit, absl::ToUnixMillis(now));
    Housekeep(*touched.topic, touched.partition, now);
  }
  for (ConsumerGroup* group : producer->groups) {
    for (const TopicPartition& partition : group->EndPending(producer->id, commit)) TrimConsumedRecords(partition);
  }
  producer->touched.clear();
  producer->groups.clear();
  producer->is_open = false;
  producer->deadline = absl::InfiniteFuture();
  Notify();
}

void Broker::Housekeep(const Topic& topic, Partition* partition, absl::Time now) {
  const MemoryRetention& retention = topic.retention;
  const bool has_age = retention.age_max != absl::InfiniteDuration();
  if (has_age || retention.bytes_max != SIZE_MAX) {
    partition->TrimToLimits(retention.bytes_max, has_age ? absl::ToUnixMillis(now - retention.age_max) : INT64_MIN);
  }
  if (topic.is_compacted && partition->WantsCompaction()) {
    CompactPartition(partition, now);
  }
}

void Broker::CompactPartition(Partition* partition, absl::Time now) {
  partition->Compact(absl::ToUnixMillis(now - kTombstoneAge));
}

void Broker::TrimConsumedRecords(const TopicPartition& partition) {
  const auto topic = topics_.find(partition.topic);
  if (topic == topics_.end() || topic->second->trim_groups.empty()) return;
  const absl::StatusOr<Partition*> target = FindPartition(partition);
  if (!target.ok()) return;
  Offset before = INT64_MAX;
  for (const std::string& name : topic->second->trim_groups) {
    const ConsumerGroup::CommittedOffset* const committed = Group(name).Committed(partition);
    if (committed == nullptr) return;
    before = std::min(before, committed->offset);
  }
  (*target)->Trim(before);
}

absl::Status Broker::CheckSize(const std::optional<std::string_view>& key, const std::optional<std::string_view>& value,
                               absl::Span<const Header> headers) const {
  size_t bytes = (key.has_value() ? key->size() : 0) + (value.has_value() ? value->size() : 0);
  for (const Header& header : headers) bytes += header.name.size() + header.value.size();
  if (bytes <= options_.record_bytes_max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the record is too large: bytes=", bytes, " bytes_max=", options_.record_bytes_max));
}

size_t Broker::HeldBytes() const {
  size_t bytes = 0;
  for (const auto& [name, topic] : topics_) {
    for (const auto& partition : topic->partitions) bytes += partition->held_bytes();
  }
  return bytes;
}

}  // namespace tocsin::memory
