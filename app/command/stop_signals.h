// SIGTERM and SIGINT as a call on a thread of its own. The second one ends the process at once.
//
// Construct before any other thread starts: the signals are blocked from then on, and waited for here.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace tocsin {

class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Calls `stop` once, when the first signal comes. REQUIRES: called at most once.
  void OnStop(std::function<void()> stop);
  // Ends the waiting. Idempotent.
  void End();

 private:
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace tocsin
