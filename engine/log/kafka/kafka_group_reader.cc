#include "engine/log/kafka/kafka_group_reader.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"
#include "engine/log/kafka/kafka_group_offsets.h"
#include "engine/log/kafka/kafka_partition_list.h"
#include "engine/log/kafka/kafka_partition_reader.h"

namespace tocsin {
namespace {

// What the client holds that was fetched: the largest "fetchq_size" in librdkafka's statistics, which name no key twice
// and escape quotes in names. All partitions that are read share the consumer's queue, and for each of them librdkafka
// gives the size of that whole queue (rd_kafka_q_size follows where a queue is forwarded to).
int64_t FetchedBytes(std::string_view statistics) {
  constexpr std::string_view kKey = "\"fetchq_size\":";
  int64_t bytes = 0;
  for (size_t at = statistics.find(kKey); at != std::string_view::npos; at = statistics.find(kKey, at)) {
    at += kKey.size();
    while (at < statistics.size() && statistics[at] == ' ') ++at;
    int64_t partition_bytes = 0;
    if (std::from_chars(statistics.data() + at, statistics.data() + statistics.size(), partition_bytes).ec ==
        std::errc()) {
      bytes = std::max(bytes, partition_bytes);
    }
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KafkaGroupReader>> KafkaGroupReader::Create(const KafkaOptions& options,
                                                                           const Log::GroupOptions& group) {
  if (group.group.empty()) return absl::InvalidArgumentError("kafka: a group reader needs a group");
  if (group.topics.empty()) return absl::InvalidArgumentError("kafka: a group reader needs topics");
  KafkaProperties identity = {{"group.id", group.group}};
  if (!group.member.empty()) identity.emplace_back("group.instance.id", group.member);

  std::unique_ptr<KafkaGroupReader> reader(new KafkaGroupReader(options));
  KafkaGroupReader* self = reader.get();
  KafkaHooks hooks;
  hooks.rebalance = [self](rd_kafka_resp_err_t event, const rd_kafka_topic_partition_list_t& partitions) {
    self->OnRebalance(event, partitions);
  };
  hooks.statistics = [self](std::string_view json) { self->queued_bytes_ = FetchedBytes(json); };
  absl::StatusOr<std::unique_ptr<KafkaClient>> client =
      KafkaClient::Create(KafkaRole::kGroupReader, options, identity, std::move(hooks));
  if (!client.ok()) return client.status();
  reader->client_ = *std::move(client);
  rd_kafka_t* handle = reader->client_->get();
  rd_kafka_poll_set_consumer(handle);
  reader->queue_.reset(rd_kafka_queue_get_consumer(handle));

  KafkaPartitions topics(rd_kafka_topic_partition_list_new(static_cast<int>(group.topics.size())));
  for (const std::string& topic : group.topics) {
    rd_kafka_topic_partition_list_add(topics.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  absl::Status status = KafkaStatus(rd_kafka_subscribe(handle, topics.get()), "kafka: subscribing");
  if (!status.ok()) return status;
  return reader;
}

KafkaGroupReader::~KafkaGroupReader() {
  LeaveGroup();
  batches_.Unassign();
  queue_.reset();
  client_.reset();
}

absl::Status KafkaGroupReader::Poll(absl::Duration max_wait, AssignmentListener& listener,
                                    std::vector<RecordBatch>* batches) {
  batches->clear();
  if (closing_) return absl::FailedPreconditionError("kafka: polled after Close");
  if (!failure_.ok()) return failure_;
  batches_.Fetch(queue_.get(), max_wait, &interrupted_);
  if (interrupted_) {
    batches_.Clear();
    return Fail(ApplyRebalances(listener));
  }
  absl::Status status = batches_.Sort(*client_, batches);
  if (status.ok()) status = client_->FatalStatus();
  if (status.ok()) status = client_->TakeAuthenticationError();
  if (!status.ok()) batches->clear();
  return Fail(std::move(status));
}

absl::Status KafkaGroupReader::Fail(absl::Status status) {
  if (!status.ok()) failure_ = status;
  return status;
}

void KafkaGroupReader::OnRebalance(rd_kafka_resp_err_t event, const rd_kafka_topic_partition_list_t& partitions) {
  if (closing_) {  // within rd_kafka_consumer_close; the listener has been told
    rd_kafka_assign(client_->get(), nullptr);
    return;
  }
  Rebalance rebalance;
  rebalance.assigns = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  if (rebalance.assigns) {
    for (int i = 0; i < partitions.cnt; ++i) {
      rebalance.partitions.push_back({partitions.elems[i].topic, partitions.elems[i].partition});
    }
  } else if (event != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    client_->Log(KafkaLogLevel::kWarning, KafkaStatus(event, "kafka: rebalance").message());
  }
  rebalances_.push_back(std::move(rebalance));
  interrupted_ = true;
}

absl::Status KafkaGroupReader::ApplyRebalances(AssignmentListener& listener) {
  std::vector<Rebalance> rebalances = std::exchange(rebalances_, {});
  interrupted_ = false;
  for (const Rebalance& rebalance : rebalances) {
    absl::Status status = rebalance.assigns ? Assign(rebalance.partitions, listener) : Revoke(listener);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void KafkaGroupReader::TakeBack(AssignmentListener& listener, bool lost) {
  // The generation is good for one last commit while the listener is told.
  if (std::exchange(assigned_, false)) listener.OnRevoked(lost);
  generation_ = GroupGeneration();
  batches_.Unassign();
}

absl::Status KafkaGroupReader::Revoke(AssignmentListener& listener) {
  TakeBack(listener, rd_kafka_assignment_lost(client_->get()) != 0);
  return KafkaStatus(rd_kafka_assign(client_->get(), nullptr), "kafka: giving partitions up");
}

absl::Status KafkaGroupReader::Assign(const std::vector<TopicPartition>& partitions, AssignmentListener& listener) {
  // A new assignment may come without the old one having been taken back (seen when a topic gained partitions). What
  // was read under the old one and not committed will be read again.
  TakeBack(listener, /*lost=*/true);
  absl::StatusOr<std::vector<AssignedPartition>> committed =
      AskCommittedOffsets(*client_, options_.open_timeout, partitions);
  if (!committed.ok()) return committed.status();
  absl::StatusOr<std::vector<StartPosition>> starts = listener.OnAssigned(*committed);
  if (!starts.ok()) return starts.status();
  if (starts->size() != partitions.size()) {
    return absl::InternalError(absl::StrCat("kafka: not a start for each partition: starts=", starts->size(),
                                            " partitions=", partitions.size()));
  }
  assigned_ = true;
  std::vector<Offset> positions;
  KafkaPartitions list = ListOfPartitions(partitions);
  for (size_t i = 0; i < partitions.size(); ++i) {
    absl::StatusOr<Offset> position = Resolve(partitions[i], (*starts)[i]);
    if (!position.ok()) return position.status();
    positions.push_back(*position);
    list->elems[i].offset = *position;
  }
  absl::Status status = KafkaStatus(rd_kafka_assign(client_->get(), list.get()), "kafka: taking partitions");
  if (!status.ok()) return status;
  batches_.Assign(partitions, positions);
  rd_kafka_consumer_group_metadata_t* metadata = rd_kafka_consumer_group_metadata(client_->get());
  generation_ = GroupGeneration(std::shared_ptr<const void>(metadata, [](const void* token) {
    if (token == nullptr) return;
    rd_kafka_consumer_group_metadata_destroy(
        static_cast<rd_kafka_consumer_group_metadata_t*>(const_cast<void*>(token)));
  }));
  return absl::OkStatus();
}

absl::StatusOr<Offset> KafkaGroupReader::Resolve(const TopicPartition& partition, const StartPosition& start) {
  if (start.kind == StartPosition::Kind::kOffset) return start.offset;
  return ResolveKafkaStart(*client_, partition, start.kind, options_.open_timeout);
}

absl::Status KafkaGroupReader::CheckSlot(int32_t slot) const {
  if (slot >= 0 && static_cast<size_t>(slot) < batches_.slot_count()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("kafka: not a slot of the assignment: slot=", slot));
}

absl::Status KafkaGroupReader::Pause(int32_t slot) {
  absl::Status status = CheckSlot(slot);
  if (!status.ok()) return status;
  KafkaPartitions list = ListOfPartitions({batches_.partition(static_cast<size_t>(slot))});
  return KafkaStatus(rd_kafka_pause_partitions(client_->get(), list.get()), "kafka: pausing");
}

// Pausing dropped what was queued, and librdkafka 2.8.0 would resume one record too far behind an end of the partition:
// so it is told where to go on.
absl::Status KafkaGroupReader::Resume(int32_t slot) {
  absl::Status status = CheckSlot(slot);
  if (!status.ok()) return status;
  const auto index = static_cast<size_t>(slot);
  KafkaPartitions list = ListOfPartitions({batches_.partition(index)});
  list->elems[0].offset = batches_.position(index);
  KafkaError error(rd_kafka_seek_partitions(client_->get(), list.get(), KafkaMilliseconds(options_.open_timeout)));
  status = KafkaStatus(error.get(), "kafka: resuming");
  if (status.ok()) status = KafkaStatus(list->elems[0].err, "kafka: resuming");
  if (!status.ok()) return status;
  return KafkaStatus(rd_kafka_resume_partitions(client_->get(), list.get()), "kafka: resuming");
}

int64_t KafkaGroupReader::Lag(int32_t slot) const {
  if (!CheckSlot(slot).ok()) return -1;
  const TopicPartition& partition = batches_.partition(static_cast<size_t>(slot));
  int64_t low = 0;
  int64_t high = 0;
  const rd_kafka_resp_err_t error =
      rd_kafka_get_watermark_offsets(client_->get(), partition.topic.c_str(), partition.partition, &low, &high);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return -1;
  return std::max<int64_t>(0, high - batches_.position(static_cast<size_t>(slot)));
}

absl::Status KafkaGroupReader::Close(AssignmentListener& listener) {
  if (closing_) return absl::OkStatus();
  if (std::exchange(assigned_, false)) listener.OnRevoked(rd_kafka_assignment_lost(client_->get()) != 0);
  LeaveGroup();
  return absl::OkStatus();
}

void KafkaGroupReader::LeaveGroup() {
  if (closing_ || client_ == nullptr) return;
  closing_ = true;
  generation_ = GroupGeneration();
  batches_.Unassign();
  const rd_kafka_resp_err_t error = rd_kafka_consumer_close(client_->get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    client_->Log(KafkaLogLevel::kWarning, KafkaStatus(error, "kafka: leaving the group").message());
  }
}

}  // namespace tocsin
