// One brand's mentions in event time: sparse panes with sliding totals over several window sizes.
//
// Every slide end E is evaluated in order and sees only panes before E, whatever else has been added already. Counts
// are integers with subtract-on-evict running totals: a slide costs the same at any window length. Distinct authors are
// exact (last-seen pane per author). Result independent of the order in which the mentions were added, as long as none
// came after its pane had been evaluated; a late mention is added to every window that still contains its pane.
//
// Not thread-safe: one task owns a brand.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "engine/base/bytes.h"
#include "engine/base/dense_table.h"
#include "operators/mention/mention.h"
#include "operators/window/held_mention.h"
#include "operators/window/packed_rows.h"
#include "operators/window/pane_list.h"

namespace tocsin {

struct WindowOptions {
  int64_t slide_ms = 5'000;
  std::vector<int64_t> sizes_ms = {60'000, 300'000, 900'000, 3'600'000};  // ascending multiples of the slide
  // Windows beyond this are answered from minute totals (counts only, whole minutes).
  int64_t held_ms = 3'600'000;  // how long rows and panes are kept: at least the largest of sizes_ms
  int64_t minutes_held = 24 * 60 + 180;
};

// Integer totals of a window [end - size, end).
struct WindowCounts {
  int64_t mentions = 0;
  int64_t originals = 0;  // everything but reposts
  int64_t reposts = 0;
  int64_t negative = 0;
  int64_t neutral = 0;
  int64_t positive = 0;
  int64_t unclassified = 0;
  int64_t reach = 0;
  // Negative mentions that are no reposts.
  int64_t negative_originals = 0;
  // Of the classified ones: by stars, negative by stars, and the levels of negativity of the others added up.
  int64_t rated = 0;
  int64_t rated_negative = 0;
  int64_t negativity = 0;
  // Distinct; only for windows of WindowOptions::sizes_ms.
  int64_t unique_authors = 0;
  int64_t negative_authors = 0;  // authors of negative originals, replies and quotes
  int64_t negative_texts = 0;    // distinct text fingerprints among those

  friend bool operator==(const WindowCounts&, const WindowCounts&) = default;
};

class BrandWindows {
 public:
  enum class AddResult : uint8_t { kAdded, kAddedLate, kTooLate };

  // `options` must outlive this; its slide is at least a second and its sizes ascend. `evaluated_ms` is the slide end
  // up to which evaluation has gone (kUnknownTime: none yet).
  explicit BrandWindows(const WindowOptions* options, int64_t evaluated_ms = kUnknownTime);

  // kAdded: waits for its slide end. kAddedLate: counted in every window that still contains its pane. kTooLate:
  // dropped, older than held_ms (or before 1970, or 2^32 slides and more behind it).
  AddResult Add(const HeldMention& mention);

  // Adds a mention that had been added before the snapshot from which Decode read: minute totals and pane history have
  // it already. kTooLate: no longer held.
  AddResult Restore(const HeldMention& mention);

  // Moves every window to end at `end_ms`: O(panes that enter or leave), however far. REQUIRES: a multiple of the
  // slide, later than the last one.
  void AdvanceTo(int64_t end_ms);

  int64_t end_ms() const { return end_ms_; }
  // Event time from which on all mentions before end_ms() are held.
  int64_t held_from_ms() const { return end_ms_ - options_->held_ms; }
  // Totals of the window number `index` in sizes_ms, ending at end_ms().
  const WindowCounts& Window(size_t index) const { return windows_[index].totals; }
  // Mentions of the window before that one: [end_ms() - 2 * size, end_ms() - size).
  int64_t MentionsBefore(size_t index) const { return windows_[index].twice - windows_[index].totals.mentions; }
  // Counts (no distinct fields) of [from_ms, end_ms()), with from_ms rounded down to a slide end while panes are held,
  // else to a whole minute.
  WindowCounts CountsSince(int64_t from_ms) const;
  // Mentions with event time in [from_ms, end_ms()) that are still held, in an order that depends only on their
  // content: (event time, post hash).
  // Each is valid during its call only.
  void ForEachHeld(int64_t from_ms, absl::FunctionRef<void(const HeldMention&)> fn) const;

