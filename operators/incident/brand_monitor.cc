#include "operators/incident/brand_monitor.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "operators/incident/evidence.h"
#include "operators/incident/incident.h"
#include "operators/incident/signal_builder.h"
#include "operators/signal/summary.h"

namespace tocsin {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kCheckMs = 5 * kMinuteMs;
constexpr int64_t kChecksToConfirm = 2;
// Level 1 must have fired so recently for a check to count towards confirmation.
constexpr int64_t kFiredWithinMs = 15 * kMinuteMs;
constexpr int64_t kProvisionalQuietMs = kHourMs;
constexpr int64_t kProvisionalLongestMs = 24 * kHourMs;
constexpr int64_t kLeastConfirmedMs = 30 * kMinuteMs;
constexpr int64_t kCalmMs = 2 * kHourMs;
constexpr int64_t kEasingLongestMs = 7 * 24 * kHourMs;
constexpr int64_t kRelapseMs = 12 * kHourMs;
constexpr std::array<int64_t, 4> kUpdateIntervalMs = {kHourMs / 2, 2 * kHourMs, 6 * kHourMs, 24 * kHourMs};
constexpr int64_t kSurgeCooldownMs = 24 * kHourMs;
constexpr int64_t kSurgeChecks = 2;
// A brand that is all but silent where so much was expected is missing data, not calm.
constexpr double kSilentExpected = 30;
constexpr double kSilentRatio = 0.1;
constexpr size_t kOfficialsHeld = 1'000;
constexpr uint8_t kStateVersion = 1;

int64_t CeilTo(int64_t value, int64_t step) {
  const int64_t rest = value % step;
  return rest > 0 ? value + step - rest : value - rest;
}

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

struct BrandMonitor::State {
  State(const MonitorOptions* monitor_options, const Brand* monitored_brand, const Route* monitored_route)
      : options(monitor_options),
        brand(monitored_brand),
        route(monitored_route),
        baseline(monitor_options->baseline_bin_ms, monitor_options->baseline_ready_ms) {
    for (size_t i = 0; i < kDecisionWindows; ++i) {
      const auto& sizes = options->window_sizes_ms;
      const auto place = std::find(sizes.begin(), sizes.end(), kDecisionWindowMs[i]);
      CHECK(place != sizes.end()) << "windows must contain the decision window of " << kDecisionWindowMs[i] << " ms";
      window_index[i] = static_cast<size_t>(place - sizes.begin());
    }
  }

  // Constant after construction.
  const MonitorOptions* options;
  const Brand* brand;
  const Route* route;
  std::array<size_t, kDecisionWindows> window_index = {};

  BrandBaseline baseline;
  Incident incident;
  std::vector<OfficialPost> officials;  // ascending
  int64_t evaluated_ms = 0;
  int64_t next_bin_ms = kUnknownTime;  // kUnknownTime: no mention yet
  bool active = false;                 // the windows were not idle at the last evaluation
  int64_t rearm_ms = INT64_MIN;        // level 1 alone opens nothing before this
  int64_t surge_streak = 0;
  int64_t surge_rearm_ms = INT64_MIN;
  int64_t notices = 0;
  std::array<int64_t, kDecisionWindows> thresholds = {-1, -1, -1};  // derived; -1: not computed since the last bin

  bool started() const { return next_bin_ms != kUnknownTime; }
  std::string_view language() const { return route != nullptr ? std::string_view(route->language) : "en"; }

  const WindowCounts& Window(const BrandWindows& windows, size_t decision_window) const {
    return windows.Window(window_index[decision_window]);
  }

