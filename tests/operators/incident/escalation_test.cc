// Who is next is called if nobody acknowledges: when, how often, and what keeps it back.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
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
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr int64_t kOnset = 30 * 60;  // minutes
constexpr int64_t kAfterMs = 20 * kMinuteMs;

// Thirty hours at two a minute; then `rate(minutes since the onset)`, 65 % negative.
SimulatedCourse Crisis(const std::function<double(double)>& rate) {
  SimulatedCourse course;
  course.rate = [rate](double minute) { return minute < kOnset ? 2 : rate(minute - kOnset); };
  course.share = [](double minute) { return minute < kOnset ? 0.1 : 0.65; };
  return course;
}

// Up to `height` a minute within twenty minutes; from `second` on three times as many.
std::function<double(double)> Rise(double height, double second = 1e9) {
  return [=](double minute) {
    return (2 + (height - 2) * std::clamp(minute / 20, 0.0, 1.0)) * (minute >= second ? 3 : 1);
  };
}

struct CrisisRun {
  explicit CrisisRun(const std::function<double(double)>& rate, int64_t after_ms = kAfterMs,
                     SimulatedBrand::Evaluation how = SimulatedBrand::Evaluation::kWhenDue)
      : mentions(Crisis(rate), 1), brand(how) {
    brand.route().escalate_after_ms = after_ms;
    brand.route().next = "head-of-comms";
  }
  void To(int64_t minute) {
    brand.Run(&mentions, at, kOnset + minute);
    at = kOnset + minute;
  }
  // Minute by minute, until an incident is in the state. False: by `last` it was not.
  bool Until(IncidentState state, int64_t last = 400) {
    for (int64_t minute = at - kOnset + 1; minute <= last; ++minute) {
      To(minute);
      if (!brand.signals().empty() && brand.signals().back().state == state) return true;
    }
    return false;
  }
  ActionError Act(ActionKind kind, int64_t for_ms = 0, std::string incident_id = "") {
    Action action;
    action.kind = kind;
    action.for_ms = for_ms;
    action.level = kind == ActionKind::kDrill ? 3 : 0;
    action.note = "so it is";
    action.incident_id = std::move(incident_id);
    return brand.Act(action);
  }
  int64_t now_ms() const { return kSimulationStartMs + at * kMinuteMs; }
  const Signal& last() const { return brand.signals().back(); }
  std::vector<Signal> Calls() const {
    std::vector<Signal> calls;
    for (const Signal& signal : brand.signals()) {
      if (signal.route.calls_next) calls.push_back(signal);
    }
    return calls;
  }
  std::vector<int64_t> CallTimes() const {
    std::vector<int64_t> times;
    for (const Signal& signal : Calls()) times.push_back(signal.times.window_end_ms);
    return times;
  }
  // Window end of the first signal in the state at or above the level.
  int64_t FirstMs(IncidentState state, int32_t level = 0) const {
    const Signal* first = FindSignal(brand.signals(), [&](const Signal& signal) {
      return signal.kind == SignalKind::kCrisis && signal.state == state && signal.level >= level;
    });
    return first == nullptr ? 0 : first->times.window_end_ms;
  }

  SimulatedMentions mentions;
  SimulatedBrand brand;
  int64_t at = 0;
};

TEST(EscalationTest, WhoIsNextIsCalledOnceIfNobodyAcknowledgesAConfirmedIncident) {
  CrisisRun run(Rise(25));
  run.To(300);
  const int64_t confirmed_ms = run.FirstMs(IncidentState::kConfirmed);
  ASSERT_GT(confirmed_ms, 0);
  ASSERT_THAT(run.CallTimes(), ElementsAre(confirmed_ms + kAfterMs));
  const Signal call = run.Calls().front();
  EXPECT_EQ(call.message, SignalMessage::kUpdate);
  EXPECT_EQ(call.state, IncidentState::kConfirmed);
  EXPECT_EQ(call.level, call.previous_level);
  EXPECT_EQ(call.route.next, "head-of-comms");
  EXPECT_EQ(call.route.escalated_at_ms, call.times.window_end_ms);
  EXPECT_THAT(call.summary, HasSubstr(". Nobody has acknowledged it; next: head-of-comms."));
  for (const Signal& signal : run.brand.signals()) {
    const int64_t end = signal.times.window_end_ms;
    const bool waits = signal.state == IncidentState::kConfirmed && end < call.times.window_end_ms;
    EXPECT_EQ(signal.route.escalate_by_ms.has_value(), waits) << end;
    EXPECT_EQ(signal.route.escalated_at_ms.has_value(), end >= call.times.window_end_ms) << end;
    EXPECT_EQ(signal.route.escalate_by_ms.value_or(confirmed_ms + kAfterMs), confirmed_ms + kAfterMs);
    if (!signal.route.calls_next) {
      EXPECT_THAT(signal.summary, Not(HasSubstr("acknowledged")));
    }
  }
  EXPECT_EQ(run.brand.monitor().Status().escalated_to, "head-of-comms");
  ASSERT_EQ(run.Act(ActionKind::kAcknowledge), ActionError::kNone);
  EXPECT_EQ(run.brand.monitor().Status().escalated_to, "");
}

