#include "app/check/missing_right.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// Of several the last counts, as for librdkafka.
std::string_view ValueOf(const KafkaProperties& properties, std::string_view key, std::string_view otherwise = "") {
  const auto last =
      std::find_if(properties.rbegin(), properties.rend(), [&](const auto& property) { return property.first == key; });
  return last == properties.rend() ? otherwise : std::string_view{last->second};
}

std::string_view Bootstrap(const KafkaProperties& properties) {
  return ValueOf(properties, "bootstrap.servers", ValueOf(properties, "metadata.broker.list", "HOST:PORT"));
}

}  // namespace

std::string KafkaPrincipal(const KafkaProperties& properties) {
  const std::string_view protocol = ValueOf(properties, "security.protocol", "plaintext");
  if (absl::EqualsIgnoreCase(protocol, "plaintext")) return "User:ANONYMOUS";
  if (absl::EqualsIgnoreCase(protocol, "ssl")) {
    const bool certified = !ValueOf(properties, "ssl.certificate.location").empty() ||
                           !ValueOf(properties, "ssl.certificate.pem").empty() ||
                           !ValueOf(properties, "ssl.keystore.location").empty();
    return certified ? "" : "User:ANONYMOUS";
  }
  const std::string_view mechanism =
      ValueOf(properties, "sasl.mechanism", ValueOf(properties, "sasl.mechanisms", "GSSAPI"));
  const bool by_name = absl::EqualsIgnoreCase(mechanism, "PLAIN") || absl::StartsWithIgnoreCase(mechanism, "SCRAM");
  const std::string_view user = ValueOf(properties, "sasl.username");
  return by_name && !user.empty() ? absl::StrCat("User:", user) : "";
}

std::string MissingRight(const KafkaProperties& properties, KafkaResource resource, std::string_view name,
                         KafkaRight right) {
  std::string of;
  std::string options;
  switch (resource) {
    case KafkaResource::kTopic:
      of = absl::StrCat("topic ", name);
      options = absl::StrCat("--topic '", name, "'");
      break;
    case KafkaResource::kGroup:
      of = absl::StrCat("group ", name);
      options = absl::StrCat("--group '", name, "'");
      break;
    case KafkaResource::kTransactionalIds:
      of = absl::StrCat("transactional ids ", name, "*");
      options = absl::StrCat("--resource-pattern-type prefixed --transactional-id '", name, "'");
      break;
    case KafkaResource::kCluster:
      of = "the cluster";
      options = "--cluster";
      break;
  }
  const std::string principal = KafkaPrincipal(properties);
  return absl::StrCat(principal.empty() ? "this client's principal" : principal, " may not ", KafkaRightName(right),
                      " ", of, "; grant it: kafka-acls.sh --bootstrap-server ", Bootstrap(properties),
                      " --add --allow-principal ", principal.empty() ? "PRINCIPAL" : principal, " --operation ",
                      KafkaRightName(right), " ", options);
}

}  // namespace tocsin
