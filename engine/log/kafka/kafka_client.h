// One librdkafka instance with its callbacks, and what it has said of its brokers.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/kafka/kafka_options.h"

namespace tocsin {

// As librdkafka takes time-outs.
inline int KafkaMilliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

// Called in the thread that polls the client.
struct KafkaHooks {
  // Does not have to answer with rd_kafka_assign at once; librdkafka waits until somebody does.
  std::function<void(rd_kafka_resp_err_t event, const rd_kafka_topic_partition_list_t& partitions)> rebalance;
  // librdkafka's statistics as JSON, every statistics.interval.ms. May be empty: then none are made.
  std::function<void(std::string_view json)> statistics;
  // Only failed deliveries.
  std::function<void(const rd_kafka_message_t& message)> delivery;
};

// The hooks and Status functions belong to the thread that polls; the rest is thread-safe.
class KafkaClient {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaClient>> Create(KafkaRole role, const KafkaOptions& options,
                                                             const KafkaProperties& identity, KafkaHooks hooks);
  // Blocks until librdkafka's threads have ended. Leaves no group and ends no transaction.
  ~KafkaClient();

  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* get() const { return client_; }

  // Whether a request of a transaction (produce, add partitions or offsets, commit offsets, end) was ever given up
  // without an answer: a lost connection, a time-out. It may still reach the broker, whatever librdkafka's retry of it
  // brought.
  bool HasLostRequests() const { return lost_.load(); }

  // Produce requests under way. For writers.
  int64_t ProduceInFlight() const { return produce_sent_.load() - produce_answered_.load(); }

  // Not OK once librdkafka has raised a fatal error, after which this client is of no use.
  absl::Status FatalStatus() const;

  // The last refusal of credentials since the last call, if any; librdkafka goes on trying, so this is not final.
  absl::Status TakeAuthenticationError();

  // "<message>; last broker error: ..." for time-outs, whose cause librdkafka tells elsewhere.
  absl::Status Explain(const absl::Status& status) const;

  void Log(KafkaLogLevel level, std::string_view text) const;

 private:
  KafkaClient(const KafkaOptions& options, KafkaHooks hooks) : log_(options.log), hooks_(std::move(hooks)) {}

  static void OnLog(const rd_kafka_t* client, int level, const char* facility, const char* text);
  static void OnError(rd_kafka_t* client, int error, const char* reason, void* opaque);
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* partitions,
                          void* opaque);
  static int OnStatistics(rd_kafka_t* client, char* json, size_t size, void* opaque);
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  static rd_kafka_resp_err_t OnNew(rd_kafka_t* client, const rd_kafka_conf_t* conf, void* opaque, char* text,
                                   size_t text_size);
  static rd_kafka_resp_err_t OnRequestSent(rd_kafka_t* client, int socket, const char* broker, int32_t broker_id,
                                           int16_t api_key, int16_t api_version, int32_t correlation_id, size_t size,
                                           void* opaque);
  static rd_kafka_resp_err_t OnResponse(rd_kafka_t* client, int socket, const char* broker, int32_t broker_id,
                                        int16_t api_key, int16_t api_version, int32_t correlation_id, size_t size,
                                        int64_t round_trip, rd_kafka_resp_err_t error, void* opaque);

  // Constant after construction.
  std::function<void(KafkaLogLevel, std::string_view)> log_;
  KafkaHooks hooks_;
  rd_kafka_t* client_ = nullptr;

  std::atomic<bool> lost_ = false;
  std::atomic<int64_t> produce_sent_ = 0;
  std::atomic<int64_t> produce_answered_ = 0;
  mutable absl::Mutex mu_;
  std::string last_broker_error_ ABSL_GUARDED_BY(mu_);
  absl::Status authentication_error_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tocsin