  void Evaluate(const EvaluationContext& context, std::vector<Signal>* signals);
  bool AdvanceBins(const BrandWindows& windows);
  std::optional<size_t> FiredWindow(const BrandWindows& windows);
  WindowEvidence GatherWindows(const BrandWindows& windows) const;
  void TryOpen(const EvaluationContext& context, std::vector<Signal>* signals);
  void Open(const EvaluationContext& context, size_t window, std::vector<Signal>* signals);
  void Track(const EvaluationContext& context);
  void Check(const EvaluationContext& context, std::vector<Signal>* signals);
  void UpdateCourse(const BrandWindows& windows);
  bool UpdateCompleteness(const EvaluationContext& context);
  bool SuspiciouslySilent(const CourseEvidence& course) const;
  void Resolve(const EvaluationContext& context, const LevelDecision& decision, std::vector<SignalTest> calm,
               std::vector<Signal>* signals);
  void Emit(const EvaluationContext& context, SignalMessage message, int64_t window_ms, int32_t previous_level,
            const LevelDecision& decision, const std::vector<SignalTest>& more_tests, std::vector<Signal>* signals);
  void Explain(const LevelDecision& decision, const std::vector<SignalTest>& watch,
               const std::vector<SignalTest>& more_tests, Signal* signal) const;
  void CheckSurge(const EvaluationContext& context, std::vector<Signal>* signals);
  void PruneOfficials(int64_t end_ms);
};

void BrandMonitor::State::Evaluate(const EvaluationContext& context, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  if (!started()) {
    if (Window(context.windows, kDecisionWindows - 1).mentions == 0) return;
    next_bin_ms = CeilTo(end, options->baseline_bin_ms);
  }
  const bool bin_ended = AdvanceBins(context.windows);
  PruneOfficials(end);
  if (incident.open()) {
    Track(context);
    if (end >= incident.next_check_ms) Check(context, signals);
  } else {
    TryOpen(context, signals);
  }
  if (bin_ended && !incident.open()) CheckSurge(context, signals);
  evaluated_ms = end;
  active = !context.windows.idle();
}

// Feeds the bins that have ended; those that were left out were empty. True if one ends here.
bool BrandMonitor::State::AdvanceBins(const BrandWindows& windows) {
  const int64_t end = windows.end_ms();
  if (end < next_bin_ms) return false;
  const int64_t ended = (end - next_bin_ms) / options->baseline_bin_ms + 1;
  const bool bin_ended = (end - next_bin_ms) % options->baseline_bin_ms == 0;
  next_bin_ms += ended * options->baseline_bin_ms;
  if (incident.open()) return bin_ended;
  baseline.AddIdle(bin_ended ? ended - 1 : ended);
  if (bin_ended) {
    BaselineSample sample;
    sample.mentions_hour = Window(windows, kDecisionWindows - 1).mentions;
    for (size_t i = 0; i < kDecisionWindows; ++i) {
      const WindowCounts& counts = Window(windows, i);
      sample.negative_authors[i] = std::min(counts.negative_authors, counts.negative_texts);
    }
    const WindowCounts& bin = Window(windows, 0);
    sample.negative = bin.negative;
    sample.classified = bin.negative + bin.neutral + bin.positive;
    baseline.Add(sample);
  }
  thresholds.fill(-1);
  return bin_ended;
}

// The shortest decision window in which level 1 fires.
std::optional<size_t> BrandMonitor::State::FiredWindow(const BrandWindows& windows) {
  if (!baseline.usable()) return std::nullopt;
  const int64_t least = RulesFor(baseline).least_negative_authors;
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    const WindowCounts& counts = Window(windows, i);
    const int64_t authors = std::min(counts.negative_authors, counts.negative_texts);
    if (authors < least || authors <= baseline.GateOfWindow(i)) continue;
    if (thresholds[i] < 0) thresholds[i] = NegativeAuthorsThreshold(i, baseline);
    if (authors < thresholds[i]) continue;
    const ShareCounts share = {counts.mentions, counts.negative, counts.negative + counts.neutral + counts.positive};
    if (NegativeShareTest(i, share, baseline).passed) return i;
  }
  return std::nullopt;
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
  if (!fired) return;
  if (context.end_ms() < rearm_ms) {
    // What stayed up for a day without being confirmed opens again only when it would be confirmed.
    Incident trial;
    trial.onset_ms = context.end_ms() - kDecisionWindowMs[*fired];
    context.windows.ForEachHeld(trial.onset_ms, [&trial](const HeldMention& row) { trial.Add(row); });
    if (DecideLevel(GatherCourse(context.windows, trial), baseline).tested_level < kConfirmedLevel) return;
  }
  Open(context, *fired, signals);
}

void BrandMonitor::State::Open(const EvaluationContext& context, size_t window, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
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
  UpdateCompleteness(context);
  UpdateCourse(context.windows);
  const LevelDecision decision = DecideLevel(GatherCourse(context.windows, incident), baseline);
  incident.confirm_streak = decision.tested_level >= kConfirmedLevel ? 1 : 0;
  incident.timeline.push_back({end, incident.state, incident.level});
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
  // The half hour smooths what five minutes scatter; six bins a half hour.
  if (!incident.below_half_ms && half_hour * 2 < incident.peak_bin * 6) incident.below_half_ms = end;
  if (!incident.below_tenth_ms && half_hour * 10 < incident.peak_bin * 6) incident.below_tenth_ms = end;
}

