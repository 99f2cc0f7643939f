#include "operators/incident/signal_builder.h"

#include <algorithm>
#include <cmath>

#include "engine/base/time_units.h"
#include "operators/detect/negative_ratio.h"
#include "operators/detect/tail.h"
#include "operators/incident/evidence.h"

namespace tocsin {
namespace {

constexpr double kSuspiciousCopies = 0.3;
constexpr size_t kLanguagesShown = 5;

std::optional<int64_t> SecondsBetween(int64_t from_ms, const std::optional<int64_t>& to_ms) {
  if (!to_ms) return std::nullopt;
  return (*to_ms - from_ms) / 1000;
}

void FillVelocity(const EvaluationContext& context, int64_t window_ms, Signal* signal) {
  const int64_t end = context.end_ms();
  const double minutes = static_cast<double>(window_ms) / kMinuteMs;
  const int64_t before = context.windows.CountsSince(end - 2 * window_ms).mentions - signal->volume.mentions;
  Signal::Velocity& velocity = signal->velocity;
  velocity.per_minute = RoundPublished(static_cast<double>(signal->volume.mentions) / minutes);
  velocity.acceleration =
      RoundPublished(velocity.per_minute - static_cast<double>(std::max<int64_t>(0, before)) / minutes);
  velocity.expected = ExpectedPerMinute(context.baseline);
  if (velocity.expected) {
    velocity.dispersion = context.baseline.MentionsPerHour().dispersion;
    velocity.ratio = RoundPublished(velocity.per_minute / *velocity.expected);
  }
  if (context.baseline.scores()) {
    velocity.score = context.baseline.Score(context.windows.CountsSince(end - 60 * kMinuteMs).mentions);
    velocity.threshold = SurgeRules().score;
  }
  const int64_t recent = context.windows.CountsSince(end - 15 * kMinuteMs).mentions;
  const int64_t earlier = context.windows.CountsSince(end - 30 * kMinuteMs).mentions - recent;
  if (earlier > 0 && recent > earlier) {
    const double growth = std::log2(static_cast<double>(recent) / static_cast<double>(earlier));
    velocity.doubling_time_s = RoundPublished(15 * 60 / growth);
  }
}

void FillRatio(const BrandBaseline& baseline, const RatioCalibration& calibration, Signal* signal) {
  Signal::Sentiment& sentiment = signal->sentiment;
  const int64_t classified = sentiment.negative + sentiment.neutral + sentiment.positive;
  if (signal->volume.mentions > 0) {
    sentiment.classified_share = static_cast<double>(classified) / static_cast<double>(signal->volume.mentions);
  }
  if (classified > 0) {
    const RatioEstimate estimate = EstimateRatio({.classified = classified,
                                                  .negative = sentiment.negative,
                                                  .rated = sentiment.rated,
                                                  .rated_negative = sentiment.rated_negative,
                                                  .negativity = sentiment.negativity},
                                                 calibration);
    sentiment.negative_ratio = static_cast<double>(sentiment.negative) / static_cast<double>(classified);
    sentiment.corrected = estimate.corrected;
    sentiment.low = estimate.interval.low;
    sentiment.high = estimate.interval.high;
    sentiment.calibration = calibration;
  }
  if (baseline.usable()) sentiment.baseline = baseline.NegativeShare();
}

}  // namespace

ShareCounts ShareCountsSince(const BrandWindows& windows, int64_t from_ms) {
  const WindowCounts counts = windows.CountsSince(from_ms);
  return {counts.mentions, counts.negative, counts.negative + counts.neutral + counts.positive};
}

CourseEvidence GatherCourse(const EvaluationContext& context, const Incident& incident) {
  const BrandWindows& windows = context.windows;
  const int64_t end = windows.end_ms();
  CourseEvidence course;
  course.ten_minutes = ShareCountsSince(windows, end - 10 * kMinuteMs);
  course.half_hour = ShareCountsSince(windows, end - 30 * kMinuteMs);
  course.hour = ShareCountsSince(windows, end - 60 * kMinuteMs);
  course.two_hours = ShareCountsSince(windows, end - 120 * kMinuteMs);
  course.since_onset = {incident.mentions, incident.negative, incident.classified};
  course.since_onset_s = (end - incident.onset_ms) / 1000;
  if (incident.knows_positive) course.positive = incident.positive;
  if (!context.brand.sector.empty() && !context.brand.topic) {
    course.sector = context.evidence.Sector(context.brand, incident.onset_ms, end);
  }
  course.negative_authors = incident.NegativeAuthors();
  course.safety_or_breach_authors = incident.safety_or_breach_authors;
  course.high_reach_negatives = incident.high_reach_negatives;
  if (const std::vector<int64_t>& history = context.brand.crisis_history_ms; !history.empty()) {
    // The day of the onset is this crisis, however soon someone writes it down.
    course.past_crises =
        std::ranges::count_if(history, [&incident](int64_t day_ms) { return day_ms + kDayMs <= incident.onset_ms; });
  }
  course.call_to_action_authors = incident.term_authors[2];
  static_assert(kCallToAction == 1 << 2);
  std::array<int64_t, 2> most = {};
  int64_t negative_originals = 0;
  for (const auto& [network, totals] : incident.networks) {
    negative_originals += totals.negative_originals;
    if (totals.negative_originals > most[0]) {
      most = {totals.negative_originals, most[0]};
    } else {
      most[1] = std::max(most[1], totals.negative_originals);
    }
  }
  course.second_network_negatives = most[1];
  if (incident.classified_originals) {
    course.originals = {*incident.classified_originals, negative_originals, *incident.classified_originals};
  }
  return course;
}

double Certainty(const Incident& incident, const LevelDecision& decision, const Signal& signal) {
  double certainty = 0.5;
  if (incident.state == IncidentState::kProvisional) {
    certainty += 0.3 * decision.confirming;
    if (incident.confirm_streak > 0) certainty += 0.1;
  } else if (incident.ever_confirmed) {
    certainty = incident.highest_level >= 4 ? 0.99 : incident.highest_level == 3 ? 0.97 : 0.95;
  }
  if (!signal.quality.baseline_ready) certainty -= 0.1;
  if (signal.quality.sources_complete < signal.quality.sources) certainty -= 0.1;
  certainty -= 0.2 * std::max(0.0, signal.coordination.duplicate_text_share.value_or(0) - kSuspiciousCopies);
  return RoundPublished(std::clamp(certainty, 0.05, 0.99));
}

Signal StartSignal(const MonitorOptions& options, const Brand& brand, const Route* route, const BrandBaseline& baseline,
                   const FeedQuality& quality, int64_t end_ms) {
  Signal signal;
  signal.deployment = options.deployment;
  signal.brand_id = brand.id;
  signal.brand_name = brand.name;
  // Both the installation's settings and the brand's own.
  signal.rule.config_hash = options.config_hash ^ brand.config_hash;
  signal.sector.name = brand.sector;
  signal.times.window_start_ms = end_ms;
  signal.times.window_end_ms = end_ms;
  signal.times.watermark_ms = end_ms;
  signal.times.detected_at_ms = end_ms;
  signal.quality.baseline_ready = baseline.ready();
  signal.quality.sources_complete = quality.sources_complete;
  signal.quality.sources = quality.sources;
  signal.quality.late_dropped = quality.late_dropped;
  signal.quality.gaps = quality.gaps;
  signal.quality.stale = quality.stale;
  if (route != nullptr) FillRoute(*route, &signal);
  return signal;
}

void FillRoute(const Route& route, Signal* signal) {
  signal->route.owner = route.owner;
  signal->route.channel = route.channel;
  signal->route.playbook_url = route.playbook_url;
  signal->route.dashboard_url = route.dashboard_url;
  signal->route.next = route.next;
}

void FillWindow(const EvaluationContext& context, int64_t window_ms, Signal* signal) {
  signal->times.window_start_ms = context.end_ms() - window_ms;
  FillEvidence(context.windows, signal->times.window_start_ms, context.options.slide_ms, context.evidence, signal);
  FillVelocity(context, window_ms, signal);
  FillRatio(context.baseline, context.options.calibration, signal);
}

void FillIncident(const EvaluationContext& context, const Incident& incident,
                  const std::vector<OfficialPost>& officials, Signal* signal) {
  const int64_t end = context.end_ms();
  signal->state = incident.state;
  signal->times.onset_ms = incident.onset_ms;
  signal->times.detected_at_ms = incident.opened_ms;
  signal->times.detection_delay_ms = incident.opened_ms - incident.onset_ms;

  Signal::Course& course = signal->course;
  course.persistence_s = (end - incident.onset_ms) / 1000;
  course.peak_per_minute = static_cast<double>(incident.peak_bin) / 5;
  course.time_to_peak_s = (incident.peak_ms - incident.onset_ms) / 1000;
  course.time_to_50pct_s = SecondsBetween(incident.peak_ms, incident.below_half_ms);
  course.time_to_10pct_s = SecondsBetween(incident.peak_ms, incident.below_tenth_ms);
  if (const std::optional<double> expected = ExpectedPerMinute(context.baseline)) {
    const double minutes = static_cast<double>(end - incident.onset_ms) / kMinuteMs;
    const double usual = *expected * minutes * context.baseline.NegativeShare();
    course.negative_area = incident.negative - static_cast<int64_t>(std::llround(usual));
  }

  for (const auto& [network, totals] : incident.networks) {
    signal->networks.push_back({network, totals.mentions, totals.first_seen_ms});
  }
  std::stable_sort(signal->networks.begin(), signal->networks.end(),
                   [](const NetworkSpread& a, const NetworkSpread& b) { return a.first_seen_ms < b.first_seen_ms; });
  for (const auto& [language, mentions] : incident.languages) {
    signal->languages.push_back({LanguageName(language), mentions});
  }
  std::stable_sort(signal->languages.begin(), signal->languages.end(),
                   [](const CountedName& a, const CountedName& b) { return a.mentions > b.mentions; });
  if (signal->languages.size() > kLanguagesShown) signal->languages.resize(kLanguagesShown);
  signal->evidence.first_post = incident.first_post;
  signal->evidence.first_high_reach_post = incident.first_high_reach_post;

  for (const auto& [time_ms, id] : officials) {
    if (time_ms < incident.onset_ms || time_ms >= end) continue;
    if (signal->response.official_posts++ > 0) continue;
    signal->response.first_official_post = id;
    signal->response.minutes_to_respond = static_cast<double>(time_ms - incident.onset_ms) / kMinuteMs;
  }
}

}  // namespace tocsin
