// What people do about an incident. No action changes what is decided of an incident that goes on: only what is told,
// and when.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/time_units.h"
#include "operators/incident/monitor_state.h"
#include "operators/signal/summary.h"

namespace tocsin {
namespace {

// What was closed by hand opens again, at or below its level, only after so long a calm.
constexpr int64_t kHoldMs = kHourMs;
constexpr size_t kSetAsideBins = 288;  // a day

}  // namespace

HandledAction Handled(const Action& action, int32_t level) {
  HandledAction handled;
  handled.kind = action.kind;
  handled.by = action.by;
  handled.note = action.note;
  handled.at_ms = action.at_ms;
  if (action.kind == ActionKind::kSilence) handled.until_ms = action.at_ms + action.for_ms;
  handled.level = level;
  return handled;
}

// The one in force that ends last. What has risen above the level at which it was silenced is told.
std::optional<HandledAction> BrandMonitor::State::Silenced(int64_t end_ms) const {
  const int32_t level = incident.open() ? incident.level : 0;
  std::optional<HandledAction> last;
  for (const std::optional<HandledAction>* each : {&silence, &incident.silenced}) {
    if (!each->has_value() || end_ms >= (*each)->until_ms || level > (*each)->level) continue;
    if (each == &incident.silenced && !incident.open()) continue;
    if (!last.has_value() || (*each)->until_ms > last->until_ms) last = *each;
  }
  return last;
}

int64_t BrandMonitor::State::UpdateIntervalMs() const {
  if (incident.AcknowledgedInForce().has_value()) return kUpdateIntervalMs.back();
  return kUpdateIntervalMs[static_cast<size_t>(incident.update_step)];
}

void BrandMonitor::State::SetAside(const BaselineSample& sample) {
  if (set_aside.size() >= kSetAsideBins) set_aside.erase(set_aside.begin());
  set_aside.push_back(sample);
}

int64_t BrandMonitor::State::FrozenBins(int64_t first_ms, int64_t count) const {
  if (!hold.on() || hold.learns || hold.until_ms < first_ms) return 0;
  return std::min(count, (hold.until_ms - first_ms) / options->baseline_bin_ms + 1);
}

// Ended and prolonged only at the ends of bins, which are evaluated unless the windows are empty: so it does not depend
// on which slides were left out.
bool BrandMonitor::State::Holds(int64_t end_ms, bool fired) {
  if (!hold.on()) return false;
  const bool bin_end = end_ms % options->baseline_bin_ms == 0;
  if (bin_end && fired && end_ms <= hold.until_ms) {
    hold.until_ms = end_ms + kHoldMs;
  } else if (end_ms > hold.until_ms || (bin_end && end_ms == hold.until_ms)) {
    hold = {};
  }
  return hold.on();
}

ActionError BrandMonitor::State::Act(const EvaluationContext& context, const Action& action,
                                     std::vector<Signal>* signals) {
  if (action.kind == ActionKind::kDrill) return StartDrill(context, action, signals);
  const bool names_one = !action.incident_id.empty();
  if (names_one && action.incident_id == drill.incident.id) return ActOnDrill(context, action, signals);
  if (names_one && action.incident_id != incident.id) return ActionError::kUnknownIncident;
  if (action.kind == ActionKind::kSilence && action.at_ms + action.for_ms <= context.end_ms()) {
    return ActionError::kTooLate;
  }
  if (!names_one && action.kind == ActionKind::kSilence) {
    silence = Handled(action, incident.open() ? incident.level : 0);
    if (!incident.open()) return ActionError::kNone;
  }
  if (!incident.open()) {
    return !names_one && drill.incident.open() ? ActOnDrill(context, action, signals) : ActionError::kNotOpen;
  }
  const HandledAction handled = Handled(action, incident.level);
  incident.Remember(handled);
  if (action.kind == ActionKind::kSilence && names_one) incident.silenced = handled;
  if (action.kind == ActionKind::kAcknowledge) {
    incident.acknowledged = handled;
    incident.escalate_by_ms = 0;
  }
  if (action.kind == ActionKind::kClose || action.kind == ActionKind::kFalseAlarm) {
    CloseByHand(context, handled, signals);
    return ActionError::kNone;
  }
  const LevelDecision decision = DecideLevel(GatherCourse(context, incident), rules, baseline);
  std::vector<SignalTest> more_tests;
  if (incident.state == IncidentState::kProvisional) more_tests = FreshTestsAt(context.end_ms(), decision);
  Emit(context, SignalMessage::kUpdate, UpdateWindowMs(), incident.level, decision, more_tests, signals);
  return ActionError::kNone;
}

void BrandMonitor::State::CloseByHand(const EvaluationContext& context, const HandledAction& action,
                                      std::vector<Signal>* signals) {
  const bool false_alarm = action.kind == ActionKind::kFalseAlarm;
  const int32_t level = incident.level;
  const std::vector<BaselineSample> usual = std::exchange(set_aside, {});
  incident.ended = action;
  Resolve(context, DecideLevel(GatherCourse(context, incident), rules, baseline), {}, signals);
  Signal& signal = signals->back();
  signal.level_reasons = {absl::StrCat(false_alarm ? "a false alarm, says " : "closed by ", action.by,
                                       action.note.empty() ? "" : ": ", action.note)};
  signal.summary = Summarise(signal, LanguageOf(incident));
  hold.until_ms = CeilTo(context.end_ms(), options->baseline_bin_ms) + kHoldMs;
  hold.level = level;
  hold.learns = false_alarm;
  if (!false_alarm) return;
  for (const BaselineSample& sample : usual) baseline.Add(sample);
  thresholds.fill(-1);
}

}  // namespace tocsin