// True if the feed has been whole since the last check.
bool BrandMonitor::State::UpdateCompleteness(const EvaluationContext& context) {
  const FeedQuality& quality = context.quality;
  const bool whole = quality.sources_complete >= quality.sources && !quality.stale && quality.gaps <= incident.gaps;
  incident.gaps = quality.gaps;
  if (!whole) incident.incomplete_ms = context.end_ms();
  return whole;
}

bool BrandMonitor::State::SuspiciouslySilent(const CourseEvidence& course) const {
  const double expected = tocsin::ExpectedPerMinute(baseline).value_or(0) * 120;
  return expected >= kSilentExpected && static_cast<double>(course.two_hours.mentions) < kSilentRatio * expected;
}

void BrandMonitor::State::Check(const EvaluationContext& context, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  incident.next_check_ms = end + kCheckMs;
  UpdateCompleteness(context);
  UpdateCourse(context.windows);
  const CourseEvidence course = GatherCourse(context.windows, incident);
  const LevelDecision decision = DecideLevel(course, baseline);
  if (FiredWindow(context.windows)) incident.last_fired_ms = end;
  const IncidentState previous_state = incident.state;
  const int32_t previous_level = incident.level;
  const int64_t half_hour = course.half_hour.mentions;

  if (incident.state == IncidentState::kProvisional) {
    const bool passed = decision.tested_level >= kConfirmedLevel && end - incident.last_fired_ms <= kFiredWithinMs;
    incident.confirm_streak = passed ? incident.confirm_streak + 1 : 0;
    if (incident.confirm_streak >= kChecksToConfirm) {
      incident.state = IncidentState::kConfirmed;
      incident.level = decision.level;
      incident.confirmed_ms = end;
      if (!incident.ever_confirmed) incident.first_confirmed_ms = end;
      incident.ever_confirmed = true;
    } else if (end - std::max(incident.last_fired_ms, incident.incomplete_ms) >= kProvisionalQuietMs) {
      return Resolve(context, decision, {}, signals);
    } else if (end - incident.opened_ms >= kProvisionalLongestMs) {
      rearm_ms = end + kProvisionalLongestMs;
      return Resolve(context, decision, {}, signals);
    }
  } else {
    incident.level = std::max(incident.level, static_cast<int32_t>(decision.level));
    const bool rises = incident.level > previous_level;
    if (incident.state == IncidentState::kConfirmed) {
      const bool eases = half_hour * 2 < incident.peak_half_hour && end - incident.confirmed_ms >= kLeastConfirmedMs;
      if (eases && !rises) incident.state = IncidentState::kEasing;
    } else if (rises || (half_hour * 4 >= incident.peak_half_hour * 3 && decision.level >= kConfirmedLevel)) {
      incident.state = IncidentState::kConfirmed;
      incident.confirmed_ms = end;
    } else {
      const bool whole = end - incident.incomplete_ms >= kCalmMs && !SuspiciouslySilent(course);
      std::vector<SignalTest> calm = CalmTests(course, baseline);
      const bool over = AllPassed(calm) && end - incident.onset_ms >= kCalmMs;
      if (whole && (over || end - incident.confirmed_ms >= kEasingLongestMs)) {
        return Resolve(context, decision, std::move(calm), signals);
      }
    }
  }
  incident.highest_level = std::max(incident.highest_level, incident.level);
  const bool changed = incident.state != previous_state || incident.level != previous_level;
  if (changed) {
    incident.update_step = 0;
    incident.timeline.push_back({end, incident.state, incident.level});
  } else if (end - incident.last_signal_ms < kUpdateIntervalMs[static_cast<size_t>(incident.update_step)]) {
    return;
  } else if (incident.update_step + 1 < static_cast<int64_t>(kUpdateIntervalMs.size())) {
    ++incident.update_step;
  }
  const bool long_window = incident.state == IncidentState::kEasing || incident.level > kConfirmedLevel;
  Emit(context, SignalMessage::kUpdate, kDecisionWindowMs[long_window ? 2 : 1], previous_level, decision, {}, signals);
}

