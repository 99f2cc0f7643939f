#include "operators/incident/brand_monitor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/base/time_units.h"
#include "operators/incident/monitor_state.h"

namespace tocsin {
namespace {

constexpr size_t kOfficialsHeld = 1'000;
constexpr int64_t kLeftOutSetAside = 288;  // a day of bins
constexpr int64_t kOfficialsHeldMs = 86'400'000;
// Mentions a minute that must be usual: of fewer, ten minutes say nothing of how a brand has risen.
constexpr double kLeastOfSectorMember = 0.3;
// Version 1 had no `relearn`, version 2 no balance of the baseline and no positives of the incident, version 3 no
// actions, version 4 no escalations, version 5 no watch over the feed, version 6 no routes of the last signals and no
// originals of the incident.
constexpr uint8_t kStateVersion = 7;
constexpr uint8_t kVersionWithRoutes = 7;
constexpr uint8_t kVersionWithFeed = 6;
constexpr uint8_t kVersionWithEscalations = 5;
constexpr uint8_t kVersionWithActions = 4;
constexpr uint8_t kVersionWithBalance = 3;

}  // namespace

void BrandMonitor::State::Evaluate(const EvaluationContext& context, std::vector<Signal>* signals) {
  const int64_t end = context.end_ms();
  if (relearn && !incident.open()) LearnAnew();
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
  CheckFeed(context, bin_ended, signals);
  evaluated_ms = end;
  active = !context.windows.idle();
}

// Feeds the bins that have ended; those that were left out were empty. True if one ends here.
bool BrandMonitor::State::AdvanceBins(const BrandWindows& windows) {
  const int64_t end = windows.end_ms();
  if (end < next_bin_ms) return false;
  const int64_t ended = (end - next_bin_ms) / options->baseline_bin_ms + 1;
  const bool bin_ended = (end - next_bin_ms) % options->baseline_bin_ms == 0;
  // Bins that were left out had nothing in any window.
  const int64_t left_out = bin_ended ? ended - 1 : ended;
  const int64_t frozen = FrozenBins(next_bin_ms, ended);
  next_bin_ms += ended * options->baseline_bin_ms;
  if (incident.open()) {
    for (int64_t i = 0; i < std::min<int64_t>(left_out, kLeftOutSetAside); ++i) SetAside({});
    if (bin_ended) SetAside(SampleOf(windows));
    return bin_ended;
  }
  if (left_out > 0) alarm_ms = kNoAlarm;
  baseline.AddIdle(left_out - std::min(left_out, frozen));
  if (bin_ended && frozen < ended) baseline.Add(SampleOf(windows));
  thresholds.fill(-1);
  return bin_ended;
}

BaselineSample BrandMonitor::State::SampleOf(const BrandWindows& windows) const {
  BaselineSample sample;
  sample.mentions_hour = Window(windows, kDecisionWindows - 1).mentions;
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    const WindowCounts& counts = Window(windows, i);
    sample.negative_authors[i] = std::min(counts.negative_authors, counts.negative_texts);
  }
  const WindowCounts& bin = Window(windows, 0);
  sample.negative = bin.negative;
  sample.classified = bin.negative + bin.neutral + bin.positive;
  sample.positive = bin.positive;
  return sample;
}