TEST(EscalationTest, AnAcknowledgementOfWhatIsConfirmedCallsNobody) {
  CrisisRun run(Rise(7));
  ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
  EXPECT_TRUE(run.last().route.escalate_by_ms.has_value());
  ASSERT_EQ(run.Act(ActionKind::kAcknowledge), ActionError::kNone);
  EXPECT_FALSE(run.last().route.escalate_by_ms.has_value());
  const int32_t level = run.last().level;
  run.To(run.at - kOnset + 60);
  ASSERT_EQ(run.brand.monitor().level(), level) << "a rise would be a new alarm";
  EXPECT_THAT(run.Calls(), IsEmpty());
}

TEST(EscalationTest, AnAcknowledgementOfWhatWasProvisionalDoesNotCountForTheConfirmedOne) {
  CrisisRun run(Rise(25));
  ASSERT_TRUE(run.Until(IncidentState::kProvisional));
  ASSERT_EQ(run.Act(ActionKind::kAcknowledge), ActionError::kNone);
  run.To(300);
  EXPECT_THAT(run.CallTimes(), ElementsAre(run.FirstMs(IncidentState::kConfirmed) + kAfterMs));
}

TEST(EscalationTest, ARiseAboveWhatWasAcknowledgedIsANewAlarmAndOthersAreNot) {
  CrisisRun acknowledged(Rise(7, 240));
  CrisisRun ignored(Rise(7, 240));
  for (CrisisRun* run : {&acknowledged, &ignored}) {
    ASSERT_TRUE(run->Until(IncidentState::kConfirmed));
    run->To(200);
  }
  const int32_t level = acknowledged.brand.monitor().level();
  ASSERT_EQ(acknowledged.Act(ActionKind::kAcknowledge), ActionError::kNone);
  const size_t before = acknowledged.Calls().size();
  for (CrisisRun* run : {&acknowledged, &ignored}) run->To(420);
  const int64_t rise_ms = acknowledged.FirstMs(IncidentState::kConfirmed, level + 1);
  ASSERT_GT(rise_ms, kSimulationStartMs + (kOnset + 200) * kMinuteMs);
  ASSERT_THAT(acknowledged.CallTimes(), SizeIs(before + 1));
  EXPECT_EQ(acknowledged.CallTimes().back(), rise_ms + kAfterMs) << "further rises do not put it off";
  EXPECT_THAT(ignored.Calls(), SizeIs(1)) << "who has been called is not called again";
}

TEST(EscalationTest, ASilencePostponesTheCallAndAnAcknowledgementMeanwhileCancelsIt) {
  for (const bool acknowledges : {false, true}) {
    CrisisRun run(Rise(7));
    ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
    ASSERT_EQ(run.Act(ActionKind::kSilence, 2 * kHourMs + 1), ActionError::kNone);
    const int64_t end_ms = run.now_ms() + 2 * kHourMs + 5'000;
    EXPECT_EQ(run.last().route.escalate_by_ms, end_ms);
    run.To(run.at - kOnset + 60);
    EXPECT_THAT(run.Calls(), IsEmpty());
    if (acknowledges) {
      ASSERT_EQ(run.Act(ActionKind::kAcknowledge), ActionError::kNone);
    }
    run.To(run.at - kOnset + 120);
    if (acknowledges) {
      EXPECT_THAT(run.Calls(), IsEmpty());
    } else {
      EXPECT_THAT(run.CallTimes(), ElementsAre(end_ms));
    }
  }
}

