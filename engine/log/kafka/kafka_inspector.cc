#include "engine/log/kafka/kafka_inspector.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_request.h"

namespace tocsin {
namespace {

// librdkafka tells what it found out about the brokers' protocol in its log only, a line for each feature.
constexpr std::string_view kEnabling = "Enabling feature ";

using KafkaTopicNames = std::unique_ptr<rd_kafka_TopicCollection_t, KafkaDeleter<rd_kafka_TopicCollection_destroy>>;
using KafkaConfigResource = std::unique_ptr<rd_kafka_ConfigResource_t, KafkaDeleter<rd_kafka_ConfigResource_destroy>>;

KafkaRights RightsOf(const rd_kafka_AclOperation_t* operations, size_t count) {
  KafkaRights rights;
  for (size_t i = 0; i < count; ++i) {
    switch (operations[i]) {
      case RD_KAFKA_ACL_OPERATION_READ:
        rights.Add(KafkaRight::kRead);
        break;
      case RD_KAFKA_ACL_OPERATION_WRITE:
        rights.Add(KafkaRight::kWrite);
        break;
      case RD_KAFKA_ACL_OPERATION_CREATE:
        rights.Add(KafkaRight::kCreate);
        break;
      case RD_KAFKA_ACL_OPERATION_DESCRIBE:
        rights.Add(KafkaRight::kDescribe);
        break;
      case RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS:
        rights.Add(KafkaRight::kDescribeConfigs);
        break;
      case RD_KAFKA_ACL_OPERATION_IDEMPOTENT_WRITE:
        rights.Add(KafkaRight::kIdempotentWrite);
        break;
      default:  // what Tocsin never does
        break;
    }
  }
  return rights;
}

// Asks for the operations to be told too. The setter fails for requests that have none only.
void IncludeRights(rd_kafka_AdminOptions_t* options) {
  KafkaError ignored(rd_kafka_AdminOptions_set_include_authorized_operations(options, 1));
}

KafkaTopicInfo InfoOf(const rd_kafka_TopicDescription_t* topic) {
  KafkaTopicInfo info;
  info.name = rd_kafka_TopicDescription_name(topic);
  info.status = KafkaStatus(rd_kafka_TopicDescription_error(topic), "kafka: describing a topic");
  if (!info.status.ok()) return info;
  size_t count = 0;
  const rd_kafka_AclOperation_t* operations = rd_kafka_TopicDescription_authorized_operations(topic, &count);
  info.rights = RightsOf(operations, count);
  const rd_kafka_TopicPartitionInfo_t** partitions = rd_kafka_TopicDescription_partitions(topic, &count);
  info.partitions = static_cast<int32_t>(count);
  size_t replicas = std::numeric_limits<int32_t>::max();
  size_t in_sync = replicas;
  for (size_t i = 0; i < count; ++i) {
    size_t each = 0;
    std::ignore = rd_kafka_TopicPartitionInfo_replicas(partitions[i], &each);
    replicas = std::min(replicas, each);
    std::ignore = rd_kafka_TopicPartitionInfo_isr(partitions[i], &each);
    in_sync = std::min(in_sync, each);
    if (rd_kafka_TopicPartitionInfo_leader(partitions[i]) == nullptr) ++info.without_leader;
  }
  info.replicas = count == 0 ? 0 : static_cast<int32_t>(replicas);
  info.in_sync_replicas = count == 0 ? 0 : static_cast<int32_t>(in_sync);
  return info;
}

}  // namespace

std::string_view KafkaRightName(KafkaRight right) {
  switch (right) {
    case KafkaRight::kRead:
      return "READ";
    case KafkaRight::kWrite:
      return "WRITE";
    case KafkaRight::kCreate:
      return "CREATE";
    case KafkaRight::kDescribe:
      return "DESCRIBE";
    case KafkaRight::kDescribeConfigs:
      return "DESCRIBE_CONFIGS";
    case KafkaRight::kIdempotentWrite:
      return "IDEMPOTENT_WRITE";
  }
  return "";
}

struct KafkaInspector::Overheard {
  absl::Mutex mu;
  std::set<std::string> features ABSL_GUARDED_BY(mu);
};

absl::StatusOr<std::unique_ptr<KafkaInspector>> KafkaInspector::Create(const KafkaOptions& options) {
  std::unique_ptr<KafkaInspector> inspector(new KafkaInspector(options.open_timeout));
  inspector->overheard_ = std::make_shared<Overheard>();
  KafkaOptions own = options;
  own.properties.emplace_back("debug", "feature");
  own.log = [overheard = inspector->overheard_, log = options.log](KafkaLogLevel level, std::string_view text) {
    if (const size_t found = text.find(kEnabling); found != std::string_view::npos) {
      absl::MutexLock lock(&overheard->mu);
      overheard->features.emplace(text.substr(found + kEnabling.size()));
    }
    if (log && level != KafkaLogLevel::kDebug) log(level, text);
  };
  absl::StatusOr<std::unique_ptr<KafkaClient>> client = KafkaClient::Create(KafkaRole::kAdmin, own, {}, {});
  if (!client.ok()) return client.status();
  inspector->client_ = *std::move(client);
  return inspector;
}

absl::StatusOr<KafkaClusterInfo> KafkaInspector::Cluster() {
  absl::StatusOr<KafkaEvent> event = AskKafka(client_.get(), timeout_, RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
                                              "kafka: describing the cluster", [&](auto* options, auto* queue) {
                                                IncludeRights(options);
                                                rd_kafka_DescribeCluster(client_->get(), options, queue);
                                              });
  if (!event.ok()) {
    absl::Status denied = client_->TakeAuthenticationError();
    return denied.ok() ? event.status() : denied;
  }
  const rd_kafka_DescribeCluster_result_t* result = rd_kafka_event_DescribeCluster_result(event->get());
  KafkaClusterInfo info;
  if (const char* id = rd_kafka_DescribeCluster_result_cluster_id(result); id != nullptr) info.id = id;
  if (const rd_kafka_Node_t* node = rd_kafka_DescribeCluster_result_controller(result); node != nullptr) {
    info.controller = rd_kafka_Node_id(node);
  }
  size_t count = 0;
  const rd_kafka_Node_t** nodes = rd_kafka_DescribeCluster_result_nodes(result, &count);
  for (size_t i = 0; i < count; ++i) {
    info.brokers.push_back(
        absl::StrCat(rd_kafka_Node_id(nodes[i]), " ", rd_kafka_Node_host(nodes[i]), ":", rd_kafka_Node_port(nodes[i])));
  }
  const rd_kafka_AclOperation_t* operations = rd_kafka_DescribeCluster_result_authorized_operations(result, &count);
  info.rights = RightsOf(operations, count);
  absl::MutexLock lock(&overheard_->mu);
  info.features.assign(overheard_->features.begin(), overheard_->features.end());
  return info;
}

absl::StatusOr<std::vector<KafkaTopicInfo>> KafkaInspector::Topics(const std::vector<std::string>& names) {
  std::vector<KafkaTopicInfo> infos;
  if (names.empty()) return infos;
  std::vector<const char*> pointers;
  pointers.reserve(names.size());
  for (const std::string& name : names) pointers.push_back(name.c_str());
  KafkaTopicNames collection(rd_kafka_TopicCollection_of_topic_names(pointers.data(), pointers.size()));
  absl::StatusOr<KafkaEvent> event =
      AskKafka(client_.get(), timeout_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, "kafka: describing topics",
               [&](auto* options, auto* queue) {
                 IncludeRights(options);
                 rd_kafka_DescribeTopics(client_->get(), collection.get(), options, queue);
               });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_TopicDescription_t** topics =
      rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event->get()), &count);
  for (const std::string& name : names) {
    const auto* const found = std::find_if(
        topics, topics + count, [&name](const auto* topic) { return rd_kafka_TopicDescription_name(topic) == name; });
    if (found == topics + count) return absl::InternalError(absl::StrCat("kafka: no answer about a topic: ", name));
    KafkaTopicInfo& info = infos.emplace_back(InfoOf(*found));
    if (!info.status.ok()) continue;
    absl::StatusOr<std::map<std::string, std::string>> config = Config(RD_KAFKA_RESOURCE_TOPIC, name);
    if (config.ok()) {
      info.config = *std::move(config);
    } else if (!absl::IsPermissionDenied(config.status())) {
      return config.status();
    }
  }
  return infos;
}

