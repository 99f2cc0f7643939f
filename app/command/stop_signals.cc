#include "app/command/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <utility>

namespace tocsin {
namespace {

sigset_t StopSet(bool with_hangup) {
  sigset_t set;
  sigemptyset(&set);
  if (with_hangup) sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignals::StopSignals(std::function<void()> on_hangup) : on_hangup_(std::move(on_hangup)) {
  const sigset_t set = StopSet(static_cast<bool>(on_hangup_));
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::~StopSignals() { End(); }

void StopSignals::OnStop(std::function<void()> stop, absl::Duration within, std::function<void()> late) {
  thread_ = std::thread([this, stop = std::move(stop), within, late = std::move(late)] { Listen(stop, within, late); });
}

void StopSignals::Listen(const std::function<void()>& stop, absl::Duration within, const std::function<void()>& late) {
  const sigset_t set = StopSet(static_cast<bool>(on_hangup_));
  bool stopped = false;
  std::chrono::steady_clock::time_point stopped_at;
  while (!ended_.load(std::memory_order_relaxed)) {
    // Wakes up now and then, so that End need not send a signal to this thread.
    const timespec wait{0, 100'000'000};
    const int signal = sigtimedwait(&set, nullptr, &wait);
    if (stopped && absl::FromChrono(std::chrono::steady_clock::now() - stopped_at) >= within) {
      if (late) late();
      _exit(1);
    }
    if (signal < 0) continue;
    if (signal == SIGHUP) {
      if (!stopped) on_hangup_();
      continue;
    }
    if (stopped) _exit(1);
    stopped = true;
    stopped_at = std::chrono::steady_clock::now();
    stop();
  }
}

void StopSignals::End() {
  ended_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

}  // namespace tocsin
