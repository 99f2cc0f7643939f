// What people do about incidents: acknowledge, silence, close, false alarm, note, drill.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/time_units.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/incident/brand_monitor.h"
#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr int64_t kOnset = 30 * 60;  // minutes

// Thirty hours at two a minute; then up to `height` a minute, 65 % negative, within twenty minutes, for ever; from
// `second` minutes on three times as many.
SimulatedCourse Storm(double height, double second = 1e9) {
  SimulatedCourse course;
  const auto part = [](double minute) { return std::clamp((minute - kOnset) / 20, 0.0, 1.0); };
  course.rate = [=](double minute) { return (2 + (height - 2) * part(minute)) * (minute >= kOnset + second ? 3 : 1); };
  course.share = [=](double minute) { return 0.1 + (height > 2 ? 0.55 * part(minute) : 0); };
  return course;
}

Action Do(ActionKind kind, std::string incident_id = "") {
  Action action;
  action.kind = kind;
  action.incident_id = std::move(incident_id);
  if (kind == ActionKind::kSilence) action.for_ms = 6 * kHourMs;
  if (kind == ActionKind::kDrill) {
    action.for_ms = 30 * kMinuteMs;
    action.level = 4;
  }
  return action;
}

using Step = std::tuple<IncidentState, int32_t>;

// Changes of state and level, in order.
std::vector<Step> Steps(const std::vector<Signal>& signals) {
  std::vector<Step> steps;
  for (const Signal& signal : signals) {
    const Step step(signal.state, signal.level);
    if (signal.kind == SignalKind::kCrisis && (steps.empty() || steps.back() != step)) steps.push_back(step);
  }
  return steps;
}

struct StormRun {
  explicit StormRun(double height, double second = 1e9,
                    SimulatedBrand::Evaluation how = SimulatedBrand::Evaluation::kWhenDue)
      : mentions(Storm(height, second), 1), brand(how) {}
  void To(int64_t minute) {
    brand.Run(&mentions, at, kOnset + minute);
    at = kOnset + minute;
  }
  size_t count() const { return brand.signals().size(); }
  const Signal& last() const { return brand.signals().back(); }

  SimulatedMentions mentions;
  SimulatedBrand brand;
  int64_t at = 0;
};

TEST(ActionsTest, AnAcknowledgementIsToldAtOnceAndUpdatesComeOnceADay) {
  StormRun run(25);
  run.To(200);
  ASSERT_EQ(run.last().state, IncidentState::kConfirmed);
  const int32_t level = run.last().level;
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kAcknowledge)), ActionError::kNone);
  const Signal told = run.last();
  EXPECT_EQ(told.message, SignalMessage::kUpdate);
  ASSERT_TRUE(told.handling.acknowledged.has_value());
  EXPECT_EQ(told.handling.acknowledged->by, "anna");
  EXPECT_EQ(told.level, level);
  EXPECT_EQ(told.previous_level, level);
  EXPECT_EQ(told.route.next_update_by_ms, told.times.window_end_ms + kDayMs);
  const size_t before = run.count();
  run.To(200 + 23 * 60);
  EXPECT_EQ(run.count(), before);
  run.To(200 + 25 * 60);
  EXPECT_EQ(run.count(), before + 1);
  EXPECT_TRUE(run.last().handling.acknowledged.has_value());
}

TEST(ActionsTest, ARiseIsToldWhateverWasAcknowledgedAndSilenced) {
  StormRun run(7, /*second=*/240);
  run.To(200);
  ASSERT_EQ(run.last().state, IncidentState::kConfirmed);
  const int32_t level = run.last().level;
  ASSERT_LT(level, 4);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kAcknowledge)), ActionError::kNone);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kSilence)), ActionError::kNone);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kSilence, run.last().incident_id)), ActionError::kNone);
  EXPECT_EQ(run.last().handling.silenced->until_ms, run.last().times.window_end_ms + 6 * kHourMs);
  const size_t before = run.count();
  run.To(400);
  ASSERT_GT(run.count(), before);
  const Signal& rise = run.brand.signals()[before];
  EXPECT_GT(rise.level, level);
  EXPECT_FALSE(rise.handling.acknowledged.has_value()) << "of a lower level";
  EXPECT_FALSE(rise.handling.silenced.has_value());
}

