#include "engine/time/watermark.h"

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kSlide = 5'000;
constexpr SourceBounds kBounds = {.out_of_orderness_ms = 2'000, .max_drag_ms = 60'000};

WatermarkTracker WithSources(size_t count) {
  WatermarkTracker tracker(kSlide);
  for (size_t i = 0; i < count; ++i) EXPECT_EQ(tracker.AddSource(kBounds), i);
  return tracker;
}

TEST(WatermarkTrackerTest, IsTheSlowestSourceLessItsOutOfOrderness) {
  WatermarkTracker tracker = WithSources(2);
  EXPECT_EQ(tracker.Advance(), kNoEventTime);
  tracker.Update(0, 100'000, false, false);
  tracker.Update(1, 90'000, false, false);
  EXPECT_EQ(tracker.Advance(), 88'000);
  EXPECT_EQ(tracker.watermark(), 88'000);
  EXPECT_EQ(tracker.Complete(), 2);
}

TEST(WatermarkTrackerTest, NeverGoesBack) {
  WatermarkTracker tracker = WithSources(1);
  tracker.Update(0, 100'000, false, false);
  EXPECT_EQ(tracker.Advance(), 98'000);
  tracker.Update(0, 50'000, false, false);
  EXPECT_EQ(tracker.Advance(), 98'000);
  const size_t late_comer = tracker.AddSource(kBounds);
  tracker.Update(late_comer, 10'000, false, false);
  EXPECT_EQ(tracker.Advance(), 98'000);
}

TEST(WatermarkTrackerTest, ASourceWithoutEventTimeHoldsUnlessIdle) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, false);
  tracker.Update(1, kNoEventTime, false, true);
  EXPECT_EQ(tracker.Advance(), kNoEventTime);
  EXPECT_EQ(tracker.Complete(), 1);
  tracker.Update(1, kNoEventTime, true, true);
  EXPECT_EQ(tracker.Advance(), 98'000);
  EXPECT_EQ(tracker.Complete(), 2) << "a partition that never had a post lacks nothing";
}

TEST(WatermarkTrackerTest, AnIdleSourceDoesNotHoldTheOthers) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, true);
  tracker.Update(1, 90'000, true, true);
  EXPECT_EQ(tracker.Advance(), 98'000);
  EXPECT_EQ(tracker.Complete(), 2);
}

TEST(WatermarkTrackerTest, WhenAllAreIdleMovesToTheNextSlideEndAndStops) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'001, true, true);
  tracker.Update(1, 90'000, true, true);
  EXPECT_EQ(tracker.Advance(), 105'000);
  EXPECT_EQ(tracker.Advance(), 105'000);
  tracker.Update(0, 100'001, false, false);
  EXPECT_EQ(tracker.Advance(), 105'000);
  EXPECT_EQ(tracker.AllIdleWatermark(), 105'000);
}

TEST(WatermarkTrackerTest, AnEventOnTheEdgeBelongsToTheSlideThatItBegins) {
  WatermarkTracker tracker = WithSources(1);
  tracker.Update(0, 100'000, true, true);
  EXPECT_EQ(tracker.Advance(), 105'000);
}

TEST(WatermarkTrackerTest, ASlowFeedThatIsCaughtUpIsLeftBehind) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, false);
  tracker.Update(1, 39'999, false, true);
  EXPECT_EQ(tracker.Advance(), 98'000);
  EXPECT_EQ(tracker.Complete(), 1);
  tracker.Update(1, 40'000, false, true);
  EXPECT_EQ(tracker.Complete(), 2);
}

TEST(WatermarkTrackerTest, ABacklogThatIsBeingReadIsNeverLeftBehind) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 10'000'000, false, true);
  tracker.Update(1, 39'999, false, false);
  EXPECT_EQ(tracker.Advance(), 37'999);
  EXPECT_EQ(tracker.Complete(), 2);
}

TEST(WatermarkTrackerTest, ASourceThatIsGoneIsNoneUntilItIsBack) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, false);
  tracker.Update(1, 50'000, false, false);
  EXPECT_EQ(tracker.Advance(), 48'000);
  tracker.SetGone(1, true);
  EXPECT_EQ(tracker.Advance(), 98'000);
  EXPECT_EQ(tracker.Complete(), 1);
  EXPECT_EQ(tracker.Total(), 1);
  tracker.SetGone(1, false);
  EXPECT_EQ(tracker.Complete(), 2);
  EXPECT_EQ(tracker.Total(), 2);
  tracker.Update(1, 110'000, false, false);
  tracker.Update(0, 111'000, false, false);
  EXPECT_EQ(tracker.Advance(), 108'000);
}

TEST(WatermarkTrackerTest, ASourceThatIsGoneLeavesNoOtherBehind) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, true);
  tracker.Update(1, 10'000'000, false, true);
  EXPECT_EQ(tracker.Complete(), 1);
  tracker.SetGone(1, true);
  EXPECT_EQ(tracker.Complete(), 1);
  EXPECT_EQ(tracker.Total(), 1);
}

TEST(WatermarkTrackerTest, WithAllGoneStaysWhereItIs) {
  WatermarkTracker tracker = WithSources(1);
  tracker.Update(0, 100'000, false, false);
  EXPECT_EQ(tracker.Advance(), 98'000);
  tracker.SetGone(0, true);
  EXPECT_EQ(tracker.Advance(), 98'000);
}

// The rules once more, by sets and without early exits.
struct NaiveSource {
  SourceBounds bounds;
  std::optional<int64_t> highest;
  bool idle = false;
  bool caught_up = false;
  bool gone = false;
  bool slow = false;
};

std::optional<int64_t> NaiveMost(const std::vector<NaiveSource>& sources) {
  std::optional<int64_t> most;
  for (const NaiveSource& source : sources) {
    if (!source.highest || source.gone) continue;
    most = std::max(most.value_or(INT64_MIN), *source.highest - source.bounds.out_of_orderness_ms);
  }
  return most;
}

bool NaiveBehind(const NaiveSource& source, std::optional<int64_t> most) {
  return source.highest && most &&
         *most - (*source.highest - source.bounds.out_of_orderness_ms) > source.bounds.max_drag_ms;
}

std::pair<int, int> NaiveComplete(const std::vector<NaiveSource>& sources) {
  std::pair<int, int> complete;
  for (const NaiveSource& source : sources) {
    if (source.gone) continue;
    ++complete.second;
    if (!source.highest) {
      complete.first += source.idle ? 1 : 0;
    } else if (source.idle) {
      complete.first += source.slow ? 0 : 1;
    } else {
      complete.first += source.caught_up && NaiveBehind(source, NaiveMost(sources)) ? 0 : 1;
    }
  }
  return complete;
}

std::optional<int64_t> NaiveWatermark(const std::vector<NaiveSource>& sources, std::optional<int64_t> before) {
  const std::optional<int64_t> most = NaiveMost(sources);
  std::optional<int64_t> largest;
  for (const NaiveSource& source : sources) {
    if (source.highest) largest = std::max(largest.value_or(INT64_MIN), *source.highest);
  }
  std::vector<NaiveSource> counting;
  size_t idle = 0;
  for (const NaiveSource& source : sources) {
    if (source.gone) continue;
    if (source.idle) {
      ++idle;
      continue;
    }
    if (source.caught_up && NaiveBehind(source, most)) continue;
    counting.push_back(source);
  }
  std::optional<int64_t> now;
  if (counting.empty() && idle > 0 && largest) {
    int64_t end = -1'000'000;
    while (end <= *largest) end += kSlide;
    now = end;
  }
  if (!counting.empty() && std::all_of(counting.begin(), counting.end(), [](const auto& s) { return s.highest; })) {
    std::multiset<int64_t> own;
    for (const NaiveSource& source : counting) own.insert(*source.highest - source.bounds.out_of_orderness_ms);
    now = *own.begin();
  }
  return std::max(now, before);
}

TEST(WatermarkTrackerTest, AgreesWithTheNaiveRulesOnRandomSourcesAndSurvivesEncoding) {
  std::mt19937_64 random(5);
  const auto below = [&random](int64_t limit) { return static_cast<int64_t>(random() % static_cast<uint64_t>(limit)); };
  for (int round = 0; round < 500; ++round) {
    const auto count = static_cast<size_t>(1 + below(5));
    std::vector<NaiveSource> naive(count);
    WatermarkTracker tracker(kSlide);
    for (NaiveSource& source : naive) {
      source.bounds = {.out_of_orderness_ms = below(3'000), .max_drag_ms = below(20'000)};
      tracker.AddSource(source.bounds);
    }
    std::optional<int64_t> expected;
    for (int step = 0; step < 60; ++step) {
      const auto at = static_cast<size_t>(below(static_cast<int64_t>(count)));
      NaiveSource& source = naive[at];
      if (below(5) == 0) {
        source.gone = !source.gone;
        tracker.SetGone(at, source.gone);
      } else {
        const int64_t time = step * 1'000 + below(30'000) - 40'000;
        if (below(4) != 0 && time > source.highest.value_or(INT64_MIN)) {
          source.highest = time;
          source.slow = NaiveBehind(source, NaiveMost(naive));
        }
        source.idle = below(3) == 0;
        source.caught_up = source.idle || below(2) == 0;
        tracker.Update(at, source.highest.value_or(kNoEventTime), source.idle, source.caught_up);
      }
      expected = NaiveWatermark(naive, expected);
      ASSERT_EQ(tracker.Advance(), expected.value_or(kNoEventTime)) << "round " << round << " step " << step;
      ASSERT_EQ(std::pair(tracker.Complete(), tracker.Total()), NaiveComplete(naive)) << round << " step " << step;
      if (below(10) == 0) {
        std::string bytes;
        ByteWriter writer(&bytes);
        tracker.Encode(&writer);
        WatermarkTracker again(kSlide);
        for (const NaiveSource& known : naive) again.AddSource(known.bounds);
        ByteReader reader(bytes);
        ASSERT_TRUE(again.Decode(&reader));
        EXPECT_EQ(reader.remaining(), 0U);
        EXPECT_EQ(again.watermark(), tracker.watermark());
        EXPECT_EQ(again.Advance(), tracker.Advance());
        EXPECT_EQ(again.Complete(), tracker.Complete());
      }
    }
  }
}

TEST(WatermarkTrackerTest, BytesThatDoNotFitChangeNothing) {
  WatermarkTracker tracker = WithSources(2);
  tracker.Update(0, 100'000, false, false);
  tracker.Update(1, 90'000, false, false);
  tracker.Advance();
  std::string bytes;
  ByteWriter writer(&bytes);
  tracker.Encode(&writer);
  for (size_t size = 0; size < bytes.size(); ++size) {
    WatermarkTracker other = WithSources(2);
    ByteReader reader(std::string_view{bytes}.substr(0, size));
    EXPECT_FALSE(other.Decode(&reader));
    EXPECT_EQ(other.Complete(), 0);
  }
  WatermarkTracker three = WithSources(3);
  ByteReader reader(bytes);
  EXPECT_FALSE(three.Decode(&reader));
}

}  // namespace
}  // namespace tocsin
