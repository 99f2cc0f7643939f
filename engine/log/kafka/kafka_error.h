// Maps librdkafka's errors to Status.
//
// | code               | meaning here                                                  | cure |
// |--------------------|---------------------------------------------------------------|-------------------------------|
// | Unavailable        | broker, coordinator or connection away, or a request too late | open anew with back-off | |
// Aborted            | fenced, old generation, member unknown, transaction rolled    | drop the work and reload      |
// |                    | back                                                          | | | OutOfRange         | an
// offset that the log does not hold                          | an operator decides           | | NotFound           |
// topic, partition, group or broker does not exist              | create it, or fix the name    | | PermissionDenied |
// authentication, TLS or authorisation                          | fix credentials or ACLs       | | InvalidArgument | a
// configuration or a record that can't be right               | fix it                        | | FailedPrecondition |
// calls in the wrong order, or a feature that the cluster lacks | fix the code or the cluster   | | AlreadyExists |
// topic or subscription exists                                  | mostly none                   | | ResourceExhausted
// | a queue, a quota or a size is full                            | wait                          | | DataLoss | bytes
// that can't be decoded, a truncated log                  | an operator decides           | | Internal           |
// everything that a correct client never sees, and all fatal    | open anew; report             |
#pragma once

#include <librdkafka/rdkafka.h>

#include <string_view>

#include "absl/status/status.h"
#include "engine/log/kafka/kafka_handles.h"

namespace tocsin {

// Complete for librdkafka 2.8.0; codes of later versions are Internal.
absl::StatusCode KafkaStatusCode(rd_kafka_resp_err_t error);

// Whether the mapping of `error` is a decision and not the fallback.
bool IsKafkaErrorMapped(rd_kafka_resp_err_t error);

// OK for NO_ERROR; else "<what>: <detail or librdkafka's text> (<name of the error>)".
absl::Status KafkaStatus(rd_kafka_resp_err_t error, std::string_view what, std::string_view detail = "");

// The same for an error object; OK for null.
absl::Status KafkaStatus(const rd_kafka_error_t* error, std::string_view what);

// Network trouble that librdkafka goes on retrying by itself: worth a log line, not an error of a reader.
bool IsKafkaTransient(rd_kafka_resp_err_t error);

// Another client with the same transactional id or member name has taken over.
bool IsKafkaFenced(rd_kafka_resp_err_t error);

}  // namespace tocsin
