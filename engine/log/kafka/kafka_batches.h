// Sorts the messages of one librdkafka poll into a RecordBatch per slot, without copying a byte of them.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/base/clock.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// Keeps each slot's position itself: librdkafka 2.8.0 moves its own by one at the end of a partition and at errors
// (mended in 2.13.2). Not thread-safe: belongs to the reader's thread. Messages live until the next Clear.
class KafkaBatches {
 public:
  explicit KafkaBatches(const KafkaOptions& options)
      : max_bytes_(options.queue_bytes / 4), messages_(options.poll_records) {}
  ~KafkaBatches() { Clear(); }

  KafkaBatches(const KafkaBatches&) = delete;
  KafkaBatches& operator=(const KafkaBatches&) = delete;

  // Forgets all slots and sets new ones at these positions.
  void Assign(const std::vector<TopicPartition>& partitions, const std::vector<Offset>& positions);
  void Unassign() { Assign({}, {}); }

  size_t slot_count() const { return slots_.size(); }
  const TopicPartition& partition(size_t slot) const { return slots_[slot].partition; }
  Offset position(size_t slot) const { return slots_[slot].position; }

  // Takes from `queue` what is there, waiting at most `max_wait` for a first message. Stops waiting early once
  // `*interrupted`, which callbacks inside may set, is true. The messages of the last call are gone.
  void Fetch(rd_kafka_queue_t* queue, absl::Duration max_wait, const bool* interrupted);

  // Destroys the messages.
  void Clear();

  // Appends a batch for every slot that has news, moves the positions behind it. Returns the first error that a message
  // stands for and that librdkafka does not retry; what came before and after it is delivered at the next poll or lost
  // with the reader, so that nothing is ever skipped.
  absl::Status Sort(const KafkaClient& client, std::vector<RecordBatch>* batches);

 private:
  struct Slot {
    TopicPartition partition;
    Offset position = 0;
    std::vector<Record> records;
    bool at_end = false;
    bool touched = false;
  };

  int32_t FindSlot(const rd_kafka_message_t& message) const;
  absl::Status ErrorOf(const rd_kafka_message_t& message, const KafkaClient& client) const;

  // Takes what is there, behind the first count_, up to either bound.
  void Take(rd_kafka_queue_t* queue);

  SystemClock clock_;
  const int64_t max_bytes_;
  std::vector<rd_kafka_message_t*> messages_;  // the first count_ are alive
  size_t count_ = 0;
  std::vector<Slot> slots_;
  absl::flat_hash_map<TopicPartition, int32_t> slot_of_;
  std::vector<int32_t> touched_;
};

}  // namespace tocsin
