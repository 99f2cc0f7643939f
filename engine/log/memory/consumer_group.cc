#include "engine/log/memory/consumer_group.h"

#include <algorithm>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tocsin::memory {

void ConsumerGroup::SetPartitionCount(const std::string& topic, int32_t count, absl::Time now) {
  const auto [known, is_new] = partition_counts_.try_emplace(topic, count);
  if (is_new || known->second == count) return;
  known->second = count;
  for (const auto& [id, member] : members_) {
    if (std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end()) {
      StartRebalance(now);
      return;
    }
  }
}

ConsumerGroup::Members::iterator ConsumerGroup::FindInstance(const std::string& instance) {
  if (instance.empty()) return members_.end();
  return std::find_if(members_.begin(), members_.end(),
                      [&instance](const auto& entry) { return entry.second.instance == instance; });
}

std::string ConsumerGroup::Join(const std::string& instance, const std::vector<std::string>& topics, absl::Time now) {
  std::string id = absl::StrFormat("%s-%08d", instance.empty() ? "member" : instance, next_member_++);
  const auto old = FindInstance(instance);
  if (old != members_.end()) {
    Member member = std::move(old->second);
    members_.erase(old);
    const bool same_topics = member.topics == topics;
    member.topics = topics;
    member.holding = false;
    member.last_poll = now;
    member.silent_since.reset();
    members_[id] = std::move(member);
    if (rebalancing_ || !same_topics) {
      StartRebalance(now);
    }
    return id;
  }
  Member& member = members_[id];
  member.instance = instance;
  member.topics = topics;
  member.last_poll = now;
  StartRebalance(now);
  return id;
}

void ConsumerGroup::Leave(const std::string& member_id, absl::Time now) {
  if (members_.erase(member_id) > 0) StartRebalance(now);
}

void ConsumerGroup::Silence(const std::string& member_id, absl::Time now) {
  const auto member = members_.find(member_id);
  if (member != members_.end()) member->second.silent_since = now;
}

ConsumerGroup::Duty ConsumerGroup::Touch(const std::string& member_id, const std::string& instance, absl::Time now) {
  const auto found = members_.find(member_id);
  if (found == members_.end()) return FindInstance(instance) == members_.end() ? Duty::kRejoin : Duty::kFenced;
  Member& member = found->second;
  member.last_poll = now;
  if (rebalancing_) return member.holding ? Duty::kRevoke : Duty::kNone;
  return member.assigned && !member.holding ? Duty::kAccept : Duty::kNone;
}

void ConsumerGroup::Revoked(const std::string& member_id, absl::Time now) {
  const auto member = members_.find(member_id);
  if (member == members_.end()) return;
  member->second.holding = false;
  if (rebalancing_) CompleteIfAllRejoined(now);
}

const std::vector<TopicPartition>& ConsumerGroup::Assignment(const std::string& member_id) const {
  const auto member = members_.find(member_id);
  CHECK(member != members_.end()) << "not a member: member_id=" << member_id;
  return member->second.assignment;
}

void ConsumerGroup::Accepted(const std::string& member_id) {
  const auto member = members_.find(member_id);
  CHECK(member != members_.end()) << "not a member: member_id=" << member_id;
  member->second.holding = true;
}

absl::Status ConsumerGroup::Validate(const GenerationToken& token) const {
  if (token.group != name_) {
    return absl::AbortedError(absl::StrCat("the generation is another group's: group=", name_, " of=", token.group));
  }
  if (token.generation != generation_) {
    return absl::AbortedError(absl::StrCat("old group generation: group=", name_, " generation=", token.generation,
                                           " current=", generation_));
  }
  if (!members_.contains(token.member_id)) {
    return absl::AbortedError(
        absl::StrCat("not a member of the group any more: group=", name_, " member_id=", token.member_id));
  }
  return absl::OkStatus();
}

absl::Time ConsumerGroup::DeadlineOf(const Member& member) const {
  absl::Time deadline = member.last_poll + options_.max_poll_interval;
  if (member.silent_since.has_value()) deadline = std::min(deadline, *member.silent_since + options_.session_timeout);
  return deadline;
}

void ConsumerGroup::Expire(absl::Time now) {
  const size_t count_before = members_.size();
  std::erase_if(members_, [this, now](const auto& entry) { return DeadlineOf(entry.second) <= now; });
  if (members_.size() != count_before) StartRebalance(now);
}

