// How to reach a Kafka cluster, and the bounds within which its clients live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace tocsin {

enum class KafkaLogLevel : uint8_t { kError, kWarning, kInfo, kDebug };

struct KafkaOptions {
  // librdkafka's configuration properties in the user's order, passed on as they are; a later one wins over an earlier
  // one, and all win over the defaults of kafka_config.cc. Those on which correctness rests are refused.
  std::vector<std::pair<std::string, std::string>> properties;

  // Bound of the records that one reader holds, all partitions together, in uncompressed bytes: queued, in the response
  // that is on its way, and of the last poll. Counts on one broker at a time and on records that compress to a tenth
  // at best; a response has at least a megabyte, see kafka_config.cc. queued.max.messages.kbytes and fetch.max.bytes
  // override.
  int64_t queue_bytes = int64_t{6} << 20;

  // Most records that one Poll delivers; it stops earlier at a quarter of queue_bytes, give or take 256 records.
  size_t poll_records = 4096;

  // Bound of every request that must be answered before work can begin: metadata, committed offsets (which wait for
  // other members' open transactions), initialisation of transactions.
  absl::Duration open_timeout = absl::Seconds(40);

  // transaction.timeout.ms: after this time without an end the broker aborts a transaction. Every call that ends one is
  // given up earlier, at four fifths of it.
  absl::Duration transaction_timeout = absl::Seconds(10);

  // Receives what librdkafka logs, and broker errors that it goes on retrying. Called from librdkafka's threads,
  // several at once: must be thread-safe and must not block. Never contains the value of a secret property.
  std::function<void(KafkaLogLevel, std::string_view)> log;
};

}  // namespace tocsin
