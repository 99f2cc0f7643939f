#include "engine/log/kafka/kafka_admin.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_request.h"

namespace tocsin {
namespace {

using KafkaMetadata = std::unique_ptr<const rd_kafka_metadata_t, KafkaDeleter<rd_kafka_metadata_destroy>>;
using KafkaNewTopic = std::unique_ptr<rd_kafka_NewTopic_t, KafkaDeleter<rd_kafka_NewTopic_destroy>>;
using KafkaDeleteRecords = std::unique_ptr<rd_kafka_DeleteRecords_t, KafkaDeleter<rd_kafka_DeleteRecords_destroy>>;

std::string NameOf(const TopicPartition& partition) {
  return absl::StrCat("topic=", partition.topic, " partition=", partition.partition);
}

std::string NamesOf(const std::vector<const TopicSpec*>& topics) {
  const auto name = [](std::string* out, const TopicSpec* topic) { out->append(topic->name); };
  return absl::StrJoin(topics, ",", name);
}

absl::Status WithCode(absl::StatusCode code, const TopicSpec& topic, std::string_view text) {
  return absl::Status(code, absl::StrCat(text, ": topic=", topic.name));
}

absl::Status CheckCount(const TopicSpec& topic, int32_t count) {
  if (count == topic.partitions) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("kafka: the topic exists with another number of partitions: topic=",
                                                    topic.name, " partitions=", count, " wanted=", topic.partitions));
}

absl::StatusOr<KafkaNewTopic> MakeNewTopic(const TopicSpec& topic) {
  std::array<char, 512> text{};
  KafkaNewTopic made(
      rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication, text.data(), text.size()));
  if (made == nullptr) {
    return WithCode(absl::StatusCode::kInvalidArgument, topic, absl::StrCat("kafka: not a topic: ", text.data()));
  }
  for (const auto& [key, value] : topic.config) {
    absl::Status status =
        KafkaStatus(rd_kafka_NewTopic_set_config(made.get(), key.c_str(), value.c_str()), "kafka: topic configuration");
    if (!status.ok()) return status;
  }
  return made;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaAdmin>> KafkaAdmin::Create(const KafkaOptions& options) {
  absl::StatusOr<std::unique_ptr<KafkaClient>> client = KafkaClient::Create(KafkaRole::kAdmin, options, {}, {});
  if (!client.ok()) return client.status();
  return std::unique_ptr<KafkaAdmin>(new KafkaAdmin(options, *std::move(client)));
}

absl::StatusOr<int32_t> KafkaAdmin::PartitionCount(const std::string& topic) {
  KafkaTopic handle(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
  if (handle == nullptr) return KafkaStatus(rd_kafka_last_error(), absl::StrCat("kafka: topic=", topic));
  // A new topic without a leader yet, or a broker that has just come up.
  constexpr int kAttempts = 20;
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const rd_kafka_metadata_t* raw = nullptr;
    const rd_kafka_resp_err_t error = rd_kafka_metadata(client_->get(), 0, handle.get(), &raw, timeout_ms());
    KafkaMetadata metadata(raw);
    rd_kafka_poll(client_->get(), 0);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      absl::Status denied = client_->TakeAuthenticationError();
      if (!denied.ok()) return denied;
      return client_->Explain(KafkaStatus(error, absl::StrCat("kafka: metadata: topic=", topic)));
    }
    if (metadata->topic_cnt != 1) return absl::InternalError("kafka: metadata of another topic");
    const rd_kafka_metadata_topic_t& found = metadata->topics[0];
    if (found.err == RD_KAFKA_RESP_ERR_NO_ERROR && found.partition_cnt > 0) return found.partition_cnt;
    status = KafkaStatus(found.err == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE : found.err,
                         absl::StrCat("kafka: metadata: topic=", topic));
    if (!IsKafkaTransient(found.err) && found.err != RD_KAFKA_RESP_ERR_NO_ERROR) break;
    rd_kafka_poll(client_->get(), 100);
  }
  return status;
}

absl::StatusOr<KafkaEvent> KafkaAdmin::Ask(rd_kafka_admin_op_t operation, std::string_view what,
                                           absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send) {
  return AskKafka(client_.get(), timeout_, operation, what, send);
}

absl::StatusOr<OffsetRange> KafkaAdmin::Offsets(const TopicPartition& partition) {
  absl::StatusOr<OffsetRange> range = QueryKafkaOffsets(*client_, partition, timeout_, "kafka: offsets");
  rd_kafka_poll(client_->get(), 0);
  if (!range.ok()) return client_->Explain(range.status());
  return range;
}

