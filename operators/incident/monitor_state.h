// What a BrandMonitor is made of. Included by its sources only.
//
// brand_monitor.cc: the way in, bins, encoding. incident_course.cc: the state machine. monitor_actions.cc: what people
// do about it. escalation.cc: who is told, and who is next. drill.cc: exercises. monitor_signals.cc: what goes out.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/detect/feed_watch.h"
#include "operators/detect/level_tests.h"
#include "operators/detect/surge_detector.h"
#include "operators/incident/brand_monitor.h"
#include "operators/incident/incident.h"
#include "operators/incident/signal_builder.h"

namespace tocsin {

// Updates while nothing changes come at these intervals after the last signal.
inline constexpr std::array<int64_t, 4> kUpdateIntervalMs = {1'800'000, 7'200'000, 21'600'000, 86'400'000};

inline int64_t CeilTo(int64_t value, int64_t step) {
  const int64_t rest = value % step;
  return rest > 0 ? value + step - rest : value - rest;
}

// `action` as it is remembered, done while the incident had `level`.
HandledAction Handled(const Action& action, int32_t level);

struct BrandMonitor::State {
  static constexpr int64_t kNoAlarm = INT64_MIN;

  State(const MonitorOptions* monitor_options, const Brand* monitored_brand, const Route* monitored_route)
      : options(monitor_options),
        brand(monitored_brand),
        route(monitored_route),
        rules(MakeRuleBook(monitor_options->false_alarms, monitored_brand->thresholds)),
        baseline(monitor_options->baseline_bin_ms, monitor_options->baseline_ready_ms) {
    for (size_t i = 0; i < kDecisionWindows; ++i) {
      const auto& sizes = options->window_sizes_ms;
      const auto place = std::find(sizes.begin(), sizes.end(), kDecisionWindowMs[i]);
      CHECK(place != sizes.end()) << "windows must contain the decision window of " << kDecisionWindowMs[i] << " ms";
      window_index[i] = static_cast<size_t>(place - sizes.begin());
    }
  }

  const MonitorOptions* options;
  const Brand* brand;
  const Route* route;
  std::array<size_t, kDecisionWindows> window_index = {};
  RuleBook rules;  // derived from options and brand

  BrandBaseline baseline;
  Incident incident;
  std::vector<OfficialPost> officials;  // ascending
  int64_t evaluated_ms = 0;
  int64_t next_bin_ms = kUnknownTime;  // kUnknownTime: no mention yet
  bool active = false;                 // the windows were not idle at the last evaluation
  int64_t rearm_ms = INT64_MIN;        // level 1 alone opens nothing before this
  SurgeDetector surge;
  FeedWatch feed;
  int64_t notices = 0;
  bool relearn = false;                  // the baseline begins anew when the open incident is over
  std::optional<HandledAction> silence;  // of the brand, whichever incident is open
  // After someone has closed an incident: nothing at or below its level opens before a calm hour.
  struct Hold {
    int64_t until_ms = 0;  // a bin's end; moved on while windows fire. 0: there is none
    int32_t level = 0;
    bool learns = false;  // it was a false alarm, so what goes on is usual
    bool on() const { return until_ms != 0; }
  } hold;
  std::vector<BaselineSample> set_aside;  // bins of the open incident, which a false alarm gives back
  struct Drill {
    Incident incident;
    int32_t target_level = 0;
    int64_t ends_ms = 0;
  } drill;
  int64_t alarm_ms = kNoAlarm;  // since when negative authors have been too many in some window
  std::array<int64_t, kDecisionWindows> thresholds = {-1, -1, -1};  // derived; -1: not computed since the last bin

  bool started() const { return next_bin_ms != kUnknownTime; }
  std::string_view language() const { return route != nullptr ? std::string_view{route->language} : "en"; }
  // The route of the last signal of `of`; null: there is none.
  const Route* RouteOf(const Incident& of) const { return route != nullptr ? &route->Named(of.route) : nullptr; }
  std::string_view LanguageOf(const Incident& of) const {
    return route != nullptr ? std::string_view{route->Named(of.route).language} : "en";
  }

  const WindowCounts& Window(const BrandWindows& windows, size_t decision_window) const {
    return windows.Window(window_index[decision_window]);
  }

  void Evaluate(const EvaluationContext& context, std::vector<Signal>* signals);
  void LearnAnew();
  bool AdvanceBins(const BrandWindows& windows);
  BaselineSample SampleOf(const BrandWindows& windows) const;  // of the bin that ends with the windows
  absl::Status DecodeActions(ByteReader* reader, bool has_escalations);
  void PruneOfficials(int64_t end_ms);

