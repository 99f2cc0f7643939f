#include "app/audit/log_audit.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/worker/offset_metadata.h"

namespace tocsin {
namespace {

constexpr absl::Duration kPollWait = absl::Milliseconds(100);

// What a group has committed for a source partition.
struct Committed {
  std::optional<Offset> offset;
  uint32_t epoch = 0;
};
using CommittedBySource = std::map<TopicPartition, Committed>;

absl::StatusOr<CommittedBySource> AskCommitted(const LogAuditOptions& options, Log* log) {
  std::vector<TopicPartition> partitions;
  for (const std::string& topic : options.source_topics) {
    const absl::StatusOr<int32_t> count = log->PartitionCount(topic);
    if (!count.ok()) return count.status();
    for (int32_t partition = 0; partition < *count; ++partition) partitions.push_back({topic, partition});
  }
  const absl::StatusOr<std::vector<AssignedPartition>> answers =
      log->CommittedOffsets(options.ingest_group, partitions);
  if (!answers.ok()) return answers.status();
  CommittedBySource committed;
  for (const AssignedPartition& answer : *answers) {
    OffsetMetadata metadata;
    const bool is_ours = DecodeMetadata(answer.metadata, &metadata);
    committed[answer.partition] = {answer.committed, is_ours ? metadata.epoch : 0};
  }
  return committed;
}

absl::Status ReadBlocks(const LogAuditOptions& options, Log* log, const AuditProgress& progress,
                        std::vector<MentionsAudit>* partitions) {
  std::vector<std::pair<TopicPartition, StartPosition>> starts;
  std::vector<Offset> positions;
  int64_t all = 0;
  for (size_t i = 0; i < partitions->size(); ++i) {
    const OffsetRange& range = (*partitions)[i].range;
    starts.push_back({{options.mentions_topic, static_cast<int32_t>(i)}, {StartPosition::Kind::kOffset, range.begin}});
    positions.push_back(range.begin);
    all += range.end - range.begin;
  }
  const absl::StatusOr<std::unique_ptr<PartitionReader>> reader = log->OpenPartitionReader(starts);
  if (!reader.ok()) return reader.status();
  std::vector<RecordBatch> batches;
  int64_t left = all;
  for (absl::Duration waited; left > 0; waited += kPollWait) {
    if (waited >= options.max_wait) {
      return absl::UnavailableError(
          absl::StrCat("no block for ", absl::FormatDuration(options.max_wait),
                       " although the end is not reached: a transaction is open that holds the topic back, or the "
                       "broker does not answer; try again; topic=",
                       options.mentions_topic, " offsets_left=", left));
    }
    if (absl::Status status = (*reader)->Poll(kPollWait, &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      MentionsAudit& partition = (*partitions)[static_cast<size_t>(batch.slot)];
      for (const Record& record : batch.records) {
        if (record.offset < partition.range.end) partition.audit.Add(record.value, record.offset);
      }
      Offset& position = positions[static_cast<size_t>(batch.slot)];
      const Offset next = std::min(std::max(batch.next_offset, position), partition.range.end);
      if (next > position) waited = absl::ZeroDuration();
      left -= next - position;
      position = next;
    }
    if (progress != nullptr) progress(all - left, all);
  }
  for (MentionsAudit& partition : *partitions) partition.audit.Finish();
  return absl::OkStatus();
}

// Why the end of a source's chain in a mentions partition can't be held against the group's offsets; empty: it can.
std::string WhyUnchecked(const MentionsAudit& partition, const TopicPartition& source, const Committed& before,
                         const Committed& after) {
  const auto found = partition.audit.sources().find(source);
  const bool has_chain = found != partition.audit.sources().end();
  if (!after.offset.has_value()) return has_chain ? "the group has no offset for it: deleted, or expired" : "";
  if (before.offset.has_value() && before.epoch != after.epoch) return "it was reset while the audit ran";
  if (!has_chain && partition.range.begin > 0) return "retention has left none of its blocks";
  if (has_chain && found->second.epoch < after.epoch) return "it was reset, and nothing has been read since";
  return "";
}

void CheckEnds(CommittedBySource before, const CommittedBySource& after, LogAudit* audit) {
  for (const auto& [source, committed] : after) {
    if (committed.offset.has_value()) audit->committed[source] = *committed.offset;
    const Committed& earlier = before[source];  // nothing, if the partition is new
    std::string note;
    for (MentionsAudit& partition : audit->partitions) {
      const std::string why = WhyUnchecked(partition, source, earlier, committed);
      if (!why.empty()) {
        note = why;
      } else if (committed.offset.has_value()) {
        partition.audit.CheckEnd(source, committed.epoch, earlier.offset.value_or(0), *committed.offset);
      }
    }
    if (note.empty()) continue;
    audit->notes.push_back(
        absl::StrCat(source.topic, "/", source.partition, ": the end of the chain is not checked: ", note));
  }
}

}  // namespace

int64_t LogAudit::Count(AuditProblem problem) const {
  int64_t count = 0;
  for (const MentionsAudit& partition : partitions) count += partition.audit.Count(problem);
  return count;
}

bool LogAudit::IsWhole() const {
  return std::none_of(partitions.begin(), partitions.end(),
                      [](const MentionsAudit& partition) { return partition.audit.HasLoss(); });
}

absl::StatusOr<LogAudit> AuditLog(const LogAuditOptions& options, Log* log, const AuditProgress& progress) {
  LogAudit audit;
  audit.mentions_topic = options.mentions_topic;
  const absl::StatusOr<int32_t> count = log->PartitionCount(options.mentions_topic);
  if (!count.ok()) return count.status();
  absl::StatusOr<CommittedBySource> before = AskCommitted(options, log);
  if (!before.ok()) return before.status();
  // Asked for after the offsets: the blocks that were committed with them lie before these ends.
  for (int32_t partition = 0; partition < *count; ++partition) {
    const absl::StatusOr<OffsetRange> range = log->Offsets({options.mentions_topic, partition});
    if (!range.ok()) return range.status();
    audit.partitions.emplace_back().range = *range;
  }
  if (absl::Status status = ReadBlocks(options, log, progress, &audit.partitions); !status.ok()) return status;
  const absl::StatusOr<CommittedBySource> after = AskCommitted(options, log);
  if (!after.ok()) return after.status();
  CheckEnds(*std::move(before), *after, &audit);
  return audit;
}

}  // namespace tocsin
