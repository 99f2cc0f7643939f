// What the demo says about itself: held against made-up courses of signals.
#include "app/demo/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "app/generate/built_in_scenarios.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class VerdictTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(scenario_.events[0].kind, ScenarioEvent::Kind::kCrisis);
    ASSERT_EQ(scenario_.events[1].kind, ScenarioEvent::Kind::kSurge);
    ASSERT_EQ(scenario_.events[2].kind, ScenarioEvent::Kind::kSpam);
  }

  // So many minutes after the onset of the event, of its brand.
  void See(size_t event, int64_t minutes, const std::string& kind, const std::string& state, int64_t level) {
    See(scenario_.brands[scenario_.events[event].brands[0]].id,
        scenario_.start_ms + scenario_.events[event].onset_ms + minutes * kMinuteMs, kind, state, level);
  }
  void See(const std::string& brand, int64_t at_ms, const std::string& kind, const std::string& state, int64_t level) {
    SeenSignal signal;
    signal.brand_id = brand;
    signal.kind = kind;
    signal.state = state;
    signal.level = level;
    signal.window_end_ms = at_ms;
    signals_.push_back(signal);
  }
  void SeeTheCrisis() {
    See(0, 12, "crisis", "provisional", 1);
    See(0, 17, "crisis", "confirmed", 2);
    See(0, 40, "crisis", "confirmed", 4);
    See(0, 200, "crisis", "resolved", 2);
  }

  const Scenario scenario_ = DemoScenario(1, int64_t{26} * 60 * kMinuteMs, 600);
  std::vector<SeenSignal> signals_;
};

TEST_F(VerdictTest, IsAsScriptedIfTheCrisisAloneWasConfirmedAndResolved) {
  SeeTheCrisis();
  See(1, 20, "surge", "", 0);
  See(2, 10, "crisis", "provisional", 1);  // on watch for a while is no crisis
  See(2, 50, "crisis", "resolved", 1);
  const Verdict verdict = Judge(scenario_, signals_);
  EXPECT_TRUE(verdict.as_scripted);
  ASSERT_EQ(verdict.lines.size(), 4U);
  EXPECT_THAT(verdict.lines[0], AllOf(StartsWith("  ok     crisis of "),
                                      HasSubstr("first signal +12 min after onset, confirmed +17 min, highest level 4, "
                                                "resolved +200 min")));
  EXPECT_THAT(verdict.lines[1], HasSubstr("rightly not called a crisis, noticed as a surge"));
  EXPECT_THAT(verdict.lines[2], HasSubstr("rightly not called a crisis, on watch for a while"));
  EXPECT_EQ(verdict.lines[3], "  ok     9 quiet brands left alone, 0 called a crisis");
}

TEST_F(VerdictTest, ACrisisThatWasMissedIsWrong) {
  const Verdict verdict = Judge(scenario_, signals_);
  EXPECT_FALSE(verdict.as_scripted);
  EXPECT_THAT(verdict.lines[0], AllOf(StartsWith("  WRONG  crisis of "), HasSubstr("first signal never")));
}

TEST_F(VerdictTest, ACrisisThatIsNeverResolvedIsWrong) {
  See(0, 12, "crisis", "provisional", 1);
  See(0, 17, "crisis", "confirmed", 2);
  EXPECT_FALSE(Judge(scenario_, signals_).as_scripted);
}

TEST_F(VerdictTest, AnAlarmBeforeTheOnsetIsNoDetection) {
  See(0, -30, "crisis", "provisional", 1);
  See(0, 17, "crisis", "confirmed", 2);
  See(0, 200, "crisis", "resolved", 2);
  EXPECT_FALSE(Judge(scenario_, signals_).as_scripted);
}

TEST_F(VerdictTest, ASurgeOrSpamCalledACrisisIsWrong) {
  for (const size_t event : {size_t{1}, size_t{2}}) {
    signals_.clear();
    SeeTheCrisis();
    See(event, 20, "crisis", "confirmed", 2);
    const Verdict verdict = Judge(scenario_, signals_);
    EXPECT_FALSE(verdict.as_scripted);
    EXPECT_THAT(verdict.lines[event], AllOf(StartsWith("  WRONG  "), HasSubstr("called a crisis")));
  }
}

TEST_F(VerdictTest, AQuietBrandCalledACrisisIsWrong) {
  SeeTheCrisis();
  std::string quiet;
  for (size_t i = 0; i < scenario_.brands.size(); ++i) {
    bool has_event = false;
    for (const ScenarioEvent& event : scenario_.events) has_event |= event.brands[0] == i;
    if (!has_event) quiet = scenario_.brands[i].id;
  }
  See(quiet, scenario_.start_ms + 30 * kMinuteMs, "crisis", "provisional", 1);
  EXPECT_TRUE(Judge(scenario_, signals_).as_scripted) << "provisional alone wakes nobody";
  See(quiet, scenario_.start_ms + 40 * kMinuteMs, "crisis", "confirmed", 2);
  const Verdict verdict = Judge(scenario_, signals_);
  EXPECT_FALSE(verdict.as_scripted);
  EXPECT_EQ(verdict.lines.back(), "  WRONG  8 quiet brands left alone, 1 called a crisis");
}

TEST_F(VerdictTest, FeedHealthNoticesOfABrandAreNoAlarm) {
  SeeTheCrisis();
  See(2, 10, "feed_health", "confirmed", 2);
  EXPECT_TRUE(Judge(scenario_, signals_).as_scripted);
}

TEST(ReadSignalTest, TakesTheFieldsOfTheContractAndRefusesWhatIsNone) {
  const std::optional<SeenSignal> signal = ReadSignal(
      R"({"brand_id":"united","kind":"crisis","state":"confirmed","message":"update","summary":"s","level":3,)"
      R"("times":{"window_end":"2026-11-20T10:01:00Z"}})");
  ASSERT_TRUE(signal.has_value());
  EXPECT_EQ(signal->brand_id, "united");
  EXPECT_EQ(signal->kind, "crisis");
  EXPECT_EQ(signal->state, "confirmed");
  EXPECT_EQ(signal->message, "update");
  EXPECT_EQ(signal->level, 3);
  EXPECT_EQ(signal->window_end_ms, 1'795'168'860'000 + 0);
  EXPECT_FALSE(ReadSignal("{}").has_value());
  EXPECT_FALSE(ReadSignal("no json").has_value());
  EXPECT_FALSE(ReadSignal(R"({"times":{"window_end":"yesterday"}})").has_value());
}

}  // namespace
}  // namespace tocsin
