// The demo: an embedded Kafka, a synthetic firehose, and the whole engine on it, in one process.
//
// A day of history teaches the baselines as fast as the machine goes; then event time runs some hundred times faster
// than the wall clock through a crisis, a positive surge and a spam flood, to the crisis' resolution. At the end what
// was detected is compared with the script.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace tocsin {

struct DemoOptions {
  uint64_t seed = 1;
  absl::Duration duration = absl::Seconds(60);  // wall-clock time of the part after the history
  double rate = 4'000;                          // posts a second in that part
  bool keep_running = false;                    // serve metrics after the summary, until stopped
};

// Returns the exit code: 0 if what was detected is what the script has, else 1.
int RunDemo(const DemoOptions& options);

}  // namespace tocsin
