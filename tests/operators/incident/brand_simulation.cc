#include "tests/operators/incident/brand_simulation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/log/check.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

constexpr int64_t kDayMinutes = 1'440;

Brand UnitedBrand() {
  Brand brand;
  brand.id = "united";
  brand.name = "United Airlines";
  brand.sector = "airlines";
  return brand;
}

// A first-order wander, hour by hour, half forgotten in about four hours.
std::vector<double> HourlyWander(double standard_deviation, int64_t days, uint64_t seed) {
  constexpr double kKept = 0.85;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  const double step = standard_deviation * std::sqrt(1 - kKept * kKept);
  std::vector<double> wander(static_cast<size_t>(days * 24 + 2), 0.0);
  for (size_t i = 1; i < wander.size(); ++i) wander[i] = kKept * wander[i - 1] + step * normal(random);
  return wander;
}

}  // namespace

void SimulatedMentions::Minute(int64_t minute, std::vector<HeldMention>* mentions) {
  const auto at = static_cast<double>(minute);
  std::gamma_distribution<double> wildness(course_.size, 1 / course_.size);
  std::poisson_distribution<int64_t> count(std::max(1e-9, course_.rate(at) * wildness(random_)));
  std::uniform_real_distribution<double> chance(0, 1);
  for (int64_t left = count(random_); left > 0; --left) {
    HeldMention mention;
    mention.event_time_ms = kSimulationStartMs + minute * kMinuteMs + static_cast<int64_t>(chance(random_) * kMinuteMs);
    mention.post_hash = random_();
    mention.author_hash = random_() % 1'000'000;
    mention.text_hash = random_();
    random_.discard(1);  // a field that rows no longer have: the seeds' courses stay as they were
    mention.offset = static_cast<Offset>(random_() % 1'000'000);
    mention.language = static_cast<uint16_t>('e' << 8 | 'n');
    mention.reach = static_cast<uint32_t>(random_() % 2'000);
    mention.network = Network::kTwitter;
    if (chance(random_) < course_.repost_share) mention.kind = PostKind::kRepost;
    const bool negative = chance(random_) < course_.share(at);
    const bool called = chance(random_) < (negative ? course_.true_positive : course_.false_positive);
    mention.sentiment = called ? SentimentClass::kNegative
                               : (chance(random_) < 0.7 ? SentimentClass::kNeutral : SentimentClass::kPositive);
    mentions->push_back(mention);
  }
}

FakeEvidence::FakeEvidence() {
  sample_.post_id = "1234";
  sample_.author_handle = "someone";
  sample_.text = "they \"lost\" my bag \xF0\x9F\x98\xA1";
  sample_.hashtags = "united fail";
  sample_.url = "https://example.com/a";
}

std::optional<Sample> FakeEvidence::FindSample(const HeldMention& row) const {
  return row.post_hash % 3 == 0 ? std::nullopt : std::optional(sample_);
}
const TopicPartition& FakeEvidence::Source(int16_t) const { return source_; }
SectorCourse FakeEvidence::Sector(const Brand&, int64_t, int64_t) { return SectorOf(members_); }

SimulatedBrand::SimulatedBrand(Evaluation evaluation)
    : evaluation_(evaluation), brand_(UnitedBrand()), windows_(&window_options_) {
  route_.name = "airline-oncall";
  route_.owner = "comms on call";
  quality_.sources = 4;
  quality_.sources_complete = 4;
  monitor_ = std::make_unique<BrandMonitor>(&options_, &brand_, &route_);
}

void SimulatedBrand::RunTo(int64_t end_ms) {
  while (end_ms_ + options_.slide_ms <= end_ms) {
    end_ms_ += options_.slide_ms;
    if (evaluation_ == Evaluation::kWhenDue) {
      const int64_t next = std::min(windows_.NextChangeMs(), monitor_->NextDueMs());
      if (next > end_ms) {
        end_ms_ = end_ms;
        return;
      }
      end_ms_ = std::max(end_ms_, next);
    }
    windows_.AdvanceTo(end_ms_);
    monitor_->Evaluate(windows_, quality_, evidence_, &signals_);
    monitor_->Escalate(windows_, quality_, evidence_, &signals_);
    ++evaluations_;
  }
}

void SimulatedBrand::Define(const BrandThresholds& own, std::vector<int64_t> crisis_history_ms) {
  brand_.thresholds = own;
  brand_.crisis_history_ms = std::move(crisis_history_ms);
  monitor_->Rebind(&brand_, &route_);
}

ActionError SimulatedBrand::Act(Action action) {
  if (windows_.end_ms() != end_ms_) {
    windows_.AdvanceTo(end_ms_);
    monitor_->Evaluate(windows_, quality_, evidence_, &signals_);
    monitor_->Escalate(windows_, quality_, evidence_, &signals_);
    ++evaluations_;
  }
  action.brand_id = brand_.id;
  action.at_ms = end_ms_;
  if (action.by.empty()) action.by = "anna";
  return monitor_->Act(action, windows_, quality_, evidence_, &signals_);
}

void SimulatedBrand::Run(SimulatedMentions* mentions, int64_t from_minute, int64_t to_minute) {
  std::vector<HeldMention> minute_mentions;
  for (int64_t minute = from_minute; minute < to_minute; ++minute) {
    minute_mentions.clear();
    mentions->Minute(minute, &minute_mentions);
    for (const HeldMention& mention : minute_mentions) Add(mention);
    RunTo(kSimulationStartMs + (minute + 1) * kMinuteMs);
  }
}

std::string SimulatedBrand::Encoded() const {
  std::string bytes;
  ByteWriter writer(&bytes);
  monitor_->Encode(&writer);
  return bytes;
}

void SimulatedBrand::Reload() {
  const std::string bytes = Encoded();
  monitor_ = std::make_unique<BrandMonitor>(&options_, &brand_, &route_);
  ByteReader reader(bytes);
  CHECK_OK(monitor_->Decode(&reader));
  CHECK_EQ(reader.remaining(), 0U);
}

const Signal* FindSignal(const std::vector<Signal>& signals, const std::function<bool(const Signal&)>& predicate) {
  const auto found = std::find_if(signals.begin(), signals.end(), predicate);
  return found == signals.end() ? nullptr : &*found;
}

std::vector<IncidentState> IncidentStates(const std::vector<Signal>& signals) {
  std::vector<IncidentState> states;
  for (const Signal& signal : signals) {
    if (signal.kind == SignalKind::kCrisis && (states.empty() || states.back() != signal.state)) {
      states.push_back(signal.state);
    }
  }
  return states;
}

HeldMention PlainMention(int64_t at_ms, uint64_t id, SentimentClass sentiment) {
  HeldMention mention;
  mention.event_time_ms = at_ms;
  mention.post_hash = id * 0x9E3779B97F4A7C15ULL;
  mention.author_hash = id;
  mention.text_hash = id + 17;
  mention.sentiment = sentiment;
  mention.network = Network::kTwitter;
  return mention;
}

CourseResult RunRise(const RiseScenario& scenario, uint64_t seed) {
  constexpr int64_t kQuietMinutes = 2 * kDayMinutes;
  const auto ramp = [&scenario](double from, double to, double minute) {
    const double part = std::clamp((minute - kQuietMinutes) / scenario.rise_minutes, 0.0, 1.0);
    return from + (to - from) * part;
  };
  SimulatedCourse course;
  course.rate = [&](double minute) { return ramp(scenario.base, scenario.peak, minute); };
  course.share = [&](double minute) { return ramp(scenario.base_share, scenario.peak_share, minute); };
  course.true_positive = scenario.true_positive;
  course.false_positive = scenario.false_positive;
  course.repost_share = scenario.repost_share;
  course.size = scenario.size;
  SimulatedMentions mentions(course, seed);
  SimulatedBrand brand;
  brand.Define(scenario.own);
  brand.Run(&mentions, 0, kQuietMinutes + static_cast<int64_t>(scenario.rise_minutes) + 120);

  const double passes = kQuietMinutes + scenario.rise_minutes * 2 * scenario.base / (scenario.peak - scenario.base);
  CourseResult result;
  for (const Signal& signal : brand.signals()) {
    const double minutes = static_cast<double>(signal.times.window_end_ms - kSimulationStartMs) / kMinuteMs - passes;
    if (minutes < -passes + kQuietMinutes - passes) continue;
    if (signal.kind == SignalKind::kSurge) ++result.surge_notices;
    if (signal.kind != SignalKind::kCrisis) continue;
    if (signal.message == SignalMessage::kAlert) ++result.incidents;
    if (signal.times.window_end_ms < kSimulationStartMs + kQuietMinutes * kMinuteMs) continue;
    result.provisional_minutes = std::min(result.provisional_minutes, minutes);
    if (signal.state == IncidentState::kConfirmed) {
      result.confirmed_minutes = std::min(result.confirmed_minutes, minutes);
    }
  }
  return result;
}

double Quantile(std::vector<double> values, double quantile) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(quantile * static_cast<double>(values.size()));
  return values[std::min(rank, values.size() - 1)];
}

