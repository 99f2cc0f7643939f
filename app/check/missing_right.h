// What to say of a right that a client lacks: who may not do what on which resource, and the command that grants it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_inspector.h"

namespace tocsin {

enum class KafkaResource : uint8_t {
  kTopic,
  kGroup,
  kTransactionalIds,  // all that begin with the name
  kCluster,           // without a name
};

// By what a cluster knows this client: "User:" and the name that it logs in with, "User:ANONYMOUS" if it does not.
// Empty where only the cluster can tell: certificates, Kerberos, tokens.
std::string KafkaPrincipal(const KafkaProperties& properties);

// "User:tocsin may not READ topic posts; grant it: kafka-acls.sh --bootstrap-server ... --topic posts"
std::string MissingRight(const KafkaProperties& properties, KafkaResource resource, std::string_view name,
                         KafkaRight right);

}  // namespace tocsin
