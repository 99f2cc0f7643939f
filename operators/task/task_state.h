// The inside of a DetectTask, shared by the files that implement it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "engine/time/watermark.h"
#include "operators/audit/audit_chain.h"
#include "operators/audit/part_assembler.h"
#include "operators/block/block.h"
#include "operators/dedup/deduplicator.h"
#include "operators/task/brand_metric.h"
#include "operators/task/brand_schedule.h"
#include "operators/task/detect_task.h"
#include "operators/task/sample_store.h"

namespace tocsin {

// A decision about a block that Rebuild could not take again, since it depended on what came long before.
struct RebuildNote {
  enum class Kind : uint8_t {
    kSkipSource = 0,  // rows of source `source` with offsets below `value` were left out
    kSkipRow = 1,     // row number `value` of the block was a duplicate of another event time
    kCutDedup = 2,    // after the block, deduplication forgot what was older than `value`
  };
  Kind kind = Kind::kSkipSource;
  uint32_t source = 0;  // index into the block's sources
  int64_t value = 0;
};

// An action on its way from its block to the slide end at which it takes effect.
struct PendingAction {
  int64_t due_ms = 0;  // slide end
  int64_t at_ms = 0;
  TopicPartition source;
  Offset offset = 0;
  std::string text;
};

inline constexpr uint8_t kVersionWithActions = 4;  // of a snapshot's payload
inline constexpr uint8_t kVersionWithNaming = 5;   // likewise: when each source partition was last named
// Of a snapshot's payload: from this one on it says which version of the watchlist it was made under.
inline constexpr uint8_t kVersionWithWatchlists = 3;

struct DetectTask::State {
  struct Official {
    int64_t event_time_ms = 0;
    std::string post_id;
  };
  // A brand and whom its signals are for; of the watchlist that has it, or of its own when none has it any more.
  struct Watched {
    const Brand* brand = nullptr;
    const Route* route = nullptr;
  };
  struct OwnWatched {
    Brand brand;
    std::optional<Route> route;
  };
  struct BrandState {
    BrandState(const DetectTaskOptions& options, uint32_t rank, const Watched& watched, int64_t evaluated_ms);
    void Bind(const Watched& watched);
    // Not watched any more from `effective_ms` on.
    void Leave(int64_t effective_ms);
    bool leaves() const { return leaves_ms != BrandSchedule::kNever; }

    uint32_t rank;  // by brand id; kUnwatched: it has to be placed, and when it is due to be found anew
    const Brand* brand;
    const uint64_t id_hash;
    std::unique_ptr<const OwnWatched> own;      // of one that leaves
    int64_t leaves_ms = BrandSchedule::kNever;  // effective time of the version that no longer has it
    BrandWindows windows;
    BrandMonitor monitor;
    std::vector<Official> officials;            // waiting for the slide end behind them
    int64_t change_ms = BrandSchedule::kNever;  // slide end at which the monitor must look at the windows
    uint32_t nonzero = 0;                       // bit i: the last record of window i said more than zero mentions
    std::vector<PendingAction> actions;         // in the order in which they take effect
    int64_t gap_missing = 0;                    // source records of gaps that the open incident has not been told of
  };
  // What a brand's monitor asks for while the brand is evaluated.
  class BrandEvidence final : public EvidenceSource {
   public:
    BrandEvidence(State* state, const BrandState* brand) : state_(state), brand_(brand) {}

    bool signals_are_read() const override { return !state_->suppressed; }
    std::optional<Sample> FindSample(const HeldMention& row) const override {
      return state_->samples.Find(brand_->id_hash, row.event_time_ms, row.post_hash);
    }
    const TopicPartition& Source(int16_t index) const override { return state_->sources[static_cast<size_t>(index)]; }
    SectorCourse Sector(const Brand& brand, int64_t from_ms, int64_t end_ms) override;
    std::string_view OwnType(size_t number, int64_t event_time_ms) const override;

   private:
    State* state_;
    const BrandState* brand_;
  };
  // A block and the latest event time of its rows: needed by Rebuild until that has left windows and deduplication.
  struct BlockTime {
    Offset first_offset = 0;
    int64_t latest_ms = kUnknownTime;
  };