// Goal: whatever is acknowledged, silenced and noted, what is decided stays the same.
// Method: the same mentions with and without; the levels and states of the course, as the record afterwards has them.
TEST(ActionsTest, NothingThatIsDecidedChanges) {
  SimulatedCourse course = Storm(25);
  course.rate = [](double minute) {
    const double after = minute - kOnset - 90;
    return after < 0 ? (minute < kOnset ? 2.0 : 25.0) : 2 + 23 * std::pow(1 + after / 15, -1.5);
  };
  course.share = [](double minute) {
    const double after = minute - kOnset - 90;
    return 0.1 + (minute < kOnset ? 0.0 : 0.55 * (after < 0 ? 1.0 : std::pow(1 + after / 15, -1.5)));
  };
  std::vector<std::vector<LevelChange>> timelines;
  std::vector<size_t> counts;
  for (const bool acts : {false, true}) {
    SimulatedMentions mentions(course, 3);
    SimulatedBrand brand;
    for (int64_t minute = 0; minute < kOnset + 14 * 60; minute += 7) {
      brand.Run(&mentions, minute, minute + 7);
      if (!acts || !brand.monitor().has_open_incident()) continue;
      brand.Act(Do(minute % 2 == 0 ? ActionKind::kAcknowledge : ActionKind::kSilence));
      Action note = Do(ActionKind::kNote);
      note.note = "we look into it";
      EXPECT_EQ(brand.Act(note), ActionError::kNone);
    }
    const Signal* over = FindSignal(brand.signals(), [](const Signal& each) { return each.post_crisis.has_value(); });
    ASSERT_NE(over, nullptr);
    timelines.push_back(over->post_crisis->timeline);
    counts.push_back(over->post_crisis->actions.size());
  }
  EXPECT_EQ(timelines[0], timelines[1]);
  EXPECT_THAT(counts, ElementsAre(0U, 50U));
}

TEST(ActionsTest, ASilenceKeepsBackUpdatesAndItsEndTellsWhatHasChanged) {
  StormRun loud(25);
  StormRun run(25);
  for (StormRun* each : {&loud, &run}) each->To(200);
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kSilence)), ActionError::kNone);
  const size_t before = run.count();
  const size_t loud_before = loud.count();
  for (StormRun* each : {&loud, &run}) each->To(200 + 355);
  EXPECT_GT(loud.count(), loud_before);
  EXPECT_EQ(run.count(), before);
  run.To(200 + 370);
  EXPECT_EQ(run.count(), before + 1) << "the update that was due";
}

TEST(ActionsTest, ASilenceDoesNotKeepBackTheEndNorANewOpening) {
  StormRun run(25);
  run.To(120);
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kSilence)), ActionError::kNone);
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kClose)), ActionError::kNone);
  EXPECT_EQ(run.last().message, SignalMessage::kResolve);
}

TEST(ActionsTest, WhatIsClosedStaysClosedUntilItIsCalmAndTheBaselineIsNotPoisoned) {
  StormRun run(7);
  run.To(200);
  ASSERT_EQ(run.last().state, IncidentState::kConfirmed);
  const double expected = run.brand.monitor().ExpectedPerMinute();
  Action close = Do(ActionKind::kClose, run.last().incident_id);
  close.note = "handled";
  ASSERT_EQ(run.brand.Act(close), ActionError::kNone);
  const Signal& end = run.last();
  EXPECT_EQ(end.message, SignalMessage::kResolve);
  EXPECT_EQ(end.state, IncidentState::kResolved);
  EXPECT_THAT(end.level_reasons, ElementsAre("closed by anna: handled"));
  EXPECT_THAT(end.summary, HasSubstr("was closed by anna"));
  ASSERT_TRUE(end.handling.ended.has_value());
  ASSERT_TRUE(end.post_crisis.has_value());
  EXPECT_EQ(end.post_crisis->actions.back().kind, ActionKind::kClose);
  const size_t before = run.count();
  run.To(200 + 20 * 60);
  EXPECT_EQ(run.count(), before) << "it goes on as it was when it was closed";
  EXPECT_EQ(run.brand.monitor().ExpectedPerMinute(), expected);
}

