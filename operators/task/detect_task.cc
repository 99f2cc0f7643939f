#include "operators/task/detect_task.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/base/hash.h"
#include "engine/base/time_units.h"
#include "engine/time/slide.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/detect/negative_ratio.h"
#include "operators/mention/sample_bounds.h"
#include "operators/task/task_state.h"

namespace tocsin {
namespace {

// HeldMention::source has 16 bits.
constexpr size_t kMaxSources = std::numeric_limits<int16_t>::max();
// Every block names all partitions of the topics that its writer's configuration has. One that none has named for so
// long, by the writers' clocks, is of a topic that was taken out of it; less would do, but for writers of which each
// has topics of its own, and of which one is away for a while.
constexpr int64_t kGoneAfterMs = 600'000;
constexpr size_t kAllOutputs = std::numeric_limits<size_t>::max();

DedupOptions DedupOf(const DetectTaskOptions& options) {
  // What is still added to windows must still be known.
  return {.horizon_ms = std::max(options.dedup_horizon_ms, options.windows.held_ms),
          .max_entries = options.dedup_entries_max};
}

}  // namespace

DetectTask::State::BrandState::BrandState(const DetectTaskOptions& task_options, uint32_t brand_rank,
                                          const Watched& watched, int64_t evaluated_ms)
    : rank(brand_rank),
      brand(watched.brand),
      id_hash(Hash64(watched.brand->id)),
      windows(&task_options.windows, evaluated_ms),
      monitor(&task_options.monitor, watched.brand, watched.route) {}

DetectTask::State::State(const DetectTaskOptions& task_options, std::shared_ptr<WatchlistVersions> all_versions)
    : options(task_options),
      versions(std::move(all_versions)),
      schedule(0, task_options.windows.slide_ms),
      watermark(task_options.windows.slide_ms),
      dedup(DedupOf(task_options)),
      samples(task_options.windows.slide_ms) {
  CHECK_EQ(options.metrics_every_ms % options.windows.slide_ms, 0);
  CHECK_LE(options.windows.sizes_ms.size() + options.long_windows.size(), size_t{32});
  for (size_t i = 0; i < options.windows.sizes_ms.size(); ++i) {
    const std::vector<int64_t>& chosen = options.metric_sizes_ms;
    const bool written =
        chosen.empty() || std::find(chosen.begin(), chosen.end(), options.windows.sizes_ms[i]) != chosen.end();
    if (written) metric_mask |= uint32_t{1} << i;
  }
}

DetectTask::State::BrandState* DetectTask::State::MakeBrand(uint32_t rank) {
  if (brands[rank] == nullptr) {
    brands[rank] = std::make_unique<BrandState>(options, rank, watched[rank], evaluated_ms);
  }
  return brands[rank].get();
}

bool DetectTask::State::IsTooLate(int64_t event_time_ms) const {
  return evaluated_ms != kUnknownTime && event_time_ms < evaluated_ms - options.windows.held_ms;
}

size_t DetectTask::State::SourceIndex(const SourceRange& range) {
  const SourceBounds now{.out_of_orderness_ms = range.out_of_orderness_ms, .max_drag_ms = range.max_drag_ms};
  const auto [entry, inserted] = source_index.try_emplace(TopicPartition{range.topic, range.partition}, sources.size());
  if (inserted) {
    sources.push_back(entry->first);
    bounds.push_back(now);
    named_ms.push_back(kUnknownTime);
    watermark.AddSource(now);
  } else if (bounds[entry->second].out_of_orderness_ms != now.out_of_orderness_ms ||
             bounds[entry->second].max_drag_ms != now.max_drag_ms) {
    bounds[entry->second] = now;
    watermark.SetBounds(entry->second, now);
  }
  return entry->second;
}

absl::Status DetectTask::State::CheckSources(const Block& block) const {
  if (sources.size() + block.sources.size() > kMaxSources) {
    return absl::FailedPreconditionError(
        absl::StrCat("too many source partitions, sources=", sources.size(), " most=", kMaxSources));
  }
  if (!options.stop_on_gap) return absl::OkStatus();
  for (const SourceRange& range : block.sources) {
    if (!range.accounts()) continue;
    const AuditResult result = audit.Check(range);
    if (result.verdict != AuditVerdict::kGap) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "records of a source partition were never accounted for and on_gap is stop: run `tocsin audit`, then set "
        "on_gap to go on; topic=",
        range.topic, " partition=", range.partition, " missing=", result.missing, " from=", range.from));
  }
  return absl::OkStatus();
}

