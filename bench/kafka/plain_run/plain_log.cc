#include "bench/kafka/plain_run/plain_log.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_group_reader.h"
#include "engine/log/kafka/kafka_partition_list.h"

namespace tocsin {
namespace {

using Consumers = absl::flat_hash_map<std::string, rd_kafka_t*>;

// As KafkaWriter's, so that both look at librdkafka's events as often.
constexpr uint64_t kWritesPerPoll = 256;
constexpr int kQueueFullPollMs = 10;
constexpr int kFlushMs = 8'000;

const void* AddressOf(std::string_view text) { return text.data() == nullptr ? "" : text.data(); }

class PlainWriter final : public Writer {
 public:
  static absl::StatusOr<std::unique_ptr<Writer>> Create(const KafkaOptions& options,
                                                        std::shared_ptr<const Consumers> consumers) {
    auto writer = std::make_unique<PlainWriter>(std::move(consumers));
    KafkaHooks hooks;
    hooks.delivery = [self = writer.get()](const rd_kafka_message_t& message) {
      if (self->delivery_error_.ok()) self->delivery_error_ = KafkaStatus(message.err, "kafka: not delivered");
    };
    auto client = KafkaClient::Create(KafkaRole::kWriter, options, /*identity=*/{}, std::move(hooks));
    if (!client.ok()) return client.status();
    writer->client_ = *std::move(client);
    return writer;
  }

  explicit PlainWriter(std::shared_ptr<const Consumers> consumers) : consumers_(std::move(consumers)) {}
  ~PlainWriter() override { topics_.clear(); }

  absl::Status Begin() override { return absl::OkStatus(); }

  absl::Status Write(const OutputRecord& record) override {
    if (++writes_ % kWritesPerPoll == 0) rd_kafka_poll(client_->get(), 0);
    if (!delivery_error_.ok()) return delivery_error_;
    KafkaTopic& topic = topics_[record.topic];
    if (topic == nullptr) {
      topic.reset(rd_kafka_topic_new(client_->get(), std::string(record.topic).c_str(), nullptr));
      if (topic == nullptr) return KafkaStatus(rd_kafka_last_error(), absl::StrCat("kafka: topic=", record.topic));
    }
    return Produce(topic.get(), record);
  }

  absl::Status Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& /*generation*/,
                      std::string_view group) override {
    absl::Status status = KafkaStatus(rd_kafka_flush(client_->get(), kFlushMs), "kafka: flushing");
    if (status.ok()) status = delivery_error_;
    if (!status.ok() || offsets.empty()) return status;
    const auto consumer = consumers_->find(group);
    if (consumer == consumers_->end())
      return absl::FailedPreconditionError("kafka: offsets of a group that is not read");
    const KafkaPartitions list = ListOfOffsets(consumer->second, offsets);
    return KafkaStatus(rd_kafka_commit(consumer->second, list.get(), /*async=*/0), "kafka: committing offsets");
  }

  absl::Status Abort() override { return absl::UnimplementedError("kafka: plain records can't be taken back"); }

 private:
  absl::Status Produce(rd_kafka_topic_t* topic, const OutputRecord& record) {
    std::array<rd_kafka_vu_t, 6> parts{};
    size_t count = 0;
    const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
      parts[count].vtype = type;
      return parts[count++];
    };
    const auto add_bytes = [&](rd_kafka_vtype_t type, std::string_view bytes) {
      rd_kafka_vu_t& part = add(type);
      part.u.mem.ptr = const_cast<void*>(AddressOf(bytes));
      part.u.mem.size = bytes.size();
    };
    add(RD_KAFKA_VTYPE_RKT).u.rkt = topic;
    add(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition < 0 ? RD_KAFKA_PARTITION_UA : record.partition;
    add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    if (record.key.has_value()) add_bytes(RD_KAFKA_VTYPE_KEY, *record.key);
    if (record.value.has_value()) add_bytes(RD_KAFKA_VTYPE_VALUE, *record.value);
    KafkaHeaders headers;
    if (!record.headers.empty()) {
      headers.reset(rd_kafka_headers_new(record.headers.size()));
      for (const Header& header : record.headers) {
        rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                            AddressOf(header.value), static_cast<ssize_t>(header.value.size()));
      }
      add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers.get();
    }
    for (;;) {
      const KafkaError error(rd_kafka_produceva(client_->get(), parts.data(), count));
      if (error == nullptr) {
        std::ignore = headers.release();  // owned by the message now
        return absl::OkStatus();
      }
      if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        return KafkaStatus(error.get(), absl::StrCat("kafka: writing: topic=", record.topic));
      }
      rd_kafka_poll(client_->get(), kQueueFullPollMs);
      if (!delivery_error_.ok()) return delivery_error_;
    }
  }

  const std::shared_ptr<const Consumers> consumers_;
  std::unique_ptr<KafkaClient> client_;
  absl::Status delivery_error_;  // sticky: the worker is thrown away
  uint64_t writes_ = 0;
  absl::flat_hash_map<std::string, KafkaTopic> topics_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<PlainLog>> PlainLog::Create(const KafkaOptions& options) {
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return log.status();
  return std::unique_ptr<PlainLog>(new PlainLog(options, *std::move(log)));
}

absl::StatusOr<std::unique_ptr<GroupReader>> PlainLog::OpenGroupReader(const GroupOptions& options) {
  absl::StatusOr<std::unique_ptr<KafkaGroupReader>> reader = KafkaGroupReader::Create(options_, options);
  if (!reader.ok()) return reader.status();
  consumers_->insert_or_assign(options.group, (*reader)->client());
  return *std::move(reader);
}

absl::StatusOr<std::unique_ptr<Writer>> PlainLog::OpenWriter(const std::string& /*transactional_id*/) {
  return PlainWriter::Create(options_, consumers_);
}

}  // namespace tocsin
