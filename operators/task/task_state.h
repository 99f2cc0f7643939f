// The inside of a DetectTask, shared by the files that implement it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
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

struct DetectTask::State : EvidenceSource {
  struct Official {
    int64_t event_time_ms = 0;
    std::string post_id;
  };
  struct BrandState {
    BrandState(const DetectTaskOptions& options, uint32_t rank, const Brand* brand, const Route* route,
               int64_t evaluated_ms);

    const uint32_t rank;  // by brand id
    const Brand* const brand;
    const uint64_t id_hash;
    BrandWindows windows;
    BrandMonitor monitor;
    std::vector<Official> officials;            // waiting for the slide end behind them
    int64_t change_ms = BrandSchedule::kNever;  // slide end at which the monitor must look at the windows
    uint32_t nonzero = 0;                       // bit i: the last record of window i said more than zero mentions
    int64_t gap_missing = 0;                    // source records of gaps that the open incident has not been told of
  };
  // A block and the latest event time of its rows: needed by Rebuild until that has left windows and deduplication.
  struct BlockTime {
    Offset first_offset = 0;
    int64_t latest_ms = kUnknownTime;
  };

  State(const DetectTaskOptions& options, std::shared_ptr<const Watchlist> watchlist);

  const Sample* FindSample(int32_t handle) const override { return samples.Find(handle); }
  const TopicPartition& Source(int16_t index) const override { return sources[static_cast<size_t>(index)]; }

  // detect_task.cc
  absl::Status Apply(std::string_view bytes, Offset offset, std::vector<DetectOutput>* outputs);
  absl::Status ApplyWhole(absl::Span<const Block> parts, Offset first_offset);
  void ApplyRow(const Block& block, const Mention& row, uint32_t row_number, Offset first_offset);
  void AddOfficial(BrandState* brand, const Block& block, const Mention& row);
  void AddToWindows(BrandState* brand, const Block& block, const Mention& row);
  HeldMention Hold(const BrandState& brand, const Block& block, const Mention& row);
  absl::Status AuditSources(const Block& block, Offset first_offset);
  absl::Status CheckSources(const Block& block) const;
  void UpdateSource(const SourceRange& range, size_t source);
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

  // evaluate.cc
  void EvaluateTo(int64_t watermark_ms, std::vector<DetectOutput>* outputs);
  void EvaluateBrand(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs);
  void EmitMetrics(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs);
  // `bit` numbers the window in BrandState::nonzero.
  void EmitMetric(BrandState* brand, size_t bit, int64_t end_ms, BrandMetric metric,
                  std::vector<DetectOutput>* outputs);
  void DeliverOfficials(BrandState* brand, int64_t end_ms);
  FeedQuality Quality() const;
  // When the brand must be looked at after its windows came to end at `end_ms`.
  int64_t NextDue(const BrandState& brand, int64_t end_ms) const;
  bool MayHaveMentions(const BrandState& brand, size_t long_window, int64_t end_ms) const;
  int64_t LongStep(size_t long_window) const;
  void ForgetOld();

  // task_snapshot.cc
  std::string Encode() const;
  absl::Status Decode(std::string_view bytes);
  void EncodeBrand(const BrandState& brand, std::string* bytes) const;
  absl::Status DecodeBrand(std::string_view id, std::string_view bytes, bool has_tone);

  // Constant after construction.
  const DetectTaskOptions options;
  const std::shared_ptr<const Watchlist> watchlist;
  uint32_t metric_mask = 0;                                       // bit i: metrics are written for window i
  std::vector<uint32_t> brand_of_rank;                            // index into the watchlist
  absl::flat_hash_map<std::string_view, uint32_t> rank_of_brand;  // by id

  std::vector<std::unique_ptr<BrandState>> brands;  // by rank; null until first mentioned
  BrandSchedule schedule;
  std::vector<TopicPartition> sources;
  std::vector<SourceBounds> bounds;  // by source
  absl::flat_hash_map<TopicPartition, size_t> source_index;
  WatermarkTracker watermark;
  AuditChain audit;
  PartAssembler assembler;
  Deduplicator dedup;
  SampleStore samples;
  int64_t evaluated_ms = kUnknownTime;
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
  std::vector<uint32_t> due_brands;
  std::vector<Signal> signals;
  std::string end_text;

  mutable size_t memory_estimate = 0;
  mutable uint32_t memory_asked = 0;

  static constexpr uint32_t kUnwatched = UINT32_MAX;
};

}  // namespace tocsin
