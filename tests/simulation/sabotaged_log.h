// A log as one worker sees it, counting what happens there and, if told to, breaking one rule of delivery on purpose.
//
// A simulation that finds nothing proves little unless it finds a fault that is known to be there. Each sabotage is a
// mistake that a client of a log can make; none can be switched on outside the tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/log.h"

namespace tocsin::simulation {

enum class Sabotage : uint8_t {
  kNone,
  kCommitBeforeFlush,     // offsets are committed in a transaction of their own, before the records
  kSkipFence,             // commits carry no group generation, and every writer has a transactional id of its own
  kApplyRepeat,           // detect counts a block that it had already (DetectTaskOptions)
  kResetOnMissingOffset,  // a lost answer about offsets is taken for "nothing committed": start at the end
  kLoseEventTime,         // recovery forgets up to which event time windows were evaluated (DetectTaskOptions)
};

// The name used on the command line; Parse returns false for another.
std::string_view SabotageName(Sabotage sabotage);
bool ParseSabotage(std::string_view name, Sabotage* sabotage);
inline constexpr Sabotage kSabotages[] = {Sabotage::kCommitBeforeFlush, Sabotage::kSkipFence, Sabotage::kApplyRepeat,
                                          Sabotage::kResetOnMissingOffset, Sabotage::kLoseEventTime};

struct LogStatistics {
  int64_t commits = 0;
  int64_t failed_commits = 0;       // rolled back, or unknown to the worker
  int64_t fences = 0;               // of these, refused since another had taken over
  int64_t open_transactions = 0;    // left open by a worker that was destroyed
  int64_t rebalances = 0;           // assignments given
  int64_t snapshot_recoveries = 0;  // partitions whose owner found a snapshot
};

class SabotagedLog : public Log {
 public:
  // `log`, `random` and `statistics` must outlive this. `wait` lets simulated time pass. Single-threaded.
  SabotagedLog(Log* log, Sabotage sabotage, std::string snapshots_topic, std::function<void(absl::Duration)> wait,
               std::mt19937_64* random, LogStatistics* statistics)
      : log_(log),
        sabotage_(sabotage),
        snapshots_topic_(std::move(snapshots_topic)),
        wait_(std::move(wait)),
        random_(random),
        statistics_(statistics) {}

  absl::StatusOr<std::unique_ptr<GroupReader>> OpenGroupReader(const GroupOptions& options) override;
  absl::StatusOr<std::unique_ptr<PartitionReader>> OpenPartitionReader(
      const std::vector<std::pair<TopicPartition, StartPosition>>& starts) override;
  absl::StatusOr<std::unique_ptr<Writer>> OpenWriter(const std::string& transactional_id) override;
  absl::StatusOr<int32_t> PartitionCount(const std::string& topic) override { return log_->PartitionCount(topic); }
  absl::StatusOr<OffsetRange> Offsets(const TopicPartition& partition) override { return log_->Offsets(partition); }
  absl::Status EnsureTopics(absl::Span<const TopicSpec> topics, bool create) override {
    return log_->EnsureTopics(topics, create);
  }
  absl::StatusOr<std::vector<AssignedPartition>> CommittedOffsets(
      const std::string& group, const std::vector<TopicPartition>& partitions) override {
    return log_->CommittedOffsets(group, partitions);
  }

 private:
  Log* const log_;
  const Sabotage sabotage_;
  const std::string snapshots_topic_;
  const std::function<void(absl::Duration)> wait_;
  std::mt19937_64* const random_;
  LogStatistics* const statistics_;
};

}  // namespace tocsin::simulation
