// Reads given partitions of Kafka outside any group, as a PartitionReader.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_batches.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// The offset of the first record held, or the one behind the last that a read-committed reader may see.
absl::StatusOr<Offset> ResolveKafkaStart(const KafkaClient& client, const TopicPartition& partition,
                                         StartPosition::Kind kind, absl::Duration timeout);

// Its consumer never joins, and gives no one its group metadata: a commit under it would not be fenced.
class KafkaPartitionReader final : public PartitionReader {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaPartitionReader>> Create(
      const KafkaOptions& options, const std::vector<std::pair<TopicPartition, StartPosition>>& starts);
  ~KafkaPartitionReader() override;

  absl::Status Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) override;

 private:
  explicit KafkaPartitionReader(const KafkaOptions& options) : batches_(options) {}

  std::unique_ptr<KafkaClient> client_;
  KafkaQueue queue_;
  KafkaBatches batches_;
  absl::Status failure_;  // sticky
};

}  // namespace tocsin