void BrandMonitor::State::Resolve(const EvaluationContext& context, const LevelDecision& decision,
                                  std::vector<SignalTest> calm, std::vector<Signal>* signals) {
  const int32_t previous_level = incident.level;
  incident.state = IncidentState::kResolved;
  incident.level = 0;
  incident.resolved_ms = context.end_ms();
  incident.timeline.push_back({context.end_ms(), incident.state, 0});
  Emit(context, SignalMessage::kResolve, kDecisionWindowMs[2], previous_level, decision, calm, signals);
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
  signals->back().post_crisis = std::move(record);
}

void BrandMonitor::State::Emit(const EvaluationContext& context, SignalMessage message, int64_t window_ms,
                               int32_t previous_level, const LevelDecision& decision,
                               const std::vector<SignalTest>& more_tests, std::vector<Signal>* signals) {
  ++incident.sequence;
  incident.last_signal_ms = context.end_ms();
  Signal signal = StartSignal(*options, *brand, route, baseline, context.quality, context.end_ms());
  signal.message = message;
  signal.kind = SignalKind::kCrisis;
  signal.level = incident.level;
  signal.previous_level = previous_level;
  FillWindow(context, window_ms, &signal);
  FillIncident(context, incident, officials, &signal);
  const std::vector<SignalTest> watch = WatchTests(GatherWindows(context.windows), baseline);
  signal.tests = watch;
  Append(decision.tests, &signal.tests);
  Append(more_tests, &signal.tests);
  Explain(decision, watch, more_tests, &signal);
  signal.certainty = Certainty(incident, decision.tests, signal);
  if (incident.open()) {
    signal.route.next_update_by_ms = context.end_ms() + kUpdateIntervalMs[static_cast<size_t>(incident.update_step)];
  }
  signal.summary = Summarise(signal, language());
  signals->push_back(std::move(signal));
}

void BrandMonitor::State::Explain(const LevelDecision& decision, const std::vector<SignalTest>& watch,
                                  const std::vector<SignalTest>& more_tests, Signal* signal) const {
  if (incident.state == IncidentState::kResolved) {
    signal->level_reasons = Describe(more_tests, true);
    if (signal->level_reasons.empty()) {
      signal->level_reasons.push_back(
          "no window has been unusually negative for an hour, or a day went by unconfirmed");
    }
    return;
  }
  if (incident.state == IncidentState::kProvisional) {
    // Both tests of one window count together.
    for (size_t i = 0; i + 1 < watch.size(); i += 2) {
      if (!watch[i].passed || !watch[i + 1].passed) continue;
      signal->level_reasons.push_back(DescribeTest(watch[i]));
      signal->level_reasons.push_back(DescribeTest(watch[i + 1]));
    }
    signal->missing_for_next_level = Describe(decision.tests, false);
    if (decision.tested_level >= kConfirmedLevel) signal->missing_for_next_level.clear();
    if (signal->missing_for_next_level.empty()) {
      signal->missing_for_next_level.push_back("a further check in five minutes with the same result");
    }
    return;
  }
  if (incident.state == IncidentState::kEasing) {
    signal->level_reasons.push_back("the volume of the last 30 minutes is below half of its peak");
  }
  for (const SignalTest& test : decision.tests) {
    if (test.passed) signal->level_reasons.push_back(DescribeTest(test));
  }
  signal->missing_for_next_level = Describe(decision.next_tests, false);
}

void BrandMonitor::State::CheckSurge(const EvaluationContext& context, std::vector<Signal>* signals) {
  if (!baseline.scores()) return;
  const WindowCounts& hour = Window(context.windows, kDecisionWindows - 1);
  if (baseline.Score(hour.mentions) < kSurgeScore) {
    surge_streak = 0;
    return;
  }
  const ShareCounts share = {hour.mentions, hour.negative, hour.negative + hour.neutral + hour.positive};
  const std::vector<SignalTest> tests = SurgeTests(hour.mentions, share, baseline);
  surge_streak = AllPassed(tests) ? surge_streak + 1 : 0;
  const int64_t end = context.end_ms();
  if (surge_streak < kSurgeChecks || end < surge_rearm_ms) return;
  surge_rearm_ms = end + kSurgeCooldownMs;
  Signal signal = StartSignal(*options, *brand, route, baseline, context.quality, end);
  signal.message = SignalMessage::kNotice;
  signal.kind = SignalKind::kSurge;
  signal.sequence = ++notices;
  FillWindow(context, kDecisionWindowMs[2], &signal);
  signal.tests = tests;
  signal.level_reasons = Describe(tests, true);
  signal.summary = Summarise(signal, language());
  signals->push_back(std::move(signal));
}

