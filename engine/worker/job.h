// A job: workers on threads of their own, started again after errors, drained at the end.
//
// A worker that returns an error is destroyed and made anew after a back-off (crash-only: everything that counts is in
// the log). Errors that no restart mends stop the whole job: damaged or missing history, refused configuration, missing
// rights.
//
// Thread-safety: Start, Wait and the destructor belong to one thread; RequestStop, ready and restarts may be called by
// any.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tocsin {

// One stage's worker. All calls come from one thread.
class Worker {
 public:
  virtual ~Worker() = default;
  // Does a bounded piece of work, waiting at most `max_wait` for input. An error ends the worker.
  virtual absl::Status Step(absl::Duration max_wait) = 0;
  // Finishes and commits what was begun, leaves the group.
  virtual absl::Status Drain() = 0;
  // Has its partitions and works on them.
  virtual bool ready() const = 0;
};

class Job {
 public:
  using Factory = std::function<absl::StatusOr<std::unique_ptr<Worker>>()>;
  // Told of every error of a worker: its name, the error, whether it will be started again.
  using ErrorListener = std::function<void(std::string_view worker, const absl::Status& error, bool restarts)>;

  struct Options {
    absl::Duration step_wait = absl::Milliseconds(100);
    absl::Duration backoff_min = absl::Milliseconds(100);
    absl::Duration backoff_max = absl::Seconds(10);
    ErrorListener on_error;
  };

  explicit Job(Options options) : options_(std::move(options)) {}
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // REQUIRES: before Start.
  void Add(std::string name, Factory factory);
  void Start();

  // Makes every worker drain and its thread end. Safe to call more than once.
  void RequestStop();

  // Returns when all threads have ended: OK when drained, else the first error that stopped the job.
  absl::Status Wait();

  // Every worker has its partitions.
  bool ready() const;
  int64_t restarts() const { return restarts_.load(std::memory_order_relaxed); }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  struct Member {
    std::string name;
    Factory factory;
    std::atomic<bool> ready{false};
    std::thread thread;
  };

  void Run(Member* member);
  // Steps until told to stop (then drains) or until an error.
  absl::Status RunOnce(Member* member);
  void Fail(const absl::Status& status);
  // Waits for `duration`, shorter if the job stops.
  void Pause(absl::Duration duration);

  const Options options_;
  std::vector<std::unique_ptr<Member>> members_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> restarts_{0};
  std::mutex mu_;
  std::condition_variable stop_signal_;
  absl::Status failure_;  // guarded by mu_
};

}  // namespace tocsin
