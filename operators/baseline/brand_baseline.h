// What is usual for one brand: level and over-dispersion of mentions and of negative authors, and the negative share.
//
// Exponentially weighted mean and variance over bins of five minutes with a half-life of seven days (C2-EWMA: the
// variance is not clipped, since a brand that bursts often must burst higher to count). Statistics are fed with a delay
// of three hours, so that a slow onset can't raise what it is measured against; the owner stops feeding while an
// incident is open. State is fixed point, so a restored baseline continues exactly. Formulas and sources:
// docs/DETECTION.md.
//
// Not thread-safe: one task owns a brand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "engine/base/bytes.h"
#include "engine/base/time_units.h"

namespace tocsin {

inline constexpr size_t kDecisionWindows = 3;
// Windows over which decisions are taken; WindowOptions::sizes_ms must contain them.
inline constexpr std::array<int64_t, kDecisionWindows> kDecisionWindowMs = {300'000, 900'000, 3'600'000};

// One bin, taken at its end.
struct BaselineSample {
  int64_t mentions_hour = 0;                                    // of the hour that ends with the bin
  std::array<int64_t, kDecisionWindows> negative_authors = {};  // of the windows that end with the bin
  int64_t negative = 0;                                         // mentions of the bin itself
  int64_t classified = 0;
  int64_t positive = 0;

  friend bool operator==(const BaselineSample&, const BaselineSample&) = default;
};

void EncodeSample(const BaselineSample& sample, ByteWriter* writer);
// Without the balance: written before positives were kept.
BaselineSample DecodeSample(ByteReader* reader, bool has_balance);

// Mean and variance / mean, rounded as published.
struct BaselineLevel {
  double mean = 0;
  double dispersion = 1;
};

class BrandBaseline {
 public:
  // `ready_ms`: how much history makes it ready; delays shrink with it below a day.
  BrandBaseline(int64_t bin_ms, int64_t ready_ms, int64_t half_life_ms = 7 * kDayMs);

  void Add(const BaselineSample& sample);
  void AddIdle(int64_t bins);  // as so many empty samples
  // Forgets the samples that have not been fed yet: at the onset of an incident.
  void DropRecent();

  bool ready() const { return bins_seen_ >= ready_bins_; }
  // Enough to expect anything at all: about three hours after the first mention.
  bool usable() const { return fed_ >= usable_bins_; }
  // Enough for the score of C2-EWMA.
  bool scores() const { return ready() && fed_ >= score_bins_; }
  int64_t bins_seen() const { return bins_seen_; }

  BaselineLevel MentionsPerHour() const;
  // The dispersion is shrunk towards 2 and never less than 1.2.
  BaselineLevel NegativeAuthors(size_t window) const;
  // Negative share of classified mentions, shrunk towards a prior of 0.2 with the weight of 20 mentions.
  double NegativeShare() const;
  // Enough to say how positive the brand usually is; not at once after a state that was written without it.
  bool knows_balance() const { return balance_fed_ >= usable_bins_; }
  // Negative minus positive share of classified mentions, each shrunk as NegativeShare is; -1 to 1. REQUIRES:
  // knows_balance().
  double NegativeBalance() const;
  // Half a standard error above, two while learning, and then at least 0.3: what a share is tested against.
  double NegativeShareTested() const;
  // C2-EWMA from the rounded level: (hour - mean) / sqrt(max(dispersion * mean, (mean + 1) / 4)).
  double Score(int64_t mentions_hour) const;
  // A count that every threshold of the window exceeds: mean + 1 standard deviation. Cheap, for gates.
  int64_t GateOfWindow(size_t window) const { return gates_[window]; }

  void Encode(ByteWriter* writer) const;
  // Without the balance: written before positives were kept.
  absl::Status Decode(ByteReader* reader, bool has_balance = true);

 private:
  struct Moments {
    int64_t mean_q32 = 0;
    int64_t variance_q24 = 0;
  };

  void Feed(const BaselineSample& sample);
  void UpdateGates();
  double EffectiveBins() const;

  // Constant after construction.
  double least_alpha_;  // the weight of a bin once the half-life counts
  int64_t ready_bins_;
  int64_t usable_bins_;
  int64_t score_bins_;
  int64_t fill_bins_;  // until the hour's window is full
  int64_t learning_delay_;
  int64_t ready_delay_;

  int64_t bins_seen_ = 0;
  int64_t fed_ = 0;
  Moments mentions_;
  std::array<Moments, kDecisionWindows> negative_authors_;
  int64_t negative_mean_q32_ = 0;    // per bin
  int64_t classified_mean_q32_ = 0;  // per bin
  // Since positives are kept, which may be later than all else.
  int64_t balance_fed_ = 0;
  int64_t balance_positive_q32_ = 0;  // per bin
  int64_t balance_negative_q32_ = 0;
  int64_t balance_classified_q32_ = 0;
  std::deque<BaselineSample> waiting_;
  std::array<int64_t, kDecisionWindows> gates_ = {};  // derived
};

}  // namespace tocsin
