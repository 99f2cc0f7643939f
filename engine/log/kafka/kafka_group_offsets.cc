#include "engine/log/kafka/kafka_group_offsets.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_handles.h"
#include "engine/log/kafka/kafka_partition_list.h"

namespace tocsin {
namespace {

absl::StatusOr<std::unique_ptr<KafkaClient>> OpenOutsider(const KafkaOptions& options, const std::string& group) {
  return KafkaClient::Create(KafkaRole::kGroupReader, options, {{"group.id", group}}, {});
}

// Refused credentials are the error, if that is why there is no answer.
absl::StatusOr<std::vector<AssignedPartition>> AskAsOutsider(KafkaClient* client, const KafkaOptions& options,
                                                             absl::Span<const TopicPartition> partitions) {
  auto committed = AskCommittedOffsets(*client, options.open_timeout, partitions);
  rd_kafka_poll(client->get(), 0);
  if (absl::Status denied = client->TakeAuthenticationError(); !committed.ok() && !denied.ok()) return denied;
  return committed;
}

// The broker takes offsets from outside only for a group without members.
absl::Status SettingStatus(rd_kafka_resp_err_t error, const std::string& group) {
  const std::string what = absl::StrCat("kafka: setting offsets: group=", group);
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || error == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP) {
    return absl::FailedPreconditionError(
        absl::StrCat(what, ": the group has members: stop them all, and wait until their session time-out has passed"));
  }
  return KafkaStatus(error, what);
}

}  // namespace

absl::StatusOr<std::vector<AssignedPartition>> AskCommittedOffsets(const KafkaClient& client, absl::Duration timeout,
                                                                   absl::Span<const TopicPartition> partitions) {
  std::vector<AssignedPartition> result;
  if (partitions.empty()) return result;
  KafkaPartitions list = ListOfPartitions(partitions);
  absl::Status status =
      KafkaStatus(rd_kafka_committed(client.get(), list.get(), KafkaMilliseconds(timeout)), "kafka: committed offsets");
  if (!status.ok()) return client.Explain(status);
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& element = list->elems[i];
    status = KafkaStatus(element.err, "kafka: committed offset");
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), ": topic=", element.topic, " partition=", element.partition));
    }
    AssignedPartition assigned;
    assigned.partition = {element.topic, element.partition};
    if (element.offset >= 0) {
      assigned.committed = element.offset;
      assigned.metadata.assign(static_cast<const char*>(element.metadata), element.metadata_size);
    }
    result.push_back(std::move(assigned));
  }
  return result;
}

absl::StatusOr<std::vector<AssignedPartition>> GroupOffsets(const KafkaOptions& options, const std::string& group,
                                                            absl::Span<const TopicPartition> partitions) {
  if (partitions.empty()) return std::vector<AssignedPartition>();
  absl::StatusOr<std::unique_ptr<KafkaClient>> client = OpenOutsider(options, group);
  if (!client.ok()) return client.status();
  return AskAsOutsider(client->get(), options, partitions);
}

absl::Status SetGroupOffsets(const KafkaOptions& options, const std::string& group,
                             absl::Span<const ConsumedOffset> offsets) {
  absl::StatusOr<std::unique_ptr<KafkaClient>> client = OpenOutsider(options, group);
  if (!client.ok()) return client.status();
  // The coordinator has answered once when this returns, so that the commit does not wait for it without a limit.
  std::vector<TopicPartition> partitions;
  partitions.reserve(offsets.size());
  for (const ConsumedOffset& offset : offsets) partitions.push_back(offset.partition);
  const auto committed = AskAsOutsider(client->get(), options, partitions);
  if (!committed.ok()) return committed.status();
  KafkaPartitions list = ListOfOffsets((*client)->get(), offsets);
  KafkaQueue queue(rd_kafka_queue_new((*client)->get()));
  absl::Status status =
      SettingStatus(rd_kafka_commit_queue((*client)->get(), list.get(), queue.get(), nullptr, nullptr), group);
  if (!status.ok()) return status;
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), KafkaMilliseconds(options.open_timeout)));
  if (event == nullptr) {
    return (*client)->Explain(
        absl::UnavailableError(absl::StrCat("kafka: setting offsets: no answer in time: group=", group)));
  }
  status = SettingStatus(rd_kafka_event_error(event.get()), group);
  if (!status.ok()) return status;
  const rd_kafka_topic_partition_list_t* set = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; set != nullptr && i < set->cnt; ++i) {
    status = SettingStatus(set->elems[i].err, group);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tocsin
