// Exercises: incidents that someone has asked for. They go the way of a real one, marked as an exercise, and neither
// read nor change anything of the brand's own baseline and incident.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/time_units.h"
#include "operators/incident/monitor_state.h"
#include "operators/incident/type_evidence.h"
#include "operators/signal/summary.h"

namespace tocsin {
namespace {

constexpr int64_t kConfirmedAfterMs = 5 * kMinuteMs;
constexpr char kDrillPrefix[] = "drill-";

}  // namespace

ActionError BrandMonitor::State::StartDrill(const EvaluationContext& context, const Action& action,
                                            std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  const int64_t ends_ms = CeilTo(action.at_ms + action.for_ms, options->slide_ms);
  if (drill.incident.open()) return ActionError::kDrillIsOn;
  if (ends_ms <= end) return ActionError::kTooLate;
  drill = Drill();
  drill.target_level = action.level;
  drill.ends_ms = ends_ms;
  Incident& exercise = drill.incident;
  exercise.id = absl::StrCat(kDrillPrefix, IncidentId(brand->id, action.at_ms));
  exercise.onset_ms = std::min(action.at_ms, end);
  exercise.opened_ms = end;
  exercise.state = IncidentState::kProvisional;
  exercise.level = kWatchLevel;
  const bool confirms = action.level >= kConfirmedLevel;
  exercise.next_check_ms =
      confirms ? CeilTo(end + std::min(kConfirmedAfterMs, (ends_ms - end) / 2), options->slide_ms) : ends_ms;
  HandledAction started = Handled(action, action.level);
  started.until_ms = ends_ms;
  exercise.Remember(started);
  EmitDrill(context, SignalMessage::kAlert, 0, absl::StrCat("a drill that ", action.by, " has started"), signals);
  return ActionError::kNone;
}

ActionError BrandMonitor::State::ActOnDrill(const EvaluationContext& context, const Action& action,
                                            std::vector<Signal>* signals) {
  Incident& exercise = drill.incident;
  if (!exercise.open()) return ActionError::kNotOpen;
  if (action.kind == ActionKind::kSilence || action.kind == ActionKind::kFalseAlarm) return ActionError::kNotForDrill;
  const HandledAction handled = Handled(action, exercise.level);
  exercise.Remember(handled);
  if (action.kind == ActionKind::kClose) {
    exercise.ended = handled;
    EndDrill(context, absl::StrCat("the drill was closed by ", action.by), signals);
    return ActionError::kNone;
  }
  if (action.kind == ActionKind::kAcknowledge) {
    exercise.acknowledged = handled;
    exercise.escalate_by_ms = 0;
  }
  EmitDrill(context, SignalMessage::kUpdate, exercise.level, "a drill, in which someone has acted", signals);
  return ActionError::kNone;
}

// The steps that are due.
void BrandMonitor::State::RunDrill(const EvaluationContext& context, std::vector<Signal>* signals) {
  Incident& exercise = drill.incident;
  if (!exercise.open() || context.end_ms() < exercise.next_check_ms) return;
  if (context.end_ms() >= drill.ends_ms) return EndDrill(context, "the time of the drill is over", signals);
  const int32_t previous_level = std::exchange(exercise.level, drill.target_level);
  exercise.state = IncidentState::kConfirmed;
  exercise.next_check_ms = drill.ends_ms;
  exercise.NewAlarm();
  EmitDrill(context, SignalMessage::kUpdate, previous_level, "a drill: the level that is rehearsed", signals);
}

void BrandMonitor::State::EndDrill(const EvaluationContext& context, std::string_view reason,
                                   std::vector<Signal>* signals) {
  Incident& exercise = drill.incident;
  if (!exercise.open()) return;
  const int32_t previous_level = std::exchange(exercise.level, 0);
  exercise.state = IncidentState::kResolved;
  exercise.resolved_ms = context.end_ms();
  EmitDrill(context, SignalMessage::kResolve, previous_level, reason, signals);
}

void BrandMonitor::State::EmitDrill(const EvaluationContext& context, SignalMessage message, int32_t previous_level,
                                    std::string_view reason, std::vector<Signal>* signals) {
  Incident& exercise = drill.incident;
  const int64_t end = context.end_ms();
  Signal signal = StartSignal(*options, *brand, route, baseline, context.quality, end);
  signal.status = SignalStatus::kExercise;
  signal.message = message;
  signal.kind = SignalKind::kCrisis;
  signal.incident_id = exercise.id;
  signal.sequence = ++exercise.sequence;
  signal.state = exercise.state;
  signal.level = exercise.level;
  signal.previous_level = previous_level;
  FillType(context.windows, end - kDecisionWindowMs.front(), context.evidence, &signal);
  Direct(end, &exercise, &signal);
  if (!context.evidence.signals_are_read()) {
    signals->push_back(std::move(signal));
    return;
  }
  signal.level_reasons = {absl::StrCat("EXERCISE: ", reason, "; nothing has happened")};
  // What the brand has just now, so that every field is filled as in earnest.
  FillWindow(context, kDecisionWindowMs.front(), &signal);
  signal.times.onset_ms = exercise.onset_ms;
  signal.times.detected_at_ms = exercise.opened_ms;
  signal.times.detection_delay_ms = exercise.opened_ms - exercise.onset_ms;
  signal.course.persistence_s = (end - exercise.onset_ms) / 1'000;
  signal.handling.acknowledged = exercise.AcknowledgedInForce();
  signal.handling.ended = exercise.ended;
  FillEscalation(exercise, &signal);
  signal.handling.actions = exercise.actions;
  if (exercise.open()) signal.route.next_update_by_ms = exercise.next_check_ms;
  signal.summary = Summarise(signal, LanguageOf(exercise));
  signals->push_back(std::move(signal));
}

}  // namespace tocsin
