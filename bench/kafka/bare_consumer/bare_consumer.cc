// The yardstick: a librdkafka consumer that reads topics from their beginnings to their ends and throws every record
// away. It has the same configuration as the readers of Tocsin and nothing else of it.
//
// With --fields A,B each record is parsed by simdjson on demand before that, and these top-level strings are read: what
// it costs to read posts with nothing but the two libraries. Name them in the record's order. A record without them
// ends the run with an error.
#include <librdkafka/rdkafka.h>
#include <simdjson.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/kafka/bare_consumer/measured_run.h"
#include "engine/base/prefetch.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

struct Totals {
  int64_t records = 0;
  int64_t bytes = 0;
  int64_t field_bytes = 0;
  size_t ends = 0;  // of partitions
};

// Reads string members of JSON objects, as a careful user of simdjson would. Borrows the names.
class FieldReader {
 public:
  explicit FieldReader(const std::vector<std::string>& names) : names_(names) {}

  bool reads_nothing() const { return names_.empty(); }

  // Bytes of the members' values, without escapes.
  absl::StatusOr<int64_t> Read(std::string_view record) {
    if (names_.empty()) return 0;
    // simdjson may read a block behind the record, which librdkafka does not promise to be there.
    if (padded_.size() < record.size() + simdjson::SIMDJSON_PADDING) {
      padded_.resize(2 * (record.size() + simdjson::SIMDJSON_PADDING));
    }
    std::memcpy(padded_.data(), record.data(), record.size());
    simdjson::ondemand::document document;
    simdjson::error_code error = parser_.iterate(padded_.data(), record.size(), padded_.size()).get(document);
    int64_t bytes = 0;
    for (const std::string& name : names_) {
      std::string_view value;
      if (error == simdjson::SUCCESS) error = document.find_field_unordered(name).get_string().get(value);
      if (error != simdjson::SUCCESS) {
        return absl::DataLossError(
            absl::StrCat("a field can't be read: ", simdjson::error_message(error), "; field=", name));
      }
      bytes += static_cast<int64_t>(value.size());
    }
    return bytes;
  }

 private:
  const std::vector<std::string>& names_;
  simdjson::ondemand::parser parser_;
  std::string padded_;
};

// Of one message, which may also tell of an error or of the end of a partition.
absl::Status Count(const rd_kafka_message_t& message, FieldReader& fields, Totals& totals) {
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    ++totals.ends;
  } else if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++totals.records;
    totals.bytes += static_cast<int64_t>(message.len + message.key_len);
    const absl::StatusOr<int64_t> read = fields.Read({static_cast<const char*>(message.payload), message.len});
    if (!read.ok()) {
      return absl::Status(read.status().code(), absl::StrCat(read.status().message(), " partition=", message.partition,
                                                             " offset=", message.offset));
    }
    totals.field_bytes += *read;
  } else if (!IsKafkaTransient(message.err)) {
    return KafkaStatus(message.err, "reading");
  }
  return absl::OkStatus();
}

absl::StatusOr<Totals> Drain(rd_kafka_queue_t* queue, size_t partitions, const BenchFlags& flags) {
  constexpr int kWaitMs = 20;
  Totals totals;
  FieldReader fields(flags.fields);
  std::vector<rd_kafka_message_t*> messages(flags.kafka.poll_records);
  absl::Status status;
  while (status.ok() && totals.ends < partitions) {
    const ssize_t count = rd_kafka_consume_batch_queue(queue, kWaitMs, messages.data(), messages.size());
    const auto taken = static_cast<size_t>(count < 0 ? 0 : count);
    for (size_t i = 0; i < taken; ++i) {
      // As Tocsin's worker does: the next record is on its way from memory while one is parsed.
      if (!fields.reads_nothing() && i + 1 < taken) Prefetch(messages[i + 1]->payload, messages[i + 1]->len);
      if (status.ok()) status = Count(*messages[i], fields, totals);
      rd_kafka_message_destroy(messages[i]);
    }
  }
  if (!status.ok()) return status;
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
  absl::StatusOr<Totals> totals = Drain(queue.get(), partitions.size(), *flags);
  if (totals.ok()) std::puts(run.Json("bare_consumer", totals->records, totals->bytes, totals->field_bytes).c_str());
  queue.reset();
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return totals.status();
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Report(tocsin::Run(argc, argv)); }
