// What a Kafka cluster holds: topics and offsets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// Thread-safe; every call asks the cluster and waits for the answer, at most `open_timeout`. Never creates a topic by
// asking for it, whatever the broker's auto.create.topics.enable.
class KafkaAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaAdmin>> Create(const KafkaOptions& options);

  absl::StatusOr<int32_t> PartitionCount(const std::string& topic);
  // To the end that includes open transactions.
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition);
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create);
  // Deletes the records before `offset`.
  absl::Status DeleteRecords(const TopicPartition& partition, Offset offset);

 private:
  KafkaAdmin(const KafkaOptions& options, std::unique_ptr<KafkaClient> client)
      : timeout_(options.open_timeout), client_(std::move(client)) {}

  int timeout_ms() const { return KafkaMilliseconds(timeout_); }

  // Sends a request of the admin API and waits for its result.
  absl::StatusOr<KafkaEvent> Ask(rd_kafka_admin_op_t operation, std::string_view what,
                                 absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send);
  bool HasController(const std::string& topic);
  absl::Status CreateTopics(const std::vector<const TopicSpec*>& topics);
  absl::Status AwaitTopic(const TopicSpec& topic);

  // Constant after construction.
  absl::Duration timeout_;
  std::unique_ptr<KafkaClient> client_;
};

}  // namespace tocsin
