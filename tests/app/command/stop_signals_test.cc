// Goal: a stop ends in time, whatever is in its way. Method: the signals themselves; what ends the process in a death
// test.
#include "app/command/stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

void SignalSelf(int signal) { kill(getpid(), signal); }

// What a stop waits for that never comes.
[[noreturn]] void WaitForever() {
  while (true) pause();
}

class StopSignalsTest : public testing::Test {
 protected:
  // Each death test in a process of its own, which starts without threads.
  StopSignalsTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
using StopSignalsDeathTest = StopSignalsTest;

TEST_F(StopSignalsDeathTest, AStopThatTakesTooLongSaysSoAndEndsTheProcess) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.OnStop([] { std::fputs("stopping, ", stderr); }, absl::Milliseconds(1),
                       [] { std::fputs("late", stderr); });
        SignalSelf(SIGTERM);
        WaitForever();
      },
      testing::ExitedWithCode(1), "stopping, late");
}

TEST_F(StopSignalsDeathTest, ASecondSignalEndsTheProcessAtOnce) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.OnStop([] { SignalSelf(SIGINT); });
        SignalSelf(SIGTERM);
        WaitForever();
      },
      testing::ExitedWithCode(1), "");
}

TEST_F(StopSignalsDeathTest, HangUpEndsAProcessThatDoesNotAskForIt) {
  EXPECT_EXIT(
      {
        StopSignals signals;
        signals.OnStop([] {});
        SignalSelf(SIGHUP);
        WaitForever();
      },
      testing::KilledBySignal(SIGHUP), "");
}

TEST_F(StopSignalsTest, AStopThatEndsInTimeEndsNothing) {
  absl::Notification hung_up;
  absl::Notification stopped;
  StopSignals signals([&hung_up] { hung_up.Notify(); });
  signals.OnStop([&stopped] { stopped.Notify(); }, absl::Hours(1));
  SignalSelf(SIGHUP);
  hung_up.WaitForNotification();
  SignalSelf(SIGTERM);
  stopped.WaitForNotification();
  signals.End();
  signals.End();
}

}  // namespace
}  // namespace tocsin
