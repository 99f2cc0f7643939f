// What is to be seen of a brand at this moment: for gauges, never for decisions.
//
// A value: thread-safe as any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "operators/parse/post.h"
#include "operators/signal/signal.h"

namespace tocsin {

struct BrandStatus {
  std::string id;
  std::string name;
  std::string sector;
  std::string owner;  // of its route; empty: none

  // Over the window of five minutes that ended at the last slide end.
  double mentions_per_minute = 0;
  std::optional<double> negative_ratio;  // as classified; nullopt: nothing was
  double negative_low = 0;               // the published interval around it, 95 %
  double negative_high = 0;

  // The brand's own baseline; nullopt: not known yet.
  std::optional<double> expected_per_minute;
  // Two standard deviations above, of a count of five minutes with the dispersion of the hour's.
  double expected_high_per_minute = 0;
  std::optional<double> expected_negative_ratio;

  // The open incident. kQuiet: none, and what follows means nothing.
  IncidentState state = IncidentState::kQuiet;
  int32_t level = 0;
  int64_t onset_ms = 0;
  std::optional<int64_t> response_ms;                 // from onset to the brand's first own post
  std::string escalated_to;                           // empty: nobody, or someone has acknowledged since
  std::vector<std::pair<Network, int64_t>> networks;  // mentions since onset
};

}  // namespace tocsin
