// What a MemoryLog, its readers and its writers share: topics, groups and transactions under one mutex.
//
// One mutex for all is enough: every call holds it for a batch, not for a record, but for Writer::Write, which copies
// the record under it. All methods that say so require `mu`; none calls out of the log while holding it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "engine/log/memory/consumer_group.h"
#include "engine/log/memory/fault_injector.h"
#include "engine/log/memory/memory_log.h"
#include "engine/log/memory/partition.h"

namespace tocsin::memory {

struct Topic {
  std::string name;
  std::vector<std::unique_ptr<Partition>> partitions;
  bool is_compacted = false;
  MemoryRetention retention;
  std::vector<std::string> trim_groups;  // empty: never trimmed by consumption
  uint32_t next_unkeyed = 0;             // where the next record without key and partition goes
};

// Who may write under one transactional id, and its open transaction.
struct Producer {
  struct Touched {
    Topic* topic;
    Partition* partition;
  };

  std::string transactional_id;
  ProducerId id = 0;
  int64_t epoch = 0;
  bool is_open = false;
  absl::Time deadline = absl::InfiniteFuture();
  std::vector<Touched> touched;
  std::vector<ConsumerGroup*> groups;  // that hold pending offsets of it
};

class Broker {
 public:
  Broker(Clock* clock, MemoryLogOptions options);

  const MemoryLogOptions& options() const { return options_; }
  Clock& clock() const { return *clock_; }

  // Asks the fault injector, if there is one. REQUIRES: `mu` is not held.
  absl::Status Fault(LogCall call, CallMoment moment, std::string_view actor = {}) const {
    if (options_.fault_injector == nullptr) [[likely]]
      return absl::OkStatus();
    return options_.fault_injector->OnCall(call, moment, actor);
  }

  // Reads the clock and settles what has expired by then: every call begins with it.
  absl::Time Settle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  // A member or transaction may expire at `deadline`.
  void ExpectDeadline(absl::Time deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  // Wakes the waiting Polls.
  void Notify() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) { changed.SignalAll(); }

  absl::StatusOr<Topic*> FindTopic(std::string_view name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  absl::StatusOr<Partition*> FindPartition(const TopicPartition& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  absl::Status EnsureTopic(const TopicSpec& spec, bool create) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  absl::Status AddPartitions(const std::string& topic, int32_t count, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  // By the hash of the key as librdkafka's default does it (CRC-32), in turn without a key.
  static int32_t ChoosePartition(const std::optional<std::string_view>& key, Topic* topic);

  ConsumerGroup& Group(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  absl::Status JoinGroup(const Log::GroupOptions& options, absl::Time now, std::string* member_id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Fences older writers and rolls back what they have left open.
  Producer& InitProducer(const std::string& transactional_id, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  absl::Status AppendTransactional(Producer* producer, Topic* topic, int32_t partition, RecordFields record,
                                   absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  void AddPendingOffsets(Producer* producer, const std::string& group, absl::Span<const ConsumedOffset> offsets,
                         absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  void EndTransaction(Producer* producer, bool commit, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  // Applies retention and compaction after something was appended.
  void Housekeep(const Topic& topic, Partition* partition, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  void CompactPartition(Partition* partition, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);
  void TrimConsumedRecords(const TopicPartition& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  absl::Status CheckSize(const std::optional<std::string_view>& key, const std::optional<std::string_view>& value,
                         absl::Span<const Header> headers) const;
  size_t HeldBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  mutable absl::Mutex mu;
  absl::CondVar changed;

 private:
  // The time-out of a transaction counts from the first thing that the broker hears of it.
  void StartDeadline(Producer* producer, absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu);

  Clock* const clock_;
  const MemoryLogOptions options_;

  absl::Time next_deadline_ ABSL_GUARDED_BY(mu) = absl::InfiniteFuture();
  absl::flat_hash_map<std::string, std::unique_ptr<Topic>> topics_
      ABSL_GUARDED_BY(mu);  // never iterated where order shows
  std::map<std::string, std::unique_ptr<ConsumerGroup>> groups_ ABSL_GUARDED_BY(mu);
  std::map<std::string, std::unique_ptr<Producer>> producers_ ABSL_GUARDED_BY(mu);
};

}  // namespace tocsin::memory