void DetectTask::State::NoteGap(int64_t missing) {
  ++counters.gaps;
  if (evaluated_ms == kUnknownTime) return;
  for (const std::unique_ptr<BrandState>& brand : brands) {
    if (brand == nullptr || !brand->monitor.has_open_incident()) continue;
    brand->gap_missing += missing;
    schedule.Set(brand->rank, evaluated_ms + options.windows.slide_ms);
  }
}

void DetectTask::State::UpdateSource(const SourceRange& range, size_t source) {
  watermark.Update(source, range.highest_event_time_ms, range.idle, range.caught_up);
}

void DetectTask::State::NoteNamed(const Block& block) {
  if (block.written_ms == kUnknownTime) return;
  for (const size_t source : block_sources) {
    if (source != kNoSource) named_ms[source] = std::max(named_ms[source], block.written_ms);
  }
  for (size_t source = 0; source < sources.size(); ++source) {
    if (named_ms[source] == kUnknownTime) named_ms[source] = block.written_ms;
    watermark.SetGone(source, block.written_ms - named_ms[source] > kGoneAfterMs);
  }
}

absl::Status DetectTask::State::AuditSources(const Block& block, Offset first_offset) {
  block_sources.clear();
  skip_below.clear();
  repeat_is_planted = false;
  if (absl::Status status = CheckSources(block); !status.ok()) return status;
  for (uint32_t i = 0; i < block.sources.size(); ++i) {
    const SourceRange& range = block.sources[i];
    const size_t source = range.control ? kNoSource : SourceIndex(range);
    block_sources.push_back(source);
    skip_below.push_back(kSkipNone);
    if (range.control && !range.accounts()) continue;
    if (!range.accounts()) {
      // The writer owns it and has found it empty, or only knows that it exists.
      const bool owned = range.idle || range.caught_up || range.highest_event_time_ms != kUnknownTime;
      if (owned) UpdateSource(range, source);
      continue;
    }
    AuditResult result = audit.Apply(range);
    if (options.planted_fault == PlantedFault::kApplyRepeats && result.verdict == AuditVerdict::kRepeat) {
      result = AuditResult();
      repeat_is_planted = true;
    }
    skip_below.back() = result.skip_below;
    if (result.skip_below != kSkipNone && !range.control) {
      notes.emplace(first_offset, RebuildNote{RebuildNote::Kind::kSkipSource, i, result.skip_below});
    }
    if (result.verdict == AuditVerdict::kRepeat) {
      ++counters.repeats;
      continue;
    }
    if (range.control) continue;
    if (result.verdict == AuditVerdict::kGap) NoteGap(result.missing);
    UpdateSource(range, source);
  }
  NoteNamed(block);
  return absl::OkStatus();
}

void DetectTask::State::ResolveBrands(const Block& block) {
  block_brands.clear();
  for (const std::string_view id : block.brands) {
    const auto found = rank_of_brand.find(id);
    block_brands.push_back(found == rank_of_brand.end() ? kUnwatched : found->second);
  }
}

HeldMention DetectTask::State::Hold(const BrandState& brand, const Block& block, const Mention& row) {
  HeldMention held;
  held.event_time_ms = row.event_time_ms;
  held.post_hash = row.post_hash;
  held.author_hash = row.author_hash;
  held.text_hash = row.text_hash;
  held.offset = row.offset;
  held.reach = row.reach;
  held.terms = row.terms;
  held.source = static_cast<int16_t>(block_sources[static_cast<size_t>(row.source)]);
  held.language = row.language;
  held.sentiment = row.sentiment;
  held.kind = row.kind;
  held.network = row.network;
  held.flags = row.flags;
  held.reasons = row.reasons;
  if (row.sample >= 0) {
    samples.Offer(brand.id_hash, row, block.samples[static_cast<size_t>(row.sample)]);
  }
  return held;
}

