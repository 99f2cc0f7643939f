// Of an IngestWorker: the partitions that it owns, and what blocks say of them.
#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "app/worker/ingest_slot.h"
#include "app/worker/ingest_worker.h"
#include "app/worker/offset_metadata.h"

namespace tocsin {
namespace {

// After so long without a record, that a partition has been read to its end must be confirmed by the log, and again as
// often: readers tell of an end once, and a log that does not answer looks just like one in which nothing happens.
constexpr absl::Duration kQuietAfter = absl::Seconds(2);

}  // namespace

absl::StatusOr<std::vector<StartPosition>> IngestWorker::OnAssigned(absl::Span<const AssignedPartition> partitions) {
  CHECK(!Pending()) << "rows of an earlier assignment are still held";
  slots_.clear();
  std::vector<StartPosition> starts;
  const absl::Time now = clock_->Now();
  for (const AssignedPartition& assigned : partitions) {
    Slot& slot = slots_.emplace_back();
    slot.partition = assigned.partition;
    slot.last_record = slot.assigned = now;
    slot.control = assigned.partition.topic == options_.actions_topic;
    const auto source = std::find_if(options_.sources.begin(), options_.sources.end(), [&](const IngestSource& s) {
      return std::find(s.topics.begin(), s.topics.end(), assigned.partition.topic) != s.topics.end();
    });
    if (source == options_.sources.end() && !slot.control) {
      return absl::InternalError(
          absl::StrCat("a partition of a topic that was not asked for: topic=", assigned.partition.topic));
    }
    slot.source = static_cast<size_t>(source - options_.sources.begin());
    if (!assigned.committed.has_value()) {
      starts.push_back(slot.control ? StartPosition() : source->start);
      continue;
    }
    OffsetMetadata metadata;
    if (!assigned.metadata.empty() && !DecodeMetadata(assigned.metadata, &metadata)) {
      return absl::DataLossError(absl::StrCat(
          "the offset of a source partition carries metadata that is not Tocsin's: another application commits to this "
          "group, or the offsets were set by hand; use `tocsin source reset --topic`; group=",
          options_.group, " topic=", assigned.partition.topic, " partition=", assigned.partition.partition));
    }
    slot.epoch = metadata.epoch;
    slot.highest_event_time_ms = metadata.highest_event_time_ms;
    slot.from = slot.position = *assigned.committed;
    starts.push_back({StartPosition::Kind::kOffset, *assigned.committed});
  }
  expected_.clear();
  for (const IngestSource& source : options_.sources) {
    for (const std::string& topic : source.topics) {
      const absl::StatusOr<int32_t> count = source_->PartitionCount(topic);
      if (!count.ok()) return count.status();
      for (int32_t partition = 0; partition < *count; ++partition) {
        SourceRange& expected = expected_.emplace_back();
        expected.topic = topic;
        expected.partition = partition;
        expected.from = expected.to = Slot::kUnknownOffset;
        expected.out_of_orderness_ms = source.out_of_orderness_ms;
        expected.max_drag_ms = source.max_drag_ms;
      }
    }
  }
  assigned_ = true;
  metrics_->rebalances->Increment();
  const auto posts = std::count_if(slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.control; });
  metrics_->assigned->Set(static_cast<double>(posts));
  return starts;
}

void IngestWorker::OnRevoked(bool lost) {
  if (!lost && failure_.ok()) failure_ = Flush();
  ShowNothing();
  DropPending();
  slots_.clear();
  assigned_ = false;
}

void IngestWorker::ShowNothing() {
  for (prometheus::Gauge* gauge : {metrics_->assigned, metrics_->lag_records, metrics_->lag_seconds,
                                   metrics_->queued_bytes, metrics_->pending_bytes}) {
    gauge->Set(0);
  }
}

void IngestWorker::ConfirmEnds(absl::Time now) {
  bool answers = true;
  for (Slot& slot : slots_) {
    if (slot.control) continue;
    if (now - slot.last_record < kQuietAfter) {
      slot.end_confirmed = true;
      continue;
    }
    if (!slot.at_end || now - slot.end_checked < kQuietAfter) continue;
    slot.end_checked = now;
    slot.end_confirmed = false;
    // One time-out a round is enough.
    if (!answers) continue;
    const absl::StatusOr<OffsetRange> range = source_->Offsets(slot.partition);
    answers = range.ok();
    slot.end_confirmed = answers && range->end <= slot.position;
  }
}