TEST(ActionsTest, WhatIsClosedOpensAgainWhenItRises) {
  StormRun run(7, /*second=*/300);
  run.To(200);
  ASSERT_EQ(run.last().state, IncidentState::kConfirmed);
  const std::string id = run.last().incident_id;
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kClose)), ActionError::kNone);
  const size_t before = run.count();
  run.To(420);
  ASSERT_GT(run.count(), before);
  EXPECT_EQ(run.brand.signals()[before].message, SignalMessage::kAlert);
  EXPECT_EQ(run.brand.signals()[before].incident_id, id) << "one event is one incident";
  EXPECT_FALSE(run.brand.signals()[before].handling.ended.has_value());
}

TEST(ActionsTest, TheBaselineLearnsFromAFalseAlarm) {
  StormRun run(7);
  run.To(260);
  ASSERT_TRUE(run.brand.monitor().has_open_incident());
  const double expected = run.brand.monitor().ExpectedPerMinute();
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kFalseAlarm)), ActionError::kNone);
  EXPECT_THAT(run.last().summary, HasSubstr("was a false alarm, says anna"));
  EXPECT_EQ(run.last().handling.ended->kind, ActionKind::kFalseAlarm);
  // The four hours of the incident, less the three by which samples are fed late.
  EXPECT_GT(run.brand.monitor().ExpectedPerMinute(), expected);
  run.To(260 + 6 * 60);
  EXPECT_GT(run.brand.monitor().ExpectedPerMinute(), 1.1 * expected) << "and from what goes on";
}

TEST(ActionsTest, ARestoredMonitorKnowsWhatWasDone) {
  for (const ActionKind kind : {ActionKind::kAcknowledge, ActionKind::kSilence, ActionKind::kClose,
                                ActionKind::kFalseAlarm, ActionKind::kDrill, ActionKind::kNote}) {
    StormRun straight(25);
    StormRun restored(25);
    for (StormRun* each : {&straight, &restored}) {
      each->To(150);
      Action action = Do(kind);
      action.note = "so it is";
      ASSERT_EQ(each->brand.Act(action), ActionError::kNone);
    }
    restored.brand.Reload();
    EXPECT_EQ(restored.brand.Encoded(), straight.brand.Encoded());
    for (StormRun* each : {&straight, &restored}) each->To(700);
    EXPECT_EQ(restored.brand.signals(), straight.brand.signals());
    EXPECT_EQ(restored.brand.Encoded(), straight.brand.Encoded());
  }
}