// Goal: what eases by itself calls nobody, and what flares up again does, if nobody has acknowledged it by then.
TEST(EscalationTest, NobodyIsCalledWhileItEases) {
  const auto lull = [](double minute) { return minute < 60 ? 25.0 : minute < 150 ? 5.0 : 30.0; };
  CrisisRun run(lull, 75 * kMinuteMs);
  ASSERT_TRUE(run.Until(IncidentState::kEasing, 149));
  EXPECT_FALSE(run.last().route.escalate_by_ms.has_value());
  run.To(149);
  ASSERT_GT(run.now_ms(), run.FirstMs(IncidentState::kConfirmed) + 75 * kMinuteMs) << "it would have been due";
  EXPECT_THAT(run.Calls(), IsEmpty());
  ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
  EXPECT_THAT(run.CallTimes(), ElementsAre(run.last().times.window_end_ms));
}

TEST(EscalationTest, WhatIsClosedCallsNobodyAndWhatOpensAgainStartsAnew) {
  CrisisRun run(Rise(7, 300));
  ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
  run.To(run.at - kOnset + 25);
  ASSERT_THAT(run.Calls(), SizeIs(1));
  ASSERT_EQ(run.Act(ActionKind::kClose), ActionError::kNone);
  const Signal closed = run.last();
  ASSERT_TRUE(closed.post_crisis.has_value());
  std::vector<std::string> escalated_to;
  for (const LevelChange& change : closed.post_crisis->timeline) {
    if (!change.escalated_to.empty()) escalated_to.push_back(change.escalated_to);
  }
  EXPECT_THAT(escalated_to, ElementsAre("head-of-comms"));
  EXPECT_EQ(run.brand.monitor().Status().escalated_to, "");
  run.To(290);
  ASSERT_FALSE(run.brand.monitor().has_open_incident());
  EXPECT_THAT(run.Calls(), SizeIs(1));
  ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
  const Signal again = run.last();
  EXPECT_EQ(again.incident_id, closed.incident_id);
  EXPECT_FALSE(again.route.escalated_at_ms.has_value());
  run.To(run.at - kOnset + 25);
  ASSERT_THAT(run.Calls(), SizeIs(2));
  EXPECT_EQ(run.CallTimes().back(), again.times.window_end_ms + kAfterMs);
}

TEST(EscalationTest, NothingThatIsDecidedChanges) {
  CrisisRun calls(Rise(10, 200));
  CrisisRun never(Rise(10, 200), /*after_ms=*/0);
  CrisisRun nobody(Rise(10, 200));
  nobody.brand.route().next.clear();
  for (CrisisRun* run : {&calls, &never, &nobody}) {
    run->To(400);
    ASSERT_EQ(run->Act(ActionKind::kClose), ActionError::kNone);
  }
  EXPECT_THAT(calls.Calls(), SizeIs(1));
  std::vector<LevelChange> timeline = calls.last().post_crisis->timeline;
  std::erase_if(timeline, [](const LevelChange& change) { return !change.escalated_to.empty(); });
  for (const CrisisRun* run : {&never, &nobody}) {
    EXPECT_THAT(run->Calls(), IsEmpty());
    EXPECT_EQ(run->last().post_crisis->timeline, timeline);
  }
}

