#include "engine/log/kafka/kafka_log.h"

#include <librdkafka/rdkafka.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_group_offsets.h"
#include "engine/log/kafka/kafka_group_reader.h"
#include "engine/log/kafka/kafka_partition_reader.h"
#include "engine/log/kafka/kafka_writer.h"

namespace tocsin {

std::string KafkaVersion() { return rd_kafka_version_str(); }

absl::Status CheckKafkaFeatures() {
  std::array<char, 1024> text{};
  size_t size = text.size();
  KafkaConf conf(rd_kafka_conf_new());
  if (rd_kafka_conf_get(conf.get(), "builtin.features", text.data(), &size) != RD_KAFKA_CONF_OK) {
    return absl::InternalError("kafka: librdkafka does not tell its features");
  }
  const std::vector<std::string> features = absl::StrSplit(text.data(), ',');
  std::vector<std::string_view> missing;
  for (const std::string_view needed : {"ssl", "sasl_scram", "lz4", "zstd"}) {
    bool found = false;
    for (const std::string& feature : features) found = found || feature == needed;
    if (!found) missing.push_back(needed);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("kafka: librdkafka ", KafkaVersion(), " was built without ", absl::StrJoin(missing, ", ")));
}

absl::StatusOr<std::unique_ptr<KafkaLog>> KafkaLog::Create(const KafkaOptions& options) {
  for (const KafkaRole role : {KafkaRole::kGroupReader, KafkaRole::kPartitionReader, KafkaRole::kWriter}) {
    absl::StatusOr<KafkaConf> conf = BuildKafkaConf(role, options, {});
    if (!conf.ok()) return conf.status();
  }
  absl::StatusOr<std::unique_ptr<KafkaAdmin>> admin = KafkaAdmin::Create(options);
  if (!admin.ok()) return admin.status();
  return std::unique_ptr<KafkaLog>(new KafkaLog(options, *std::move(admin)));
}

absl::StatusOr<std::unique_ptr<GroupReader>> KafkaLog::OpenGroupReader(const GroupOptions& options) {
  return KafkaGroupReader::Create(options_, options);
}

absl::StatusOr<std::unique_ptr<PartitionReader>> KafkaLog::OpenPartitionReader(
    const std::vector<std::pair<TopicPartition, StartPosition>>& starts) {
  return KafkaPartitionReader::Create(options_, starts);
}

absl::StatusOr<std::unique_ptr<Writer>> KafkaLog::OpenWriter(const std::string& transactional_id) {
  return KafkaWriter::Create(options_, transactional_id,
                             [admin = admin_](const std::string& topic) { return admin->PartitionCount(topic); });
}

absl::StatusOr<int32_t> KafkaLog::PartitionCount(const std::string& topic) { return admin_->PartitionCount(topic); }

absl::StatusOr<OffsetRange> KafkaLog::Offsets(const TopicPartition& partition) { return admin_->Offsets(partition); }

absl::Status KafkaLog::EnsureTopics(absl::Span<const TopicSpec> topics, bool create) {
  return admin_->EnsureTopics(topics, create);
}

absl::StatusOr<std::vector<AssignedPartition>> KafkaLog::CommittedOffsets(
    const std::string& group, const std::vector<TopicPartition>& partitions) {
  return GroupOffsets(options_, group, partitions);
}

absl::Status KafkaLog::SetCommittedOffsets(const std::string& group, absl::Span<const ConsumedOffset> offsets) {
  return SetGroupOffsets(options_, group, offsets);
}

absl::Status KafkaLog::DeleteRecords(const TopicPartition& partition, Offset offset) {
  return admin_->DeleteRecords(partition, offset);
}

}  // namespace tocsin
