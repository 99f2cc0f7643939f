// Puts a signal together from what one evaluation knows. Decides nothing.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "operators/baseline/brand_baseline.h"
#include "operators/detect/level_tests.h"
#include "operators/incident/brand_monitor.h"
#include "operators/incident/incident.h"
#include "operators/signal/signal.h"
#include "operators/window/brand_windows.h"

namespace tocsin {

// One evaluation. Borrows everything.
struct EvaluationContext {
  const MonitorOptions& options;
  const Brand& brand;
  const Route* route;  // may be null
  const BrandBaseline& baseline;
  const BrandWindows& windows;
  const FeedQuality& quality;
  EvidenceSource& evidence;

  int64_t end_ms() const { return windows.end_ms(); }
};

// A post by an official account: event time and id.
using OfficialPost = std::pair<int64_t, std::string>;

ShareCounts ShareCountsSince(const BrandWindows& windows, int64_t from_ms);
CourseEvidence GatherCourse(const EvaluationContext& context, const Incident& incident);

// How sure: 0.5 for a provisional incident, plus 0.3 times the share of level 2's tests that pass and 0.1 for the first
// of the two checks; confirmed 0.95, from level 3 on 0.97, level 4 and 5 0.99. Less 0.1 while learning, 0.1 with an
// incomplete feed, and a fifth of the share of copied texts beyond 30 %.
double Certainty(const Incident& incident, const LevelDecision& decision, const Signal& signal);

// Who, rule, route, quality and window end.
Signal StartSignal(const MonitorOptions& options, const Brand& brand, const Route* route, const BrandBaseline& baseline,
                   const FeedQuality& quality, int64_t end_ms);

// Whom the signal is for.
void FillRoute(const Route& route, Signal* signal);

// Everything that follows from the rows of the last `window_ms`.
void FillWindow(const EvaluationContext& context, int64_t window_ms, Signal* signal);

// Everything that follows from the incident but its ids: state, course, spread, response.
void FillIncident(const EvaluationContext& context, const Incident& incident,
                  const std::vector<OfficialPost>& officials, Signal* signal);

}  // namespace tocsin