void DetectTask::State::AddOfficial(BrandState* brand, const Block& block, const Mention& row) {
  const std::string_view post_id =
      row.sample < 0 ? "" : BoundedSample(block.samples[static_cast<size_t>(row.sample)]).post_id;
  if (evaluated_ms != kUnknownTime && row.event_time_ms < evaluated_ms) {
    brand->monitor.AddOfficial(row.event_time_ms, post_id);
    return;
  }
  brand->officials.push_back({row.event_time_ms, std::string(post_id)});
  schedule.Set(brand->rank, NextSlideEnd(row.event_time_ms, options.windows.slide_ms));
}

void DetectTask::State::AddToWindows(BrandState* brand, const Block& block, const Mention& row) {
  // A brand at which nothing changed has not been moved on.
  if (evaluated_ms != kUnknownTime && brand->windows.end_ms() < evaluated_ms) brand->windows.AdvanceTo(evaluated_ms);
  int64_t due_ms = NextSlideEnd(row.event_time_ms, options.windows.slide_ms);
  switch (brand->windows.Add(Hold(*brand, block, row))) {
    case BrandWindows::AddResult::kTooLate:
      ++counters.late_dropped;
      return;
    case BrandWindows::AddResult::kAddedLate:
      ++counters.late_added;
      due_ms = evaluated_ms + options.windows.slide_ms;
      break;
    case BrandWindows::AddResult::kAdded:
      break;
  }
  ++counters.applied;
  brand->change_ms = std::min(brand->change_ms, due_ms);
  schedule.Set(brand->rank, due_ms);
}

void DetectTask::State::ApplyRow(const Block& block, const Mention& row, uint32_t row_number, Offset first_offset) {
  const bool official = (row.flags & kOfficial) != 0;
  ++(official ? counters.official : counters.rows);
  if (row.offset < skip_below[static_cast<size_t>(row.source)]) {
    if (!official) ++counters.repeated;
    return;
  }
  const uint32_t rank = block_brands[row.brand];
  if (rank == kUnwatched) {
    if (!official) ++counters.unknown_brand;
    return;
  }
  if (IsTooLate(row.event_time_ms)) {
    if (!official) ++counters.late_dropped;
    return;
  }
  block_latest_ms = std::max(block_latest_ms, row.event_time_ms);
  BrandState* brand = MakeBrand(rank);
  Deduplicator::Result seen = dedup.Insert(Deduplicator::MixKey(brand->id_hash, row.post_hash), row.event_time_ms);
  // A repeated row that the audit lets pass still meets deduplication: the planted fault breaks both.
  if (repeat_is_planted) seen = Deduplicator::Result::kNew;
  if (seen == Deduplicator::Result::kDuplicateOfOtherTime) {
    notes.emplace(first_offset, RebuildNote{RebuildNote::Kind::kSkipRow, 0, row_number});
  }
  if (seen == Deduplicator::Result::kDuplicate || seen == Deduplicator::Result::kDuplicateOfOtherTime) {
    if (!official) ++counters.duplicates;
  } else if (official) {
    AddOfficial(brand, block, row);
  } else {
    AddToWindows(brand, block, row);
  }
}

