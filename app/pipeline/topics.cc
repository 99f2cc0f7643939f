#include "app/pipeline/topics.h"

#include <utility>

#include "app/pipeline/topic_rows.inc"  // kTopicRows, made from deploy/topics.json

namespace tocsin {

absl::Span<const TopicRow> TopicTable() { return kTopicRows; }

std::vector<TopicSpec> TopicsOf(const Config& config) {
  const auto replication = static_cast<int16_t>(config.topics.replication);
  std::vector<TopicSpec> topics;
  topics.reserve(TopicTable().size());
  for (const TopicRow& row : TopicTable()) {
    TopicSpec& topic = topics.emplace_back();
    topic.name = config.topics.*row.name;
    topic.partitions = row.partitions == 0 ? config.topics.mentions_partitions : row.partitions;
    topic.replication = replication;
    for (const TopicSetting& setting : row.settings) topic.config.emplace_back(setting.key, setting.value);
  }
  return topics;
}

}  // namespace tocsin