absl::StatusOr<KafkaRights> KafkaInspector::Group(const std::string& group) {
  const char* names[] = {group.c_str()};
  absl::StatusOr<KafkaEvent> event =
      AskKafka(client_.get(), timeout_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, "kafka: describing a group",
               [&](auto* options, auto* queue) {
                 IncludeRights(options);
                 rd_kafka_DescribeConsumerGroups(client_->get(), names, 1, options, queue);
               });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ConsumerGroupDescription_t** groups =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
  if (count != 1) return absl::InternalError("kafka: describing a group: not one answer");
  const rd_kafka_error_t* error = rd_kafka_ConsumerGroupDescription_error(groups[0]);
  if (error != nullptr) return KafkaStatus(error, absl::StrCat("kafka: group=", group));
  const rd_kafka_AclOperation_t* operations =
      rd_kafka_ConsumerGroupDescription_authorized_operations(groups[0], &count);
  return RightsOf(operations, count);
}

absl::StatusOr<std::map<std::string, std::string>> KafkaInspector::BrokerConfig(int32_t broker) {
  return Config(RD_KAFKA_RESOURCE_BROKER, absl::StrCat(broker));
}

absl::StatusOr<std::map<std::string, std::string>> KafkaInspector::Config(rd_kafka_ResourceType_t type,
                                                                          const std::string& name) {
  KafkaConfigResource resource(rd_kafka_ConfigResource_new(type, name.c_str()));
  rd_kafka_ConfigResource_t* resources[] = {resource.get()};
  absl::StatusOr<KafkaEvent> event = AskKafka(
      client_.get(), timeout_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, "kafka: reading a configuration",
      [&](auto* options, auto* queue) { rd_kafka_DescribeConfigs(client_->get(), resources, 1, options, queue); });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ConfigResource_t** found =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event->get()), &count);
  if (count != 1) return absl::InternalError("kafka: reading a configuration: not one answer");
  absl::Status status =
      KafkaStatus(rd_kafka_ConfigResource_error(found[0]), absl::StrCat("kafka: configuration of ", name));
  if (!status.ok()) return status;
  std::map<std::string, std::string> values;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(found[0], &count);
  for (size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (value != nullptr) values.emplace(rd_kafka_ConfigEntry_name(entries[i]), value);
  }
  return values;
}

absl::StatusOr<Offset> KafkaInspector::OffsetAt(const TopicPartition& partition, absl::Time time) {
  const std::string what = absl::StrCat("kafka: offset at a time: topic=", partition.topic);
  for (const int64_t spec : {absl::ToUnixMillis(time), int64_t{RD_KAFKA_OFFSET_SPEC_LATEST}}) {
    absl::StatusOr<Offset> offset = ListKafkaOffset(client_.get(), timeout_, partition, spec, what);
    if (!offset.ok() || *offset >= 0) return offset;
  }
  return absl::InternalError(absl::StrCat(what, ": the partition has no end"));
}

}  // namespace tocsin
