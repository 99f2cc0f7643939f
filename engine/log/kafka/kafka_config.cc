#include "engine/log/kafka/kafka_config.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// Each of these would break exactly-once, or is set per client by the log itself.
struct ReservedKey {
  std::string_view key;
  std::string_view why;
};

constexpr ReservedKey kReserved[] = {
    {"enable.auto.commit", "offsets are committed in the transaction of the output only"},
    {"auto.commit.enable", "offsets are committed in the transaction of the output only"},
    {"enable.auto.offset.store", "offsets are committed in the transaction of the output only"},
    {"isolation.level", "only committed records may be read"},
    {"auto.offset.reset", "a missing offset must be an error; use the start position of the source"},
    {"enable.partition.eof", "the ends of partitions are needed"},
    {"enable.idempotence", "writers are transactional"},
    {"transactional.id", "every worker has its own"},
    {"group.id", "every role has its own"},
    {"group.instance.id", "every worker has its own"},
    {"delivery.report.only.error", "writers need just the failed reports"},
    {"allow.auto.create.topics", "topics are created with their configuration or not at all"},
};

// Properties whose value is restricted instead of reserved.
absl::Status CheckRestricted(std::string_view key, std::string_view value) {
  if (key == "partition.assignment.strategy" && absl::StrContains(value, "cooperative")) {
    return absl::InvalidArgumentError(
        "kafka: only eager assignment is supported: partition.assignment.strategy may be range or roundrobin");
  }
  if (key == "group.protocol" && !absl::EqualsIgnoreCase(value, "classic")) {
    return absl::InvalidArgumentError("kafka: only the classic group protocol is supported: key=group.protocol");
  }
  return absl::OkStatus();
}

std::string Kilobytes(int64_t bytes) { return absl::StrCat(std::max<int64_t>(1, bytes / 1000)); }

// Defaults that differ from librdkafka's, with the reason.
void AddCommonDefaults(KafkaProperties& defaults) {
  defaults.emplace_back("client.id", "tocsin");
  defaults.emplace_back("socket.nagle.disable", "true");  // librdkafka's own default only from 2.10
  defaults.emplace_back("socket.keepalive.enable", "true");
  defaults.emplace_back("reconnect.backoff.ms", "50");
  defaults.emplace_back("reconnect.backoff.max.ms", "2000");
  defaults.emplace_back("log.connection.close", "false");  // brokers close idle connections all the time
  defaults.emplace_back("enable.metrics.push", "false");   // its farewell holds up every close by a second
  // How soon a partition added to a topic is noticed.
  defaults.emplace_back("topic.metadata.refresh.interval.ms", "30000");
}

// Memory of a reader, which is `queue_bytes` in all: the queue is shared by all partitions (the consumer queue is never
// split), and librdkafka stops asking when it holds a quarter. What is then on the wire is at most one response a
// broker; it lands on the queue whole, decompressed, and posts compress up to ten times, so a response has a
// thirty-second. A quarter is of the records that were polled last; librdkafka's own record of each takes the rest.
// What a response has of one partition is one hand-off to the thread that polls: a quarter of a response, so that one
// partition alone does not put ten megabytes on the queue at once. A response is a megabyte at least: below 32 MB, so
// by default too, four partitions or more can pass the bound by what that is when it is decompressed.
void AddReaderDefaults(const KafkaOptions& options, KafkaProperties& defaults) {
  constexpr int64_t kMinFetchBytes = int64_t{1} << 20;
  constexpr int64_t kMaxFetchBytes = int64_t{16} << 20;
  const int64_t fetch_bytes = std::clamp(options.queue_bytes / 32, kMinFetchBytes, kMaxFetchBytes);
  defaults.emplace_back("queued.max.messages.kbytes", Kilobytes(options.queue_bytes / 4));
  defaults.emplace_back("queued.min.messages", "100000");  // the bound in bytes is the one that binds
  defaults.emplace_back("fetch.max.bytes", absl::StrCat(fetch_bytes));
  defaults.emplace_back("max.partition.fetch.bytes", absl::StrCat(fetch_bytes / 4));
  defaults.emplace_back("receive.message.max.bytes", absl::StrCat(std::max<int64_t>(fetch_bytes * 2, 100'000'000)));
  defaults.emplace_back("message.max.bytes", "1000000");
  defaults.emplace_back("fetch.queue.backoff.ms", "5");  // 1000 would stall a partition whenever the queue is full
  defaults.emplace_back("fetch.error.backoff.ms", "100");
  // A request for idle partitions holds up those that are added or resumed meanwhile.
  defaults.emplace_back("fetch.wait.max.ms", "100");
}

void AddGroupDefaults(KafkaProperties& defaults) {
  // Eager: a commit during a cooperative rebalance can lose the assignment before librdkafka 2.10.
  defaults.emplace_back("partition.assignment.strategy", "range,roundrobin");
  defaults.emplace_back("statistics.interval.ms", "5000");  // says how much is queued
  defaults.emplace_back("session.timeout.ms", "10000");
  defaults.emplace_back("heartbeat.interval.ms", "1000");  // how soon a rebalance is noticed
}