  // Whose bits rows from there on carry, until the next.
  struct TypeNames {
    int64_t from_ms = kFromTheBeginning;
    std::vector<std::string> names;
  };

  // A version that blocks have named and that is not yet switched to.
  struct Coming {
    WatchlistVersion version;
    std::shared_ptr<const Watchlist> watchlist;
  };

  State(const DetectTaskOptions& options, std::shared_ptr<WatchlistVersions> versions);

  // detect_task.cc
  absl::Status Accept(std::string_view bytes, Offset offset);
  absl::Status ApplyWhole(absl::Span<const Block> parts, Offset first_offset);
  void ApplyRow(const Block& block, const Mention& row, uint32_t row_number, Offset first_offset);
  void AddOfficial(BrandState* brand, const Block& block, const Mention& row);
  void AddToWindows(BrandState* brand, const Block& block, const Mention& row);
  void AddAction(const Block& block, const BlockAction& action);
  HeldMention Hold(const BrandState& brand, const Block& block, const Mention& row);
  absl::Status AuditSources(const Block& block, Offset first_offset);
  absl::Status CheckSources(const Block& block) const;
  void UpdateSource(const SourceRange& range, size_t source);
  // Of the block whose sources block_sources has.
  void NoteNamed(const Block& block);
  void NoteGap(int64_t missing);
  size_t SourceIndex(const SourceRange& range);
  void ResolveBrands(const Block& block);
  BrandState* MakeBrand(uint32_t rank);
  bool IsTooLate(int64_t event_time_ms) const;
  void KeepBlockTime(Offset first_offset, int64_t latest_ms);
  absl::Status Rebuild(std::string_view bytes, Offset offset);
  void RebuildWhole(absl::Span<const Block> parts, Offset first_offset);
  void RebuildRow(const Block& block, const Mention& row, bool is_duplicate);
  Offset RebuildFrom() const;
  size_t MemoryBytes() const;

  // task_versions.cc
  // Makes the version current that counts at `event_time_ms`, in a task that has none yet.
  absl::Status Start(int64_t event_time_ms);
  // Takes in the versions up to `id`, which a block names. One that is not known changes nothing.
  absl::Status Announce(uint64_t id);
  absl::Status TakeIn(const WatchlistTimeline& timeline, size_t last);
  void SwitchToNext();
  // Of the versions before `timeline[index]` whose rows may still be held.
  void FindTypeNamesBefore(const WatchlistTimeline& timeline, size_t index);
  bool Owns(const Brand& brand) const;
  // Index of the brand in the list, if it is one of this task's.
  std::optional<uint32_t> FindOwn(const Watchlist& list, std::string_view id) const;
  void BindToCurrent(BrandState* brand, int64_t effective_ms);
  // Numbers the brands of all versions at hand, and those that leave, by their ids.
  void Renumber();
  void PlaceBrands();
  // Event time from which nothing that a brand that leaves has been can be seen any more.
  int64_t ForgottenMs(const BrandState& brand) const;
  void DropLeft();
  void EncodeVersions(ByteWriter* writer) const;
  absl::Status DecodeVersions(uint8_t state_version, ByteReader* reader);

  // task_evaluate.cc
  // Both stop when `*outputs` has `enough`, and return whether slide ends are left.
  bool EvaluateTo(int64_t watermark_ms, size_t enough, std::vector<DetectOutput>* outputs);
  bool EvaluateEnds(int64_t last_end_ms, size_t enough, std::vector<DetectOutput>* outputs);
  void EvaluateBrand(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs);
  void EmitMetrics(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs);
  // `bit` numbers the window in BrandState::nonzero.
  void EmitMetric(BrandState* brand, size_t bit, int64_t end_ms, BrandMetric metric,
                  std::vector<DetectOutput>* outputs);
  void DeliverOfficials(BrandState* brand, int64_t end_ms);
  // Takes what is due out of the brand's actions.
  void ApplyActions(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs);
  void RefuseAction(const BrandState& brand, PendingAction action, ActionError error, int64_t end_ms,
                    std::vector<DetectOutput>* outputs);
  FeedQuality Quality(int64_t end_ms) const;
  // When the brand must be looked at after its windows came to end at `end_ms`.
  int64_t NextDue(const BrandState& brand, int64_t end_ms) const;
  bool MayHaveMentions(const BrandState& brand, size_t long_window, int64_t end_ms) const;
  int64_t LongStep(size_t long_window) const;
  void ForgetOld();

