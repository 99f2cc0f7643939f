// What a demo's signals amount to, held against its script.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/generate/scenario.h"

namespace tocsin {

// The fields of a signal that the demo looks at.
struct SeenSignal {
  std::string brand_id;
  std::string kind;     // crisis, surge, feed_health
  std::string state;    // empty for notices
  std::string message;  // alert, update, resolve, notice
  std::string summary;
  int64_t level = 0;
  int64_t window_end_ms = 0;
};

// From the `data` of a signal; nullopt if it is none.
std::optional<SeenSignal> ReadSignal(std::string_view json);

struct Verdict {
  bool as_scripted = false;
  std::vector<std::string> lines;  // for people
};

Verdict Judge(const Scenario& scenario, const std::vector<SeenSignal>& signals);

}  // namespace tocsin
