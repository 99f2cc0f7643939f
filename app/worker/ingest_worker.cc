#include "app/worker/ingest_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "app/worker/offset_metadata.h"
#include "engine/base/cpu_time.h"

namespace tocsin {
namespace {

constexpr Offset kUnknownOffset = -1;
// After so long without a record, that a partition has been read to its end must be confirmed by the log, and again as
// often: readers tell of an end once, and a log that does not answer looks just like one in which nothing happens.
constexpr absl::Duration kQuietAfter = absl::Seconds(2);
constexpr size_t kMaxDeadLetterBufferBytes = size_t{8} << 20;

// A record was written to memory by another thread, most often on another core. Asked for while the one before it is
// worked on, it is at hand when its turn comes.
void Prefetch(std::string_view bytes) {
  constexpr size_t kCacheLineBytes = 64;
  constexpr size_t kMaxBytes = 4096;  // most posts; of longer ones the hardware has found the stride by then
  const size_t end = std::min(bytes.size(), kMaxBytes);
  for (size_t at = 0; at < end; at += kCacheLineBytes) __builtin_prefetch(bytes.data() + at);
}

// What is no longer owned must not look like a lag that lasts.
void ShowNothing(IngestMetrics* metrics) {
  for (prometheus::Gauge* gauge :
       {metrics->assigned, metrics->lag_records, metrics->lag_seconds, metrics->queued_bytes, metrics->pending_bytes}) {
    gauge->Set(0);
  }
}

}  // namespace

// One partition of the assignment.
struct IngestWorker::Slot {
  TopicPartition partition;
  size_t source = 0;  // index into options_.sources
  uint32_t epoch = 0;
  Offset from = kUnknownOffset;      // start of what the next block accounts for; unknown until the first batch
  Offset position = kUnknownOffset;  // end of what was processed
  int64_t highest_event_time_ms = kUnknownTime;
  bool at_end = false;
  bool reached_end = false;  // since the last block
  bool paused = false;
  absl::Time last_record;
  int64_t last_append_ms = kNoAppendTime;  // when the log took the last record that was read
  absl::Time end_checked = absl::InfinitePast();
  bool end_confirmed = true;
  // As in the last block.
  bool idle = false;
  bool reported_idle = false;
  // Of what the next block accounts for. Counted for the metrics when it is committed: what is read again after a
  // rebalance counts once.
  uint32_t records = 0, matched = 0, unmatched = 0, dead = 0, official = 0;
  uint64_t bytes = 0;
};

IngestWorker::IngestWorker(const IngestWorkerOptions& options, Log* source, Log* sink, Clock* clock,
                           std::shared_ptr<WatchlistVersions> versions, const SentimentModel* model,
                           IngestMetrics* metrics)
    : options_(options),
      source_(source),
      sink_(sink),
      clock_(clock),
      metrics_(metrics),
      versions_(std::move(versions)),
      chain_(options.chain, versions_, model),
      dead_letters_(options.dead_letters_per_second),
      last_flush_(clock->Now()) {
  for (const IngestSource& each : options_.sources) {
    parsers_.push_back(std::make_unique<PostParser>(each.mapping, each.parser));
  }
}

IngestWorker::~IngestWorker() { ShowNothing(metrics_); }

absl::StatusOr<std::unique_ptr<IngestWorker>> IngestWorker::Create(const IngestWorkerOptions& options, Log* source,
                                                                   Log* sink, Clock* clock,
                                                                   std::shared_ptr<WatchlistVersions> versions,
                                                                   const SentimentModel* model,
                                                                   IngestMetrics* metrics) {
  std::unique_ptr<IngestWorker> worker(
      new IngestWorker(options, source, sink, clock, std::move(versions), model, metrics));
  // The writer first: its initialisation fences and finishes what a predecessor left open.
  absl::StatusOr<std::unique_ptr<Writer>> writer = sink->OpenWriter(options.transactional_id);
  if (!writer.ok()) return writer.status();
  worker->writer_ = *std::move(writer);
  Log::GroupOptions group{options.group, options.member, {}};
  for (const IngestSource& s : options.sources) {
    group.topics.insert(group.topics.end(), s.topics.begin(), s.topics.end());
  }
  absl::StatusOr<std::unique_ptr<GroupReader>> reader = source->OpenGroupReader(group);
  if (!reader.ok()) return reader.status();
  worker->reader_ = *std::move(reader);
  return worker;
}

absl::StatusOr<std::vector<StartPosition>> IngestWorker::OnAssigned(absl::Span<const AssignedPartition> partitions) {
  CHECK(!Pending()) << "rows of an earlier assignment are still held";
  slots_.clear();
  std::vector<StartPosition> starts;
  const absl::Time now = clock_->Now();
  for (const AssignedPartition& assigned : partitions) {
    Slot& slot = slots_.emplace_back();
    slot.partition = assigned.partition;
    slot.last_record = now;
    const auto source = std::find_if(options_.sources.begin(), options_.sources.end(), [&](const IngestSource& s) {
      return std::find(s.topics.begin(), s.topics.end(), assigned.partition.topic) != s.topics.end();
    });
    if (source == options_.sources.end()) {
      return absl::InternalError(
          absl::StrCat("a partition of a topic that was not asked for: topic=", assigned.partition.topic));
    }
    slot.source = static_cast<size_t>(source - options_.sources.begin());
    if (!assigned.committed.has_value()) {
      starts.push_back(source->start);
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
        expected.from = expected.to = kUnknownOffset;
        expected.out_of_orderness_ms = source.out_of_orderness_ms;
        expected.max_drag_ms = source.max_drag_ms;
      }
    }
  }
  assigned_ = true;
  metrics_->rebalances->Increment();
  metrics_->assigned->Set(static_cast<double>(slots_.size()));
  return starts;
}

