// One consumer group of the in-memory log: members, generations, eager rebalancing, committed and pending offsets.
//
// A rebalance begins when a member joins, leaves or expires, or a topic gains partitions. Every member that holds an
// assignment must give it up (Revoked) before the next generation begins; members that hold none wait. Until then
// commits under the old generation are accepted, as in Kafka.
//
//     Join --> waiting --(all have rejoined: generation + 1)--> assigned --Accepted--> holding --(rebalance)--> Revoked
//     --> waiting
//
// Pure logic over times that are handed in; not thread-safe: the broker's mutex guards it. Deterministic: members are
// ordered by name.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "engine/log/log.h"
#include "engine/log/memory/memory_log.h"
#include "engine/log/memory/partition.h"

namespace tocsin::memory {

// What a GroupGeneration of this log points to.
struct GenerationToken {
  static constexpr int64_t kNone = -1;  // of a member that has not been given an assignment

  std::string group;
  std::string member_id;
  std::string instance;  // empty: dynamic
  int64_t generation = 0;
};

class ConsumerGroup {
 public:
  struct Options {
    AssignmentStrategy assignment = AssignmentStrategy::kRange;
    absl::Duration session_timeout;
    absl::Duration max_poll_interval;
  };

  // What a member has to do at its Poll.
  enum class Duty : uint8_t {
    kNone,    // go on with what it holds, or wait
    kRevoke,  // give up its assignment, then call Revoked
    kAccept,  // an assignment is ready: see Assignment, then call Accepted
    kRejoin,  // it was expelled: drop everything, Join again
    kFenced,  // another reader has come under its stable name
  };

  ConsumerGroup(std::string name, const Options& options) : name_(std::move(name)), options_(options) {}

  const std::string& name() const { return name_; }

  // The partition count of each topic read must be set before Join. A changed count rebalances.
  void SetPartitionCount(const std::string& topic, int32_t count, absl::Time now);

  // Returns the member's id. With a stable name that is known, takes that member's place: with its assignment and
  // without a rebalance if the group is at rest.
  std::string Join(const std::string& instance, const std::vector<std::string>& topics, absl::Time now);
  void Leave(const std::string& member_id, absl::Time now);
  // The member's reader is gone without leaving: it expires after the session time-out.
  void Silence(const std::string& member_id, absl::Time now);

  // Reports a sign of life; `instance` tells fenced from expelled.
  Duty Touch(const std::string& member_id, const std::string& instance, absl::Time now);
  void Revoked(const std::string& member_id, absl::Time now);
  const std::vector<TopicPartition>& Assignment(const std::string& member_id) const;
  void Accepted(const std::string& member_id);

  int64_t generation() const { return generation_; }

  // Aborted if the token is not that of a current member in the current generation.
  absl::Status Validate(const GenerationToken& token) const;

  // Expels members whose time is over, and ends a rebalance that has waited long enough.
  void Expire(absl::Time now);
  // When Expire next has something to do, at the earliest.
  absl::Time NextDeadline() const;

  struct CommittedOffset {
    Offset offset = 0;
    std::string metadata;
  };
  const CommittedOffset* Committed(const TopicPartition& partition) const;
  // An unfinished transaction holds a newer offset for it.
  bool IsUnstable(const TopicPartition& partition) const;
  void SetOffset(const TopicPartition& partition, Offset offset, std::string metadata);

  void AddPending(ProducerId producer, absl::Span<const ConsumedOffset> offsets);
  // Applies (commit) or drops what the producer has pending; returns the partitions whose offsets have changed.
  std::vector<TopicPartition> EndPending(ProducerId producer, bool commit);

 private:
  struct Member {
    std::string instance;
    std::vector<std::string> topics;
    std::vector<TopicPartition> assignment;
    bool holding = false;   // was given its assignment and has not given it up
    bool assigned = false;  // `assignment` is that of the current generation
    absl::Time last_poll;
    std::optional<absl::Time> silent_since;
  };
  using Members = std::map<std::string, Member>;  // by id

  void StartRebalance(absl::Time now);
  void CompleteIfAllRejoined(absl::Time now);
  void AssignAll();
  void AssignRange(const std::vector<std::pair<std::string, Member*>>& members);
  void AssignRoundRobin(const std::vector<std::pair<std::string, Member*>>& members);
  Members::iterator FindInstance(const std::string& instance);
  absl::Time DeadlineOf(const Member& member) const;

  const std::string name_;
  const Options options_;
  std::map<std::string, int32_t> partition_counts_;
  Members members_;
  int64_t generation_ = 0;
  int64_t next_member_ = 1;
  bool rebalancing_ = false;
  std::map<TopicPartition, CommittedOffset> committed_;
  std::map<ProducerId, std::vector<ConsumedOffset>> pending_;
};

}  // namespace tocsin::memory
