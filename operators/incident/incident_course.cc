// The state machine of an incident: quiet, provisional, confirmed, easing, resolved.
#include <algorithm>
#include <utility>

#include "engine/base/time_units.h"
#include "operators/incident/evidence.h"
#include "operators/incident/monitor_state.h"
#include "operators/signal/summary.h"

namespace tocsin {
namespace {

constexpr int64_t kCheckMs = 5 * kMinuteMs;
constexpr int64_t kChecksToConfirm = 2;
constexpr int64_t kYoungAlarmMs = 30 * kMinuteMs;
// Level 1 must have fired so recently for a check to count towards confirmation.
constexpr int64_t kFiredWithinMs = 15 * kMinuteMs;
constexpr int64_t kProvisionalQuietMs = kHourMs;
constexpr int64_t kProvisionalLongestMs = 24 * kHourMs;
constexpr int64_t kLeastConfirmedMs = 30 * kMinuteMs;
constexpr int64_t kCalmMs = 2 * kHourMs;
constexpr int64_t kEasingLongestMs = 7 * 24 * kHourMs;
constexpr int64_t kRelapseMs = 12 * kHourMs;
// A brand that is all but silent where so much was expected is missing data, not calm.
constexpr double kSilentExpected = 30;
constexpr double kSilentRatio = 0.1;

}  // namespace

// The shortest decision window in which level 1 fires.
std::optional<size_t> BrandMonitor::State::FiredWindow(const BrandWindows& windows) {
  if (!baseline.usable()) return std::nullopt;
  const int64_t end = windows.end_ms();
  const int64_t least = rules.For(baseline).least_negative_authors;
  bool alarmed = false;
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    const WindowCounts& counts = Window(windows, i);
    const int64_t authors = std::min(counts.negative_authors, counts.negative_texts);
    if (authors < least || authors <= baseline.GateOfWindow(i)) continue;
    if (thresholds[i] < 0) thresholds[i] = NegativeAuthorsThreshold(i, rules, baseline);
    if (authors < thresholds[i]) continue;
    if (alarm_ms == kNoAlarm) alarm_ms = end;
    alarmed = true;
    const ShareCounts share = {counts.mentions, counts.negative, counts.negative + counts.neutral + counts.positive};
    if (NegativeShareTest("", 0, share, ShareOneIn(end), baseline).passed) return i;
  }
  // Ended only at the end of a bin, which is always evaluated, so that it does not depend on which slides were left
  // out.
  if (!alarmed && !incident.open() && end % options->baseline_bin_ms == 0) alarm_ms = kNoAlarm;
  return std::nullopt;
}

// Chance has more tries the longer a volume alarm lasts: the first half hour, when a crisis turns negative, gets the
// larger part of what may go wrong.
int64_t BrandMonitor::State::ShareOneIn(int64_t end_ms) const {
  const LevelRules& now = rules.For(baseline);
  const bool young = alarm_ms == kNoAlarm || end_ms - alarm_ms < kYoungAlarmMs;
  return young ? now.share_one_in : now.late_share_one_in;
}

WindowEvidence BrandMonitor::State::GatherWindows(const BrandWindows& windows) const {
  WindowEvidence evidence;
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    const WindowCounts& counts = Window(windows, i);
    evidence.negative_authors[i] = std::min(counts.negative_authors, counts.negative_texts);
    evidence.shares[i] = {counts.mentions, counts.negative, counts.negative + counts.neutral + counts.positive};
  }
  return evidence;
}

void BrandMonitor::State::TryOpen(const EvaluationContext& context, std::vector<Signal>* signals) {
  const std::optional<size_t> fired = FiredWindow(context.windows);
  const bool held = Holds(context.end_ms(), fired.has_value());
  if (!fired) return;
  if (held || context.end_ms() < rearm_ms) {
    // What stayed up for a day without being confirmed, or was closed by hand at level 1, opens again only when it
    // would be confirmed; what was closed at a higher level, only above that.
    Incident trial;
    trial.onset_ms = context.end_ms() - kDecisionWindowMs[*fired];
    // At every slide, as long as the storm lasts.
    const WindowCounts& counts = Window(context.windows, *fired);
    trial.negative_authors.Reserve(counts.negative_authors);
    trial.negative_texts.Reserve(counts.negative_texts);
    context.windows.ForEachHeld(trial.onset_ms, [&trial](const HeldMention& row) { trial.AddToCourse(row); });
    const LevelDecision decision = DecideLevel(GatherCourse(context, trial), rules, baseline);
    if (decision.tested_level < kConfirmedLevel || (held && decision.level <= hold.level)) return;
  }
  Open(context, *fired, signals);
}

