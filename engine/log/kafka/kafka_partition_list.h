// librdkafka's partition lists, made of ours. Used by the classes of this folder only.
#pragma once

#include "absl/types/span.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/log.h"

namespace tocsin {

KafkaPartitions ListOfPartitions(absl::Span<const TopicPartition> partitions);

// With offsets and metadata, as they are committed.
KafkaPartitions ListOfOffsets(rd_kafka_t* client, absl::Span<const ConsumedOffset> offsets);

}  // namespace tocsin