void DetectTask::State::AddAction(const Block& block, const BlockAction& action) {
  const auto source = static_cast<size_t>(action.source);
  if (action.offset < skip_below[source]) return;
  const uint32_t rank = block_brands[action.brand];
  if (rank == kUnwatched) {
    // Ingest knew it, by a version that has been forgotten since.
    ++counters.actions_refused;
    return;
  }
  const int64_t slide_ms = options.windows.slide_ms;
  PendingAction pending;
  pending.due_ms = FloorToSlide(action.at_ms + slide_ms - 1, slide_ms);
  if (evaluated_ms != kUnknownTime) pending.due_ms = std::max(pending.due_ms, evaluated_ms + slide_ms);
  pending.at_ms = action.at_ms;
  pending.source = {block.sources[source].topic, block.sources[source].partition};
  pending.offset = action.offset;
  pending.text = action.text;
  BrandState* brand = MakeBrand(rank);
  const auto key = [](const PendingAction& each) {
    return std::tie(each.due_ms, each.at_ms, each.source, each.offset);
  };
  const auto place = std::upper_bound(brand->actions.begin(), brand->actions.end(), pending,
                                      [&](const auto& a, const auto& b) { return key(a) < key(b); });
  schedule.Set(rank, pending.due_ms);
  brand->actions.insert(place, std::move(pending));
}

void DetectTask::State::KeepBlockTime(Offset first_offset, int64_t latest_ms) {
  if (latest_ms == kUnknownTime) return;
  // Blocks of several parts end in another order than they begin.
  auto place = block_times.end();
  while (place != block_times.begin() && std::prev(place)->first_offset > first_offset) --place;
  block_times.insert(place, {first_offset, latest_ms});
}

absl::Status DetectTask::State::ApplyWhole(absl::Span<const Block> parts, Offset first_offset) {
  if (absl::Status status = AuditSources(parts.front(), first_offset); !status.ok()) return status;
  block_latest_ms = kUnknownTime;
  uint32_t row_number = 0;
  for (const Block& part : parts) {
    ResolveBrands(part);
    for (const Mention& row : part.mentions) ApplyRow(part, row, row_number++, first_offset);
    for (const BlockAction& action : part.actions) AddAction(part, action);
  }
  KeepBlockTime(first_offset, block_latest_ms);
  if (const int64_t cut_ms = dedup.EnforceBound(); cut_ms != kUnknownTime) {
    ++counters.dedup_cuts;
    notes.emplace(first_offset, RebuildNote{RebuildNote::Kind::kCutDedup, 0, cut_ms});
  }
  return absl::OkStatus();
}

absl::Status DetectTask::State::Accept(std::string_view bytes, Offset offset) {
  if (absl::Status status = DecodeBlock(bytes, &decoded); !status.ok()) return status;
  if (absl::Status status = Announce(decoded.config_version); !status.ok()) return status;
  written_ms = decoded.written_ms;
  ++counters.blocks;
  next_offset = offset + 1;
  const int64_t torn_before = assembler.torn();
  absl::Status status;
  if (decoded.parts == 1) {
    if (!assembler.empty()) assembler.Preempt(decoded.sources);
    status = ApplyWhole(absl::MakeConstSpan(&decoded, 1), offset);
  } else if (const std::optional<PartAssembler::Whole> whole = assembler.Add(decoded, bytes, offset)) {
    decoded_parts.resize(whole->parts.size());
    for (size_t i = 0; i < whole->parts.size() && status.ok(); ++i) {
      status = DecodeBlock(whole->parts[i], &decoded_parts[i]);
    }
    if (status.ok()) status = ApplyWhole(decoded_parts, whole->first_offset);
  }
  counters.torn += assembler.torn() - torn_before;
  if (status.ok()) evaluate_to_ms = watermark.Advance();
  return status;
}

void DetectTask::State::RebuildRow(const Block& block, const Mention& row, bool is_duplicate) {
  const uint32_t rank = block_brands[row.brand];
  if (rank == kUnwatched || IsTooLate(row.event_time_ms)) return;
  block_latest_ms = std::max(block_latest_ms, row.event_time_ms);
  if (is_duplicate) return;
  BrandState* brand = MakeBrand(rank);
  const Deduplicator::Result seen =
      dedup.Insert(Deduplicator::MixKey(brand->id_hash, row.post_hash), row.event_time_ms);
  if (seen == Deduplicator::Result::kDuplicate || seen == Deduplicator::Result::kDuplicateOfOtherTime) return;
  const bool is_evaluated = evaluated_ms != kUnknownTime && row.event_time_ms < evaluated_ms;
  if ((row.flags & kOfficial) != 0) {
    if (!is_evaluated) AddOfficial(brand, block, row);
    return;
  }
  if (brand->windows.Restore(Hold(*brand, block, row)) == BrandWindows::AddResult::kTooLate) return;
  const int64_t change_ms = brand->windows.NextChangeMs();
  brand->change_ms = std::min(brand->change_ms, change_ms);
  schedule.Set(rank, NextDue(*brand, brand->windows.end_ms()));
}