void BrandMonitor::State::LearnAnew() {
  relearn = false;
  baseline = BrandBaseline(options->baseline_bin_ms, options->baseline_ready_ms);
  next_bin_ms = kUnknownTime;
  rearm_ms = INT64_MIN;
  surge.Interrupt();
  feed = {};
  hold = {};
  alarm_ms = kNoAlarm;
  thresholds.fill(-1);
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

void BrandMonitor::Evaluate(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence,
                            std::vector<Signal>* signals) {
  const State& s = *state_;
  const EvaluationContext context = {*s.options, *s.brand, s.route, s.baseline, windows, quality, evidence};
  state_->Evaluate(context, signals);
  state_->RunDrill(context, signals);
}

ActionError BrandMonitor::Act(const Action& action, const BrandWindows& windows, const FeedQuality& quality,
                              EvidenceSource& evidence, std::vector<Signal>* signals) {
  const State& s = *state_;
  return state_->Act({*s.options, *s.brand, s.route, s.baseline, windows, quality, evidence}, action, signals);
}

void BrandMonitor::Escalate(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence,
                            std::vector<Signal>* signals) {
  const State& s = *state_;
  state_->Escalate({*s.options, *s.brand, s.route, s.baseline, windows, quality, evidence}, signals);
}

void BrandMonitor::Rebind(const Brand* brand, const Route* route) {
  state_->brand = brand;
  state_->route = route;
  state_->rules = MakeRuleBook(state_->options->false_alarms, brand->thresholds);
  state_->thresholds.fill(-1);
}

void BrandMonitor::Restart() { state_ = std::make_unique<State>(state_->options, state_->brand, state_->route); }

void BrandMonitor::Relearn() {
  state_->relearn = true;
  if (!state_->incident.open()) state_->LearnAnew();
}

void BrandMonitor::TakeBaseline(const BrandMonitor& history, int64_t end_ms) {
  Restart();
  const State& from = *history.state_;
  state_->baseline = from.baseline;
  if (!from.started() || from.incident.open() || end_ms < from.next_bin_ms) return;
  // Bins at which it was not due since they were empty.
  const int64_t bins = (end_ms - from.next_bin_ms) / from.options->baseline_bin_ms + 1;
  state_->baseline.AddIdle(bins - from.FrozenBins(from.next_bin_ms, bins));
}

void BrandMonitor::Close(const BrandWindows& windows, const FeedQuality& quality, EvidenceSource& evidence,
                         std::string_view reason, std::vector<Signal>* signals) {
  const State& s = *state_;
  const EvaluationContext context = {*s.options, *s.brand, s.route, s.baseline, windows, quality, evidence};
  state_->EndDrill(context, reason, signals);
  if (s.incident.open()) state_->CloseUnwatched(context, reason, signals);
}

void BrandMonitor::AddOfficial(int64_t event_time_ms, std::string_view post_id) {
  std::vector<OfficialPost>& officials = state_->officials;
  OfficialPost post(event_time_ms, post_id);
  const auto place = std::lower_bound(officials.begin(), officials.end(), post);
  if (place != officials.end() && *place == post) return;
  officials.insert(place, std::move(post));
  if (officials.size() > kOfficialsHeld) officials.pop_back();
  if (state_->incident.open()) return;
  // A brand that answers a lot and is never mentioned is not evaluated, so its answers are let go here.
  const auto kept = std::find_if(officials.begin(), officials.end(), [event_time_ms](const OfficialPost& held) {
    return held.first >= event_time_ms - kOfficialsHeldMs;
  });
  officials.erase(officials.begin(), kept);
}

int64_t BrandMonitor::NextDueMs() const {
  const State& s = *state_;
  int64_t due = INT64_MAX;
  if (s.incident.open()) due = std::min(s.incident.next_check_ms, s.EscalationDueMs(s.incident));
  if (s.started() && s.active) due = std::min(due, s.next_bin_ms);
  due = std::min(due, s.feed.SilenceDueMs());
  if (s.drill.incident.open()) {
    due = std::min({due, s.drill.incident.next_check_ms, s.EscalationDueMs(s.drill.incident)});
  }
  return due == INT64_MAX ? due : CeilTo(due, s.options->slide_ms);
}

Signal BrandMonitor::FeedHealthNotice(int64_t end_ms, const FeedQuality& quality, std::string reason) {
  return state_->FeedNotice(end_ms, quality, {}, std::move(reason));
}

std::optional<SectorMember> BrandMonitor::AsSectorMember(const BrandWindows& windows, int64_t from_ms) const {
  const State& s = *state_;
  // One that fell silent is not evaluated, so its baseline may be behind by a stretch that nothing should depend on.
  if (!s.active || !s.baseline.usable()) return std::nullopt;
  const double expected = tocsin::ExpectedPerMinute(s.baseline).value_or(0);
  if (expected < kLeastOfSectorMember) return std::nullopt;
  constexpr int64_t kVelocityMs = 10 * kMinuteMs;
  const ShareCounts recent = ShareCountsSince(windows, windows.end_ms() - kVelocityMs);
  const ShareCounts since = ShareCountsSince(windows, from_ms);
  SectorMember member;
  member.velocity = VelocityTest("", kVelocityMs / 1000, recent.mentions, 0, s.baseline).observed;
  if (since.classified > 0) {
    member.negative_shift =
        static_cast<double>(since.negative) / static_cast<double>(since.classified) - s.baseline.NegativeShare();
  }
  return member;
}

double BrandMonitor::ExpectedPerMinute() const { return tocsin::ExpectedPerMinute(state_->baseline).value_or(-1); }

BrandStatus BrandMonitor::Status() const {
  const State& s = *state_;
  BrandStatus status;
  status.id = s.brand->id;
  status.name = s.brand->name;
  status.sector = s.brand->sector;
  if (s.route != nullptr) status.owner = s.incident.open() ? s.RouteOf(s.incident)->owner : s.route->owner;
  if (s.baseline.usable()) {
    constexpr double kBinsOfHour = 12;
    constexpr double kMinutesOfBin = 5;
    const BaselineLevel hour = s.baseline.MentionsPerHour();
    const double mean = hour.mean / kBinsOfHour;
    status.expected_per_minute = mean / kMinutesOfBin;
    status.expected_high_per_minute = (mean + 2 * std::sqrt(hour.dispersion * mean)) / kMinutesOfBin;
    status.expected_negative_ratio = s.baseline.NegativeShare();
  }
  const Incident& incident = s.incident;
  if (!incident.open()) return status;
  status.state = incident.state;
  status.level = incident.level;
  status.onset_ms = incident.onset_ms;
  const bool escalated = incident.escalated_at_ms.has_value() && !incident.AcknowledgedInForce().has_value();
  if (escalated && s.route != nullptr) status.escalated_to = s.RouteOf(incident)->next;
  for (const auto& [time_ms, id] : s.officials) {
    if (time_ms < incident.onset_ms) continue;
    status.response_ms = time_ms - incident.onset_ms;
    break;
  }
  for (const auto& [network, totals] : incident.networks) status.networks.emplace_back(network, totals.mentions);
  return status;
}

bool BrandMonitor::baseline_ready() const { return state_->baseline.ready(); }

bool BrandMonitor::has_open_incident() const { return state_->incident.open(); }

bool BrandMonitor::has_drill() const { return state_->drill.incident.open(); }

const Route* BrandMonitor::route() const { return state_->route; }

int BrandMonitor::level() const { return state_->incident.open() ? state_->incident.level : 0; }

void BrandMonitor::Encode(ByteWriter* writer) const {
  const State& s = *state_;
  writer->Byte(kStateVersion);
  writer->Signed(s.evaluated_ms);
  writer->Signed(s.next_bin_ms);
  writer->Bool(s.active);
  writer->Signed(s.rearm_ms);
  s.surge.Encode(writer);
  writer->Signed(s.notices);
  writer->Signed(s.alarm_ms);
  writer->Bool(s.relearn);
  writer->Varint(s.officials.size());
  for (const auto& [time_ms, id] : s.officials) {
    writer->Signed(time_ms);
    writer->String(id);
  }
  s.baseline.Encode(writer);
  s.incident.Encode(writer);
  EncodeHandled(s.silence, writer);
  writer->Signed(s.hold.until_ms);
  writer->Signed(s.hold.level);
  writer->Bool(s.hold.learns);
  writer->Varint(s.set_aside.size());
  for (const BaselineSample& sample : s.set_aside) EncodeSample(sample, writer);
  s.drill.incident.Encode(writer);
  writer->Signed(s.drill.target_level);
  writer->Signed(s.drill.ends_ms);
  s.feed.Encode(writer);
  writer->Bool(s.incident.classified_originals.has_value());
  writer->Signed(s.incident.classified_originals.value_or(0));
  writer->String(s.incident.route);
  writer->String(s.drill.incident.route);
}

absl::Status BrandMonitor::State::DecodeActions(ByteReader* reader, bool has_escalations) {
  silence = DecodeHandled(reader);
  hold.until_ms = reader->Signed();
  hold.level = static_cast<int32_t>(reader->Signed());
  hold.learns = reader->Bool();
  constexpr size_t kLeastSampleBytes = 7;
  set_aside.resize(reader->Count(kLeastSampleBytes));
  for (BaselineSample& sample : set_aside) sample = DecodeSample(reader, /*has_balance=*/true);
  if (absl::Status status = drill.incident.Decode(reader, /*has_balance=*/true, /*has_actions=*/true, has_escalations);
      !status.ok()) {
    return status;
  }
  drill.target_level = static_cast<int32_t>(reader->Signed());
  drill.ends_ms = reader->Signed();
  return absl::OkStatus();
}

absl::Status BrandMonitor::Decode(ByteReader* reader) {
  State& s = *state_;
  const uint8_t version = reader->Byte();
  if (version == 0 || version > kStateVersion) {
    return absl::DataLossError("brand monitor: unknown version of the state");
  }
  s.evaluated_ms = reader->Signed();
  s.next_bin_ms = reader->Signed();
  s.active = reader->Bool();
  s.rearm_ms = reader->Signed();
  s.surge.Decode(reader);
  s.notices = reader->Signed();
  s.alarm_ms = reader->Signed();
  s.relearn = version >= 2 && reader->Bool();
  s.officials.resize(reader->Count(2));
  for (auto& [time_ms, id] : s.officials) {
    time_ms = reader->Signed();
    id = reader->String();
  }
  s.thresholds.fill(-1);
  if (absl::Status status = s.baseline.Decode(reader, version >= kVersionWithBalance); !status.ok()) return status;
  const bool has_actions = version >= kVersionWithActions;
  const bool has_escalations = version >= kVersionWithEscalations;
  if (absl::Status status = s.incident.Decode(reader, version >= kVersionWithBalance, has_actions, has_escalations);
      !status.ok()) {
    return status;
  }
  if (has_actions) {
    if (absl::Status status = s.DecodeActions(reader, has_escalations); !status.ok()) return status;
  }
  if (version >= kVersionWithFeed) s.feed.Decode(reader);
  s.incident.classified_originals.reset();
  if (version >= kVersionWithRoutes) {
    const bool knows_originals = reader->Bool();
    const int64_t originals = reader->Signed();
    if (knows_originals) s.incident.classified_originals = originals;
    s.incident.route = reader->String();
    s.drill.incident.route = reader->String();
  }
  if (!reader->ok()) return absl::DataLossError("brand monitor: damaged state");
  return absl::OkStatus();
}

}  // namespace tocsin