absl::Status KafkaAdmin::EnsureTopics(absl::Span<const TopicSpec> topics, bool create) {
  std::vector<const TopicSpec*> missing;
  for (const TopicSpec& topic : topics) {
    absl::StatusOr<int32_t> count = PartitionCount(topic.name);
    if (absl::IsNotFound(count.status())) {
      missing.push_back(&topic);
      continue;
    }
    if (!count.ok()) return count.status();
    absl::Status status = CheckCount(topic, *count);
    if (!status.ok()) return status;
  }
  if (missing.empty()) return absl::OkStatus();
  if (!create) {
    return absl::NotFoundError(absl::StrCat("kafka: topics do not exist: topics=", NamesOf(missing)));
  }
  absl::Status status = CreateTopics(missing);
  if (!status.ok()) return status;
  for (const TopicSpec* topic : missing) {
    status = AwaitTopic(*topic);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The mock cluster names a controller that is none of its brokers; asking it would wait for all of the time-out.
bool KafkaAdmin::HasController(const std::string& topic) {
  constexpr int kControllerMs = 5000;
  const int32_t controller = rd_kafka_controllerid(client_->get(), std::min(kControllerMs, timeout_ms()));
  KafkaTopic handle(rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* raw = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client_->get(), 0, handle.get(), &raw, timeout_ms());
  KafkaMetadata metadata(raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
  for (int i = 0; i < metadata->broker_cnt; ++i) {
    if (metadata->brokers[i].id == controller) return true;
  }
  return false;
}

absl::Status KafkaAdmin::CreateTopics(const std::vector<const TopicSpec*>& topics) {
  if (!HasController(topics.front()->name)) {
    return client_->Explain(absl::UnavailableError(
        absl::StrCat("kafka: the cluster has no controller that could create topics: topics=", NamesOf(topics))));
  }
  std::vector<KafkaNewTopic> owned;
  std::vector<rd_kafka_NewTopic_t*> requested;
  for (const TopicSpec* topic : topics) {
    absl::StatusOr<KafkaNewTopic> made = MakeNewTopic(*topic);
    if (!made.ok()) return made.status();
    requested.push_back(made->get());
    owned.push_back(*std::move(made));
  }
  absl::StatusOr<KafkaEvent> event =
      Ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, "kafka: creating topics",
          [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
            rd_kafka_CreateTopics(client_->get(), requested.data(), requested.size(), options, queue);
          });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event->get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;  // another worker was quicker
    const char* text = rd_kafka_topic_result_error_string(results[i]);
    absl::Status status = KafkaStatus(error, "kafka: creating a topic", text == nullptr ? "" : text);
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat(status.message(), ": topic=", rd_kafka_topic_result_name(results[i])));
    }
  }
  return absl::OkStatus();
}

absl::Status KafkaAdmin::AwaitTopic(const TopicSpec& topic) {
  constexpr int kAttempts = 200;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    absl::StatusOr<int32_t> count = PartitionCount(topic.name);
    if (count.ok()) return CheckCount(topic, *count);
    if (!absl::IsNotFound(count.status())) return count.status();
    rd_kafka_poll(client_->get(), 50);
  }
  return WithCode(absl::StatusCode::kUnavailable, topic, "kafka: the topic was created but does not appear");
}

absl::Status KafkaAdmin::DeleteRecords(const TopicPartition& partition, Offset offset) {
  const std::string what = absl::StrCat("kafka: deleting records: ", NameOf(partition));
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = offset;
  KafkaDeleteRecords request(rd_kafka_DeleteRecords_new(list.get()));
  rd_kafka_DeleteRecords_t* requests[] = {request.get()};
  absl::StatusOr<KafkaEvent> event =
      Ask(RD_KAFKA_ADMIN_OP_DELETERECORDS, what, [&](rd_kafka_AdminOptions_t* options, rd_kafka_queue_t* queue) {
        rd_kafka_DeleteRecords(client_->get(), requests, 1, options, queue);
      });
  if (!event.ok()) return event.status();
  const rd_kafka_topic_partition_list_t* deleted =
      rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event->get()));
  return deleted->cnt == 1 ? KafkaStatus(deleted->elems[0].err, what) : absl::InternalError(what);
}

}  // namespace tocsin