QuietResult RunQuiet(double rate, int64_t days, uint64_t seed, double share_wander, const BrandThresholds& own) {
  const std::vector<double> wander = HourlyWander(0.2, days, seed * 7919 + 13);
  const std::vector<double> odds_wander = HourlyWander(share_wander, days, seed * 104'729 + 17);
  SimulatedCourse course;
  course.rate = [&wander, rate](double minute) {
    const auto hour = static_cast<size_t>(minute / 60);
    const auto day = static_cast<int64_t>(minute / kDayMinutes);
    const double phase = 2 * M_PI * (minute / kDayMinutes - 0.125);
    const double daily = 1 - 0.555 * std::cos(phase);
    const bool weekend = day % 7 == 1 || day % 7 == 2;
    return rate * daily * (weekend ? 0.7 : 1.0) * std::exp(wander[hour]);
  };
  course.share = [&odds_wander](double minute) {
    const double odds = std::exp(odds_wander[static_cast<size_t>(minute / 60)]) / 9;
    return odds / (1 + odds);
  };
  course.true_positive = 0.75;
  course.false_positive = 0.1;
  course.repost_share = 0.2;
  SimulatedMentions mentions(course, seed);
  SimulatedBrand brand;
  brand.Define(own);
  brand.Run(&mentions, 0, days * kDayMinutes);
  QuietResult result;
  result.days = static_cast<double>(days - 1);
  bool confirmed = false;
  for (const Signal& signal : brand.signals()) {
    if (signal.kind == SignalKind::kSurge) ++result.surges;
    if (signal.kind == SignalKind::kFeedHealth) ++result.feed_notices;
    if (signal.kind != SignalKind::kCrisis) continue;
    if (signal.message == SignalMessage::kAlert) {
      ++result.provisional;
      confirmed = false;
    }
    if (signal.state == IncidentState::kConfirmed && !confirmed) {
      ++result.confirmed;
      confirmed = true;
    }
  }
  return result;
}

}  // namespace tocsin