void BrandMonitor::State::Open(const EvaluationContext& context, size_t window, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  hold = {};
  set_aside.clear();
  const bool relapse = incident.state == IncidentState::kResolved && end - incident.resolved_ms <= kRelapseMs;
  if (relapse) {
    incident.RestartCounts();
  } else {
    incident = Incident();
  }
  incident.onset_ms = end - kDecisionWindowMs[window];
  if (!relapse) {
    incident.id = IncidentId(brand->id, incident.onset_ms);
    incident.first_signal_ms = end;
  }
  incident.state = IncidentState::kProvisional;
  incident.level = kWatchLevel;
  incident.highest_level = std::max<int32_t>(incident.highest_level, kWatchLevel);
  incident.opened_ms = end;
  incident.last_fired_ms = end;
  incident.next_check_ms = end + kCheckMs;
  incident.incomplete_ms = INT64_MIN / 2;
  incident.gaps = context.quality.gaps;
  baseline.DropRecent();
  context.windows.ForEachHeld(incident.onset_ms, [this](const HeldMention& row) { incident.Add(row); });
  FindFirstPosts(context.windows, incident.onset_ms, options->slide_ms, context.evidence, &incident);
  incident.opened_negative = incident.negative;
  incident.opened_classified = incident.classified;
  UpdateCompleteness(context);
  UpdateCourse(context.windows);
  const LevelDecision decision = DecideLevel(GatherCourse(context, incident), rules, baseline);
  incident.confirm_streak = decision.tested_level >= kConfirmedLevel ? 1 : 0;
  incident.timeline.push_back({end, incident.state, incident.level, ""});
  Emit(context, SignalMessage::kAlert, kDecisionWindowMs[window], 0, decision, {}, signals);
}

// Adds what the slides since the last evaluation brought.
void BrandMonitor::State::Track(const EvaluationContext& context) {
  context.windows.ForEachHeld(evaluated_ms, [this](const HeldMention& row) { incident.Add(row); });
  FindFirstPosts(context.windows, evaluated_ms, options->slide_ms, context.evidence, &incident);
}

void BrandMonitor::State::UpdateCourse(const BrandWindows& windows) {
  const int64_t end = windows.end_ms();
  const int64_t bin = Window(windows, 0).mentions;
  const int64_t half_hour = windows.CountsSince(end - 30 * kMinuteMs).mentions;
  incident.peak_half_hour = std::max(incident.peak_half_hour, half_hour);
  if (bin > incident.peak_bin || incident.peak_ms == 0) {
    incident.peak_bin = bin;
    incident.peak_ms = end;
    incident.below_half_ms.reset();
    incident.below_tenth_ms.reset();
  }
  // A quarter of an hour smooths what five minutes scatter, once it lies wholly behind the peak; three bins each.
  if (end - incident.peak_ms < 15 * kMinuteMs) return;
  const int64_t quarter = Window(windows, 1).mentions;
  if (!incident.below_half_ms && quarter * 2 < incident.peak_bin * 3) incident.below_half_ms = end;
  if (!incident.below_tenth_ms && quarter * 10 < incident.peak_bin * 3) incident.below_tenth_ms = end;
}

// True if the feed has been whole since the last check.
bool BrandMonitor::State::UpdateCompleteness(const EvaluationContext& context) {
  const FeedQuality& quality = context.quality;
  // Stale is no matter: what comes late after an outage is whole all the same.
  const bool whole = quality.sources_complete >= quality.sources && quality.gaps <= incident.gaps;
  incident.gaps = quality.gaps;
  if (!whole) incident.incomplete_ms = context.end_ms();
  return whole;
}

bool BrandMonitor::State::SuspiciouslySilent(const CourseEvidence& course) const {
  const double expected = tocsin::ExpectedPerMinute(baseline).value_or(0) * 120;
  return expected >= kSilentExpected && static_cast<double>(course.two_hours.mentions) < kSilentRatio * expected;
}

std::vector<SignalTest> BrandMonitor::State::FreshTestsAt(int64_t end_ms, const LevelDecision& decision) const {
  const ShareCounts fresh = {0, incident.negative - incident.opened_negative,
                             incident.classified - incident.opened_classified};
  return FreshTests(fresh, (end_ms - incident.opened_ms) / 1000, LeftToSector(decision), rules, baseline);
}

