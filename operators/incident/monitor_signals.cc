// The signals of a monitor: an incident's, with their reasons, and surge notices.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "operators/incident/monitor_state.h"
#include "operators/incident/type_evidence.h"
#include "operators/mention/crisis_type.h"
#include "operators/signal/summary.h"

namespace tocsin {
namespace {

constexpr size_t kActionsShown = 10;

void Append(const std::vector<SignalTest>& from, std::vector<SignalTest>* to) {
  to->insert(to->end(), from.begin(), from.end());
}

// Sentences for the tests of `tests` that passed (or did not).
std::vector<std::string> Describe(const std::vector<SignalTest>& tests, bool passed) {
  std::vector<std::string> sentences;
  for (const SignalTest& test : tests) {
    if (test.passed == passed) sentences.push_back(DescribeTest(test));
  }
  return sentences;
}

}  // namespace

void BrandMonitor::State::Emit(const EvaluationContext& context, SignalMessage message, int64_t window_ms,
                               int32_t previous_level, const LevelDecision& decision,
                               const std::vector<SignalTest>& more_tests, std::vector<Signal>* signals) {
  ++incident.sequence;
  incident.last_signal_ms = context.end_ms();
  incident.muted_change = false;
  Signal signal = StartSignal(*options, *brand, route, baseline, context.quality, context.end_ms());
  signal.message = message;
  signal.kind = SignalKind::kCrisis;
  signal.incident_id = incident.id;
  signal.sequence = incident.sequence;
  signal.level = incident.level;
  signal.previous_level = previous_level;
  FillType(context.windows, context.end_ms() - window_ms, context.evidence, &signal);
  if (const std::optional<double> explained = ExplainedBySector(decision)) {
    signal.type.name = kSpilloverType;
    signal.type.confidence = *explained;
  }
  // Changes the incident, so nothing of the above may be left out, whoever reads the signal.
  Direct(context.end_ms(), &incident, &signal);
  if (!context.evidence.signals_are_read()) {
    signals->push_back(std::move(signal));
    return;
  }
  FillWindow(context, window_ms, &signal);
  FillIncident(context, incident, officials, &signal);
  const std::vector<SignalTest> watch =
      WatchTests(GatherWindows(context.windows), ShareOneIn(context.end_ms()), rules, baseline);
  if (decision.sector.known()) {
    signal.sector.brands = decision.sector.brands;
    signal.sector.ratio = decision.sector.ratio;
    signal.sector.negative_shift = decision.sector.negative_shift;
  }
  signal.tests = watch;
  Append(decision.tests, &signal.tests);
  Append(more_tests, &signal.tests);
  AddScore(context.windows, &signal);
  Explain(decision, watch, more_tests, &signal);
  signal.certainty = Certainty(incident, decision, signal);
  if (incident.open()) {
    signal.route.next_update_by_ms = context.end_ms() + UpdateIntervalMs();
    signal.handling.acknowledged = incident.AcknowledgedInForce();
    signal.handling.silenced = Silenced(context.end_ms());
    if (const auto& silenced = signal.handling.silenced) {
      signal.route.next_update_by_ms = std::max(*signal.route.next_update_by_ms, silenced->until_ms);
    }
  }
  FillEscalation(incident, &signal);
  signal.handling.ended = incident.ended;
  const auto shown = static_cast<std::ptrdiff_t>(std::min(incident.actions.size(), kActionsShown));
  signal.handling.actions.assign(incident.actions.end() - shown, incident.actions.end());
  signal.summary = Summarise(signal, LanguageOf(incident));
  signals->push_back(std::move(signal));
}

// `velocity.score` with what it is computed from. It decides nothing here.
void BrandMonitor::State::AddScore(const BrandWindows& windows, Signal* signal) const {
  if (!baseline.scores()) return;
  signal->tests.push_back(ScoreTest(SurgeRules(), Window(windows, kDecisionWindows - 1).mentions, baseline));
}

void BrandMonitor::State::Explain(const LevelDecision& decision, const std::vector<SignalTest>& watch,
                                  const std::vector<SignalTest>& more_tests, Signal* signal) const {
  if (incident.state == IncidentState::kResolved) {
    signal->level_reasons = Describe(more_tests, true);
    if (signal->level_reasons.empty()) {
      signal->level_reasons.emplace_back(
          "no window has been unusually negative for an hour, or a day went by unconfirmed");
    }
    return;
  }
  if (incident.state == IncidentState::kProvisional) {
    // A share counts only where the authors of its window do.
    const SignalTest* authors = nullptr;
    for (const SignalTest& test : watch) {
      if (test.name == "negative_authors") {
        authors = &test;
      } else if (test.passed && authors != nullptr && authors->passed) {
        signal->level_reasons.push_back(DescribeTest(*authors));
        signal->level_reasons.push_back(DescribeTest(test));
      }
    }
    if (signal->level_reasons.empty()) {
      signal->level_reasons.emplace_back(
          "no window is unusually negative any more, but this has not lasted for an hour");
    }
    signal->missing_for_next_level = Describe(decision.next_tests, false);
    if (decision.tested_level >= kConfirmedLevel) signal->missing_for_next_level = Describe(more_tests, false);
    if (signal->missing_for_next_level.empty()) {
      signal->missing_for_next_level.emplace_back("a further check in five minutes with the same result");
    }
    return;
  }
  if (incident.state == IncidentState::kEasing) {
    signal->level_reasons.emplace_back("the volume of the last 30 minutes is below half of its peak");
  }
  for (const SignalTest& test : decision.tests) {
    if (test.passed) signal->level_reasons.push_back(DescribeTest(test));
  }
  // The tests' own level may be one below that of the signal, where spread or reach has raised it.
  if (signal->level < kHighestLevel) signal->missing_for_next_level = Describe(decision.next_tests, false);
}

void BrandMonitor::State::CheckSurge(const EvaluationContext& context, std::vector<Signal>* signals) {
  const WindowCounts& hour = Window(context.windows, kDecisionWindows - 1);
  const ShareCounts share = {hour.mentions, hour.negative, hour.negative + hour.neutral + hour.positive};
  const int64_t end = context.end_ms();
  const SurgeCheck check = surge.Check(end, share, baseline);
  if (!check.fired || Muted(end)) return;
  Signal signal = StartSignal(*options, *brand, route, baseline, context.quality, end);
  signal.message = SignalMessage::kNotice;
  signal.kind = SignalKind::kSurge;
  signal.sequence = ++notices;
  if (context.evidence.signals_are_read()) {
    FillType(context.windows, end - kDecisionWindowMs[2], context.evidence, &signal);
    FillWindow(context, kDecisionWindowMs[2], &signal);
    signal.tests = check.tests;
    signal.level_reasons = Describe(check.tests, true);
    signal.summary = Summarise(signal, language());
  }
  signals->push_back(std::move(signal));
}

Signal BrandMonitor::State::FeedNotice(int64_t end_ms, const FeedQuality& quality, std::vector<SignalTest> tests,
                                       std::string reason) {
  Signal signal = StartSignal(*options, *brand, route, baseline, quality, end_ms);
  signal.message = SignalMessage::kNotice;
  signal.kind = SignalKind::kFeedHealth;
  signal.sequence = ++notices;
  signal.tests = std::move(tests);
  signal.level_reasons.push_back(std::move(reason));
  signal.summary = Summarise(signal, language());
  return signal;
}

// A silence keeps back none of these: they are not about what was silenced, and are told once.
void BrandMonitor::State::CheckFeed(const EvaluationContext& context, bool bin_ended, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  const auto tell = [&](const std::optional<SignalTest>& test) {
    if (test) signals->push_back(FeedNotice(end, context.quality, {*test}, DescribeTest(*test)));
  };
  if (bin_ended) {
    tell(feed.AtBinEnd(end, options->baseline_bin_ms, Window(context.windows, 0).mentions,
                       Window(context.windows, kDecisionWindows - 1).mentions, baseline));
  }
  tell(feed.Silence(end));
}

void BrandMonitor::State::TellIncomplete(const EvaluationContext& context, std::vector<Signal>* signals) {
  const FeedQuality& quality = context.quality;
  if (!feed.TellsIncomplete(quality.sources_complete < quality.sources)) return;
  SignalTest test;
  test.name = "feed_complete";
  test.observed = quality.sources_complete;
  test.threshold = quality.sources;
  test.below = test.passed = true;
  std::string reason = "only " + std::to_string(quality.sources_complete) + " of " + std::to_string(quality.sources) +
                       " source partitions are up to date; what the others hold comes late";
  signals->push_back(FeedNotice(context.end_ms(), quality, {std::move(test)}, std::move(reason)));
}

}  // namespace tocsin
