// The only way to the wall clock. Decisions are made from event time in the log; what is left for the clock is flush
// intervals, idleness, back-off and the time stamps of things emitted.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace tocsin {

// Thread-safe, as are its implementations.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual absl::Time Now() = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] absl::Time Now() override { return absl::Now(); }
};

// Stands still until told otherwise: for tests and the simulator.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time start = absl::UnixEpoch()) : now_(start) {}

  [[nodiscard]] absl::Time Now() override {
    absl::MutexLock lock(&mu_);
    return now_;
  }

  void Advance(absl::Duration step) {
    absl::MutexLock lock(&mu_);
    now_ += step;
  }

  void Set(absl::Time now) {
    absl::MutexLock lock(&mu_);
    now_ = now;
  }

 private:
  absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tocsin