void IngestWorker::OnRevoked(bool lost) {
  if (!lost && failure_.ok()) failure_ = Flush();
  ShowNothing(metrics_);
  DropPending();
  slots_.clear();
  assigned_ = false;
}

void IngestWorker::DropPending() {
  chain_.Clear();
  dead_letters_.Clear();
  pending_latest_ms_ = kUnknownTime;
  for (Slot& slot : slots_) {
    slot.position = slot.from;
    slot.records = slot.matched = slot.unmatched = slot.dead = slot.official = 0;
    slot.bytes = 0;
  }
  dead_by_reason_.fill(0);
}

bool IngestWorker::Pending() const {
  return chain_.mention_count() > 0 || !dead_letters_.empty() ||
         std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.position != slot.from; });
}

absl::Status IngestWorker::Step(absl::Duration max_wait) {
  if (absl::Status status = reader_->Poll(max_wait, *this, &batches_); !status.ok()) return status;
  if (!failure_.ok()) return failure_;
  const absl::Time polled = clock_->Now();
  const absl::Duration cpu_before = ThreadCpuTime();
  absl::Status status = ProcessBatches();
  if (status.ok()) status = FlushIfDue();
  metrics_->busy_seconds->Observe(absl::ToDoubleSeconds(clock_->Now() - polled));
  metrics_->busy_cpu_seconds->Observe(absl::ToDoubleSeconds(ThreadCpuTime() - cpu_before));
  return status;
}

