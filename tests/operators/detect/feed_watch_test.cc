#include "operators/detect/feed_watch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/base/bytes.h"
#include "gtest/gtest.h"
#include "operators/detect/tail.h"

namespace tocsin {
namespace {

constexpr int64_t kBinMs = 300'000;
constexpr int64_t kBinsOfHour = 12;

TEST(SilenceHoursTest, IsWhenNoneInSoManyHoursIsOneInATrillion) {
  for (const double mean : {2.0, 12.0, 40.0}) {
    for (const double dispersion : {1.5, 3.0, 20.0}) {
      const double hours = SilenceHours(mean, dispersion);
      if (hours == 1) continue;  // the least
      const double none_in_an_hour = 1 - NegativeBinomialTail(1, mean, dispersion);
      EXPECT_NEAR(hours * std::log(none_in_an_hour), -std::log(1e12), 0.01) << mean << " " << dispersion;
    }
  }
  EXPECT_NEAR(SilenceHours(5, 1), std::log(1e12) / 5, 1e-4) << "Poisson";
  EXPECT_NEAR(SilenceHours(5, 0.9), std::log(1e12) / 5, 1e-4) << "less than Poisson is taken for Poisson";
  EXPECT_EQ(SilenceHours(1'000, 2), 1);
  EXPECT_EQ(SilenceHours(0, 2), std::numeric_limits<double>::infinity());
}

TEST(LowVolumeThresholdTest, IsTheLargestByDefinition) {
  for (const double expected : {20.0, 100.0, 3'000.0}) {
    for (const double dispersion : {1.2, 5.0, 60.0}) {
      const int64_t threshold = LowVolumeThreshold(expected, dispersion);
      // Fewer than it are improbable and few enough; one more would not be both.
      const auto too_few = [&](int64_t count) {
        return 1 - NegativeBinomialTail(count + 1, expected, dispersion) <= 1e-6 &&
               static_cast<double>(count) <= 0.4 * expected;
      };
      EXPECT_TRUE(threshold == 0 || too_few(threshold - 1)) << expected << " " << dispersion;
      EXPECT_FALSE(too_few(threshold)) << expected << " " << dispersion;
    }
  }
}

class FeedWatchTest : public testing::Test {
 protected:
  FeedWatchTest() : baseline_(kBinMs, kDayMs) {}

  // Bins of an hour with so many mentions, spread evenly. With `leave_out`, bins in an empty hour are not told of.
  void Hours(int64_t hours, int64_t mentions, bool leave_out = false) {
    for (int64_t bin = 0; bin < hours * kBinsOfHour; ++bin) {
      end_ms_ += kBinMs;
      recent_.push_back(mentions / kBinsOfHour);
      int64_t hour = 0;
      for (size_t i = recent_.size() - std::min<size_t>(recent_.size(), kBinsOfHour); i < recent_.size(); ++i) {
        hour += recent_[i];
      }
      BaselineSample sample;
      sample.mentions_hour = hour + (bin % 2 == 0 ? hour / 10 : -hour / 10);
      baseline_.Add(sample);
      if (leave_out && hour == 0 && end_ms_ < watch_.SilenceDueMs()) continue;
      if (const auto test = watch_.AtBinEnd(end_ms_, kBinMs, recent_.back(), hour, baseline_)) Tell(*test);
      if (const auto test = watch_.Silence(end_ms_)) Tell(*test);
    }
  }

  void Tell(const SignalTest& test) {
    EXPECT_TRUE(test.passed);
    told_ += test.name + " ";
    last_ = test;
  }

  void Reload() {
    std::string bytes;
    ByteWriter writer(&bytes);
    watch_.Encode(&writer);
    ByteReader reader(bytes);
    watch_ = {};
    watch_.Decode(&reader);
    EXPECT_TRUE(reader.ok());
  }

  BrandBaseline baseline_;
  FeedWatch watch_;
  int64_t end_ms_ = 480'000 * kHourMs;
  std::vector<int64_t> recent_;
  std::string told_;
  SignalTest last_;
};

TEST_F(FeedWatchTest, ASilenceIsToldOnceAndItsEnd) {
  Hours(72, 24);
  EXPECT_EQ(told_, "");
  Hours(30, 0);
  EXPECT_EQ(told_, "silence ");
  EXPECT_GE(last_.observed, last_.threshold);
  EXPECT_LT(last_.observed, last_.threshold + 1.0 / kBinsOfHour + 1e-4) << "at the first bin's end";
  Hours(1, 24);
  EXPECT_EQ(told_, "silence silence_over ");
  EXPECT_EQ(last_.observed, 30);
  Hours(48, 24);
  EXPECT_EQ(told_, "silence silence_over ") << "that the day was low is known already";
  Hours(30, 0);
  EXPECT_EQ(told_, "silence silence_over silence ");
}

TEST_F(FeedWatchTest, BinsOfEmptyWindowsMayBeLeftOutAndStateReloaded) {
  Hours(72, 24);
  Hours(30, 0, /*leave_out=*/true);
  Reload();
  Hours(1, 24);
  Reload();
  Hours(25, 24);
  EXPECT_EQ(told_, "silence silence_over ");
  Hours(26, 12);
  EXPECT_EQ(told_, "silence silence_over ") << "half is no alarm";
}

TEST_F(FeedWatchTest, WhileLearningNothingIsTold) {
  Hours(20, 24);
  Hours(40, 0);
  EXPECT_EQ(told_, "");
}

TEST_F(FeedWatchTest, ADayFarBelowTheUsualIsToldOnceUntilItIsUsualAgain) {
  Hours(240, 60);
  Hours(72, 12);
  EXPECT_EQ(told_, "volume_24h ");
  EXPECT_LT(last_.observed, 0.4 * *last_.expected);
  Hours(48, 60);
  EXPECT_EQ(told_, "volume_24h ");
  Hours(72, 12);
  EXPECT_EQ(told_, "volume_24h volume_24h ");
}

TEST_F(FeedWatchTest, OfTwoIncompleteChecksInSuccessionTheSecondIsTold) {
  EXPECT_FALSE(watch_.TellsIncomplete(true));
  EXPECT_FALSE(watch_.TellsIncomplete(false));
  EXPECT_FALSE(watch_.TellsIncomplete(true));
  EXPECT_TRUE(watch_.TellsIncomplete(true));
  EXPECT_FALSE(watch_.TellsIncomplete(true)) << "once";
  watch_.EndIncident();
  EXPECT_FALSE(watch_.TellsIncomplete(true));
  EXPECT_TRUE(watch_.TellsIncomplete(true));
}

}  // namespace
}  // namespace tocsin
