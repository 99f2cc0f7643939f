// The audit of a deployment from its topics alone: is every offset of every source partition that was committed as read
// accounted for by exactly one block, in every mentions partition, from the first block that is held to the last?
//
// Changes nothing, joins no group, and may run beside a working service: what is committed is asked for before the
// blocks are read and again after, and each chain must end between the two.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/log.h"
#include "operators/audit/block_audit.h"

namespace tocsin {

struct LogAuditOptions {
  std::string mentions_topic;
  std::string ingest_group;
  std::vector<std::string> source_topics;
  // Without a new block for so long, although the end is not reached: an open transaction holds the topic back.
  absl::Duration max_wait = absl::Minutes(1);
};

struct MentionsAudit {
  OffsetRange range;  // what was read of this mentions partition
  BlockAudit audit;
};

struct LogAudit {
  std::string mentions_topic;
  std::vector<MentionsAudit> partitions;       // of the mentions topic
  std::map<TopicPartition, Offset> committed;  // by source partition, after the reading
  std::vector<std::string> notes;              // what could not be checked, and why

  int64_t Count(AuditProblem problem) const;
  bool IsWhole() const;  // nothing is lost: repeats and overlaps, which detect drops, do no harm
};

// Told of progress: blocks' records read of how many, both as offsets.
using AuditProgress = std::function<void(int64_t read, int64_t all)>;

// Errors are those of the log, and Unavailable if it does not become readable to its end.
absl::StatusOr<LogAudit> AuditLog(const LogAuditOptions& options, Log* log, const AuditProgress& progress);

}  // namespace tocsin
