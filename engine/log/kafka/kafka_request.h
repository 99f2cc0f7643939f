// Requests and their answers. Used by the classes of this folder only.
#pragma once

#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/log.h"

namespace tocsin {

// One of the admin API: calls `send` and waits for the result, at most `timeout`. `what` begins the message of an
// error.
absl::StatusOr<KafkaEvent> AskKafka(KafkaClient* client, absl::Duration timeout, rd_kafka_admin_op_t operation,
                                    std::string_view what,
                                    absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send);

// The partition's offset that `spec` asks for: a Unix time in milliseconds, or RD_KAFKA_OFFSET_SPEC_EARLIEST or _LATEST
// (the high watermark, so that open transactions count). Negative when there is none: nothing is as new as that time.
// Asks again, for at most `timeout` in all, while the partition's leader moves or no broker answers.
absl::StatusOr<Offset> ListKafkaOffset(KafkaClient* client, absl::Duration timeout, const TopicPartition& partition,
                                       int64_t spec, std::string_view what);

// What a partition holds, to the end that the client's isolation.level lets it see. Asks again as ListKafkaOffset does.
// In preference to it: an admin request to a leader that is gone makes librdkafka (2.8.0) connect to it thousands of
// times a second, since every change of the broker's state has the request wake up and undo reconnect.backoff.ms.
// An error is not explained (KafkaClient::Explain): the caller has the client say first what it has heard, if it may
// poll it. NotFound, without asking again, for a partition that the metadata does not know or knows no leader of.
absl::StatusOr<OffsetRange> QueryKafkaOffsets(const KafkaClient& client, const TopicPartition& partition,
                                              absl::Duration timeout, std::string_view what);

}  // namespace tocsin
