// A transactional Kafka producer, as a Writer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// Ends every transaction within four fifths of transaction.timeout.ms, or says Unavailable.
//
// Kafka without KIP-890 can apply a delayed request of one transaction to the next. So when any request of a
// transaction was never answered (a time-out, a lost connection), even though a retry of librdkafka's got it through
// and the commit is confirmed, this writer begins no other transaction: Begin returns Unavailable. Opening a new one
// raises the producer's epoch, which shuts out whatever is still under way.
class KafkaWriter final : public Writer {
 public:
  // Asks for the partition count of a topic without creating it.
  using PartitionCounter = std::function<absl::StatusOr<int32_t>(const std::string& topic)>;

  static absl::StatusOr<std::unique_ptr<KafkaWriter>> Create(const KafkaOptions& options,
                                                             const std::string& transactional_id,
                                                             PartitionCounter partition_count);
  // Aborts an open transaction if that goes quickly; else the broker does, or the next writer with this id.
  ~KafkaWriter() override;

  absl::Status Begin() override;
  absl::Status Write(const OutputRecord& record) override;
  absl::Status Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                      std::string_view group) override;
  absl::Status Abort() override;

 private:
  enum class State : uint8_t { kReady, kOpen, kUnusable };

  struct Topic {
    KafkaTopic handle;
    int32_t partitions = 0;
  };

  KafkaWriter(absl::Duration timeout, PartitionCounter partition_count)
      : timeout_(timeout), partition_count_(std::move(partition_count)) {}

  absl::Status InitTransactions(absl::Duration timeout);
  absl::Status SendOffsets(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation);
  absl::StatusOr<const Topic*> FindTopic(const OutputRecord& record);
  absl::Status Produce(const Topic& topic, const OutputRecord& record);
  void OnDelivery(const rd_kafka_message_t& message);

  // What a failed call that belongs to the end of a transaction means; rolls back if the error allows it.
  absl::Status Conclude(const rd_kafka_error_t* error, std::string_view what);
  absl::Status RollBack(const absl::Status& cause);
  absl::Status Unusable(absl::Status status);
  // Lets records under way arrive, for a bounded time.
  void AwaitProduced();
  void ServeEvents() { rd_kafka_poll(client_->get(), 0); }

  // Constant after construction.
  absl::Duration timeout_;  // of a call that ends a transaction
  PartitionCounter partition_count_;
  std::unique_ptr<KafkaClient> client_;

  State state_ = State::kReady;
  absl::Status delivery_error_;  // first failed record of this transaction
  uint64_t writes_ = 0;
  absl::flat_hash_map<std::string, Topic> topics_;
};

}  // namespace tocsin
