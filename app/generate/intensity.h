// How many posts a minute a scenario means at a moment: its expected rates, without chance.
//
// Immutable, so thread-safe. Keeps a reference to the scenario.
#pragma once

#include <cstdint>
#include <vector>

#include "app/generate/scenario.h"

namespace tocsin {

// When an event is in which phase, since the start of the firehose.
struct EventPhases {
  int64_t onset_ms = 0;
  int64_t peak_ms = 0;      // the rise is over
  int64_t peak_end_ms = 0;  // the decay begins
  int64_t half_ms = 0;      // it has halved
  int64_t end_ms = 0;       // it is below kFadedLevel: no post of it comes later
};
EventPhases PhasesOf(const ScenarioEvent& event);

class Intensity {
 public:
  explicit Intensity(const Scenario& scenario);

  // Relative to the mean of a week.
  double Cycle(int64_t since_start_ms) const;
  // Of the peak, from 0 to 1.
  static double Level(const ScenarioEvent& event, int64_t since_start_ms);
  // Posts a minute that the event adds to `brand`, one of its own.
  double EventPerMinute(const ScenarioEvent& event, size_t brand, int64_t since_start_ms) const;
  // Mentions a minute of the brand, events included. Linear in the number of events.
  double BrandPerMinute(size_t brand, int64_t since_start_ms) const;
  double ChatterPerMinute(int64_t since_start_ms) const;

 private:
  const Scenario& scenario_;
  std::vector<double> hours_;    // normalised
  std::vector<double> weekday_;  //
};

}  // namespace tocsin