void DetectTask::State::RebuildWhole(absl::Span<const Block> parts, Offset first_offset) {
  block_sources.clear();
  skip_below.clear();
  for (const SourceRange& range : parts.front().sources) {
    block_sources.push_back(range.control ? kNoSource : SourceIndex(range));
    skip_below.push_back(kSkipNone);
  }
  std::vector<int64_t> skipped_rows;
  int64_t cut_ms = kUnknownTime;
  const auto [first, last] = notes.equal_range(first_offset);
  for (auto note = first; note != last; ++note) {
    const RebuildNote& what = note->second;
    if (what.kind == RebuildNote::Kind::kSkipSource && what.source < skip_below.size()) {
      skip_below[what.source] = what.value;
    }
    if (what.kind == RebuildNote::Kind::kSkipRow) skipped_rows.push_back(what.value);
    if (what.kind == RebuildNote::Kind::kCutDedup) cut_ms = what.value;
  }
  block_latest_ms = kUnknownTime;
  int64_t row_number = 0;
  for (const Block& part : parts) {
    ResolveBrands(part);
    for (const Mention& row : part.mentions) {
      const bool skipped = std::find(skipped_rows.begin(), skipped_rows.end(), row_number++) != skipped_rows.end();
      if (row.offset >= skip_below[static_cast<size_t>(row.source)]) RebuildRow(part, row, skipped);
    }
  }
  KeepBlockTime(first_offset, block_latest_ms);
  if (cut_ms != kUnknownTime) dedup.CutTo(cut_ms);
}

absl::Status DetectTask::State::Rebuild(std::string_view bytes, Offset offset) {
  if (absl::Status status = DecodeBlock(bytes, &decoded); !status.ok()) return status;
  if (absl::Status status = Start(evaluated_ms); !status.ok()) return status;
  next_offset = offset + 1;
  if (decoded.parts == 1) {
    if (!assembler.empty()) assembler.Preempt(decoded.sources);
    RebuildWhole(absl::MakeConstSpan(&decoded, 1), offset);
    return absl::OkStatus();
  }
  const std::optional<PartAssembler::Whole> whole = assembler.Add(decoded, bytes, offset);
  if (!whole.has_value()) return absl::OkStatus();
  decoded_parts.resize(whole->parts.size());
  for (size_t i = 0; i < whole->parts.size(); ++i) {
    if (absl::Status status = DecodeBlock(whole->parts[i], &decoded_parts[i]); !status.ok()) return status;
  }
  RebuildWhole(decoded_parts, whole->first_offset);
  return absl::OkStatus();
}

Offset DetectTask::State::RebuildFrom() const {
  const Offset from = assembler.first_offset().value_or(next_offset);
  return block_times.empty() ? from : std::min(from, block_times.front().first_offset);
}

size_t DetectTask::State::MemoryBytes() const {
  // Asked at every commit, so brands are added up only now and then.
  constexpr uint32_t kAskedBetween = 256;
  if (memory_asked++ % kAskedBetween == 0) {
    memory_estimate = 0;
    for (const std::unique_ptr<BrandState>& brand : brands) {
      if (brand != nullptr) memory_estimate += sizeof(BrandState) + brand->windows.memory_bytes();
    }
  }
  return memory_estimate + dedup.memory_bytes() + samples.memory_bytes() + block_times.size() * sizeof(BlockTime);
}

DetectTask::DetectTask(const DetectTaskOptions& options, std::shared_ptr<WatchlistVersions> versions)
    : state_(std::make_unique<State>(options, std::move(versions))) {}

DetectTask::DetectTask(const DetectTaskOptions& options, std::shared_ptr<const Watchlist> watchlist)
    : DetectTask(options, std::make_shared<FixedVersions>(std::move(watchlist), options.monitor.config_hash)) {}

