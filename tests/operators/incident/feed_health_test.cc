// Notices that a brand's feed is not what it used to be: they come and go by event time alone, and bear on no incident.
#include <string>
#include <vector>

#include "engine/base/time_units.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/signal/signal.h"
#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kDayMinutes = 1'440;

// Three days at `rate`, a silent one, two as usual, two at a fifth.
SimulatedCourse FailingFeed(double rate) {
  SimulatedCourse course;
  course.rate = [rate](double minute) {
    if (minute < 3 * kDayMinutes) return rate;
    return minute < 4 * kDayMinutes ? 0.0 : (minute < 6 * kDayMinutes ? rate : rate / 5);
  };
  course.share = [](double) { return 0.1; };
  return course;
}

std::vector<std::string> TestsTold(const SimulatedBrand& brand) {
  std::vector<std::string> names;
  for (const Signal& signal : brand.signals()) {
    if (signal.kind == SignalKind::kFeedHealth) names.push_back(signal.tests.empty() ? "-" : signal.tests.front().name);
  }
  return names;
}

std::vector<std::string> Rendered(const SimulatedBrand& brand) {
  std::vector<std::string> lines;
  for (const Signal& signal : brand.signals()) lines.push_back(RenderStructuredCloudEvent(signal, std::nullopt));
  return lines;
}

TEST(FeedHealthTest, SilenceItsEndAndADayOfLowVolumeAreToldOnceEach) {
  for (const double rate : {0.5, 2.0, 20.0}) {
    SimulatedMentions mentions(FailingFeed(rate), 3);
    SimulatedBrand brand;
    brand.Run(&mentions, 0, 8 * kDayMinutes);
    EXPECT_THAT(TestsTold(brand), ElementsAre("silence", "silence_over", "volume_24h")) << rate;
    for (const Signal& signal : brand.signals()) {
      EXPECT_EQ(signal.message, SignalMessage::kNotice);
      EXPECT_NE(signal.kind, SignalKind::kCrisis);
    }
  }
}

TEST(FeedHealthTest, TheSentencesSayWhatIsMissing) {
  SimulatedMentions mentions(FailingFeed(2), 3);
  SimulatedBrand brand;
  brand.route().language = "fr";
  brand.Run(&mentions, 0, 8 * kDayMinutes);
  std::vector<std::string> summaries;
  for (const Signal& signal : brand.signals()) {
    if (signal.kind == SignalKind::kFeedHealth) summaries.push_back(signal.summary);
  }
  EXPECT_THAT(summaries, ElementsAre(HasSubstr("aucune mention depuis"), HasSubstr("de nouveau des mentions après"),
                                     HasSubstr("mentions en 24 heures")));
}

// Goal: as for all signals, leaving out slide ends at which nothing is due changes nothing, nor do restarts.
TEST(FeedHealthTest, NeitherIdleSlidesNorRestartsChangeWhatIsTold) {
  for (const double rate : {0.02, 0.5, 5.0}) {
    SimulatedMentions one(FailingFeed(rate), 4);
    SimulatedMentions other(FailingFeed(rate), 4);
    SimulatedBrand every(SimulatedBrand::Evaluation::kEverySlide);
    SimulatedBrand due(SimulatedBrand::Evaluation::kWhenDue);
    every.Run(&one, 0, 8 * kDayMinutes);
    for (int64_t minute = 0; minute < 8 * kDayMinutes; minute += 97) {
      due.Run(&other, minute, std::min<int64_t>(8 * kDayMinutes, minute + 97));
      due.Reload();
    }
    EXPECT_EQ(Rendered(due), Rendered(every)) << rate;
    EXPECT_LT(due.evaluations(), every.evaluations());
  }
}

TEST(FeedHealthTest, AnOpenIncidentIsToldOnceThatItsFeedIsIncomplete) {
  SimulatedCourse course;
  course.rate = [](double minute) { return minute < 2 * kDayMinutes ? 2.0 : 30.0; };
  course.share = [](double minute) { return minute < 2 * kDayMinutes ? 0.1 : 0.6; };
  SimulatedMentions mentions(course, 5);
  SimulatedBrand brand;
  brand.quality().sources = 4;
  brand.quality().sources_complete = 3;
  brand.Run(&mentions, 0, 2 * kDayMinutes);
  EXPECT_THAT(TestsTold(brand), ElementsAre()) << "who has no crisis is not woken for that";
  brand.Run(&mentions, 2 * kDayMinutes, 2 * kDayMinutes + 120);
  ASSERT_TRUE(brand.monitor().has_open_incident());
  EXPECT_THAT(TestsTold(brand), ElementsAre("feed_complete"));
  brand.quality().sources_complete = 4;
  brand.Run(&mentions, 2 * kDayMinutes + 120, 2 * kDayMinutes + 150);
  brand.quality().sources_complete = 2;
  brand.Run(&mentions, 2 * kDayMinutes + 150, 2 * kDayMinutes + 180);
  EXPECT_THAT(TestsTold(brand), ElementsAre("feed_complete", "feed_complete"));
  const Signal* told =
      FindSignal(brand.signals(), [](const Signal& each) { return each.kind == SignalKind::kFeedHealth; });
  EXPECT_THAT(told->summary, HasSubstr("only 3 of 4 source partitions are up to date"));
}

}  // namespace
}  // namespace tocsin
