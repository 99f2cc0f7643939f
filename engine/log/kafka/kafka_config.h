// From the user's properties to a librdkafka configuration: role by role defaults, then the user's, then what
// correctness demands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/kafka/kafka_options.h"

namespace tocsin {

enum class KafkaRole : uint8_t { kGroupReader, kPartitionReader, kWriter, kAdmin };

using KafkaProperties = std::vector<std::pair<std::string, std::string>>;

// `identity` are the properties that name this client (group.id, group.instance.id, transactional.id); they win over
// all. Returns InvalidArgument naming the key if a property is unknown, has a value that librdkafka refuses, or is
// reserved. The value of a secret is never part of a message.
absl::StatusOr<KafkaConf> BuildKafkaConf(KafkaRole role, const KafkaOptions& options, const KafkaProperties& identity);

// Whether the value of this property must never be shown: passwords, private keys, tokens.
bool IsSecretKafkaProperty(std::string_view key);

// transaction.timeout.ms as the user's properties have it, else as the options have it.
absl::StatusOr<absl::Duration> KafkaTransactionTimeout(const KafkaOptions& options);

}  // namespace tocsin