// Keeps those that an open incident, or one that might open with an onset an hour ago, can count.
void BrandMonitor::State::PruneOfficials(int64_t end_ms) {
  if (officials.empty()) return;
  const int64_t opening_ms = end_ms - kDecisionWindowMs.back();
  const int64_t keep_ms = incident.open() ? std::min(incident.onset_ms, opening_ms) : opening_ms;
  const auto kept = std::find_if(officials.begin(), officials.end(),
                                 [keep_ms](const OfficialPost& post) { return post.first >= keep_ms; });
  officials.erase(officials.begin(), kept);
}

BrandMonitor::BrandMonitor(const MonitorOptions* options, const Brand* brand, const Route* route)
    : state_(std::make_unique<State>(options, brand, route)) {}
BrandMonitor::~BrandMonitor() = default;

void BrandMonitor::Evaluate(const BrandWindows& windows, const FeedQuality& quality, const EvidenceSource& evidence,
                            std::vector<Signal>* signals) {
  const State& s = *state_;
  state_->Evaluate({*s.options, *s.brand, s.route, s.baseline, windows, quality, evidence}, signals);
}

void BrandMonitor::AddOfficial(int64_t event_time_ms, std::string_view post_id) {
  std::vector<OfficialPost>& officials = state_->officials;
  OfficialPost post(event_time_ms, post_id);
  const auto place = std::lower_bound(officials.begin(), officials.end(), post);
  if (place != officials.end() && *place == post) return;
  officials.insert(place, std::move(post));
  if (officials.size() > kOfficialsHeld) officials.pop_back();
}

int64_t BrandMonitor::NextDueMs() const {
  const State& s = *state_;
  int64_t due = INT64_MAX;
  if (s.incident.open()) due = s.incident.next_check_ms;
  if (s.started() && s.active) due = std::min(due, s.next_bin_ms);
  return due == INT64_MAX ? due : CeilTo(due, s.options->slide_ms);
}

Signal BrandMonitor::FeedHealthNotice(int64_t end_ms, const FeedQuality& quality, std::string reason) {
  State& s = *state_;
  Signal signal = StartSignal(*s.options, *s.brand, s.route, s.baseline, quality, end_ms);
  signal.message = SignalMessage::kNotice;
  signal.kind = SignalKind::kFeedHealth;
  signal.sequence = ++s.notices;
  signal.level_reasons.push_back(std::move(reason));
  signal.summary = Summarise(signal, s.language());
  return signal;
}

double BrandMonitor::ExpectedPerMinute() const { return tocsin::ExpectedPerMinute(state_->baseline).value_or(-1); }

bool BrandMonitor::has_open_incident() const { return state_->incident.open(); }

int BrandMonitor::level() const { return state_->incident.open() ? state_->incident.level : 0; }

void BrandMonitor::Encode(ByteWriter* writer) const {
  const State& s = *state_;
  writer->Byte(kStateVersion);
  writer->Signed(s.evaluated_ms);
  writer->Signed(s.next_bin_ms);
  writer->Bool(s.active);
  writer->Signed(s.rearm_ms);
  writer->Signed(s.surge_streak);
  writer->Signed(s.surge_rearm_ms);
  writer->Signed(s.notices);
  writer->Varint(s.officials.size());
  for (const auto& [time_ms, id] : s.officials) {
    writer->Signed(time_ms);
    writer->String(id);
  }
  s.baseline.Encode(writer);
  s.incident.Encode(writer);
}

absl::Status BrandMonitor::Decode(ByteReader* reader) {
  State& s = *state_;
  if (reader->Byte() != kStateVersion) return absl::DataLossError("brand monitor: unknown version of the state");
  s.evaluated_ms = reader->Signed();
  s.next_bin_ms = reader->Signed();
  s.active = reader->Bool();
  s.rearm_ms = reader->Signed();
  s.surge_streak = reader->Signed();
  s.surge_rearm_ms = reader->Signed();
  s.notices = reader->Signed();
  s.officials.resize(reader->Count(2));
  for (auto& [time_ms, id] : s.officials) {
    time_ms = reader->Signed();
    id = reader->String();
  }
  s.thresholds.fill(-1);
  if (const absl::Status status = s.baseline.Decode(reader); !status.ok()) return status;
  if (const absl::Status status = s.incident.Decode(reader); !status.ok()) return status;
  if (!reader->ok()) return absl::DataLossError("brand monitor: damaged state");
  return absl::OkStatus();
}

}  // namespace tocsin