bool IngestWorker::UpdateIdleness(absl::Time now) {
  if (!options_.ends_are_final) ConfirmEnds(now);
  bool changed = false;
  for (Slot& slot : slots_) {
    if (slot.control) continue;
    // Records of which none was ever of use are nothing to wait for, however many still come.
    const bool has_time = slot.highest_event_time_ms != kUnknownTime;
    const bool is_at_end = slot.at_end || (!has_time && slot.reached_end);
    slot.idle = !options_.ends_are_final && is_at_end && slot.end_confirmed &&
                now - (has_time ? slot.last_record : slot.assigned) >= options_.sources[slot.source].idle_after;
    changed |= slot.idle != slot.reported_idle;
  }
  return changed;
}

std::vector<SourceRange> IngestWorker::Ranges() const {
  std::vector<SourceRange> ranges;
  // Of all: the latest event time, and how far the watermark of whoever is furthest is behind it.
  int64_t latest_ms = kUnknownTime;
  int64_t furthest_ms = kUnknownTime;
  for (const Slot& slot : slots_) {
    if (slot.control || slot.highest_event_time_ms == kUnknownTime) continue;
    latest_ms = std::max(latest_ms, slot.highest_event_time_ms);
    furthest_ms = std::max(furthest_ms, slot.highest_event_time_ms - options_.sources[slot.source].out_of_orderness_ms);
  }
  for (const Slot& slot : slots_) {
    SourceRange& range = ranges.emplace_back();
    range.topic = slot.partition.topic;
    range.partition = slot.partition.partition;
    range.epoch = slot.epoch;
    range.from = slot.from;
    range.to = slot.position;
    range.highest_event_time_ms = slot.highest_event_time_ms;
    range.control = slot.control;
    if (!slot.control) {
      range.out_of_orderness_ms = options_.sources[slot.source].out_of_orderness_ms;
      range.max_drag_ms = options_.sources[slot.source].max_drag_ms;
    }
    if (options_.ends_are_final && slot.at_end && !slot.control && latest_ms != kUnknownTime) {
      range.highest_event_time_ms = latest_ms;
      range.out_of_orderness_ms = latest_ms - furthest_ms;
    }
    range.idle = slot.idle;
    range.caught_up = !slot.control && slot.reached_end && slot.end_confirmed && !options_.ends_are_final;
    range.records = slot.records;
    range.matched = slot.matched;
    range.unmatched = slot.unmatched;
    range.dead = slot.dead;
    range.official = slot.official;
  }
  for (const SourceRange& expected : expected_) {
    const bool own = std::any_of(slots_.begin(), slots_.end(), [&](const Slot& slot) {
      return slot.partition.partition == expected.partition && slot.partition.topic == expected.topic;
    });
    if (!own) ranges.push_back(expected);
  }
  return ranges;
}

absl::Status IngestWorker::Align() {
  int64_t slowest = INT64_MAX;
  for (const Slot& slot : slots_) {
    if (!slot.at_end && slot.highest_event_time_ms != kUnknownTime) {
      slowest = std::min(slowest, slot.highest_event_time_ms);
    }
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    if (slot.highest_event_time_ms == kUnknownTime) continue;
    const int64_t ahead = slowest == INT64_MAX ? 0 : slot.highest_event_time_ms - slowest;
    // Resumed at half the distance, so that pausing, which costs the reader its read-ahead, is rare.
    if (!slot.paused && !slot.at_end && ahead > options_.alignment_ms) {
      if (absl::Status status = reader_->Pause(static_cast<int32_t>(i)); !status.ok()) return status;
      slot.paused = true;
    } else if (slot.paused && ahead < options_.alignment_ms / 2) {
      if (absl::Status status = reader_->Resume(static_cast<int32_t>(i)); !status.ok()) return status;
      slot.paused = false;
    }
  }
  return absl::OkStatus();
}

bool IngestWorker::AllAtEnd() const {
  return !slots_.empty() && std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.at_end; });
}

}  // namespace tocsin