void AddWriterDefaults(const KafkaOptions& options, KafkaProperties& defaults) {
  defaults.emplace_back("transaction.timeout.ms", absl::StrCat(absl::ToInt64Milliseconds(options.transaction_timeout)));
  defaults.emplace_back("retry.backoff.ms", "5");  // back-to-back transactions: 21-29 ms instead of 112 ms
  defaults.emplace_back("linger.ms", "5");
  defaults.emplace_back("compression.codec", "lz4");
  defaults.emplace_back("queue.buffering.max.kbytes", "32768");
  defaults.emplace_back("message.max.bytes", "1000000");
  defaults.emplace_back("statistics.interval.ms", "0");
}

KafkaProperties Defaults(KafkaRole role, const KafkaOptions& options) {
  KafkaProperties defaults;
  AddCommonDefaults(defaults);
  switch (role) {
    case KafkaRole::kGroupReader:
      AddReaderDefaults(options, defaults);
      AddGroupDefaults(defaults);
      break;
    case KafkaRole::kPartitionReader:
      AddReaderDefaults(options, defaults);
      break;
    case KafkaRole::kWriter:
      AddWriterDefaults(options, defaults);
      break;
    case KafkaRole::kAdmin:
      break;
  }
  return defaults;
}

KafkaProperties Enforced(KafkaRole role) {
  switch (role) {
    case KafkaRole::kGroupReader:
    case KafkaRole::kPartitionReader:
      return {{"isolation.level", "read_committed"}, {"enable.auto.commit", "false"},
              {"enable.auto.offset.store", "false"}, {"auto.offset.reset", "error"},
              {"enable.partition.eof", "true"},      {"allow.auto.create.topics", "false"}};
    case KafkaRole::kWriter:
      return {{"enable.idempotence", "true"}, {"delivery.report.only.error", "true"}};
    case KafkaRole::kAdmin:
      return {{"isolation.level", "read_uncommitted"},
              {"allow.auto.create.topics", "false"},
              {"enable.auto.commit", "false"}};
  }
  return {};
}

absl::Status Set(rd_kafka_conf_t* conf, const std::string& key, const std::string& value) {
  std::array<char, 512> text{};
  const rd_kafka_conf_res_t result = rd_kafka_conf_set(conf, key.c_str(), value.c_str(), text.data(), text.size());
  if (result == RD_KAFKA_CONF_OK) return absl::OkStatus();
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    return absl::InvalidArgumentError(absl::StrCat("kafka: not a property of librdkafka: key=", key));
  }
  if (IsSecretKafkaProperty(key)) {
    return absl::InvalidArgumentError(absl::StrCat("kafka: librdkafka refuses the value (not shown): key=", key));
  }
  return absl::InvalidArgumentError(absl::StrCat("kafka: ", text.data(), ": key=", key));
}

absl::Status SetAll(rd_kafka_conf_t* conf, const KafkaProperties& properties) {
  for (const auto& [key, value] : properties) {
    absl::Status status = Set(conf, key, value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckNotReserved(const KafkaProperties& properties) {
  for (const auto& [key, value] : properties) {
    for (const ReservedKey& reserved : kReserved) {
      if (key != reserved.key) continue;
      return absl::InvalidArgumentError(absl::StrCat("kafka: may not be set (", reserved.why, "): key=", key));
    }
    absl::Status status = CheckRestricted(key, value);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<KafkaConf> BuildKafkaConf(KafkaRole role, const KafkaOptions& options, const KafkaProperties& identity) {
  absl::Status status = CheckNotReserved(options.properties);
  if (!status.ok()) return status;
  KafkaConf conf(rd_kafka_conf_new());
  for (const KafkaProperties& properties : {Defaults(role, options), options.properties, Enforced(role), identity}) {
    status = SetAll(conf.get(), properties);
    if (!status.ok()) return status;
  }
  return conf;
}

bool IsSecretKafkaProperty(std::string_view key) {
  const std::string lower = absl::AsciiStrToLower(key);
  for (const std::string_view part : {"password", "secret", "token", "jaas", "oauthbearer.config", ".pem"}) {
    if (absl::StrContains(lower, part)) return true;
  }
  return absl::EndsWith(lower, ".key");
}

absl::StatusOr<absl::Duration> KafkaTransactionTimeout(const KafkaOptions& options) {
  absl::Duration timeout = options.transaction_timeout;
  for (const auto& [key, value] : options.properties) {
    if (key != "transaction.timeout.ms") continue;
    int64_t milliseconds = 0;
    if (!absl::SimpleAtoi(value, &milliseconds)) {
      return absl::InvalidArgumentError("kafka: not a number of milliseconds: key=transaction.timeout.ms");
    }
    timeout = absl::Milliseconds(milliseconds);
  }
  return timeout;
}

}  // namespace tocsin
