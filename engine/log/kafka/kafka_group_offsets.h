// What a consumer group has committed, asked and set by somebody who is no member.
//
// By a consumer that never joins, as group readers do it: the admin API's requests to a group's coordinator are young
// in librdkafka and may crash a client whose connection breaks (its issue 4605, pull request 5397). With 2.8.0 a crash
// was seen here, and a test of it that never ended. Used by the classes of this folder only.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// What the client's own group has committed for these partitions, in their order. Waits for offsets of open
// transactions too, at most `timeout`.
absl::StatusOr<std::vector<AssignedPartition>> AskCommittedOffsets(const KafkaClient& client, absl::Duration timeout,
                                                                   absl::Span<const TopicPartition> partitions);

// The same of any group. Opens and closes a client: some milliseconds.
absl::StatusOr<std::vector<AssignedPartition>> GroupOffsets(const KafkaOptions& options, const std::string& group,
                                                            absl::Span<const TopicPartition> partitions);

// FailedPrecondition: the group has members.
absl::Status SetGroupOffsets(const KafkaOptions& options, const std::string& group,
                             absl::Span<const ConsumedOffset> offsets);

}  // namespace tocsin
