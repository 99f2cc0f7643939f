#include "app/command/stop_signals.h"

#include <pthread.h>
#include <unistd.h>

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

void StopSignals::OnStop(std::function<void()> stop) {
  thread_ = std::thread([this, stop = std::move(stop)] {
    const sigset_t set = StopSet(static_cast<bool>(on_hangup_));
    bool stopped = false;
    while (!ended_.load(std::memory_order_relaxed)) {
      // Wakes up now and then, so that End need not send a signal to this thread.
      const timespec wait{0, 100'000'000};
      const int signal = sigtimedwait(&set, nullptr, &wait);
      if (signal < 0) continue;
      if (signal == SIGHUP) {
        if (!stopped) on_hangup_();
        continue;
      }
      if (stopped) _exit(1);
      stopped = true;
      stop();
    }
  });
}

void StopSignals::End() {
  ended_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

}  // namespace tocsin
