// Who is told, by the type and level of each signal, and who is next: called once if nobody has acknowledged a
// confirmed incident within the route's time.
//
// Decided in event time, so the log of mentions, which has the actions too, is all that it takes to decide it again.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "operators/incident/monitor_state.h"
#include "operators/signal/summary.h"

namespace tocsin {

void BrandMonitor::State::Direct(int64_t end_ms, Incident* of, Signal* signal) const {
  if (route == nullptr) return;
  // That it is over, and that nobody has answered, is for those who were told last.
  const bool calls = of->escalated_at_ms == end_ms;
  const bool follows = signal->message == SignalMessage::kResolve || calls;
  const Route& chosen = follows ? route->Named(of->route) : route->For(signal->type.name, signal->level);
  of->route = chosen.name;
  FillRoute(chosen, signal);
  AwaitAnswer(end_ms, of);
}

void BrandMonitor::State::AwaitAnswer(int64_t end_ms, Incident* of) const {
  const Route& chosen = *RouteOf(*of);
  const bool open_question = of->state == IncidentState::kConfirmed && !of->escalated_at_ms.has_value() &&
                             !of->AcknowledgedInForce().has_value();
  if (!open_question || !chosen.calls_next()) return;
  const int64_t by_ms = end_ms + chosen.escalate_after_ms;
  of->escalate_by_ms = of->escalate_by_ms == 0 ? by_ms : std::min(of->escalate_by_ms, by_ms);
}

// While it eases nobody is called, and while someone has silenced it: both only postpone.
int64_t BrandMonitor::State::EscalationDueMs(const Incident& of) const {
  if (of.state != IncidentState::kConfirmed || of.escalate_by_ms == 0) return INT64_MAX;
  const int64_t due_ms = CeilTo(of.escalate_by_ms, options->slide_ms);
  if (&of != &incident) return due_ms;
  const std::optional<HandledAction> silenced = Silenced(due_ms);
  return silenced.has_value() ? std::max(due_ms, CeilTo(silenced->until_ms, options->slide_ms)) : due_ms;
}

bool BrandMonitor::State::CallNext(int64_t end_ms, Incident* of) const {
  if (end_ms < EscalationDueMs(*of)) return false;
  of->escalate_by_ms = 0;
  // The route may have changed since the time was set.
  const Route* const told = RouteOf(*of);
  if (told == nullptr || told->next.empty()) return false;
  of->escalated_at_ms = end_ms;
  of->timeline.push_back({end_ms, of->state, of->level, told->next});
  return true;
}

void BrandMonitor::State::Escalate(const EvaluationContext& context, std::vector<Signal>* signals) {
  const auto mark = [this, signals](const Incident& of) {
    Signal& signal = signals->back();
    signal.route.calls_next = true;
    signal.summary = Summarise(signal, LanguageOf(of));
  };
  const int64_t end = context.end_ms();
  if (CallNext(end, &incident)) {
    const LevelDecision decision = DecideLevel(GatherCourse(context, incident), rules, baseline);
    Emit(context, SignalMessage::kUpdate, UpdateWindowMs(), incident.level, decision, {}, signals);
    mark(incident);
  }
  if (CallNext(end, &drill.incident)) {
    EmitDrill(context, SignalMessage::kUpdate, drill.incident.level, "a drill that nobody has acknowledged", signals);
    mark(drill.incident);
  }
}

void BrandMonitor::State::FillEscalation(const Incident& of, Signal* signal) const {
  signal->route.escalated_at_ms = of.escalated_at_ms;
  if (of.state == IncidentState::kConfirmed && of.escalate_by_ms != 0) {
    signal->route.escalate_by_ms = EscalationDueMs(of);
  }
}

}  // namespace tocsin
