#include "engine/log/kafka/kafka_writer.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_partition_list.h"

namespace tocsin {
namespace {

// Writes between two looks at librdkafka's event queue, where failed deliveries and connections are reported.
constexpr uint64_t kWritesPerPoll = 256;
constexpr int kQueueFullPollMs = 10;

// librdkafka takes a null pointer for a null key or value, so empty ones need an address.
const void* AddressOf(std::string_view text) { return text.data() == nullptr ? "" : text.data(); }

absl::Status MakeHeaders(absl::Span<const Header> headers, KafkaHeaders* result) {
  if (headers.empty()) return absl::OkStatus();
  result->reset(rd_kafka_headers_new(headers.size()));
  for (const Header& header : headers) {
    const rd_kafka_resp_err_t error =
        rd_kafka_header_add(result->get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                            AddressOf(header.value), static_cast<ssize_t>(header.value.size()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(error, "kafka: header");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaWriter>> KafkaWriter::Create(const KafkaOptions& options,
                                                                 const std::string& transactional_id,
                                                                 PartitionCounter partition_count) {
  if (transactional_id.empty()) return absl::InvalidArgumentError("kafka: a writer needs a transactional id");
  absl::StatusOr<absl::Duration> timeout = KafkaTransactionTimeout(options);
  if (!timeout.ok()) return timeout.status();
  std::unique_ptr<KafkaWriter> writer(new KafkaWriter(*timeout * 4 / 5, std::move(partition_count)));
  KafkaWriter* self = writer.get();
  KafkaHooks hooks;
  hooks.delivery = [self](const rd_kafka_message_t& message) { self->OnDelivery(message); };
  absl::StatusOr<std::unique_ptr<KafkaClient>> client =
      KafkaClient::Create(KafkaRole::kWriter, options, {{"transactional.id", transactional_id}}, std::move(hooks));
  if (!client.ok()) return client.status();
  writer->client_ = *std::move(client);
  absl::Status status = writer->InitTransactions(options.open_timeout);
  if (!status.ok()) return status;
  return writer;
}

KafkaWriter::~KafkaWriter() {
  if (client_ == nullptr) return;
  if (state_ == State::kOpen) {
    constexpr int kQuicklyMs = 2000;
    KafkaError ignored(rd_kafka_abort_transaction(client_->get(), kQuicklyMs));
  }
  topics_.clear();
}

// A few attempts, since a first one may find the coordinator still ending what an older writer left open.
absl::Status KafkaWriter::InitTransactions(absl::Duration timeout) {
  constexpr int kAttempts = 4;
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    KafkaError error(rd_kafka_init_transactions(client_->get(), KafkaMilliseconds(timeout / kAttempts)));
    if (error == nullptr) return absl::OkStatus();
    status = KafkaStatus(error.get(), "kafka: initialising transactions");
    ServeEvents();
    absl::Status denied = client_->TakeAuthenticationError();
    if (!denied.ok()) return denied;
    if (rd_kafka_error_is_fatal(error.get()) || !rd_kafka_error_is_retriable(error.get())) break;
  }
  return client_->Explain(status);
}

absl::Status KafkaWriter::Unusable(absl::Status status) {
  state_ = State::kUnusable;
  return status;
}

void KafkaWriter::AwaitProduced() {
  constexpr int kAttempts = 100;
  constexpr int kWaitMs = 5;
  for (int attempt = 0; attempt < kAttempts && client_->ProduceInFlight() > 0; ++attempt) {
    rd_kafka_poll(client_->get(), kWaitMs);
  }
}

absl::Status KafkaWriter::Begin() {
  if (state_ == State::kOpen) return absl::FailedPreconditionError("kafka: a transaction is open already");
  if (state_ == State::kUnusable) {
    return absl::UnavailableError(
        "kafka: this writer must be opened anew: the end of its last transaction is not sure");
  }
  KafkaError error(rd_kafka_begin_transaction(client_->get()));
  if (error != nullptr) return Unusable(KafkaStatus(error.get(), "kafka: beginning a transaction"));
  state_ = State::kOpen;
  delivery_error_ = absl::OkStatus();
  return absl::OkStatus();
}

absl::StatusOr<const KafkaWriter::Topic*> KafkaWriter::FindTopic(const OutputRecord& record) {
  auto found = topics_.find(record.topic);
  if (found == topics_.end() || record.partition >= found->second.partitions) {
    const std::string name(record.topic);
    absl::StatusOr<int32_t> count = partition_count_(name);
    if (!count.ok()) return count.status();
    if (found == topics_.end()) {
      KafkaTopic handle(rd_kafka_topic_new(client_->get(), name.c_str(), nullptr));
      if (handle == nullptr) return KafkaStatus(rd_kafka_last_error(), absl::StrCat("kafka: topic=", name));
      found = topics_.emplace(name, Topic{std::move(handle), *count}).first;
    }
    found->second.partitions = *count;
    if (record.partition >= *count) {
      return absl::NotFoundError(absl::StrCat("kafka: no such partition: topic=", name, " partition=", record.partition,
                                              " partitions=", *count));
    }
  }
  return &found->second;
}

absl::Status KafkaWriter::Write(const OutputRecord& record) {
  if (state_ != State::kOpen) return absl::FailedPreconditionError("kafka: no transaction is open");
  if (++writes_ % kWritesPerPoll == 0) ServeEvents();
  if (!delivery_error_.ok()) return delivery_error_;
  absl::StatusOr<const Topic*> topic = FindTopic(record);
  if (!topic.ok()) return topic.status();
  return Produce(**topic, record);
}

absl::Status KafkaWriter::Produce(const Topic& topic, const OutputRecord& record) {
  const std::string_view key = record.key.value_or(std::string_view());
  const std::string_view value = record.value.value_or(std::string_view());
  std::array<rd_kafka_vu_t, 6> parts{};
  size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic.handle.get();
  parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[count++].u.i32 = record.partition < 0 ? RD_KAFKA_PARTITION_UA : record.partition;
  parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
  if (record.key.has_value()) {
    parts[count].vtype = RD_KAFKA_VTYPE_KEY;
    parts[count].u.mem.ptr = const_cast<void*>(AddressOf(key));
    parts[count++].u.mem.size = key.size();
  }
  if (record.value.has_value()) {
    parts[count].vtype = RD_KAFKA_VTYPE_VALUE;
    parts[count].u.mem.ptr = const_cast<void*>(AddressOf(value));
    parts[count++].u.mem.size = value.size();
  }
  KafkaHeaders headers;
  absl::Status status = MakeHeaders(record.headers, &headers);
  if (!status.ok()) return status;
  if (headers != nullptr) {
    parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[count++].u.headers = headers.get();
  }
  const int64_t max_attempts = KafkaMilliseconds(timeout_) / kQueueFullPollMs + 1;
  for (int64_t attempt = 0; attempt < max_attempts; ++attempt) {
    KafkaError error(rd_kafka_produceva(client_->get(), parts.data(), count));
    if (error == nullptr) {
      std::ignore = headers.release();  // owned by the message now
      return absl::OkStatus();
    }
    if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      ServeEvents();
      if (!delivery_error_.ok()) return delivery_error_;
      const absl::Status fatal = client_->FatalStatus();
      if (!fatal.ok()) return Unusable(fatal);
      return KafkaStatus(error.get(), absl::StrCat("kafka: writing: topic=", record.topic));
    }
    rd_kafka_poll(client_->get(), kQueueFullPollMs);
    if (!delivery_error_.ok()) return delivery_error_;
  }
  return client_->Explain(absl::UnavailableError(absl::StrCat("kafka: the queue stays full: topic=", record.topic)));
}

void KafkaWriter::OnDelivery(const rd_kafka_message_t& message) {
  if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || !delivery_error_.ok()) return;
  const std::string_view topic = message.rkt == nullptr ? "" : rd_kafka_topic_name(message.rkt);
  delivery_error_ =
      KafkaStatus(message.err, absl::StrCat("kafka: not delivered: topic=", topic, " partition=", message.partition));
}

absl::Status KafkaWriter::SendOffsets(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation) {
  const auto* metadata = static_cast<const rd_kafka_consumer_group_metadata_t*>(generation.get());
  KafkaPartitions list = ListOfOffsets(client_->get(), offsets);
  KafkaError error(
      rd_kafka_send_offsets_to_transaction(client_->get(), list.get(), metadata, KafkaMilliseconds(timeout_)));
  return error == nullptr ? absl::OkStatus() : Conclude(error.get(), "kafka: sending offsets");
}

absl::Status KafkaWriter::Commit(absl::Span<const ConsumedOffset> offsets, const GroupGeneration& generation,
                                 std::string_view group) {
  if (state_ != State::kOpen) return absl::FailedPreconditionError("kafka: no transaction is open");
  ServeEvents();
  if (!delivery_error_.ok()) return RollBack(delivery_error_);
  if (!offsets.empty()) {
    if (generation.get() == nullptr) {
      return RollBack(absl::FailedPreconditionError(absl::StrCat(
          "kafka: offsets under no generation: a member that has not joined would not be fenced: group=", group)));
    }
    absl::Status status = SendOffsets(offsets, generation);
    if (!status.ok()) return status;
  }
  KafkaError error(rd_kafka_commit_transaction(client_->get(), KafkaMilliseconds(timeout_)));
  ServeEvents();
  if (error != nullptr) return Conclude(error.get(), "kafka: committing");
  state_ = client_->HasLostRequests() ? State::kUnusable : State::kReady;
  return absl::OkStatus();
}

absl::Status KafkaWriter::Conclude(const rd_kafka_error_t* error, std::string_view what) {
  absl::Status status = KafkaStatus(error, what);
  if (rd_kafka_error_txn_requires_abort(error)) {
    return RollBack(delivery_error_.ok() ? status : delivery_error_);
  }
  ServeEvents();
  if (rd_kafka_error_is_fatal(error)) {
    // Fenced behind a request without an answer: that one may have been the commit, and have worked.
    if (absl::IsAborted(status) && client_->HasLostRequests()) status = absl::UnavailableError(status.message());
    return Unusable(status);
  }
  return Unusable(client_->Explain(absl::UnavailableError(status.message())));
}

absl::Status KafkaWriter::RollBack(const absl::Status& cause) {
  absl::Status status = Abort();
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat(cause.message(), "; then: ", status.message()));
  }
  return absl::AbortedError(cause.message());
}

absl::Status KafkaWriter::Abort() {
  if (state_ != State::kOpen) return absl::FailedPreconditionError("kafka: no transaction is open");
  // Those that an abort catches under way are lost requests: they may arrive behind it.
  AwaitProduced();
  KafkaError error(rd_kafka_abort_transaction(client_->get(), KafkaMilliseconds(timeout_)));
  ServeEvents();
  delivery_error_ = absl::OkStatus();
  if (error == nullptr) {
    state_ = client_->HasLostRequests() ? State::kUnusable : State::kReady;
    return absl::OkStatus();
  }
  absl::Status status = KafkaStatus(error.get(), "kafka: aborting");
  // INVALID_TXN_STATE: the coordinator was still writing the markers of the transaction before and knows nothing of
  // this one. Nothing of it can become visible, but librdkafka calls it fatal.
  const bool is_known = rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
  if (rd_kafka_error_is_fatal(error.get()) && is_known) return Unusable(status);
  return Unusable(client_->Explain(absl::UnavailableError(status.message())));
}

}  // namespace tocsin
