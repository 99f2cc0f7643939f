#include "app/pipeline/backfill.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "app/pipeline/first_snapshot.h"

namespace tocsin {
namespace {

absl::Status HasRun(const TopicPartition& partition, Offset offset) {
  return absl::FailedPreconditionError(
      absl::StrCat("this deployment has run, so its brands have baselines of their own, which are not mixed with those "
                   "of a history: "
                   "backfill before the first start, or give a new deployment its own name and topics; topic=",
                   partition.topic, " partition=", partition.partition, " offset=", offset));
}

// Is the group, while it writes on the group's behalf.
class OnlyMember : public AssignmentListener {
 public:
  absl::Status Join(size_t partitions, const std::string& group, GroupReader* reader) {
    constexpr int kPollsMax = 600;  // of 100 ms
    std::vector<RecordBatch> batches;
    for (int polls = 0; !assigned_; ++polls) {
      if (polls == kPollsMax) {
        return absl::UnavailableError(absl::StrCat("the group gives no partitions; group=", group));
      }
      if (absl::Status status = reader->Poll(absl::Milliseconds(100), *this, &batches); !status.ok()) return status;
    }
    if (offsets_.size() == partitions) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "the service is running: stop it in all processes, and wait until its session time-out has passed; "
        "group=",
        group));
  }

  // Where each partition begins.
  const std::vector<ConsumedOffset>& offsets() const { return offsets_; }

 private:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    offsets_.clear();
    for (const AssignedPartition& each : partitions) {
      if (each.committed.value_or(0) > 0) return HasRun(each.partition, *each.committed);
      offsets_.push_back({each.partition, 0, ""});
    }
    assigned_ = true;
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool /*lost*/) override { assigned_ = false; }

  bool assigned_ = false;
  std::vector<ConsumedOffset> offsets_;
};

}  // namespace

absl::StatusOr<LearntHistory> LearnHistory(const std::vector<std::pair<std::string, std::string>>& inputs,
                                           std::shared_ptr<const PipelineSettings> settings, AppMetrics* metrics,
                                           const std::function<void(const ReplayProgress&)>& progress) {
  LearntHistory history;
  absl::Status failed;
  ReplayOptions options;
  options.inputs = inputs;
  options.flush = true;
  options.at_end = [&](int32_t, const DetectTask& task) {
    absl::StatusOr<LearntBaselines> learnt = task.EncodeBaselines();
    if (!learnt.ok()) return failed.Update(learnt.status());
    history.ready += learnt->ready;
    history.learning += learnt->learning;
    history.end_ms = std::max(history.end_ms, task.evaluated_end_ms());
    history.payloads.push_back(std::move(learnt->payload));
  };
  if (absl::Status status = Replay(options, std::move(settings), metrics, progress); !status.ok()) return status;
  if (!failed.ok()) return failed;
  if (history.ready + history.learning == 0) {
    return absl::NotFoundError("no brand of the watchlist is mentioned in the input; nothing was written");
  }
  return history;
}

absl::Status CheckHasNeverRun(const RecoveryOptions& topics, Log* log) {
  const absl::StatusOr<int32_t> count = log->PartitionCount(topics.mentions_topic);
  if (!count.ok()) return count.status();
  for (int32_t partition = 0; partition < *count; ++partition) {
    const absl::StatusOr<OffsetRange> range = log->Offsets({topics.mentions_topic, partition});
    if (!range.ok()) return range.status();
    if (range->end > 0) return HasRun({topics.mentions_topic, partition}, range->end);
  }
  return absl::OkStatus();
}

absl::Status WriteBaselines(const std::vector<std::string>& payloads, const RecoveryOptions& topics,
                            const std::string& transactional_id, Log* log) {
  if (absl::Status status = CheckHasNeverRun(topics, log); !status.ok()) return status;
  const absl::StatusOr<int32_t> count = log->PartitionCount(topics.mentions_topic);
  if (!count.ok()) return count.status();
  if (static_cast<size_t>(*count) != payloads.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the topic has another number of partitions than configured; topic=", topics.mentions_topic,
                     " partitions=", *count, " configured=", payloads.size()));
  }
  std::vector<std::set<std::string>> keys;
  for (int32_t partition = 0; partition < *count; ++partition) {
    absl::StatusOr<KeptSnapshot> kept = ReadKeptSnapshot({topics.snapshots_topic, partition}, log);
    if (!kept.ok()) return kept.status();
    keys.push_back(std::move(kept->keys));
  }
  absl::StatusOr<std::unique_ptr<Writer>> writer = log->OpenWriter(transactional_id);
  if (!writer.ok()) return writer.status();
  absl::StatusOr<std::unique_ptr<GroupReader>> reader =
      log->OpenGroupReader({topics.group, /*member=*/"", {topics.mentions_topic}});
  if (!reader.ok()) return reader.status();
  OnlyMember member;
  absl::Status status = member.Join(static_cast<size_t>(*count), topics.group, reader->get());
  if (status.ok()) status = (*writer)->Begin();
  for (size_t i = 0; status.ok() && i < payloads.size(); ++i) {
    status =
        WriteFirstSnapshot({topics.snapshots_topic, static_cast<int32_t>(i)}, 0, keys[i], payloads[i], writer->get());
  }
  if (status.ok()) status = (*writer)->Commit(member.offsets(), (*reader)->Generation(), topics.group);
  const absl::Status closed = (*reader)->Close(member);
  return status.ok() ? closed : status;
}

}  // namespace tocsin