absl::Status IngestWorker::ProcessBatches() {
  last_step_records_ = 0;
  for (const RecordBatch& batch : batches_) {
    last_step_records_ += static_cast<int64_t>(batch.records.size());
    if (absl::Status status = ProcessBatch(batch); !status.ok()) return status;
  }
  // Also when there were no records: a paused partition goes on when the others have come to their ends.
  if (!batches_.empty()) {
    if (absl::Status status = Align(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status IngestWorker::ProcessBatch(const RecordBatch& batch) {
  Slot& slot = slots_[static_cast<size_t>(batch.slot)];
  if (slot.from == kUnknownOffset) {
    slot.from = slot.position = batch.records.empty() ? batch.next_offset : batch.records.front().offset;
  }
  if (!Pending()) {
    generation_ = reader_->Generation();
    // Not while rows are held: all of a flush are matched by the same knowledge, which is checked before it is
    // committed.
    chain_.RefreshVersions();
  }
  for (size_t i = 0; i < batch.records.size(); ++i) {
    const Record& record = batch.records[i];
    if (i + 1 < batch.records.size()) Prefetch(batch.records[i + 1].value);
    // Never back: a client that fetches again what it had delivered must not make a post count twice.
    if (record.offset < slot.position) continue;
    ProcessRecord(slot, batch.slot, record);
    slot.bytes += record.value.size();
    slot.position = record.offset + 1;
    if (chain_.size_bytes() > options_.flush_bytes * options_.chain.mentions_partitions ||
        dead_letters_.size_bytes() > kMaxDeadLetterBufferBytes) {
      if (absl::Status status = Flush(); !status.ok()) return status;
      generation_ = reader_->Generation();
    }
  }
  if (!chain_.status().ok()) return chain_.status();
  slot.position = std::max(slot.position, batch.next_offset);
  if (!batch.records.empty()) {
    slot.last_record = clock_->Now();
    slot.last_append_ms = batch.records.back().append_time_ms;
  }
  slot.at_end = batch.end_of_partition;
  slot.reached_end |= batch.end_of_partition;
  return absl::OkStatus();
}

void IngestWorker::ProcessRecord(Slot& slot, int32_t source, const Record& record) {
  const IngestChain::Result result = chain_.Process(*parsers_[slot.source], record, options_.record_padding, source);
  ++slot.records;
  if (result.outcome != IngestChain::Outcome::kDead) {
    slot.highest_event_time_ms = std::max(slot.highest_event_time_ms, result.event_time_ms);
    pending_latest_ms_ = std::max(pending_latest_ms_, result.event_time_ms);
  }
  switch (result.outcome) {
    case IngestChain::Outcome::kMatched:
      ++slot.matched;
      break;
    case IngestChain::Outcome::kUnmatched:
      ++slot.unmatched;
      break;
    case IngestChain::Outcome::kOfficial:
      ++slot.official;
      break;
    case IngestChain::Outcome::kDead:
      ++slot.dead;
      dead_letters_.Add(slot.partition, record, result.reason, parsers_[slot.source]->culprit(), clock_->Now());
      ++dead_by_reason_[static_cast<size_t>(result.reason)];
      break;
  }
}

void IngestWorker::ConfirmEnds(absl::Time now) {
  bool answers = true;
  for (Slot& slot : slots_) {
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
  if (!options_.never_idle) ConfirmEnds(now);
  bool changed = false;
  for (Slot& slot : slots_) {
    slot.idle = !options_.never_idle && slot.at_end && slot.end_confirmed &&
                now - slot.last_record >= options_.sources[slot.source].idle_after;
    changed |= slot.idle != slot.reported_idle;
  }
  return changed;
}

absl::Status IngestWorker::FlushIfDue() {
  if (slots_.empty()) return absl::OkStatus();
  const absl::Time now = clock_->Now();
  const absl::Duration since = now - last_flush_;
  if (since < options_.flush_every) return absl::OkStatus();
  const bool changed = UpdateIdleness(now);
  if (!Pending() && !changed && since < options_.heartbeat_every) return absl::OkStatus();
  return Flush();
}

std::vector<SourceRange> IngestWorker::Ranges() const {
  std::vector<SourceRange> ranges;
  for (const Slot& slot : slots_) {
    SourceRange& range = ranges.emplace_back();
    range.topic = slot.partition.topic;
    range.partition = slot.partition.partition;
    range.epoch = slot.epoch;
    range.from = slot.from;
    range.to = slot.position;
    range.highest_event_time_ms = slot.highest_event_time_ms;
    range.out_of_orderness_ms = options_.sources[slot.source].out_of_orderness_ms;
    range.max_drag_ms = options_.sources[slot.source].max_drag_ms;
    range.idle = slot.idle;
    range.caught_up = slot.reached_end && slot.end_confirmed && !options_.never_idle;
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

absl::Status IngestWorker::CheckVersions() {
  const absl::Time start = clock_->Now();
  const WatchlistTimeline before = chain_.timeline();
  if (absl::Status status = versions_->CatchUp(); !status.ok()) return status;
  chain_.RefreshVersions();
  metrics_->versions_seconds->Observe(absl::ToDoubleSeconds(clock_->Now() - start));
  for (const WatchlistVersion& version : chain_.timeline()) {
    const bool is_new = version.effective_ms > before.back().effective_ms;
    if (!is_new || pending_latest_ms_ < version.effective_ms) continue;
    return absl::AbortedError(absl::StrCat(
        "posts were matched before their version of the configuration was known, and are read again; latest_ms=",
        pending_latest_ms_, " effective_ms=", version.effective_ms));
  }
  return absl::OkStatus();
}

uint64_t IngestWorker::VersionOfBlock() const {
  int64_t latest_ms = kUnknownTime;
  for (const Slot& slot : slots_) latest_ms = std::max(latest_ms, slot.highest_event_time_ms);
  return chain_.timeline()[VersionAt(chain_.timeline(), latest_ms)].id;
}

absl::Status IngestWorker::WriteBlocks(absl::Span<const SourceRange> ranges) {
  size_t bytes = 0;
  size_t blocks = 0;
  const uint64_t version = VersionOfBlock();
  for (uint32_t partition = 0; partition < options_.chain.mentions_partitions; ++partition) {
    chain_.Build(partition, &builder_);
    parts_.clear();
    builder_.Encode(version, ranges, options_.max_part_bytes, &parts_);
    for (const std::string& part : parts_) {
      OutputRecord record;
      record.topic = options_.mentions_topic;
      record.partition = static_cast<int32_t>(partition);
      record.value = part;
      if (absl::Status status = writer_->Write(record); !status.ok()) return status;
      bytes += part.size();
      ++blocks;
    }
  }
  metrics_->flushed_blocks->Increment(static_cast<double>(blocks));
  metrics_->flushed_bytes->Increment(static_cast<double>(bytes));
  return dead_letters_.WriteTo(writer_.get(), options_.dead_letters_topic);
}

absl::Status IngestWorker::Flush() {
  if (!chain_.status().ok()) return chain_.status();
  const absl::Time start = clock_->Now();
  UpdateIdleness(start);
  last_flush_ = start;
  // A heartbeat or a change of idleness belongs to no batch: it is true of the group as it is now.
  if (!Pending()) generation_ = reader_->Generation();
  // A partition of which nothing has been heard yet has no place in the chain so far.
  const bool known = std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.from != kUnknownOffset; });
  if (!known) return absl::OkStatus();
  if (absl::Status status = CheckVersions(); !status.ok()) return status;
  std::vector<SourceRange> ranges = Ranges();
  std::vector<ConsumedOffset> offsets;
  for (const Slot& slot : slots_) {
    if (!options_.commit_offsets || slot.from == kUnknownOffset) continue;
    offsets.push_back({slot.partition, slot.position, EncodeMetadata({slot.epoch, slot.highest_event_time_ms})});
  }
  const absl::Time begun = clock_->Now();
  if (absl::Status status = writer_->Begin(); !status.ok()) return status;
  if (absl::Status status = WriteBlocks(ranges); !status.ok()) return status;
  if (absl::Status status = writer_->Commit(offsets, generation_, options_.group); !status.ok()) return status;
  const absl::Time committed = clock_->Now();
  metrics_->transaction_seconds->Observe(absl::ToDoubleSeconds(committed - begun));
  metrics_->flush_seconds->Observe(absl::ToDoubleSeconds(committed - start));
  CountFlushed();
  chain_.Clear();
  dead_letters_.Clear();
  pending_latest_ms_ = kUnknownTime;
  return absl::OkStatus();
}

void IngestWorker::CountFlushed() {
  const int64_t now_ms = absl::ToUnixMillis(clock_->Now());
  int64_t lag_ms = 0;
  double posts = 0, bytes = 0, matched = 0, unmatched = 0, official = 0;
  int64_t lag = 0;
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    posts += slot.records;
    bytes += static_cast<double>(slot.bytes);
    matched += slot.matched;
    unmatched += slot.unmatched;
    official += slot.official;
    const int64_t slot_lag = std::max<int64_t>(0, reader_->Lag(static_cast<int32_t>(i)));
    lag += slot_lag;
    if (slot_lag > 0 && slot.last_append_ms != kNoAppendTime) lag_ms = std::max(lag_ms, now_ms - slot.last_append_ms);
    slot.from = slot.position;
    slot.reported_idle = slot.idle;
    slot.reached_end = slot.at_end;
    slot.records = slot.matched = slot.unmatched = slot.dead = slot.official = 0;
    slot.bytes = 0;
  }
  for (size_t i = 1; i < kDropReasons; ++i) {
    if (dead_by_reason_[i] > 0) metrics_->dead[i]->Increment(dead_by_reason_[i]);
  }
  dead_by_reason_.fill(0);
  metrics_->posts->Increment(posts);
  metrics_->bytes->Increment(bytes);
  metrics_->matched->Increment(matched);
  metrics_->unmatched->Increment(unmatched);
  metrics_->official->Increment(official);
  metrics_->mentions->Increment(static_cast<double>(chain_.mention_count()));
  metrics_->lag_records->Set(static_cast<double>(lag));
  metrics_->lag_seconds->Set(static_cast<double>(lag_ms) * 1e-3);
  metrics_->queued_bytes->Set(static_cast<double>(reader_->QueuedBytes()));
  metrics_->pending_bytes->Set(static_cast<double>(chain_.size_bytes() + dead_letters_.size_bytes()));
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

absl::Status IngestWorker::Drain() {
  absl::Status status = reader_->Close(*this);  // flushes in OnRevoked
  if (!failure_.ok()) return failure_;
  return status;
}

bool IngestWorker::AllAtEnd() const {
  return !slots_.empty() && std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.at_end; });
}

}  // namespace tocsin