absl::Time ConsumerGroup::NextDeadline() const {
  absl::Time deadline = absl::InfiniteFuture();
  for (const auto& [id, member] : members_) deadline = std::min(deadline, DeadlineOf(member));
  return deadline;
}

void ConsumerGroup::StartRebalance(absl::Time now) {
  rebalancing_ = true;
  CompleteIfAllRejoined(now);
}

// A member that was given its assignment must poll to give it up. One that was not rejoins by itself, unless its reader
// is gone: that one is waited for until its session ends, as a broker would.
void ConsumerGroup::CompleteIfAllRejoined(absl::Time now) {
  for (const auto& [id, member] : members_) {
    if (member.holding || member.silent_since.has_value()) return;
  }
  rebalancing_ = false;
  ++generation_;
  AssignAll();
  for (auto& [id, member] : members_) {
    std::sort(member.assignment.begin(), member.assignment.end());
    member.assigned = true;
    member.last_poll = std::max(member.last_poll, now);
  }
}

void ConsumerGroup::AssignAll() {
  std::vector<std::pair<std::string, Member*>> ordered;
  for (auto& [id, member] : members_) {
    member.assignment.clear();
    ordered.emplace_back(member.instance.empty() ? id : member.instance, &member);
  }
  std::sort(ordered.begin(), ordered.end());
  if (options_.assignment == AssignmentStrategy::kRange) {
    AssignRange(ordered);
  } else {
    AssignRoundRobin(ordered);
  }
}

namespace {

bool Reads(const std::vector<std::string>& topics, const std::string& topic) {
  return std::find(topics.begin(), topics.end(), topic) != topics.end();
}

}  // namespace

void ConsumerGroup::AssignRange(const std::vector<std::pair<std::string, Member*>>& members) {
  for (const auto& [topic, count] : partition_counts_) {
    std::vector<Member*> readers;
    for (const auto& [name, member] : members) {
      if (Reads(member->topics, topic)) readers.push_back(member);
    }
    const auto reader_count = static_cast<int32_t>(readers.size());
    int32_t next = 0;
    for (int32_t i = 0; i < reader_count; ++i) {
      const int32_t share = count / reader_count + (i < count % reader_count ? 1 : 0);
      for (int32_t taken = 0; taken < share; ++taken) {
        readers[static_cast<size_t>(i)]->assignment.push_back({topic, next++});
      }
    }
  }
}

void ConsumerGroup::AssignRoundRobin(const std::vector<std::pair<std::string, Member*>>& members) {
  size_t turn = 0;
  for (const auto& [topic, count] : partition_counts_) {
    const bool is_read = std::any_of(members.begin(), members.end(), [&wanted = topic](const auto& entry) {
      return Reads(entry.second->topics, wanted);
    });
    if (!is_read) continue;
    for (int32_t partition = 0; partition < count; ++partition) {
      while (!Reads(members[turn % members.size()].second->topics, topic)) ++turn;
      members[turn++ % members.size()].second->assignment.push_back({topic, partition});
    }
  }
}

const ConsumerGroup::CommittedOffset* ConsumerGroup::Committed(const TopicPartition& partition) const {
  const auto found = committed_.find(partition);
  return found == committed_.end() ? nullptr : &found->second;
}

bool ConsumerGroup::IsUnstable(const TopicPartition& partition) const {
  for (const auto& [producer, offsets] : pending_) {
    for (const ConsumedOffset& offset : offsets) {
      if (offset.partition == partition) return true;
    }
  }
  return false;
}

void ConsumerGroup::SetOffset(const TopicPartition& partition, Offset offset, std::string metadata) {
  committed_[partition] = {.offset = offset, .metadata = std::move(metadata)};
}

void ConsumerGroup::AddPending(ProducerId producer, absl::Span<const ConsumedOffset> offsets) {
  std::vector<ConsumedOffset>& pending = pending_[producer];
  pending.insert(pending.end(), offsets.begin(), offsets.end());
}

std::vector<TopicPartition> ConsumerGroup::EndPending(ProducerId producer, bool commit) {
  std::vector<TopicPartition> changed;
  const auto pending = pending_.find(producer);
  if (pending == pending_.end()) return changed;
  if (commit) {
    for (ConsumedOffset& offset : pending->second) {
      SetOffset(offset.partition, offset.next_offset, std::move(offset.metadata));
      changed.push_back(std::move(offset.partition));
    }
  }
  pending_.erase(pending);
  return changed;
}

}  // namespace tocsin::memory
