// SIGTERM and SIGINT, and SIGHUP if asked for, as calls on a thread of their own. The second SIGTERM or SIGINT ends the
// process at once, and so does a stop that takes too long.
//
// Construct before any other thread starts: the signals are blocked from then on, and waited for here.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "absl/time/time.h"

namespace tocsin {

class StopSignals {
 public:
  // With `on_hangup`, SIGHUP calls it, as often as it comes, once OnStop has been called; without, SIGHUP ends the
  // process as usual.
  explicit StopSignals(std::function<void()> on_hangup = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Calls `stop` once, when the first signal comes. Unless End is called within `within` from then on, calls `late` and
  // ends the process with code 1. REQUIRES: called at most once.
  void OnStop(std::function<void()> stop, absl::Duration within = absl::InfiniteDuration(),
              std::function<void()> late = {});
  // Ends the waiting. Idempotent.
  void End();

 private:
  void Listen(const std::function<void()>& stop, absl::Duration within, const std::function<void()>& late);

  const std::function<void()> on_hangup_;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace tocsin
