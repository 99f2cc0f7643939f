#include "engine/base/clock.h"

#include "gtest/gtest.h"

namespace tocsin {
namespace {

TEST(ClockTest, StandsStillUntilAdvanced) {
  ManualClock clock(absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(100));
  clock.Advance(absl::Milliseconds(1500));
  EXPECT_EQ(clock.Now(), absl::FromUnixMillis(101'500));
  clock.Set(absl::UnixEpoch());
  EXPECT_EQ(clock.Now(), absl::UnixEpoch());
}

TEST(ClockTest, SystemClockNeverStandsBeforeTheTimeOfAnEarlierCall) {
  SystemClock clock;
  EXPECT_LE(absl::FromUnixSeconds(1'700'000'000), clock.Now());
}

}  // namespace
}  // namespace tocsin
