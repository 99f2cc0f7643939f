// What a brand may have of its own instead of the rules that all brands share. Plain values.
#pragma once

#include <cstdint>
#include <optional>

namespace tocsin {

// Provisional incidents in 1,000 brand-days that chance may open: the budget from which the rules' one_in follow. A
// brand has 408 decision windows a day that share no mention (288 of 5 minutes, 96 of 15, 24 of an hour); each passing
// the test of authors once in 100,000 makes 4. What is measured is in docs/DETECTION.md.
inline constexpr double kFalseAlarms = 4;

// What an own threshold may be, both ends included.
template <typename T>
struct ThresholdRange {
  T least;
  T most;
};
inline constexpr ThresholdRange<double> kFalseAlarmsRange = {0.01, 100};
inline constexpr ThresholdRange<int64_t> kNegativeAuthorsRange = {3, 100'000};
// Not below what ends an incident, or it would be over as soon as it was confirmed.
inline constexpr ThresholdRange<double> kConfirmedVelocityRange = {1.5, 100};
inline constexpr ThresholdRange<int64_t> kConfirmedAuthorsRange = {5, 1'000'000};
inline constexpr ThresholdRange<double> kConfirmedMarginRange = {0.01, 0.5};

// Of levels 1 and 2; nullopt: as the rules have it. docs/DETECTION.md, "Thresholds of a brand's own".
struct BrandThresholds {
  std::optional<double> false_alarms = {};        // its own budget
  std::optional<int64_t> negative_authors = {};   // level 1: at least so many in a window
  std::optional<double> confirmed_velocity = {};  // level 2: V
  std::optional<int64_t> confirmed_authors = {};  // level 2: A
  std::optional<double> confirmed_margin = {};    // level 2: of N, and of the balance, over what is usual

  bool operator==(const BrandThresholds&) const = default;
};

// Calls visit(key in the watchlist, value, range) for each.
template <typename Thresholds, typename Visit>
void VisitThresholds(Thresholds& thresholds, const Visit& visit) {
  visit("false_alarms", thresholds.false_alarms, kFalseAlarmsRange);
  visit("negative_authors", thresholds.negative_authors, kNegativeAuthorsRange);
  visit("confirmed_velocity", thresholds.confirmed_velocity, kConfirmedVelocityRange);
  visit("confirmed_authors", thresholds.confirmed_authors, kConfirmedAuthorsRange);
  visit("confirmed_margin", thresholds.confirmed_margin, kConfirmedMarginRange);
}

}  // namespace tocsin
