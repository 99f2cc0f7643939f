#include "engine/log/kafka/kafka_client.h"

#include <syslog.h>

#include <array>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"

namespace tocsin {
namespace {

KafkaLogLevel LevelOf(int syslog_level) {
  if (syslog_level <= LOG_ERR) return KafkaLogLevel::kError;
  if (syslog_level == LOG_WARNING) return KafkaLogLevel::kWarning;
  if (syslog_level <= LOG_INFO) return KafkaLogLevel::kInfo;
  return KafkaLogLevel::kDebug;
}

// The user's properties go to consumers and producers alike, so each gets some that concern the other.
bool IsAboutTheOtherRole(std::string_view text) {
  return absl::StrContains(text, "is a consumer property and will be ignored") ||
         absl::StrContains(text, "is a producer property and will be ignored");
}

// By the numbers of Kafka's protocol.
constexpr int16_t kProduce = 0;

bool IsOfATransaction(int16_t api_key) {
  constexpr int16_t kAddPartitionsToTxn = 24;
  constexpr int16_t kAddOffsetsToTxn = 25;
  constexpr int16_t kEndTxn = 26;
  constexpr int16_t kTxnOffsetCommit = 28;
  switch (api_key) {
    case kProduce:
    case kAddPartitionsToTxn:
    case kAddOffsetsToTxn:
    case kEndTxn:
    case kTxnOffsetCommit:
      return true;
    default:
      return false;
  }
}

constexpr char kInterceptor[] = "tocsin";

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaClient>> KafkaClient::Create(KafkaRole role, const KafkaOptions& options,
                                                                 const KafkaProperties& identity, KafkaHooks hooks) {
  absl::StatusOr<KafkaConf> conf = BuildKafkaConf(role, options, identity);
  if (!conf.ok()) return conf.status();
  std::unique_ptr<KafkaClient> client(new KafkaClient(options, std::move(hooks)));
  rd_kafka_conf_set_opaque(conf->get(), client.get());
  rd_kafka_conf_set_log_cb(conf->get(), &KafkaClient::OnLog);
  rd_kafka_conf_set_error_cb(conf->get(), &KafkaClient::OnError);
  const bool produces = role == KafkaRole::kWriter;
  if (produces) {
    rd_kafka_conf_set_dr_msg_cb(conf->get(), &KafkaClient::OnDelivery);
    absl::Status status =
        KafkaStatus(rd_kafka_conf_interceptor_add_on_new(conf->get(), kInterceptor, &KafkaClient::OnNew, client.get()),
                    "kafka: interceptor");
    if (!status.ok()) return status;
  }
  if (client->hooks_.statistics) rd_kafka_conf_set_stats_cb(conf->get(), &KafkaClient::OnStatistics);
  if (role == KafkaRole::kGroupReader) rd_kafka_conf_set_rebalance_cb(conf->get(), &KafkaClient::OnRebalance);

  std::array<char, 512> text{};
  rd_kafka_t* handle =
      rd_kafka_new(produces ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER, conf->get(), text.data(), text.size());
  if (handle == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("kafka: no client with this configuration: ", text.data()));
  }
  std::ignore = conf->release();  // owned by the client now
  client->client_ = handle;
  return client;
}

KafkaClient::~KafkaClient() {
  if (client_ == nullptr) return;
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

absl::Status KafkaClient::FatalStatus() const {
  std::array<char, 512> text{};
  const rd_kafka_resp_err_t error = rd_kafka_fatal_error(client_, text.data(), text.size());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  absl::Status status = KafkaStatus(error, "kafka: fatal", text.data());
  if (IsKafkaFenced(error)) return status;
  return absl::InternalError(status.message());
}

absl::Status KafkaClient::TakeAuthenticationError() {
  absl::MutexLock lock(&mu_);
  return std::exchange(authentication_error_, absl::OkStatus());
}

absl::Status KafkaClient::Explain(const absl::Status& status) const {
  if (status.ok()) return status;
  absl::MutexLock lock(&mu_);
  if (last_broker_error_.empty()) return status;
  return absl::Status(status.code(), absl::StrCat(status.message(), "; last broker error: ", last_broker_error_));
}

void KafkaClient::Log(KafkaLogLevel level, std::string_view text) const {
  if (log_) log_(level, text);
}

void KafkaClient::OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  const auto* self = static_cast<const KafkaClient*>(rd_kafka_opaque(client));
  if (self == nullptr || IsAboutTheOtherRole(text)) return;
  self->Log(LevelOf(level), absl::StrCat(facility, ": ", text));
}

void KafkaClient::OnError(rd_kafka_t* /*client*/, int error, const char* reason, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  const auto code = static_cast<rd_kafka_resp_err_t>(error);
  const absl::Status status = KafkaStatus(code, "kafka", reason);
  {
    absl::MutexLock lock(&self->mu_);
    // That all are down follows from what was said of each, and says less.
    const bool says_more = code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || self->last_broker_error_.empty();
    if (says_more) self->last_broker_error_ = std::string(status.message());
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && self->last_broker_error_ == status.message()) {
      self->last_broker_error_.append("; check bootstrap.servers, the network and security.protocol");
    }
    if (absl::IsPermissionDenied(status)) self->authentication_error_ = status;
  }
  self->Log(KafkaLogLevel::kWarning, status.message());
}

void KafkaClient::OnRebalance(rd_kafka_t* /*client*/, rd_kafka_resp_err_t event,
                              rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  static_cast<KafkaClient*>(opaque)->hooks_.rebalance(event, *partitions);
}

int KafkaClient::OnStatistics(rd_kafka_t* /*client*/, char* json, size_t size, void* opaque) {
  static_cast<KafkaClient*>(opaque)->hooks_.statistics(std::string_view(json, size));
  return 0;  // librdkafka frees it
}

void KafkaClient::OnDelivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* opaque) {
  static_cast<KafkaClient*>(opaque)->hooks_.delivery(*message);
}

rd_kafka_resp_err_t KafkaClient::OnNew(rd_kafka_t* client, const rd_kafka_conf_t* /*conf*/, void* opaque,
                                       char* /*text*/, size_t /*text_size*/) {
  const rd_kafka_resp_err_t error =
      rd_kafka_interceptor_add_on_request_sent(client, kInterceptor, &KafkaClient::OnRequestSent, opaque);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  return rd_kafka_interceptor_add_on_response_received(client, kInterceptor, &KafkaClient::OnResponse, opaque);
}

rd_kafka_resp_err_t KafkaClient::OnRequestSent(rd_kafka_t* /*client*/, int /*socket*/, const char* /*broker*/,
                                               int32_t /*broker_id*/, int16_t api_key, int16_t /*api_version*/,
                                               int32_t /*correlation_id*/, size_t /*size*/, void* opaque) {
  if (api_key == kProduce) static_cast<KafkaClient*>(opaque)->produce_sent_.fetch_add(1);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Also called, with an error, for requests that are given up; and twice for most requests other than produce.
rd_kafka_resp_err_t KafkaClient::OnResponse(rd_kafka_t* /*client*/, int /*socket*/, const char* /*broker*/,
                                            int32_t /*broker_id*/, int16_t api_key, int16_t /*api_version*/,
                                            int32_t /*correlation_id*/, size_t /*size*/, int64_t /*round_trip*/,
                                            rd_kafka_resp_err_t error, void* opaque) {
  auto* self = static_cast<KafkaClient*>(opaque);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (IsOfATransaction(api_key)) self->lost_.store(true);
  } else if (api_key == kProduce) {
    self->produce_answered_.fetch_add(1);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace tocsin