DetectTask::~DetectTask() = default;

absl::Status DetectTask::Apply(std::string_view block, Offset offset, std::vector<DetectOutput>* outputs) {
  if (absl::Status status = state_->Accept(block, offset); !status.ok()) return status;
  state_->EvaluateTo(state_->evaluate_to_ms, kAllOutputs, outputs);
  return absl::OkStatus();
}

absl::Status DetectTask::Replay(std::string_view block, Offset offset, std::vector<DetectOutput>* signals) {
  state_->suppressed = true;
  absl::Status status = Apply(block, offset, signals);
  state_->suppressed = false;
  return status;
}

absl::Status DetectTask::Accept(std::string_view block, Offset offset) { return state_->Accept(block, offset); }

bool DetectTask::EvaluateSome(size_t enough, std::vector<DetectOutput>* outputs) {
  return state_->EvaluateTo(state_->evaluate_to_ms, enough, outputs);
}

void DetectTask::Flush(std::vector<DetectOutput>* outputs) {
  state_->written_ms = kUnknownTime;
  state_->EvaluateTo(state_->watermark.AllIdleWatermark(), kAllOutputs, outputs);
}

std::string DetectTask::Encode() const { return state_->Encode(); }
absl::Status DetectTask::Decode(std::string_view bytes) { return state_->Decode(bytes); }
absl::StatusOr<LearntBaselines> DetectTask::EncodeBaselines() const { return state_->EncodeBaselines(); }
Offset DetectTask::rebuild_from() const { return state_->RebuildFrom(); }
absl::Status DetectTask::Rebuild(std::string_view block, Offset offset) { return state_->Rebuild(block, offset); }

int64_t DetectTask::evaluated_end_ms() const { return state_->evaluated_ms; }
int64_t DetectTask::watermark_ms() const { return state_->watermark.watermark(); }
uint64_t DetectTask::config_version() const { return state_->current.config_version; }
const DetectCounters& DetectTask::counters() const { return state_->counters; }
size_t DetectTask::memory_bytes() const { return state_->MemoryBytes(); }

std::pair<int32_t, int32_t> DetectTask::completeness() const {
  return {state_->watermark.Complete(), state_->watermark.Total()};
}

std::vector<BrandStatus> DetectTask::BrandStatuses() const {
  std::vector<BrandStatus> statuses;
  const std::vector<int64_t>& sizes = state_->options.windows.sizes_ms;
  const auto place = std::find(sizes.begin(), sizes.end(), kDecisionWindowMs.front());
  CHECK(place != sizes.end());
  const auto window = static_cast<size_t>(place - sizes.begin());
  for (const auto& brand : state_->brands) {
    if (brand == nullptr) continue;
    const WindowCounts& counts = brand->windows.Window(window);
    if (counts.mentions == 0 && !brand->monitor.has_open_incident()) continue;
    BrandStatus& status = statuses.emplace_back(brand->monitor.Status());
    const double minutes = static_cast<double>(kDecisionWindowMs.front()) / kMinuteMs;
    status.mentions_per_minute = static_cast<double>(counts.mentions) / minutes;
    const int64_t classified = counts.negative + counts.neutral + counts.positive;
    if (classified == 0) continue;
    status.negative_ratio = static_cast<double>(counts.negative) / static_cast<double>(classified);
    const RatioEstimate estimate = EstimateRatio({.classified = classified,
                                                  .negative = counts.negative,
                                                  .rated = counts.rated,
                                                  .rated_negative = counts.rated_negative,
                                                  .negativity = counts.negativity},
                                                 state_->options.monitor.calibration);
    status.negative_low = estimate.interval.low;
    status.negative_high = estimate.interval.high;
  }
  return statuses;
}

bool DetectTask::has_open_incident() const {
  return std::any_of(state_->brands.begin(), state_->brands.end(),
                     [](const auto& brand) { return brand != nullptr && brand->monitor.has_open_incident(); });
}

}  // namespace tocsin
