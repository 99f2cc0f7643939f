// One brand's baseline, detectors and incident: from windows to signals.
//
// Decides from its arguments alone (no clock, no randomness); its state is integers or fixed point, so replay is exact.
// Not thread-safe: one task owns a brand.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "engine/base/bytes.h"
#include "operators/action/action.h"
#include "operators/detect/level_tests.h"
#include "operators/detect/sector_course.h"
#include "operators/incident/brand_status.h"
#include "operators/match/watchlist.h"
#include "operators/mention/mention.h"
#include "operators/sentiment/ratio_calibration.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// What the task knows of its input at an evaluation; goes into `quality`.
struct FeedQuality {
  int64_t watermark_ms = 0;
  int32_t sources_complete = 0;  // k of n source partitions counted
  int32_t sources = 0;
  int64_t late_dropped = 0;  // since the task began
  int64_t gaps = 0;          // since the task began
  bool stale = false;
};

// Gives the evidence what rows only refer to, and what other brands do.
class EvidenceSource {
 public:
  virtual ~EvidenceSource() = default;
  // False while what has been published is decided again: nobody reads the signals then, and they need to hold only
  // what SignalId takes.
  virtual bool signals_are_read() const { return true; }
  // Of a row of the brand; nullopt: its text did not travel, or is not held any more. Its views are valid until the
  // next evaluation.
  virtual std::optional<Sample> FindSample(const HeldMention& row) const = 0;
  // Topic and partition of a HeldMention::source.
  virtual const TopicPartition& Source(int16_t index) const = 0;
  // The other brands of the brand's sector at the slide end `end_ms`, with negative shares since `from_ms`. Their
  // windows may be moved on to there.
  virtual SectorCourse Sector(const Brand& brand, int64_t from_ms, int64_t end_ms) = 0;
  // The type of the user's own that bit kOwnTypeShift + `number` of a row's terms stands for, by the watchlist that
  // counts at the row's event time. Empty: none.
  virtual std::string_view OwnType(size_t /*number*/, int64_t /*event_time_ms*/) const { return {}; }
};

struct MonitorOptions {
  std::string deployment = "tocsin";
  uint64_t config_hash = 0;
  int64_t slide_ms = 5'000;
  int64_t baseline_bin_ms = 300'000;
  int64_t baseline_ready_ms = 24LL * 3'600'000;
  double false_alarms = kFalseAlarms;  // provisional incidents in 1,000 brand-days that chance may open
  // WindowOptions::sizes_ms of the windows that are evaluated; must contain kDecisionWindowMs. The slide must divide
  // baseline_bin_ms, and baseline_bin_ms must be the first of kDecisionWindowMs.
  std::vector<int64_t> window_sizes_ms = {60'000, 300'000, 900'000, 3'600'000};
  RatioCalibration calibration;  // of the published ratio; decisions are on the ratio as classified
};

class BrandMonitor {
 public:
  // Everything passed must outlive this. `route` may be null.
  BrandMonitor(const MonitorOptions* options, const Brand* brand, const Route* route);
  ~BrandMonitor();

  // Called with `windows` ending at each slide end, in order. Slide ends before NextDueMs() and before the windows'
  // NextChangeMs() may be left out: the result is the same. Appends the signals that are due, in sequence.
  //
  // Cadence: the level-1 test at each slide (two integer comparisons unless negative authors are many), the incident
  // every five minutes from its opening, baseline and surge every five minutes of event time.
  void Evaluate(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence,
                std::vector<Signal>* signals);

  // The brand was defined anew: what it is called and for whom its signals are may differ. Both must outlive this, or
  // the next Rebind; `route` may be null.
  void Rebind(const Brand* brand, const Route* route);

  // Begins as if newly made.
  void Restart();

  // What is matched has changed: the baseline begins anew. An open incident is kept, with the baseline that it is
  // measured by; then learning begins when it is over.
  void Relearn();

  // Begins as if newly made, but with the baseline that `history` has at the slide end `end_ms`, up to which it has
  // been evaluated where it was due. What an open incident of `history` has kept out of its baseline stays out.
  void TakeBaseline(const BrandMonitor& history, int64_t end_ms);

  // The brand is watched no more, or not here: an open incident, or a drill, ends with a signal that gives the reason.
  // `windows` as of Evaluate.
  void Close(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence, std::string_view reason,
             std::vector<Signal>* signals);

  // Takes in what someone has done. Called after Evaluate for the same slide end, with its arguments. An action tells
  // and keeps back signals; what is decided of an incident that goes on stays the same. kNone: it took effect.
  ActionError Act(const Action& action, const BrandWindows& windows, const FeedQuality& quality,
                  EvidenceSource& evidence, std::vector<Signal>* signals);

  // Calls who is next on the route if a confirmed incident, or a drill, has not been acknowledged in the route's time.
  // Called last at a slide end, with the arguments of Evaluate: so what was done by then counts.
  void Escalate(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence,
                std::vector<Signal>* signals);

  // A response by an official account (never a mention).
  void AddOfficial(int64_t event_time_ms, std::string_view post_id);

  // Next slide end at which Evaluate must be called even if nothing changes in the windows; INT64_MAX if none.
  int64_t NextDueMs() const;

  // A notice (kind feed_health) that the feed is silent, gapped or lagging, outside any incident. `reason` is one plain
  // sentence without a full stop.
  Signal FeedHealthNotice(int64_t end_ms, const FeedQuality& quality, std::string reason);

  // What the brand is to the others of its sector; nullopt if it tells nothing: not mentioned at the last evaluations,
  // no expectation yet, or one so low that ten minutes say nothing. `windows` must end where the others are looked at.
  std::optional<SectorMember> AsSectorMember(const BrandWindows& windows, int64_t from_ms) const;
  // Expected mentions per minute for the window metrics; negative: not known yet.
  double ExpectedPerMinute() const;
  // Everything of a BrandStatus but what the windows tell.
  BrandStatus Status() const;
  bool baseline_ready() const;
  bool has_open_incident() const;
  bool has_drill() const;
  int level() const;
  const Route* route() const;

  // Whole state for the snapshot. Decode returns DataLoss for damaged bytes.
  void Encode(ByteWriter* writer) const;
  absl::Status Decode(ByteReader* reader);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tocsin
