// What an operator wants to know of a cluster before the service runs on it: who answers, what topics look like, what
// this client's principal may do. Changes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

enum class KafkaRight : uint8_t { kRead, kWrite, kCreate, kDescribe, kDescribeConfigs, kIdempotentWrite };
std::string_view KafkaRightName(KafkaRight right);  // "READ", as in ACLs

// Authorized operations of a resource. A cluster without an authorizer grants all.
class KafkaRights {
 public:
  void Add(KafkaRight right) { bits_ |= 1u << static_cast<unsigned>(right); }
  bool Has(KafkaRight right) const { return (bits_ >> static_cast<unsigned>(right) & 1u) != 0; }

 private:
  uint32_t bits_ = 0;
};

struct KafkaClusterInfo {
  std::string id;
  int32_t controller = -1;
  std::vector<std::string> brokers;  // "id host:port"
  KafkaRights rights;
  std::vector<std::string> features;  // of the protocol, as librdkafka found them; empty if it did not say
};

struct KafkaTopicInfo {
  std::string name;
  absl::Status status;  // NotFound: there is none; PermissionDenied: it may not be described
  int32_t partitions = 0;
  int32_t replicas = 0;          // least of its partitions
  int32_t in_sync_replicas = 0;  // likewise
  int32_t without_leader = 0;    // partitions
  KafkaRights rights;
  std::optional<std::map<std::string, std::string>> config;  // nullopt: may not be read
};

// Thread-safe; every call asks the cluster and waits for the answer, at most `open_timeout`.
class KafkaInspector {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaInspector>> Create(const KafkaOptions& options);

  absl::StatusOr<KafkaClusterInfo> Cluster();
  // In the order of `names`.
  absl::StatusOr<std::vector<KafkaTopicInfo>> Topics(const std::vector<std::string>& names);
  // PermissionDenied if the group may not even be described.
  absl::StatusOr<KafkaRights> Group(const std::string& group);
  // Configuration of one broker; PermissionDenied if it may not be read.
  absl::StatusOr<std::map<std::string, std::string>> BrokerConfig(int32_t broker);
  // First offset whose record was appended at or after `time`; the end if there is none.
  absl::StatusOr<Offset> OffsetAt(const TopicPartition& partition, absl::Time time);

 private:
  explicit KafkaInspector(absl::Duration timeout) : timeout_(timeout) {}

  absl::StatusOr<std::map<std::string, std::string>> Config(rd_kafka_ResourceType_t type, const std::string& name);

  struct Overheard;  // what librdkafka logs

  const absl::Duration timeout_;
  std::shared_ptr<Overheard> overheard_;
  std::unique_ptr<KafkaClient> client_;
};

}  // namespace tocsin
