#include "engine/log/kafka/kafka_partition_list.h"

namespace tocsin {

KafkaPartitions ListOfPartitions(absl::Span<const TopicPartition> partitions) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const TopicPartition& partition : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition);
  }
  return list;
}

KafkaPartitions ListOfOffsets(rd_kafka_t* client, absl::Span<const ConsumedOffset> offsets) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const ConsumedOffset& offset : offsets) {
    rd_kafka_topic_partition_t* element =
        rd_kafka_topic_partition_list_add(list.get(), offset.partition.topic.c_str(), offset.partition.partition);
    element->offset = offset.next_offset;
    if (offset.metadata.empty()) continue;
    // Freed by librdkafka together with the list, so it must come from its allocator.
    element->metadata_size = offset.metadata.size();
    element->metadata = rd_kafka_mem_malloc(client, element->metadata_size + 1);
    offset.metadata.copy(static_cast<char*>(element->metadata), element->metadata_size);
    static_cast<char*>(element->metadata)[element->metadata_size] = '\0';
  }
  return list;
}

}  // namespace tocsin
