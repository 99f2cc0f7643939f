// Detect for one mentions partition: blocks in, brand metrics and signals out.
//
// Decides from the blocks alone: no clock, no Kafka. Every slide end is evaluated in order; outputs come sorted by
// (window end, brand, sequence). Not thread-safe: one worker owns a task.
//
// The watchlist changes while a task lives. Blocks name the version that counts at their largest event time; from then
// on rows of its brands are taken in, and at the first slide end after its effective time the task switches: brands
// that are new or whose query has changed learn, those that are gone end their incident and are let go when their
// windows have run empty. So the switch is decided by the blocks and the versions alone, never by when a worker heard.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/log/log.h"
#include "operators/action/action.h"
#include "operators/incident/brand_monitor.h"
#include "operators/match/watchlist_versions.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// An action that detect can't use, for the dead letters: what ingest could not know.
struct RefusedAction {
  TopicPartition source;
  Offset offset = 0;
  ActionError error = ActionError::kNone;
  std::string text;  // the record as it came
};

// One thing to publish.
struct DetectOutput {
  enum class Kind : uint8_t { kMetric, kSignal, kRefusedAction };
  Kind kind = Kind::kMetric;
  int64_t window_end_ms = 0;
  std::string brand_id;
  int64_t sequence = 0;  // kMetric: the window's size in ms; kSignal: Signal::sequence; kRefusedAction: its offset
  std::string metric;    // kMetric: the record as JSON
  // kSignal, never null then; rendered by the publisher, which alone knows the wall clock. Apart, since metrics are
  // many.
  std::shared_ptr<const Signal> signal;
  std::shared_ptr<const RefusedAction> refused;  // kRefusedAction, never null then
};

// A window beyond those that are kept by panes: counts only, whole minutes, at its own slide.
struct LongWindow {
  int64_t size_ms = 0;   // at most WindowOptions::minutes_held
  int64_t slide_ms = 0;  // a multiple of a minute
};

// Mistakes that only tests make on purpose, to show that the simulation would find them.
enum class PlantedFault : uint8_t {
  kNone,
  kApplyRepeats,     // blocks that were applied before count again
  kForgetEventTime,  // Decode forgets up to which event time windows were evaluated
};

struct DetectTaskOptions {
  WindowOptions windows;                 // with those that the monitors decide on
  std::vector<int64_t> metric_sizes_ms;  // which of windows.sizes_ms metrics are written for; empty: all
  std::vector<LongWindow> long_windows;  // written too
  MonitorOptions monitor;
  int64_t metrics_every_ms = 5'000;  // a multiple of the slide
  int64_t dedup_horizon_ms = 3'600'000;
  size_t dedup_entries_max = 4'000'000;
  bool stop_on_gap = false;
  // Of which mentions partition this is the task, of how many: it knows the brands of that one. Below 0: all brands.
  int32_t partition = -1;
  uint32_t partitions = 1;
  PlantedFault planted_fault = PlantedFault::kNone;
};

struct DetectCounters {
  int64_t blocks = 0;   // parts read
  int64_t rows = 0;     // in them, mentions only
  int64_t applied = 0;  // counted: rows == applied + duplicates + repeated + late_dropped + unknown_brand
  int64_t duplicates = 0;
  int64_t repeated = 0;    // rows of blocks, or parts of blocks, that had been applied already
  int64_t late_added = 0;  // of applied: behind the evaluated end, but still held
  int64_t late_dropped = 0;
  int64_t unknown_brand = 0;
  int64_t official = 0;  // responses; not in rows
  int64_t repeats = 0;   // blocks
  int64_t gaps = 0;
  int64_t torn = 0;
  int64_t dedup_cuts = 0;   // times that the bound made deduplication forget early
  int64_t evaluations = 0;  // brand times slide end
  int64_t metrics = 0;
  int64_t signals = 0;
  int64_t actions = 0;          // that took effect
  int64_t actions_refused = 0;  // for the dead letters
};

// What a task has learnt of the past, for one that begins.
struct LearntBaselines {
  std::string payload;  // for DetectTask::Decode
  int64_t ready = 0;    // brands whose baseline is ready
  int64_t learning = 0;
};

// Actions are rows of the blocks too. One takes effect at the first slide end at or after its own time, or, if that has
// been evaluated when it comes, at the next one. Who is next is called after that, so what was done by then counts.
class DetectTask {
 public:
  DetectTask(const DetectTaskOptions& options, std::shared_ptr<WatchlistVersions> versions);
  // With one watchlist for the task's whole life; options.monitor.config_hash is its version.
  DetectTask(const DetectTaskOptions& options, std::shared_ptr<const Watchlist> watchlist);
  ~DetectTask();

  // Applies one block part, the mentions log's record at `offset`, and evaluates every slide end that the watermark has
  // passed. Appends to `*outputs`. DataLoss: damaged; FailedPrecondition: a gap, where gaps stop; errors of loading a
  // version of the watchlist. After an error nothing was applied and the task must not be used further.
  absl::Status Apply(std::string_view block, Offset offset, std::vector<DetectOutput>* outputs);

  // The same in two steps, for whoever must not hold all outputs at once: a block that comes after a pause closes many
  // windows of many brands. Accept applies, under the same errors; then EvaluateSome evaluates slide ends in their
  // order until `*outputs` has at least `enough`, or none is left, and returns whether any is. REQUIRES: nothing but
  // EvaluateSome between an Accept and its false.
  absl::Status Accept(std::string_view block, Offset offset);
  bool EvaluateSome(size_t enough, std::vector<DetectOutput>* outputs);

  // Apply for a block whose output has been published: decides the same, and appends only the signals, which hold no
  // more than SignalId takes. Metrics and refused actions are left out.
  absl::Status Replay(std::string_view block, Offset offset, std::vector<DetectOutput>* signals);

  // Closes windows up to the slide end after the largest event time, as if all sources were idle.
  void Flush(std::vector<DetectOutput>* outputs);

  // What outlives the held windows, as bytes; Decode is for a task that has applied nothing. DataLoss when damaged,
  // FailedPrecondition when it was made with another slide. A brand that is not what the snapshot says, though no
  // version tells of a change, is treated as if it had changed at the snapshot.
  std::string Encode() const;
  absl::Status Decode(std::string_view bytes);
  // The brands' baselines alone, as of the last slide end evaluated: no windows, incidents, sources, or place in the
  // log.
  absl::StatusOr<LearntBaselines> EncodeBaselines() const;
  // First mentions offset whose rows the held windows need: where Rebuild starts after a Decode.
  Offset rebuild_from() const;
  // Puts the rows of a block from before the snapshot back into windows and deduplication; evaluates nothing. All
  // blocks from rebuild_from() to where the snapshot was made, in order, then Apply goes on as if nothing had happened.
  absl::Status Rebuild(std::string_view block, Offset offset);

  int64_t evaluated_end_ms() const;  // kUnknownTime: nothing evaluated yet
  int64_t watermark_ms() const;      // likewise
  // Source partitions that the watermark vouches for, of all.
  std::pair<int32_t, int32_t> completeness() const;
  // Of the brands that have mentions in the window of five minutes, or an open incident. O(brands).
  std::vector<BrandStatus> BrandStatuses() const;
  uint64_t config_version() const;  // that decides just now; 0: nothing applied yet
  const DetectCounters& counters() const;
  size_t memory_bytes() const;
  bool has_open_incident() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin
