#include "engine/log/kafka/kafka_partition_reader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_request.h"

namespace tocsin {
namespace {

// librdkafka's assign() wants a group's name. Nothing is ever committed under it.
constexpr char kNoGroup[] = "tocsin.no-group";

}  // namespace

absl::StatusOr<Offset> ResolveKafkaStart(const KafkaClient& client, const TopicPartition& partition,
                                         StartPosition::Kind kind, absl::Duration timeout) {
  const absl::StatusOr<OffsetRange> range = QueryKafkaOffsets(client, partition, timeout, "kafka: start offset");
  if (!range.ok()) return client.Explain(range.status());
  return kind == StartPosition::Kind::kEarliest ? range->begin : range->end;
}

absl::StatusOr<std::unique_ptr<KafkaPartitionReader>> KafkaPartitionReader::Create(
    const KafkaOptions& options, const std::vector<std::pair<TopicPartition, StartPosition>>& starts) {
  std::unique_ptr<KafkaPartitionReader> reader(new KafkaPartitionReader(options));
  absl::StatusOr<std::unique_ptr<KafkaClient>> client =
      KafkaClient::Create(KafkaRole::kPartitionReader, options, {{"group.id", kNoGroup}}, {});
  if (!client.ok()) return client.status();
  reader->client_ = *std::move(client);
  rd_kafka_t* handle = reader->client_->get();
  rd_kafka_poll_set_consumer(handle);
  reader->queue_.reset(rd_kafka_queue_get_consumer(handle));

  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
  std::vector<TopicPartition> partitions;
  std::vector<Offset> positions;
  for (const auto& [partition, start] : starts) {
    Offset position = start.offset;
    if (start.kind != StartPosition::Kind::kOffset) {
      absl::StatusOr<Offset> resolved =
          ResolveKafkaStart(*reader->client_, partition, start.kind, options.open_timeout);
      if (!resolved.ok()) return resolved.status();
      position = *resolved;
    }
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = position;
    partitions.push_back(partition);
    positions.push_back(position);
  }
  reader->batches_.Assign(partitions, positions);
  absl::Status status = KafkaStatus(rd_kafka_assign(handle, list.get()), "kafka: taking partitions");
  if (!status.ok()) return status;
  return reader;
}

KafkaPartitionReader::~KafkaPartitionReader() {
  batches_.Unassign();
  if (client_ != nullptr) rd_kafka_consumer_close(client_->get());
  queue_.reset();
}

absl::Status KafkaPartitionReader::Poll(absl::Duration max_wait, std::vector<RecordBatch>* batches) {
  batches->clear();
  if (!failure_.ok()) return failure_;
  const bool interrupted = false;
  batches_.Fetch(queue_.get(), max_wait, &interrupted);
  absl::Status status = batches_.Sort(*client_, batches);
  if (status.ok()) status = client_->FatalStatus();
  if (status.ok()) status = client_->TakeAuthenticationError();
  if (!status.ok()) {
    batches->clear();
    failure_ = status;
  }
  return status;
}

}  // namespace tocsin
