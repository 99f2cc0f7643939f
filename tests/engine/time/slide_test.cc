#include "engine/time/slide.h"

#include <random>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

TEST(SlideTest, AgreesWithCountingOnBothSidesOfTheEpoch) {
  for (const int64_t slide : {1, 2, 5, 7, 60}) {
    for (int64_t time = -200; time <= 200; ++time) {
      int64_t start = -600 * slide;
      while (start + slide <= time) start += slide;
      EXPECT_EQ(FloorToSlide(time, slide), start) << time << " " << slide;
      EXPECT_EQ(SlideNumber(time, slide) * slide, start) << time << " " << slide;
      EXPECT_EQ(NextSlideEnd(time, slide), start + slide) << time << " " << slide;
    }
  }
}

TEST(SlideTest, CountsTheEndsThatAWatermarkPasses) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    const auto slide = static_cast<int64_t>(1 + random() % 9);
    const auto from = static_cast<int64_t>(random() % 200) - 100;
    const auto to = static_cast<int64_t>(random() % 200) - 100;
    int64_t expected = 0;
    for (int64_t time = from + 1; time <= to; ++time) expected += time % slide == 0 ? 1 : 0;
    EXPECT_EQ(SlideEndsBetween(from, to, slide), expected) << from << " " << to << " " << slide;
  }
}

TEST(SlideTest, HoldsForTheTimesOfToday) {
  static_assert(FloorToSlide(1'795'000'003'999, 5'000) == 1'795'000'000'000);
  static_assert(NextSlideEnd(1'795'000'000'000, 5'000) == 1'795'000'005'000);
  static_assert(FloorToSlide(-1, 5'000) == -5'000);
  static_assert(NextSlideEnd(-1, 5'000) == 0);
}

}  // namespace
}  // namespace tocsin
