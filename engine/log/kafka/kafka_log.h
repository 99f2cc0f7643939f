// Kafka as a Log, through librdkafka 2.8.0 or newer.
//
//   auto log = KafkaLog::Create({.properties = {{"bootstrap.servers", "broker:9092"}}, .log = ...});
//
// Reading: kafka_group_reader.h, kafka_partition_reader.h over kafka_batches.h. Writing: kafka_writer.h. Asking:
// kafka_admin.h. Properties and their defaults: kafka_config.cc. What errors mean: kafka_error.h. Every reader and
// every writer is a librdkafka instance with threads of its own: two, and one for each broker.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "engine/log/kafka/kafka_admin.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// librdkafka's version in use, such as "2.8.0".
std::string KafkaVersion();

// OK if librdkafka was built with what secured clusters and usual producers need: TLS, SASL SCRAM, lz4, zstd; else
// FailedPrecondition naming what is missing.
absl::Status CheckKafkaFeatures();

// Thread-safe. Readers and writers may outlive it.
class KafkaLog final : public Log {
 public:
  // Returns InvalidArgument if a property is unknown, refused or reserved. Contacts no broker: that one is down is told
  // by the first call that needs it.
  static absl::StatusOr<std::unique_ptr<KafkaLog>> Create(const KafkaOptions& options);

  absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) override;
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) override;
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) override;
  absl::StatusOr<int32_t> PartitionCount(const std::string& topic) override;
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) override;
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) override;
  absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) override;

  // Sets a group's offsets from outside it: for operators. FailedPrecondition: the group has members.
  absl::Status SetCommittedOffsets(const std::string& group, absl::Span<const ConsumedOffset> offsets);
  // Deletes the records before `offset`: for operators and tests.
  absl::Status DeleteRecords(const TopicPartition& partition, Offset offset);

 private:
  KafkaLog(const KafkaOptions& options, std::unique_ptr<KafkaAdmin> admin)
      : options_(options), admin_(std::move(admin)) {}

  // Constant after construction.
  KafkaOptions options_;
  std::shared_ptr<KafkaAdmin> admin_;  // shared with the writers
};

}  // namespace tocsin