TEST(EscalationTest, WhichSlidesAreLeftOutChangesNothing) {
  CrisisRun due(Rise(9, 150), 93'000, SimulatedBrand::Evaluation::kWhenDue);
  CrisisRun every(Rise(9, 150), 93'000, SimulatedBrand::Evaluation::kEverySlide);
  for (CrisisRun* run : {&due, &every}) {
    run->To(120);
    EXPECT_EQ(run->Act(ActionKind::kAcknowledge), ActionError::kNone);
    run->To(130);
    EXPECT_EQ(run->Act(ActionKind::kSilence, 1'000'001), ActionError::kNone);
    EXPECT_EQ(run->Act(ActionKind::kDrill, 1'800'000), ActionError::kNone);
    run->To(300);
    // Silence: the windows run empty, and more.
    run->brand.RunTo(kSimulationStartMs + (kOnset + 1'000) * kMinuteMs);
    run->at = kOnset + 1'000;
    run->To(1'100);
  }
  EXPECT_LT(due.brand.evaluations(), every.brand.evaluations());
  EXPECT_THAT(due.Calls(), SizeIs(3)) << "what was not acknowledged, what rose above that, and the drill";
  EXPECT_TRUE(due.brand.signals() == every.brand.signals());
  EXPECT_TRUE(due.brand.Encoded() == every.brand.Encoded());
}

TEST(EscalationTest, ARestoredMonitorKnowsWhomToCallAndWhomItHasCalled) {
  for (const int64_t minute : {25, 70}) {
    CrisisRun straight(Rise(25));
    CrisisRun restored(Rise(25));
    for (CrisisRun* run : {&straight, &restored}) {
      EXPECT_EQ(run->Act(ActionKind::kDrill, kDayMs), ActionError::kNone);
      run->To(minute);
    }
    restored.brand.Reload();
    EXPECT_TRUE(restored.brand.Encoded() == straight.brand.Encoded());
    for (CrisisRun* run : {&straight, &restored}) run->To(200);
    EXPECT_THAT(straight.Calls(), SizeIs(2));
    EXPECT_TRUE(restored.brand.signals() == straight.brand.signals());
    EXPECT_TRUE(restored.brand.Encoded() == straight.brand.Encoded());
  }
}

RouteRule RuleTo(std::string name, int64_t after_ms, int32_t level, std::vector<std::string> types = {}) {
  Route to;
  to.name = name;
  to.owner = "owner of " + name;
  to.escalate_after_ms = after_ms;
  if (after_ms > 0) to.next = "next of " + name;
  to.language = "it";
  return {std::move(types), level, std::make_shared<const Route>(std::move(to))};
}

TEST(EscalationTest, EachSignalGoesTheWayOfItsTypeAndLevelAndWhatEndsGoesToThoseToldLast) {
  CrisisRun run(Rise(25));
  run.brand.route().rules = {RuleTo("security", 0, 0, {"data_breach"}), RuleTo("board", 10 * kMinuteMs, 2)};
  ASSERT_TRUE(run.Until(IncidentState::kProvisional));
  EXPECT_EQ(run.last().route.owner, "comms on call");
  EXPECT_EQ(run.brand.monitor().Status().owner, "comms on call");
  ASSERT_TRUE(run.Until(IncidentState::kConfirmed));
  EXPECT_EQ(run.last().type.name, "unknown");
  EXPECT_EQ(run.last().route.owner, "owner of board");
  EXPECT_EQ(run.last().route.next, "next of board");
  EXPECT_EQ(run.brand.monitor().Status().owner, "owner of board");
  EXPECT_THAT(run.last().summary, HasSubstr("menzioni"));
  const int64_t confirmed_ms = run.last().times.window_end_ms;
  EXPECT_EQ(run.last().route.escalate_by_ms, confirmed_ms + 10 * kMinuteMs) << "the time of the route that was chosen";
  run.To(run.at - kOnset + 15);
  ASSERT_THAT(run.CallTimes(), ElementsAre(confirmed_ms + 10 * kMinuteMs));
  EXPECT_EQ(run.Calls().front().route.owner, "owner of board");
  EXPECT_THAT(run.Calls().front().summary, HasSubstr("next of board"));
  EXPECT_EQ(run.brand.monitor().Status().escalated_to, "next of board");
  ASSERT_EQ(run.Act(ActionKind::kClose), ActionError::kNone);
  EXPECT_EQ(run.last().state, IncidentState::kResolved);
  EXPECT_EQ(run.last().level, 0) << "at which no rule fits";
  EXPECT_EQ(run.last().route.owner, "owner of board");
  EXPECT_THAT(run.last().summary, HasSubstr("menzioni"));
}

// Goal: whoever comes in later has no more time than those before, and a route that calls nobody hides no call.
TEST(EscalationTest, ARouteThatIsChosenLaterNeverPutsTheCallOff) {
  CrisisRun later(Rise(7, 60), 90 * kMinuteMs);
  CrisisRun sooner(Rise(7, 60), 90 * kMinuteMs);
  CrisisRun first(Rise(7, 60), /*after_ms=*/0);
  for (CrisisRun* run : {&later, &sooner, &first}) {
    ASSERT_TRUE(run->Until(IncidentState::kConfirmed));
  }
  const int64_t confirmed_ms = later.last().times.window_end_ms;
  const int32_t level = later.last().level;
  later.brand.route().rules = {RuleTo("board", kDayMs, level + 1)};
  sooner.brand.route().rules = {RuleTo("board", kMinuteMs, level + 1)};
  first.brand.route().rules = {RuleTo("board", kMinuteMs, level + 1)};
  for (CrisisRun* run : {&later, &sooner, &first}) run->To(300);
  const int64_t rise_ms = later.FirstMs(IncidentState::kConfirmed, level + 1);
  ASSERT_GT(rise_ms, confirmed_ms);
  ASSERT_LT(rise_ms, confirmed_ms + 80 * kMinuteMs);
  ASSERT_THAT(later.CallTimes(), ElementsAre(confirmed_ms + 90 * kMinuteMs));
  EXPECT_EQ(later.Calls().front().route.next, "next of board") << "of those who were told last";
  EXPECT_THAT(sooner.CallTimes(), ElementsAre(rise_ms + kMinuteMs));
  EXPECT_THAT(first.CallTimes(), ElementsAre(rise_ms + kMinuteMs));
}

TEST(EscalationTest, ARestoredMonitorKnowsWhoWasToldLast) {
  CrisisRun straight(Rise(7));
  CrisisRun restored(Rise(7));
  for (CrisisRun* run : {&straight, &restored}) {
    run->brand.route().rules = {RuleTo("board", 10 * kMinuteMs, 2)};
    ASSERT_EQ(run->Act(ActionKind::kDrill, kDayMs), ActionError::kNone);
    ASSERT_TRUE(run->Until(IncidentState::kConfirmed, -1'700));
    ASSERT_EQ(run->last().status, SignalStatus::kExercise);
    EXPECT_EQ(run->last().route.owner, "owner of board");
    run->To(0);
    ASSERT_TRUE(run->Until(IncidentState::kConfirmed));
  }
  restored.brand.Reload();
  const size_t told = straight.brand.signals().size();
  for (CrisisRun* run : {&straight, &restored}) run->To(200);
  ASSERT_THAT(straight.Calls(), SizeIs(2));
  EXPECT_EQ(straight.Calls().back().route.next, "next of board");
  EXPECT_TRUE(straight.brand.signals()[told].route.calls_next) << "no other signal had told the restored one";
  EXPECT_TRUE(restored.brand.signals() == straight.brand.signals());
  EXPECT_TRUE(restored.brand.Encoded() == straight.brand.Encoded());
}

TEST(EscalationTest, ADrillThatNobodyAcknowledgesIsEscalatedAsAnExercise) {
  for (const bool acknowledges : {false, true}) {
    CrisisRun run(Rise(2));
    run.brand.route().language = "fr";
    run.To(-200);
    ASSERT_EQ(run.Act(ActionKind::kDrill, kHourMs), ActionError::kNone);
    ASSERT_TRUE(run.Until(IncidentState::kConfirmed, -140));
    const int64_t confirmed_ms = run.last().times.window_end_ms;
    EXPECT_EQ(run.last().route.escalate_by_ms, confirmed_ms + kAfterMs);
    if (acknowledges) {
      ASSERT_EQ(run.Act(ActionKind::kAcknowledge), ActionError::kNone);
    }
    run.To(-100);
    EXPECT_EQ(run.last().state, IncidentState::kResolved);
    if (acknowledges) {
      EXPECT_THAT(run.Calls(), IsEmpty());
      continue;
    }
    ASSERT_THAT(run.CallTimes(), ElementsAre(confirmed_ms + kAfterMs));
    const Signal call = run.Calls().front();
    EXPECT_EQ(call.status, SignalStatus::kExercise);
    EXPECT_THAT(call.summary, StartsWith("EXERCICE"));
    EXPECT_THAT(call.summary, HasSubstr("prévenir maintenant : head-of-comms."));
    EXPECT_FALSE(run.brand.monitor().has_open_incident());
  }
}

}  // namespace
}  // namespace tocsin