void BrandMonitor::State::Check(const EvaluationContext& context, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  incident.next_check_ms = end + kCheckMs;
  UpdateCompleteness(context);
  TellIncomplete(context, signals);
  UpdateCourse(context.windows);
  const CourseEvidence course = GatherCourse(context, incident);
  const LevelDecision decision = DecideLevel(course, rules, baseline);
  if (FiredWindow(context.windows)) incident.last_fired_ms = end;
  std::vector<SignalTest> more_tests;
  const IncidentState previous_state = incident.state;
  const int32_t previous_level = incident.level;
  const bool was_answered = incident.AcknowledgedInForce().has_value();
  const int64_t half_hour = course.half_hour.mentions;

  if (incident.state == IncidentState::kProvisional) {
    more_tests = FreshTestsAt(end, decision);
    const bool passed = decision.tested_level >= kConfirmedLevel && AllPassed(more_tests) &&
                        end - incident.last_fired_ms <= kFiredWithinMs;
    incident.confirm_streak = passed ? incident.confirm_streak + 1 : 0;
    if (incident.confirm_streak >= kChecksToConfirm) {
      incident.state = IncidentState::kConfirmed;
      incident.level = decision.level;
      incident.confirmed_ms = end;
      if (!incident.ever_confirmed) incident.first_confirmed_ms = end;
      incident.ever_confirmed = true;
      incident.NewAlarm();
    } else if (end - std::max(incident.last_fired_ms, incident.incomplete_ms) >= kProvisionalQuietMs) {
      return Resolve(context, decision, {}, signals);
    } else if (end - incident.opened_ms >= kProvisionalLongestMs) {
      rearm_ms = CeilTo(end + kProvisionalLongestMs, options->baseline_bin_ms);
      return Resolve(context, decision, {}, signals);
    }
  } else {
    incident.level = std::max(incident.level, static_cast<int32_t>(decision.level));
    const bool rises = incident.level > previous_level;
    if (rises && was_answered) incident.NewAlarm();
    if (incident.state == IncidentState::kConfirmed) {
      const bool eases = half_hour * 2 < incident.peak_half_hour && end - incident.confirmed_ms >= kLeastConfirmedMs;
      if (eases && !rises) incident.state = IncidentState::kEasing;
    } else if (rises || (half_hour * 4 >= incident.peak_half_hour * 3 && decision.level >= kConfirmedLevel)) {
      incident.state = IncidentState::kConfirmed;
      incident.confirmed_ms = end;
    } else {
      const bool whole = end - incident.incomplete_ms >= kCalmMs && !SuspiciouslySilent(course);
      const std::vector<SignalTest> calm = CalmTests(course, rules, baseline);
      const bool over = AllPassed(calm) && end - incident.onset_ms >= kCalmMs;
      if (whole && (over || end - incident.confirmed_ms >= kEasingLongestMs)) {
        return Resolve(context, decision, calm, signals);
      }
    }
  }
  incident.highest_level = std::max(incident.highest_level, incident.level);
  const bool changed = incident.state != previous_state || incident.level != previous_level;
  if (changed) {
    incident.update_step = 0;
    incident.timeline.push_back({end, incident.state, incident.level, ""});
  }
  if (incident.level <= previous_level && Muted(end)) {
    incident.muted_change |= changed;
    return;
  }
  if (!changed && !incident.muted_change) {
    if (end - incident.last_signal_ms < UpdateIntervalMs()) return;
    if (incident.update_step + 1 < static_cast<int64_t>(kUpdateIntervalMs.size())) ++incident.update_step;
  }
  Emit(context, SignalMessage::kUpdate, UpdateWindowMs(), previous_level, decision, more_tests, signals);
}

int64_t BrandMonitor::State::UpdateWindowMs() const {
  const bool long_window = incident.state == IncidentState::kEasing || incident.level > kConfirmedLevel;
  return kDecisionWindowMs[long_window ? 2 : 1];
}

void BrandMonitor::State::CloseUnwatched(const EvaluationContext& context, std::string_view reason,
                                         std::vector<Signal>* signals) {
  Track(context);
  UpdateCompleteness(context);
  UpdateCourse(context.windows);
  Resolve(context, DecideLevel(GatherCourse(context, incident), rules, baseline), {}, signals);
  Signal& signal = signals->back();
  signal.level_reasons = {std::string(reason)};
  signal.summary = Summarise(signal, LanguageOf(incident));
  evaluated_ms = context.end_ms();
}

void BrandMonitor::State::Resolve(const EvaluationContext& context, const LevelDecision& decision,
                                  const std::vector<SignalTest>& calm, std::vector<Signal>* signals) {
  const int32_t previous_level = incident.level;
  incident.state = IncidentState::kResolved;
  incident.level = 0;
  incident.resolved_ms = context.end_ms();
  alarm_ms = kNoAlarm;
  incident.timeline.push_back({context.end_ms(), incident.state, 0, ""});
  Emit(context, SignalMessage::kResolve, kDecisionWindowMs[2], previous_level, decision, calm, signals);
  set_aside.clear();
  feed.EndIncident();
  // What opens again is told.
  if (silence.has_value()) silence->level = 0;
  if (!incident.ever_confirmed) return;
  PostCrisis record;
  record.first_signal_ms = incident.first_signal_ms;
  record.confirmed_ms = incident.first_confirmed_ms;
  record.resolved_ms = incident.resolved_ms;
  record.peak_ms = incident.peak_ms;
  record.highest_level = incident.highest_level;
  record.mentions = incident.mentions;
  record.negative = incident.negative;
  record.unique_authors = incident.authors.size();
  record.unique_authors_capped = incident.authors.capped();
  record.timeline = incident.timeline;
  record.actions = incident.actions;
  signals->back().post_crisis = std::move(record);
}

}  // namespace tocsin
