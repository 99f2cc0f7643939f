// The progress of a replay on one line of a terminal, which is written over.
#pragma once

#include "absl/time/time.h"
#include "app/pipeline/replay.h"

namespace tocsin {

// Ends the line when it goes out of scope. Not thread-safe.
class ProgressLine {
 public:
  explicit ProgressLine(absl::Time start) : start_(start) {}
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const ReplayProgress& progress);

 private:
  const absl::Time start_;
  bool shown_ = false;
};

}  // namespace tocsin
