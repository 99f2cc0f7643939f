// Kafka as a Log without transactions: what exactly-once is measured against.
//
// The same records go out through a plain producer (idempotent, acks=all, the other properties as the product's), and
// the group's offsets are committed as any consumer does it, once all records are acknowledged: at least once. A worker
// that dies in between writes them again, and one that is late overwrites its successor's offsets. Nothing but a
// measurement may use this.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {

// For one worker, in its thread.
class PlainLog final : public Log {
 public:
  static absl::StatusOr<std::unique_ptr<PlainLog>> Create(const KafkaOptions& options);

  absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) override;
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) override {
    return log_->OpenPartitionReader(starts);
  }
  // The id is not used. Its Abort is an error: what was written is there.
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) override;
  absl::StatusOr<int32_t> PartitionCount(const std::string& topic) override { return log_->PartitionCount(topic); }
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) override { return log_->Offsets(partition); }
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) override {
    return log_->EnsureTopics(topics, create);
  }
  absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) override {
    return log_->CommittedOffsets(group, partitions);
  }

 private:
  PlainLog(const KafkaOptions& options, std::unique_ptr<KafkaLog> log) : options_(options), log_(std::move(log)) {}

  const KafkaOptions options_;
  const std::unique_ptr<KafkaLog> log_;
  // The consumer of each group, for the writers' commits. Owned by its reader, which lives as long as its worker.
  const std::shared_ptr<absl::flat_hash_map<std::string, rd_kafka_t*>> consumers_ =
      std::make_shared<absl::flat_hash_map<std::string, rd_kafka_t*>>();
};

}  // namespace tocsin
