#include "app/worker/ingest_worker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "app/worker/ingest_slot.h"
#include "app/worker/offset_metadata.h"
#include "engine/base/cpu_time.h"
#include "engine/base/prefetch.h"

namespace tocsin {
namespace {

constexpr size_t kMaxDeadLetterBufferBytes = size_t{8} << 20;
// All of a brand's go into one part of a block.
constexpr size_t kMaxActionBufferBytes = size_t{128} << 10;

// Of the next record, which another thread wrote to memory, most often on another core: asked for while the one before
// it is worked on, it is at hand when its turn comes. Most posts are shorter; of longer ones the hardware has found the
// stride by then.
constexpr size_t kPrefetchedBytes = 4096;

}  // namespace

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

IngestWorker::~IngestWorker() { ShowNothing(); }

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
  if (!options.actions_topic.empty()) group.topics.push_back(options.actions_topic);
  absl::StatusOr<std::unique_ptr<GroupReader>> reader = source->OpenGroupReader(group);
  if (!reader.ok()) return reader.status();
  worker->reader_ = *std::move(reader);
  return worker;
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
  return chain_.mention_count() > 0 || chain_.action_count() > 0 || !dead_letters_.empty() ||
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
  if (slot.from == Slot::kUnknownOffset) {
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
    if (i + 1 < batch.records.size()) {
      const std::string_view next = batch.records[i + 1].value;
      Prefetch(next.data(), std::min(next.size(), kPrefetchedBytes));
    }
    // Never back: a client that fetches again what it had delivered must not make a post count twice.
    if (record.offset < slot.position) continue;
    if (slot.control) {
      ProcessAction(slot, batch.slot, record);
    } else {
      ProcessRecord(slot, batch.slot, record);
    }
    slot.bytes += record.value.size();
    slot.position = record.offset + 1;
    if (chain_.size_bytes() > options_.flush_bytes * options_.chain.mentions_partitions ||
        dead_letters_.size_bytes() > kMaxDeadLetterBufferBytes || chain_.action_bytes() > kMaxActionBufferBytes) {
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
      dead_letters_.Add(slot.partition, record, DropReasonName(result.reason), parsers_[slot.source]->culprit(),
                        clock_->Now());
      ++dead_by_reason_[static_cast<size_t>(result.reason)];
      break;
  }
}

void IngestWorker::ProcessAction(Slot& slot, int32_t source, const Record& record) {
  int64_t at_ms = kUnknownTime;
  std::string_view field;
  const ActionError error = chain_.ProcessAction(record, source, &at_ms, &field);
  ++slot.records;
  if (error == ActionError::kNone) {
    ++slot.matched;
    pending_latest_ms_ = std::max(pending_latest_ms_, at_ms);
    return;
  }
  ++slot.dead;
  dead_letters_.Add(slot.partition, record, ActionErrorName(error), field, clock_->Now());
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
  int64_t latest_ms = pending_latest_ms_;
  for (const Slot& slot : slots_) latest_ms = std::max(latest_ms, slot.highest_event_time_ms);
  return chain_.timeline()[VersionAt(chain_.timeline(), latest_ms)].id;
}

absl::Status IngestWorker::WriteBlocks(absl::Span<const SourceRange> ranges) {
  size_t bytes = 0;
  size_t blocks = 0;
  const uint64_t version = VersionOfBlock();
  builder_.set_written_ms(options_.ends_are_final ? kUnknownTime : absl::ToUnixMillis(clock_->Now()));
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
  // Rows that have become blocks are gone: after an error this worker must not account for their records.
  if (failure_.ok()) failure_ = TryToFlush();
  return failure_;
}

absl::Status IngestWorker::TryToFlush() {
  if (!chain_.status().ok()) return chain_.status();
  const absl::Time start = clock_->Now();
  UpdateIdleness(start);
  last_flush_ = start;
  // A heartbeat or a change of idleness belongs to no batch: it is true of the group as it is now.
  if (!Pending()) generation_ = reader_->Generation();
  // A partition of which nothing has been heard yet has no place in the chain so far.
  const bool known =
      std::any_of(slots_.begin(), slots_.end(), [](const Slot& s) { return s.from != Slot::kUnknownOffset; });
  if (!known) return absl::OkStatus();
  if (absl::Status status = CheckVersions(); !status.ok()) return status;
  std::vector<SourceRange> ranges = Ranges();
  std::vector<ConsumedOffset> offsets;
  for (const Slot& slot : slots_) {
    if (!options_.commit_offsets || slot.from == Slot::kUnknownOffset) continue;
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
    if (slot.control) {
      metrics_->actions->Increment(slot.matched);
      metrics_->actions_refused->Increment(slot.dead);
    } else {
      posts += slot.records;
      bytes += static_cast<double>(slot.bytes);
      matched += slot.matched;
      unmatched += slot.unmatched;
      official += slot.official;
    }
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

absl::Status IngestWorker::Drain() {
  absl::Status status = reader_->Close(*this);  // flushes in OnRevoked
  if (!failure_.ok()) return failure_;
  return status;
}

}  // namespace tocsin
