// The yardstick: a librdkafka consumer that reads topics from their beginnings to their ends and throws every record
// away. It has the same configuration as the readers of Tocsin and nothing else of it.
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/kafka/bare_consumer/measured_run.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

struct Totals {
  int64_t records = 0;
  int64_t bytes = 0;
};

absl::StatusOr<Totals> Drain(rd_kafka_queue_t* queue, size_t partitions, size_t poll_records) {
  constexpr int kWaitMs = 20;
  Totals totals;
  size_t ends = 0;
  std::vector<rd_kafka_message_t*> messages(poll_records);
  while (ends < partitions) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, kWaitMs, messages.data(), messages.size());
    for (size_t i = 0; i < static_cast<size_t>(count < 0 ? 0 : count); ++i) {
      const rd_kafka_message_t& message = *messages[i];
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++totals.records;
        totals.bytes += static_cast<int64_t>(message.len + message.key_len);
      } else if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ++ends;
      } else if (!IsKafkaTransient(message.err)) {
        return KafkaStatus(message.err, "reading");
      }
      rd_kafka_message_destroy(messages[i]);
    }
  }
  return totals;
}

absl::Status Run(int argc, char** argv) {
  absl::StatusOr<BenchFlags> flags = ParseBenchFlags(argc, argv);
  if (!flags.ok()) return flags.status();
  std::vector<TopicPartition> partitions;
  {
    auto log = KafkaLog::Create(flags->kafka);
    if (!log.ok()) return log.status();
    auto found = PartitionsOf(**log, flags->topics);
    if (!found.ok()) return found.status();
    partitions = *std::move(found);
  }
  const MeasuredRun run;
  auto conf = BuildKafkaConf(KafkaRole::kPartitionReader, flags->kafka, {{"group.id", "bare-consumer"}});
  if (!conf.ok()) return conf.status();
  std::array<char, 512> text{};
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf->release(), text.data(), text.size());
  if (client == nullptr) return absl::InvalidArgumentError(text.data());
  rd_kafka_poll_set_consumer(client);
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client, list.get());
  KafkaQueue queue(rd_kafka_queue_get_consumer(client));
  absl::StatusOr<Totals> totals = Drain(queue.get(), partitions.size(), flags->kafka.poll_records);
  if (totals.ok()) std::puts(run.Json("bare_consumer", totals->records, totals->bytes).c_str());
  queue.reset();
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return totals.status();
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Report(tocsin::Run(argc, argv)); }