TEST(ActionsTest, WhichSlidesAreLeftOutChangesNothing) {
  for (const ActionKind kind : {ActionKind::kClose, ActionKind::kFalseAlarm, ActionKind::kDrill}) {
    StormRun due(8, 1e9, SimulatedBrand::Evaluation::kWhenDue);
    StormRun every(8, 1e9, SimulatedBrand::Evaluation::kEverySlide);
    for (StormRun* each : {&due, &every}) {
      each->To(150);
      ASSERT_EQ(each->brand.Act(Do(kind)), ActionError::kNone);
      each->To(400);
      // Silence: the windows run empty, and more.
      each->brand.RunTo(kSimulationStartMs + (kOnset + 1'000) * kMinuteMs);
      each->at = kOnset + 1'000;
      each->To(1'100);
    }
    EXPECT_LT(due.brand.evaluations(), every.brand.evaluations());
    EXPECT_EQ(due.brand.signals(), every.brand.signals());
    EXPECT_EQ(due.brand.Encoded(), every.brand.Encoded());
  }
}

TEST(ActionsTest, ADrillGoesTheWayOfAnIncidentAndTouchesNothing) {
  StormRun quiet(2);
  StormRun run(2);
  for (StormRun* each : {&quiet, &run}) each->To(0);
  const size_t before = run.count();
  Action drill = Do(ActionKind::kDrill);
  ASSERT_EQ(run.brand.Act(drill), ActionError::kNone);
  EXPECT_TRUE(run.brand.monitor().has_drill());
  EXPECT_FALSE(run.brand.monitor().has_open_incident());
  EXPECT_EQ(run.brand.Act(drill), ActionError::kDrillIsOn);
  for (StormRun* each : {&quiet, &run}) each->To(60);
  const std::vector<Signal> signals(run.brand.signals().begin() + static_cast<ptrdiff_t>(before),
                                    run.brand.signals().end());
  ASSERT_THAT(signals, SizeIs(3));
  EXPECT_THAT(Steps(signals), ElementsAre(Step(IncidentState::kProvisional, 1), Step(IncidentState::kConfirmed, 4),
                                          Step(IncidentState::kResolved, 0)));
  for (const Signal& signal : signals) {
    EXPECT_EQ(signal.status, SignalStatus::kExercise);
    EXPECT_THAT(signal.incident_id, StartsWith("drill-united-"));
    EXPECT_THAT(signal.summary, StartsWith("EXERCISE: "));
    EXPECT_THAT(signal.level_reasons.front(), StartsWith("EXERCISE: "));
    EXPECT_FALSE(signal.post_crisis.has_value());
    EXPECT_THAT(signal.tests, IsEmpty());
  }
  EXPECT_EQ(signals[2].times.window_end_ms - signals[0].times.window_end_ms, 30 * kMinuteMs);
  EXPECT_EQ(run.brand.monitor().ExpectedPerMinute(), quiet.brand.monitor().ExpectedPerMinute());
  for (StormRun* each : {&quiet, &run}) each->To(300);
  EXPECT_EQ(run.count() - 3, quiet.count());
}

TEST(ActionsTest, ADrillIsAcknowledgedAndClosedLikeAnIncident) {
  StormRun run(2);
  run.To(0);
  ASSERT_EQ(run.brand.Act(Do(ActionKind::kDrill)), ActionError::kNone);
  const std::string id = run.last().incident_id;
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kAcknowledge)), ActionError::kNone);
  EXPECT_EQ(run.last().handling.acknowledged->by, "anna");
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kFalseAlarm, id)), ActionError::kNotForDrill);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kClose, id)), ActionError::kNone);
  EXPECT_EQ(run.last().message, SignalMessage::kResolve);
  EXPECT_EQ(run.last().status, SignalStatus::kExercise);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kClose, id)), ActionError::kNotOpen);
}

TEST(ActionsTest, WhatIsNotOpenOrUnknownIsRefused) {
  StormRun run(2);
  run.To(0);
  for (const ActionKind kind :
       {ActionKind::kAcknowledge, ActionKind::kClose, ActionKind::kFalseAlarm, ActionKind::kNote})
    EXPECT_EQ(run.brand.Act(Do(kind)), ActionError::kNotOpen);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kAcknowledge, "united-20200101T000000Z")), ActionError::kUnknownIncident);
  EXPECT_EQ(run.brand.Act(Do(ActionKind::kSilence)), ActionError::kNone) << "of what may open";
  const size_t before = run.count();
  StormRun storm(25);
  storm.To(120);
  const std::string id = storm.last().incident_id;
  ASSERT_EQ(storm.brand.Act(Do(ActionKind::kClose, id)), ActionError::kNone);
  EXPECT_EQ(storm.brand.Act(Do(ActionKind::kNote, id)), ActionError::kNotOpen);
  EXPECT_EQ(run.count(), before);
}

}  // namespace
}  // namespace tocsin
