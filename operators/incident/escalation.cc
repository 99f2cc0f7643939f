// Who is next: called once if nobody has acknowledged a confirmed incident within the route's time.
//
// Decided in event time, so the log of mentions, which has the actions too, is all that it takes to decide it again.
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "operators/incident/monitor_state.h"
#include "operators/signal/summary.h"

namespace tocsin {

void BrandMonitor::State::AwaitAnswer(int64_t end_ms, Incident* of) const {
  const bool has_next = route != nullptr && route->escalate_after_ms > 0 && !route->next.empty();
  of->escalate_by_ms = has_next ? end_ms + route->escalate_after_ms : 0;
  of->escalated_at_ms.reset();
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
  if (route == nullptr || route->next.empty()) return false;
  of->escalated_at_ms = end_ms;
  of->timeline.push_back({end_ms, of->state, of->level, route->next});
  return true;
}

void BrandMonitor::State::Escalate(const EvaluationContext& context, std::vector<Signal>* signals) {
  const auto mark = [this, signals] {
    Signal& signal = signals->back();
    signal.route.calls_next = true;
    signal.summary = Summarise(signal, language());
  };
  const int64_t end = context.end_ms();
  if (CallNext(end, &incident)) {
    const LevelDecision decision = DecideLevel(GatherCourse(context, incident), baseline);
    Emit(context, SignalMessage::kUpdate, UpdateWindowMs(), incident.level, decision, {}, signals);
    mark();
  }
  if (CallNext(end, &drill.incident)) {
    EmitDrill(context, SignalMessage::kUpdate, drill.incident.level, "a drill that nobody has acknowledged", signals);
    mark();
  }
}

void BrandMonitor::State::FillEscalation(const Incident& of, Signal* signal) const {
  signal->route.escalated_at_ms = of.escalated_at_ms;
  if (of.state == IncidentState::kConfirmed && of.escalate_by_ms != 0) {
    signal->route.escalate_by_ms = EscalationDueMs(of);
  }
}

}  // namespace tocsin