  // Nothing is held of what was evaluated. What waits for its slide end does not count, so that this depends on event
  // time alone.
  bool idle() const { return evaluated_ == 0; }
  // First slide end after end_ms() at which a pane enters or leaves a window; INT64_MAX if none will. (A late mention
  // changes windows at once, without being announced here.)
  int64_t NextChangeMs() const;
  // Start of the last minute with an evaluated mention that is still in the minute totals; kUnknownTime if none.
  int64_t last_minute_ms() const { return minutes_.empty() ? kUnknownTime : minutes_.back().start; }
  size_t memory_bytes() const;

  // What outlives held_ms: minute totals and pane history. The mentions themselves come back through Restore.
  void Encode(ByteWriter* writer) const;
  // REQUIRES: newly made. DataLoss for damaged bytes. Without tone: written before minutes said how negative their
  // mentions are, which their classes then stand for.
  absl::Status Decode(ByteReader* reader, bool has_tone = true);

 private:
  // Sums of a pane or a minute; what is left out follows from these.
  struct Sums {
    uint32_t mentions = 0;
    uint32_t reposts = 0;
    uint32_t negative = 0;
    uint32_t neutral = 0;
    uint32_t positive = 0;
    uint32_t negative_originals = 0;
    uint32_t rated = 0;
    uint32_t rated_negative = 0;
    uint32_t negativity = 0;
    uint64_t reach = 0;

    void Add(const HeldMention& mention);
    void Add(const Sums& other);
  };
  struct Pane {
    Sums sums;           // zero until evaluated
    uint32_t start = 0;  // in slides
    // Authors and texts seen here and in no later pane that has been evaluated.
    uint32_t authors = 0;
    uint32_t negative_authors = 0;
    uint32_t negative_texts = 0;
    PackedRows rows;
  };
  static_assert(sizeof(Pane) == 80, "there are 720 of them for each brand that is spoken of all the time");
  struct Minute {
    int64_t start = 0;
    Sums sums;
  };
  struct PaneMentions {
    uint32_t start = 0;  // in slides
    uint32_t mentions = 0;
  };
  struct Sliding {
    WindowCounts totals;
    size_t first = 0;        // pane number of the first pane in the window
    int64_t twice = 0;       // mentions of [end - 2 * size, end)
    size_t twice_first = 0;  // number in history_ of the first of those
  };
  // The last evaluated panes, counted from seen_base_; 0 is never.
  struct LastSeen {
    uint16_t any = 0;
    uint16_t negative = 0;
  };

  bool IsEvaluated(int64_t event_time_ms) const { return end_ms_ != kUnknownTime && event_time_ms < end_ms_; }
  bool IsHeld(int64_t event_time_ms) const;
  int64_t WindowStart(size_t index) const { return end_ms_ - options_->sizes_ms[index]; }
  int64_t StartMs(int64_t slide) const { return slide * options_->slide_ms; }
  // Number of the pane of this slide, made if need be; keeps every cursor right.
  size_t PaneNumber(int64_t slide);
  void AddEvaluated(const HeldMention& mention, int64_t slide);
  // Adds one mention to its pane's sums and to the windows that contain the pane.
  void CountInWindows(size_t pane_number, const HeldMention& mention);
  void CountDistinct(size_t pane_number, const HeldMention& mention);
  // Makes the pane of this slide one of those that can be counted from seen_base_.
  void MoveSeenBase(int64_t slide);
  // The slide that starts with the largest window: what was last seen before it is of no window.
  int64_t FirstSlide() const;
  // Moves an author or text from its last pane to a later one. `in_pane` and `in_window` name the pair of counters.
  void MoveLastSeen(uint32_t from, size_t pane_number, uint32_t Pane::*in_pane, int64_t WindowCounts::*in_window);
  void AddToMinute(const HeldMention& mention);
  void AddToHistory(int64_t slide, uint32_t mentions);
  void LeaveWindows();
  void EnterWindows();
  void DropOld();
  void DropUnseen();

  const WindowOptions* options_;
  int64_t end_ms_;
  std::vector<Sliding> windows_;
  PaneList<Pane> panes_;
  size_t evaluated_ = 0;            // how many of panes_ start before end_ms_
  PaneList<PaneMentions> history_;  // evaluated panes of twice the largest window
  PaneList<Minute> minutes_;
  int64_t seen_base_ = 0;                // a pane's start in slides, less one
  DenseTable<LastSeen> authors_;         // by mixed hash
  DenseTable<uint32_t> negative_texts_;  // likewise; the last evaluated pane, as LastSeen
};

}  // namespace tocsin
