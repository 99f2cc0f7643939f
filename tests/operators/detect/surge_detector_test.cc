#include "operators/detect/surge_detector.h"

#include <string>

#include "engine/base/bytes.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kBinMs = 300'000;

ShareCounts Hour(int64_t mentions) {
  ShareCounts hour;
  hour.mentions = mentions;
  return hour;
}

class SurgeDetectorTest : public testing::Test {
 protected:
  // Ten days of 100 mentions an hour, give or take 10.
  SurgeDetectorTest() : baseline_(kBinMs, kDayMs) {
    BaselineSample sample;
    for (int64_t bin = 0; bin < 2'880; ++bin) {
      sample.mentions_hour = bin % 2 == 0 ? 90 : 110;
      sample.classified = 8;
      sample.negative = 1;
      baseline_.Add(sample);
    }
  }

  bool Fires(const ShareCounts& hour) { return detector_.Check(++bin_ * kBinMs, hour, baseline_).fired; }

  BrandBaseline baseline_;
  SurgeDetector detector_;
  int64_t bin_ = 2'880;
};

TEST_F(SurgeDetectorTest, FiresAtTheSecondCheckInSuccessionAndOnceADay) {
  EXPECT_FALSE(Fires(Hour(300)));
  EXPECT_TRUE(Fires(Hour(300)));
  for (int64_t bin = 1; bin < 288; ++bin) EXPECT_FALSE(Fires(Hour(300))) << bin;
  EXPECT_TRUE(Fires(Hour(300)));
}

TEST_F(SurgeDetectorTest, OneUsualHourBreaksTheSuccession) {
  EXPECT_FALSE(Fires(Hour(300)));
  EXPECT_FALSE(Fires(Hour(100)));
  EXPECT_FALSE(Fires(Hour(300)));
  EXPECT_TRUE(Fires(Hour(300)));
}

TEST_F(SurgeDetectorTest, AnInterruptionBreaksTheSuccessionButNotTheCooldown) {
  EXPECT_FALSE(Fires(Hour(300)));
  detector_.Interrupt();
  EXPECT_FALSE(Fires(Hour(300)));
  EXPECT_TRUE(Fires(Hour(300)));
  detector_.Interrupt();
  EXPECT_FALSE(Fires(Hour(300)));
  EXPECT_FALSE(Fires(Hour(300)));
}

TEST_F(SurgeDetectorTest, FarOutOfTheUsualIsNotEnoughBelowTwiceTheUsual) {
  // 190 is nine standard deviations over a mean of 100.
  for (int check = 0; check < 5; ++check) EXPECT_FALSE(Fires(Hour(190)));
  EXPECT_GT(baseline_.Score(190), 2 * SurgeRules().score);
}

TEST_F(SurgeDetectorTest, ARiseThatTurnsNegativeIsLeftToTheIncident) {
  ShareCounts hour = Hour(300);
  hour.classified = 300;
  hour.negative = 150;
  for (int check = 0; check < 5; ++check) EXPECT_FALSE(Fires(hour));
  hour.negative = 30;
  EXPECT_FALSE(Fires(hour));
  EXPECT_TRUE(Fires(hour));
}

TEST_F(SurgeDetectorTest, ABaselineWithoutScoresDecidesNothing) {
  const BrandBaseline young(kBinMs, kDayMs);
  for (int check = 0; check < 5; ++check) {
    const SurgeCheck result = detector_.Check(++bin_ * kBinMs, Hour(10'000), young);
    EXPECT_FALSE(result.fired);
    EXPECT_EQ(result.score, 0);
  }
}

TEST_F(SurgeDetectorTest, ContinuesWhereItsEncodingLeftOff) {
  EXPECT_FALSE(Fires(Hour(300)));
  std::string bytes;
  ByteWriter writer(&bytes);
  detector_.Encode(&writer);
  SurgeDetector restored;
  ByteReader reader(bytes);
  restored.Decode(&reader);
  EXPECT_TRUE(reader.ok());
  for (int64_t bin = 0; bin < 300; ++bin) {
    ++bin_;
    EXPECT_EQ(restored.Check(bin_ * kBinMs, Hour(300), baseline_).fired,
              detector_.Check(bin_ * kBinMs, Hour(300), baseline_).fired);
  }
}

}  // namespace
}  // namespace tocsin
