// What is kept of one brand's incident while it is open, and after it for a relapse: a value with an encoding.
//
// Totals since onset grow slide by slide from the rows that are held, so they cost nothing when nothing happens and
// survive the rows. Not thread-safe: one task owns a brand.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "engine/base/bytes.h"
#include "operators/mention/mention.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// Actions that an incident remembers; of more, the last.
inline constexpr size_t kActionsHeld = 50;
// Bits of Mention::terms that an incident counts, of which some may raise its level.
inline constexpr size_t kTermBits = 6;

// Distinct hashes, exact up to 100,000, then a lower bound.
class HashSet {
 public:
  static constexpr size_t kCapacity = 100'000;

  // True if the hash is new and was taken in.
  bool Insert(uint64_t hash) { return hashes_.size() < kCapacity && hashes_.insert(hash).second; }
  int64_t size() const { return static_cast<int64_t>(hashes_.size()); }
  bool capped() const { return hashes_.size() >= kCapacity; }
  void Clear() { hashes_.clear(); }
  void Reserve(int64_t count) { hashes_.reserve(std::min(static_cast<size_t>(count), kCapacity)); }

  void Encode(ByteWriter* writer) const;  // ascending
  void Decode(ByteReader* reader);

 private:
  absl::flat_hash_set<uint64_t> hashes_;
};

void EncodeHandled(const std::optional<HandledAction>& action, ByteWriter* writer);
std::optional<HandledAction> DecodeHandled(ByteReader* reader);

struct Incident {
  struct NetworkTotals {
    int64_t mentions = 0;
    int64_t negative_originals = 0;
    int64_t first_seen_ms = 0;
  };

  IncidentState state = IncidentState::kQuiet;
  std::string id;     // kept after resolution, for a relapse
  int32_t level = 0;  // never falls while open
  int32_t highest_level = 0;
  int64_t sequence = 0;  // of the last signal
  bool ever_confirmed = false;

  int64_t onset_ms = 0;
  int64_t opened_ms = 0;
  int64_t first_signal_ms = 0;  // of the first opening under this id
  int64_t first_confirmed_ms = 0;
  int64_t confirmed_ms = 0;  // last change to confirmed
  int64_t resolved_ms = 0;
  int64_t last_signal_ms = 0;
  int64_t next_check_ms = 0;
  int64_t last_fired_ms = 0;    // last check at which level 1 fired
  int64_t incomplete_ms = 0;    // last check at which the feed was not whole
  int64_t gaps = 0;             // as of the last check
  int64_t update_step = 0;      // into the widening intervals
  int64_t confirm_streak = 0;   // successive checks that passed level 2
  int64_t opened_negative = 0;  // what `negative` and `classified` were at the opening
  int64_t opened_classified = 0;

  int64_t peak_half_hour = 0;  // mentions
  int64_t peak_bin = 0;        // mentions in 5 minutes
  int64_t peak_ms = 0;
  std::optional<int64_t> below_half_ms;   // first check after the peak under 50 %
  std::optional<int64_t> below_tenth_ms;  // under 10 %

  // Since onset.
  int64_t mentions = 0;
  int64_t negative = 0;
  int64_t classified = 0;
  // Those that are no reposts; nullopt after a state that was written without it.
  std::optional<int64_t> classified_originals = 0;
  int64_t positive = 0;
  bool knows_positive = true;  // positives have been counted since onset; not in one that began before they were
  HashSet authors;
  HashSet negative_authors;  // of originals, replies and quotes
  HashSet negative_texts;
  std::map<Network, NetworkTotals> networks;
  std::map<uint16_t, int64_t> languages;
  std::array<int64_t, kTermBits> term_authors = {};  // negative authors whose first negative post has the term
  int64_t safety_or_breach_authors = 0;
  int64_t high_reach_negatives = 0;
  std::optional<SignalPost> first_post;  // earliest negative original whose text travels
  std::optional<SignalPost> first_high_reach_post;
  std::vector<LevelChange> timeline;

  std::vector<HandledAction> actions;         // under this id
  std::optional<HandledAction> acknowledged;  // the last since the opening
  std::optional<HandledAction> silenced;      // likewise
  std::optional<HandledAction> ended;         // the action that ended it
  bool muted_change = false;                  // a silence has kept back that the state changed

  int64_t escalate_by_ms = 0;              // who is next is called then, unless someone acknowledges; 0: nobody is
  std::optional<int64_t> escalated_at_ms;  // when it was done, for what has not been acknowledged since
  std::string route;                       // that of the last signal; not in Encode

  bool open() const { return state != IncidentState::kQuiet && state != IncidentState::kResolved; }
  // A of DESIGN.
  int64_t NegativeAuthors() const { return std::min(negative_authors.size(), negative_texts.size()); }

  // Back to the state before any opening, but for what a relapse takes up again.
  void RestartCounts();
  void Remember(const HandledAction& action);
  // Nobody has answered what it is now, and nobody was called for it.
  void NewAlarm();
  // By whom and when, unless it has risen since.
  std::optional<HandledAction> AcknowledgedInForce() const;
  // Adds one row since onset. Rows come in (event time, post hash) order within a slide.
  void Add(const HeldMention& row);
  // The part of Add that levels are decided by (GatherCourse, signal_builder.h).
  void AddToCourse(const HeldMention& row);

  void Encode(ByteWriter* writer) const;
  // Without the balance, actions, or escalations: written before these were kept.
  absl::Status Decode(ByteReader* reader, bool has_balance = true, bool has_actions = true,
                      bool has_escalations = true);
};

}  // namespace tocsin