  // task_snapshot.cc
  absl::StatusOr<LearntBaselines> EncodeBaselines() const;
  std::string Encode() const;
  absl::Status Decode(std::string_view bytes);
  void EncodeBrand(const BrandState& brand, std::string* bytes) const;
  absl::Status DecodeBrand(uint8_t state_version, std::string_view id, std::string_view bytes);
  static void EncodeActions(const std::vector<PendingAction>& actions, ByteWriter* writer);
  static void DecodeActions(ByteReader* reader, std::vector<PendingAction>* actions);

  DetectTaskOptions options;  // constant but for monitor.config_hash
  const std::shared_ptr<WatchlistVersions> versions;
  uint32_t metric_mask = 0;  // bit i: metrics are written for window i

  WatchlistVersion current;
  std::shared_ptr<const Watchlist> watchlist;  // of `current`; null until the first block or snapshot
  std::deque<TypeNames> type_names;            // of `current`, last, and of those before it that held rows may have
  std::deque<Coming> coming;                   // by effective time
  uint64_t named = 0;                          // the version that the last block named
  absl::flat_hash_set<uint64_t> unknown;       // those that blocks named though nobody knows them
  std::vector<Watched> watched;                // by rank
  absl::flat_hash_map<std::string_view, uint32_t> rank_of_brand;  // by id
  std::vector<uint32_t> leaving;                                  // ranks
  absl::flat_hash_map<std::string_view, std::vector<uint32_t>> ranks_of_sector;
  std::vector<std::unique_ptr<BrandState>> unplaced;  // while a snapshot is decoded

  std::vector<std::unique_ptr<BrandState>> brands;  // by rank; null until first mentioned
  BrandSchedule schedule;
  std::vector<TopicPartition> sources;
  std::vector<SourceBounds> bounds;  // by source
  std::vector<int64_t> named_ms;     // by source: written_ms of the latest block that had it
  absl::flat_hash_map<TopicPartition, size_t> source_index;
  WatermarkTracker watermark;
  AuditChain audit;
  PartAssembler assembler;
  Deduplicator dedup;
  SampleStore samples;
  int64_t evaluated_ms = kUnknownTime;
  int64_t evaluate_to_ms = kNoEventTime;     // the watermark that the last block led to
  int64_t written_ms = kUnknownTime;         // when the last block was, by its writer's clock
  Offset next_offset = 0;                    // behind the last record applied
  std::deque<BlockTime> block_times;         // by first_offset
  std::multimap<Offset, RebuildNote> notes;  // by the first offset of their block
  DetectCounters counters;

  // Of the block that is being applied.
  Block decoded;
  std::vector<Block> decoded_parts;
  std::vector<size_t> block_sources;   // task's index of each of the block's sources
  std::vector<Offset> skip_below;      // by the block's sources
  std::vector<uint32_t> block_brands;  // rank of each of the block's brands; kUnwatched
  int64_t block_latest_ms = kUnknownTime;
  bool repeat_is_planted = false;  // the block is one that PlantedFault::kApplyRepeats lets pass

  // Of the slide end that is being evaluated.
  bool suppressed = false;  // DetectTask::Replay
  std::vector<uint32_t> due_brands;
  std::vector<Signal> signals;
  std::string end_text;

  mutable size_t memory_estimate = 0;
  mutable uint32_t memory_asked = 0;

  static constexpr uint32_t kUnwatched = UINT32_MAX;
  static constexpr size_t kNoSource = SIZE_MAX;  // in block_sources: carries no posts
};

}  // namespace tocsin