  // The state machine, incident_course.cc.
  std::optional<size_t> FiredWindow(const BrandWindows& windows);
  int64_t ShareOneIn(int64_t end_ms) const;
  WindowEvidence GatherWindows(const BrandWindows& windows) const;
  void TryOpen(const EvaluationContext& context, std::vector<Signal>* signals);
  void Open(const EvaluationContext& context, size_t window, std::vector<Signal>* signals);
  void Track(const EvaluationContext& context);
  void Check(const EvaluationContext& context, std::vector<Signal>* signals);
  int64_t UpdateWindowMs() const;
  void UpdateCourse(const BrandWindows& windows);
  bool UpdateCompleteness(const EvaluationContext& context);
  std::vector<SignalTest> FreshTestsAt(int64_t end_ms, const LevelDecision& decision) const;
  bool SuspiciouslySilent(const CourseEvidence& course) const;
  void Resolve(const EvaluationContext& context, const LevelDecision& decision, const std::vector<SignalTest>& calm,
               std::vector<Signal>* signals);
  void CloseUnwatched(const EvaluationContext& context, std::string_view reason, std::vector<Signal>* signals);

  // What people do, monitor_actions.cc.
  ActionError Act(const EvaluationContext& context, const Action& action, std::vector<Signal>* signals);
  void CloseByHand(const EvaluationContext& context, const HandledAction& action, std::vector<Signal>* signals);
  std::optional<HandledAction> Silenced(int64_t end_ms) const;
  // Whether a signal of what has not risen since is kept back.
  bool Muted(int64_t end_ms) const { return Silenced(end_ms).has_value(); }
  int64_t UpdateIntervalMs() const;
  void SetAside(const BaselineSample& sample);
  bool Holds(int64_t end_ms, bool fired);
  // Bin ends of [first_ms, first_ms + count bins) from which the baseline does not learn.
  int64_t FrozenBins(int64_t first_ms, int64_t count) const;

  // Who is told, and who is next, escalation.cc.
  // Chooses the route of a signal of `of`, which has everything else. From now on someone has to acknowledge within
  // that route's time, unless someone has or an earlier time is set.
  void Direct(int64_t end_ms, Incident* of, Signal* signal) const;
  void AwaitAnswer(int64_t end_ms, Incident* of) const;
  // When who is next is called, as things are; INT64_MAX: they are not.
  int64_t EscalationDueMs(const Incident& of) const;
  void Escalate(const EvaluationContext& context, std::vector<Signal>* signals);
  // Takes note of it in `of`; true if it is to be told now.
  bool CallNext(int64_t end_ms, Incident* of) const;
  void FillEscalation(const Incident& of, Signal* signal) const;

  // drill.cc.
  ActionError StartDrill(const EvaluationContext& context, const Action& action, std::vector<Signal>* signals);
  ActionError ActOnDrill(const EvaluationContext& context, const Action& action, std::vector<Signal>* signals);
  void RunDrill(const EvaluationContext& context, std::vector<Signal>* signals);
  void EndDrill(const EvaluationContext& context, std::string_view reason, std::vector<Signal>* signals);
  void EmitDrill(const EvaluationContext& context, SignalMessage message, int32_t previous_level,
                 std::string_view reason, std::vector<Signal>* signals);

  // Output, monitor_signals.cc.
  void Emit(const EvaluationContext& context, SignalMessage message, int64_t window_ms, int32_t previous_level,
            const LevelDecision& decision, const std::vector<SignalTest>& more_tests, std::vector<Signal>* signals);
  void Explain(const LevelDecision& decision, const std::vector<SignalTest>& watch,
               const std::vector<SignalTest>& more_tests, Signal* signal) const;
  void AddScore(const BrandWindows& windows, Signal* signal) const;
  void CheckSurge(const EvaluationContext& context, std::vector<Signal>* signals);
  void CheckFeed(const EvaluationContext& context, bool bin_ended, std::vector<Signal>* signals);
  void TellIncomplete(const EvaluationContext& context, std::vector<Signal>* signals);
  // `reason`: a plain sentence without a full stop; `tests` may be empty.
  Signal FeedNotice(int64_t end_ms, const FeedQuality& quality, std::vector<SignalTest> tests, std::string reason);
};

}  // namespace tocsin
