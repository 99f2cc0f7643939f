#include "engine/log/kafka/kafka_batches.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"

namespace tocsin {
namespace {

// librdkafka waits for the whole array to fill, so a wait is for one message, in slices: a rebalance that is served
// inside must not wait for the rest of the time.
constexpr absl::Duration kWaitSlice = absl::Milliseconds(20);

// After so many records their bytes are looked at.
constexpr size_t kTakenAtOnce = 256;

size_t Consume(rd_kafka_queue_t* queue, absl::Duration wait, rd_kafka_message_t** messages, size_t size) {
  const int wait_ms = KafkaMilliseconds(wait);
  const ssize_t count = rd_kafka_consume_batch_queue(queue, wait_ms, messages, size);
  return count < 0 ? 0 : static_cast<size_t>(count);
}

// What a producer says of the time (CreateTime) is believed up to so far ahead of our clock: else one producer's wrong
// date would vouch for the same wrong date in its record. Wide enough for a clock of ours that is slow.
constexpr int64_t kMaxAheadMs = 600'000;

Record RecordOf(const rd_kafka_message_t& message, int64_t now_ms) {
  Record record;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME) record.append_time_ms = timestamp;
  if (type == RD_KAFKA_TIMESTAMP_CREATE_TIME) record.append_time_ms = std::min(timestamp, now_ms + kMaxAheadMs);
  record.key = {static_cast<const char*>(message.key), message.key_len};
  record.value = {static_cast<const char*>(message.payload), message.len};
  record.has_value = message.payload != nullptr;
  return record;
}

}  // namespace

void KafkaBatches::Assign(const std::vector<TopicPartition>& partitions, const std::vector<Offset>& positions) {
  Clear();
  slots_.clear();
  slot_of_.clear();
  for (size_t i = 0; i < partitions.size(); ++i) {
    slot_of_.emplace(partitions[i], static_cast<int32_t>(i));
    slots_.push_back({partitions[i], positions[i], {}, false, false});
  }
}

void KafkaBatches::Clear() {
  for (size_t i = 0; i < count_; ++i) rd_kafka_message_destroy(messages_[i]);
  count_ = 0;
}

void KafkaBatches::Take(rd_kafka_queue_t* queue) {
  int64_t bytes = 0;
  size_t counted = 0;
  while (count_ < messages_.size()) {
    const size_t taken =
        Consume(queue, absl::ZeroDuration(), &messages_[count_], std::min(kTakenAtOnce, messages_.size() - count_));
    count_ += taken;
    for (; counted < count_; ++counted) bytes += static_cast<int64_t>(messages_[counted]->len);
    if (taken < kTakenAtOnce || bytes >= max_bytes_) return;
  }
}

void KafkaBatches::Fetch(rd_kafka_queue_t* queue, absl::Duration max_wait, const bool* interrupted) {
  Clear();
  Take(queue);
  absl::Duration left = max_wait;
  while (count_ == 0 && !*interrupted && left > absl::ZeroDuration()) {
    count_ = Consume(queue, std::min(left, kWaitSlice), messages_.data(), 1);
    left -= kWaitSlice;
    if (count_ == 1) Take(queue);
  }
}

int32_t KafkaBatches::FindSlot(const rd_kafka_message_t& message) const {
  if (message.rkt == nullptr) return -1;
  const auto found = slot_of_.find(TopicPartition{rd_kafka_topic_name(message.rkt), message.partition});
  return found == slot_of_.end() ? -1 : found->second;
}

absl::Status KafkaBatches::ErrorOf(const rd_kafka_message_t& message, const KafkaClient& client) const {
  const char* text = rd_kafka_message_errstr(&message);
  absl::Status status = KafkaStatus(message.err, "kafka: reading", text == nullptr ? "" : text);
  if (message.rkt != nullptr) {
    const int32_t slot = FindSlot(message);
    const Offset offset = slot < 0 ? message.offset : slots_[static_cast<size_t>(slot)].position;
    status = absl::Status(status.code(), absl::StrCat(status.message(), ": topic=", rd_kafka_topic_name(message.rkt),
                                                      " partition=", message.partition, " offset=", offset));
  }
  // A poll that came too late: the lost assignment is told by a rebalance, and librdkafka joins again by itself.
  if (IsKafkaTransient(message.err) || message.err == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) {
    client.Log(KafkaLogLevel::kWarning, status.message());
    return absl::OkStatus();
  }
  if (message.err == RD_KAFKA_RESP_ERR__FATAL) return client.FatalStatus();
  return status;
}

absl::Status KafkaBatches::Sort(const KafkaClient& client, std::vector<RecordBatch>* batches) {
  for (size_t i = 0; i < count_; ++i) {
    if (messages_[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR || messages_[i]->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
      continue;
    absl::Status status = ErrorOf(*messages_[i], client);
    if (!status.ok()) return status;
  }
  touched_.clear();
  const int64_t now_ms = absl::ToUnixMillis(clock_.Now());
  const rd_kafka_topic_t* last_topic = nullptr;
  int32_t last_partition = -1;
  Slot* slot = nullptr;
  for (size_t i = 0; i < count_; ++i) {
    const rd_kafka_message_t& message = *messages_[i];
    const bool is_end = message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR && !is_end) continue;
    if (message.rkt != last_topic || message.partition != last_partition) {
      last_topic = message.rkt;
      last_partition = message.partition;
      const int32_t found = FindSlot(message);
      slot = found < 0 ? nullptr : &slots_[static_cast<size_t>(found)];
      if (slot != nullptr && !slot->touched) {
        slot->touched = true;
        slot->at_end = false;
        slot->records.clear();
        touched_.push_back(found);
      }
    }
    if (slot == nullptr || message.offset < slot->position) continue;
    slot->at_end = is_end;
    if (is_end) {
      slot->position = message.offset;
    } else {
      slot->records.push_back(RecordOf(message, now_ms));
      slot->position = message.offset + 1;
    }
  }
  std::sort(touched_.begin(), touched_.end());
  for (const int32_t index : touched_) {
    Slot& batch = slots_[static_cast<size_t>(index)];
    batch.touched = false;
    if (batch.records.empty() && !batch.at_end) continue;
    batches->push_back({index, batch.records, batch.position, batch.at_end});
  }
  return absl::OkStatus();
}

}  // namespace tocsin
