// The payload of a snapshot: what a task can't rebuild from the blocks of the last hour. Format: docs/FORMATS.md.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/bytes.h"
#include "operators/task/task_state.h"

namespace tocsin {
namespace {

constexpr uint8_t kStateVersion = kVersionWithNaming;
constexpr uint8_t kVersionWithTone = 2;  // older ones are still read

constexpr int64_t DetectCounters::*kCounters[] = {
    &DetectCounters::blocks,       &DetectCounters::rows,          &DetectCounters::applied,
    &DetectCounters::duplicates,   &DetectCounters::repeated,      &DetectCounters::late_added,
    &DetectCounters::late_dropped, &DetectCounters::unknown_brand, &DetectCounters::official,
    &DetectCounters::repeats,      &DetectCounters::gaps,          &DetectCounters::torn,
    &DetectCounters::dedup_cuts,   &DetectCounters::evaluations,   &DetectCounters::metrics,
    &DetectCounters::signals,      &DetectCounters::actions,       &DetectCounters::actions_refused,
};
static_assert(sizeof(DetectCounters) == sizeof(kCounters) / sizeof(kCounters[0]) * sizeof(int64_t),
              "every counter is in the snapshot");

constexpr size_t kCountersOfActions = 2;  // the last ones

absl::Status Malformed() { return absl::DataLossError("detect snapshot is malformed"); }

}  // namespace

void DetectTask::State::EncodeActions(const std::vector<PendingAction>& actions, ByteWriter* writer) {
  writer->Varint(actions.size());
  for (const PendingAction& action : actions) {
    writer->Signed(action.due_ms);
    writer->Signed(action.at_ms);
    writer->String(action.source.topic);
    writer->Signed(action.source.partition);
    writer->Signed(action.offset);
    writer->String(action.text);
  }
}

void DetectTask::State::DecodeActions(ByteReader* reader, std::vector<PendingAction>* actions) {
  constexpr size_t kLeastBytes = 6;
  actions->resize(reader->Count(kLeastBytes));
  for (PendingAction& action : *actions) {
    action.due_ms = reader->Signed();
    action.at_ms = reader->Signed();
    action.source.topic = reader->String();
    action.source.partition = static_cast<int32_t>(reader->Signed());
    action.offset = reader->Signed();
    action.text = reader->String();
  }
}

void DetectTask::State::EncodeBrand(const BrandState& brand, std::string* bytes) const {
  ByteWriter writer(bytes);
  writer.Fixed64(brand.brand->config_hash);
  writer.Signed(brand.leaves_ms);
  writer.Signed(brand.change_ms);
  writer.Varint(brand.nonzero);
  writer.Signed(brand.gap_missing);
  EncodeActions(brand.actions, &writer);
  brand.windows.Encode(&writer);
  brand.monitor.Encode(&writer);
}

std::string DetectTask::State::Encode() const {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Byte(kStateVersion);
  writer.Signed(options.windows.slide_ms);
  writer.Signed(evaluated_ms);
  writer.Signed(next_offset);
  EncodeVersions(&writer);
  for (const auto counter : kCounters) writer.Signed(counters.*counter);
  writer.Varint(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    writer.String(sources[i].topic);
    writer.Signed(sources[i].partition);
    writer.Signed(bounds[i].out_of_orderness_ms);
    writer.Signed(bounds[i].max_drag_ms);
    writer.Signed(named_ms[i]);
  }
  watermark.Encode(&writer);
  audit.Encode(&writer);
  writer.Varint(notes.size());
  for (const auto& [offset, note] : notes) {
    writer.Signed(offset);
    writer.Byte(static_cast<uint8_t>(note.kind));
    writer.Varint(note.source);
    writer.Signed(note.value);
  }
  const auto known = [](const std::unique_ptr<BrandState>& brand) { return brand != nullptr; };
  writer.Varint(static_cast<uint64_t>(std::count_if(brands.begin(), brands.end(), known)));
  std::string brand_bytes;
  for (const std::unique_ptr<BrandState>& brand : brands) {
    if (brand == nullptr) continue;
    brand_bytes.clear();
    EncodeBrand(*brand, &brand_bytes);
    writer.String(brand->brand->id);
    writer.String(brand_bytes);
  }
  return bytes;
}

absl::StatusOr<LearntBaselines> DetectTask::State::EncodeBaselines() const {
  State learnt(options, versions);
  if (absl::Status status = learnt.Start(kFromTheBeginning); !status.ok()) return status;
  LearntBaselines result;
  for (const std::unique_ptr<BrandState>& brand : brands) {
    if (brand == nullptr || brand->leaves()) continue;
    const auto rank = learnt.rank_of_brand.find(brand->brand->id);
    if (rank == learnt.rank_of_brand.end()) continue;
    BrandMonitor& monitor = learnt.MakeBrand(rank->second)->monitor;
    monitor.TakeBaseline(brand->monitor, evaluated_ms);
    ++(monitor.baseline_ready() ? result.ready : result.learning);
  }
  result.payload = learnt.Encode();
  return result;
}

absl::Status DetectTask::State::DecodeBrand(uint8_t state_version, std::string_view id, std::string_view bytes) {
  ByteReader reader(bytes);
  const uint64_t config_hash = reader.Fixed64();
  const int64_t leaves_ms = state_version >= kVersionWithWatchlists ? reader.Signed() : BrandSchedule::kNever;
  constexpr int64_t kLatestMs = int64_t{1} << 61;
  if (leaves_ms != BrandSchedule::kNever && leaves_ms > kLatestMs) return Malformed();
  const auto found = rank_of_brand.find(id);
  BrandState* brand = nullptr;
  if (leaves_ms != BrandSchedule::kNever || found == rank_of_brand.end()) {
    // It has left, or the version that had it is forgotten.
    Brand gone;
    gone.id = gone.name = id;
    gone.config_hash = config_hash;
    brand =
        unplaced.emplace_back(std::make_unique<BrandState>(options, kUnwatched, Watched{&gone, nullptr}, evaluated_ms))
            .get();
    brand->Leave(leaves_ms == BrandSchedule::kNever ? evaluated_ms : leaves_ms);
  } else {
    brand = MakeBrand(found->second);
  }
  brand->change_ms = reader.Signed();
  brand->nonzero = static_cast<uint32_t>(reader.Varint());
  brand->gap_missing = reader.Signed();
  if (state_version >= kVersionWithActions) DecodeActions(&reader, &brand->actions);
  if (absl::Status status = brand->windows.Decode(&reader, state_version >= kVersionWithTone); !status.ok())
    return status;
  if (absl::Status status = brand->monitor.Decode(&reader); !status.ok()) return status;
  if (!reader.ok() || reader.remaining() != 0) return Malformed();
  if (brand->leaves()) return absl::OkStatus();
  if (config_hash != brand->brand->config_hash) brand->monitor.Relearn();
  if (evaluated_ms != kUnknownTime) schedule.Set(brand->rank, NextDue(*brand, evaluated_ms));
  // They may be there before any event time is.
  if (!brand->actions.empty()) schedule.Set(brand->rank, brand->actions.front().due_ms);
  return absl::OkStatus();
}

absl::Status DetectTask::State::Decode(std::string_view bytes) {
  ByteReader reader(bytes);
  const uint8_t version = reader.Byte();
  if (version == 0 || version > kStateVersion) {
    return absl::DataLossError(
        absl::StrCat("detect snapshot has an unknown version, version=", version, " known=", kStateVersion));
  }
  const int64_t slide_ms = reader.Signed();
  if (reader.ok() && slide_ms != options.windows.slide_ms) {
    return absl::FailedPreconditionError(
        absl::StrCat("the snapshot was made with another windows.slide: set it back, or give this deployment a new "
                     "name; snapshot_ms=",
                     slide_ms, " configured_ms=", options.windows.slide_ms));
  }
  evaluated_ms = reader.Signed();
  next_offset = reader.Signed();
  if (absl::Status status = DecodeVersions(version, &reader); !status.ok()) return status;
  const size_t known = std::size(kCounters) - (version >= kVersionWithActions ? 0 : kCountersOfActions);
  for (size_t i = 0; i < known; ++i) counters.*kCounters[i] = reader.Signed();
  constexpr size_t kMinSourceBytes = 4;
  for (size_t count = reader.Count(kMinSourceBytes); count > 0 && reader.ok(); --count) {
    SourceRange range;
    range.topic = reader.String();
    range.partition = static_cast<int32_t>(reader.Signed());
    range.out_of_orderness_ms = reader.Signed();
    range.max_drag_ms = reader.Signed();
    const size_t source = SourceIndex(range);
    if (version >= kVersionWithNaming) named_ms[source] = reader.Signed();
  }
  if (!watermark.Decode(&reader)) return Malformed();
  if (absl::Status status = audit.Decode(&reader); !status.ok()) return status;
  constexpr size_t kMinNoteBytes = 4;
  for (size_t count = reader.Count(kMinNoteBytes); count > 0; --count) {
    const Offset offset = reader.Signed();
    RebuildNote note;
    note.kind = static_cast<RebuildNote::Kind>(reader.Byte());
    note.source = static_cast<uint32_t>(reader.Varint());
    note.value = reader.Signed();
    notes.emplace(offset, note);
  }
  const bool has_slide_end = evaluated_ms == kUnknownTime || evaluated_ms % options.windows.slide_ms == 0;
  if (!reader.ok() || !has_slide_end) return Malformed();
  constexpr size_t kMinBrandBytes = 2;
  for (size_t count = reader.Count(kMinBrandBytes); count > 0 && reader.ok(); --count) {
    const std::string_view id = reader.String();
    const std::string_view state = reader.String();
    if (!reader.ok()) break;
    if (absl::Status status = DecodeBrand(version, id, state); !status.ok()) return status;
  }
  if (!unplaced.empty()) {
    // Numbers follow the ids, so those that have left move the others.
    brands.insert(brands.end(), std::make_move_iterator(unplaced.begin()), std::make_move_iterator(unplaced.end()));
    unplaced.clear();
    Renumber();
  }
  if (!reader.ok() || reader.remaining() != 0) return Malformed();
  if (evaluated_ms != kUnknownTime) {
    dedup.AdvanceTo(evaluated_ms);
    samples.AdvanceTo(evaluated_ms, evaluated_ms - options.windows.held_ms);
  }
  if (options.planted_fault == PlantedFault::kForgetEventTime) evaluated_ms = kUnknownTime;
  return absl::OkStatus();
}

}  // namespace tocsin
