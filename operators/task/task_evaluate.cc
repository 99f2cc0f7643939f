// Evaluation: from the watermark to metrics and signals, slide end by slide end.
#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/time_units.h"
#include "engine/time/slide.h"
#include "operators/signal/signal.h"
#include "operators/task/task_state.h"

namespace tocsin {

// A window is of the past if it ended so long before the block was written that closed it: five minutes more than its
// sources may be out of order. Both times are in the log, so replaying it gives the same.
FeedQuality DetectTask::State::Quality(int64_t end_ms) const {
  constexpr int64_t kStaleMs = 5 * kMinuteMs;
  const int64_t past_ms = written_ms == kUnknownTime ? 0 : written_ms - end_ms - kStaleMs;
  // Almost always without a look at the sources.
  const bool stale = past_ms > 0 && std::all_of(bounds.begin(), bounds.end(), [past_ms](const SourceBounds& each) {
                       return each.out_of_orderness_ms < past_ms;
                     });
  return {.watermark_ms = watermark.watermark(),
          .sources_complete = watermark.Complete(),
          .sources = watermark.Total(),
          .late_dropped = counters.late_dropped,
          .gaps = counters.gaps,
          .stale = stale};
}

SectorCourse DetectTask::State::BrandEvidence::Sector(const Brand& brand, int64_t from_ms, int64_t end_ms) {
  const auto found = state_->ranks_of_sector.find(brand.sector);
  if (found == state_->ranks_of_sector.end()) return {};
  std::vector<SectorMember> members;
  for (const uint32_t rank : found->second) {
    BrandState* other = state_->brands[rank].get();
    if (other == nullptr || other->brand->id == brand.id || other->leaves()) continue;
    // Whose turn is still to come is moved on already; nothing else of it changes. One that is not due has the same in
    // its windows as before.
    if (other->windows.end_ms() == kUnknownTime || other->windows.end_ms() < end_ms) other->windows.AdvanceTo(end_ms);
    if (const std::optional<SectorMember> member = other->monitor.AsSectorMember(other->windows, from_ms)) {
      members.push_back(*member);
    }
  }
  return SectorOf(std::move(members));
}

bool DetectTask::State::EvaluateTo(int64_t watermark_ms, size_t enough, std::vector<DetectOutput>* outputs) {
  if (watermark_ms == kNoEventTime) return false;
  const int64_t last_end_ms = FloorToSlide(watermark_ms, options.windows.slide_ms);
  if (evaluated_ms != kUnknownTime && last_end_ms <= evaluated_ms) return false;
  // The window that ends at the effective time holds nothing from behind it.
  while (!coming.empty() && FloorToSlide(coming.front().version.effective_ms, options.windows.slide_ms) < last_end_ms) {
    if (EvaluateEnds(FloorToSlide(coming.front().version.effective_ms, options.windows.slide_ms), enough, outputs)) {
      return true;
    }
    SwitchToNext();
  }
  if (EvaluateEnds(last_end_ms, enough, outputs)) return true;
  ForgetOld();
  return false;
}

bool DetectTask::State::EvaluateEnds(int64_t last_end_ms, size_t enough, std::vector<DetectOutput>* outputs) {
  if (evaluated_ms != kUnknownTime && last_end_ms <= evaluated_ms) return false;
  for (int64_t end_ms = schedule.NextMs(); end_ms <= last_end_ms; end_ms = schedule.NextMs()) {
    if (outputs->size() >= enough) return true;
    schedule.Take(end_ms, &due_brands);
    end_text.clear();
    for (const uint32_t rank : due_brands) {
      if (brands[rank] != nullptr) EvaluateBrand(brands[rank].get(), end_ms, outputs);
    }
  }
  evaluated_ms = last_end_ms;
  return false;
}

void DetectTask::State::EvaluateBrand(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs) {
  if (brand->windows.end_ms() == kUnknownTime || brand->windows.end_ms() < end_ms) brand->windows.AdvanceTo(end_ms);
  BrandEvidence evidence(this, brand);
  signals.clear();
  if (brand->leaves()) {
    std::erase_if(brand->officials, [end_ms](const Official& post) { return post.event_time_ms < end_ms; });
    brand->gap_missing = 0;
    const bool elsewhere = watchlist->Find(brand->brand->id).has_value();
    brand->monitor.Close(brand->windows, Quality(end_ms), evidence,
                         elsewhere ? "the brand has another sector now, in which it is watched anew"
                                   : "the brand is not watched any more",
                         &signals);
  }
  DeliverOfficials(brand, end_ms);
  const bool has_actions = !brand->actions.empty() && brand->actions.front().due_ms <= end_ms;
  const bool is_due =
      !brand->leaves() && (brand->change_ms <= end_ms || brand->monitor.NextDueMs() <= end_ms || has_actions);
  if (is_due || brand->gap_missing > 0) {
    ++counters.evaluations;
    const FeedQuality quality = Quality(end_ms);
    if (is_due) brand->monitor.Evaluate(brand->windows, quality, evidence, &signals);
    if (brand->gap_missing > 0) {
      signals.push_back(brand->monitor.FeedHealthNotice(
          end_ms, quality,
          absl::StrCat("The input has a gap: ", brand->gap_missing, " records were never accounted for")));
      brand->gap_missing = 0;
    }
  }
  if (has_actions) ApplyActions(brand, end_ms, outputs);
  if (is_due && (brand->monitor.has_open_incident() || brand->monitor.has_drill())) {
    brand->monitor.Escalate(brand->windows, Quality(end_ms), evidence, &signals);
  }
  EmitMetrics(brand, end_ms, outputs);
  for (Signal& signal : signals) {
    ++counters.signals;
    DetectOutput& output = outputs->emplace_back();
    output.kind = DetectOutput::Kind::kSignal;
    output.window_end_ms = end_ms;
    output.brand_id = brand->brand->id;
    output.sequence = signal.sequence;
    output.signal = std::make_shared<const Signal>(std::move(signal));
  }
  brand->change_ms = brand->windows.NextChangeMs();
  schedule.Set(brand->rank, NextDue(*brand, end_ms));
}

void DetectTask::State::ApplyActions(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs) {
  const auto behind = std::find_if(brand->actions.begin(), brand->actions.end(),
                                   [end_ms](const PendingAction& action) { return action.due_ms > end_ms; });
  const FeedQuality quality = Quality(end_ms);
  BrandEvidence evidence(this, brand);
  for (auto pending = brand->actions.begin(); pending != behind; ++pending) {
    Action action;
    std::string_view field;
    ActionError error = ParseAction(pending->text, kNoAppendTime, &action, &field);
    if (error == ActionError::kNone && brand->leaves()) error = ActionError::kUnknownBrand;
    if (error == ActionError::kNone) error = brand->monitor.Act(action, brand->windows, quality, evidence, &signals);
    if (error == ActionError::kNone) {
      ++counters.actions;
    } else {
      RefuseAction(*brand, std::move(*pending), error, end_ms, outputs);
    }
  }
  brand->actions.erase(brand->actions.begin(), behind);
}

void DetectTask::State::RefuseAction(const BrandState& brand, PendingAction action, ActionError error, int64_t end_ms,
                                     std::vector<DetectOutput>* outputs) {
  ++counters.actions_refused;
  if (suppressed) return;
  DetectOutput& output = outputs->emplace_back();
  output.kind = DetectOutput::Kind::kRefusedAction;
  output.window_end_ms = end_ms;
  output.brand_id = brand.brand->id;
  output.sequence = action.offset;
  output.refused = std::make_shared<const RefusedAction>(
      RefusedAction{std::move(action.source), action.offset, error, std::move(action.text)});
}

void DetectTask::State::DeliverOfficials(BrandState* brand, int64_t end_ms) {
  if (brand->officials.empty()) return;
  std::vector<Official>& officials = brand->officials;
  std::sort(officials.begin(), officials.end(), [](const Official& a, const Official& b) {
    return std::tie(a.event_time_ms, a.post_id) < std::tie(b.event_time_ms, b.post_id);
  });
  auto official = officials.begin();
  for (; official != officials.end() && official->event_time_ms < end_ms; ++official) {
    brand->monitor.AddOfficial(official->event_time_ms, official->post_id);
  }
  officials.erase(officials.begin(), official);
}

int64_t DetectTask::State::LongStep(size_t long_window) const {
  // Both are positive, which static analysis can't see.
  return std::max<int64_t>(1, std::lcm(options.long_windows[long_window].slide_ms, options.metrics_every_ms));
}

bool DetectTask::State::MayHaveMentions(const BrandState& brand, size_t long_window, int64_t end_ms) const {
  const int64_t last_ms = brand.windows.last_minute_ms();
  return last_ms != kUnknownTime && last_ms >= end_ms - options.long_windows[long_window].size_ms;
}

void DetectTask::State::EmitMetric(BrandState* brand, size_t bit, int64_t end_ms, BrandMetric metric,
                                   std::vector<DetectOutput>* outputs) {
  const uint32_t mask = uint32_t{1} << bit;
  if (metric.counts.mentions == 0 && (brand->nonzero & mask) == 0) return;
  brand->nonzero = metric.counts.mentions == 0 ? brand->nonzero & ~mask : brand->nonzero | mask;
  ++counters.metrics;
  if (suppressed) return;
  if (end_text.empty()) end_text = FormatEventTime(end_ms);
  metric.brand_id = brand->brand->id;
  metric.calibration = &options.monitor.calibration;
  metric.window_end = end_text;
  if (const double expected = brand->monitor.ExpectedPerMinute(); expected >= 0) metric.expected_per_minute = expected;
  DetectOutput& output = outputs->emplace_back();
  output.kind = DetectOutput::Kind::kMetric;
  output.window_end_ms = end_ms;
  output.brand_id = brand->brand->id;
  output.sequence = metric.window_ms;
  constexpr size_t kUsualBytes = 384;
  output.metric.reserve(kUsualBytes);
  AppendBrandMetric(metric, &output.metric);
}

void DetectTask::State::EmitMetrics(BrandState* brand, int64_t end_ms, std::vector<DetectOutput>* outputs) {
  if (end_ms % options.metrics_every_ms != 0) return;
  const std::vector<int64_t>& sizes = options.windows.sizes_ms;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if ((metric_mask >> i & 1) == 0) continue;
    BrandMetric metric;
    metric.window_ms = sizes[i];
    metric.counts = brand->windows.Window(i);
    if (!suppressed) metric.mentions_before = brand->windows.MentionsBefore(i);
    EmitMetric(brand, i, end_ms, metric, outputs);
  }
  for (size_t i = 0; i < options.long_windows.size(); ++i) {
    const size_t bit = sizes.size() + i;
    const bool was_nonzero = (brand->nonzero >> bit & 1) != 0;
    if (end_ms % LongStep(i) != 0 || (!was_nonzero && !MayHaveMentions(*brand, i, end_ms))) continue;
    const int64_t size_ms = options.long_windows[i].size_ms;
    BrandMetric metric;
    metric.window_ms = size_ms;
    metric.has_distinct = false;
    metric.counts = brand->windows.CountsSince(end_ms - size_ms);
    if (!suppressed && 2 * size_ms <= options.windows.minutes_held * kMinuteMs) {
      metric.mentions_before = brand->windows.CountsSince(end_ms - 2 * size_ms).mentions - metric.counts.mentions;
    }
    EmitMetric(brand, bit, end_ms, metric, outputs);
  }
}

int64_t DetectTask::State::NextDue(const BrandState& brand, int64_t end_ms) const {
  const int64_t soonest_ms = end_ms + options.windows.slide_ms;
  const auto next_multiple = [end_ms](int64_t step_ms) { return FloorToSlide(end_ms, step_ms) + step_ms; };
  int64_t due_ms = brand.leaves() ? brand.change_ms : std::min(brand.change_ms, brand.monitor.NextDueMs());
  for (const Official& official : brand.officials) {
    due_ms = std::min(due_ms, NextSlideEnd(official.event_time_ms, options.windows.slide_ms));
  }
  if (!brand.actions.empty()) due_ms = std::min(due_ms, brand.actions.front().due_ms);
  const bool must_end = brand.leaves() && (brand.monitor.has_open_incident() || brand.monitor.has_drill());
  if (brand.gap_missing > 0 || must_end) due_ms = soonest_ms;
  const size_t sizes = options.windows.sizes_ms.size();
  // The largest window has what any of them has.
  if ((brand.nonzero & metric_mask) != 0 || (metric_mask != 0 && brand.windows.Window(sizes - 1).mentions > 0)) {
    due_ms = std::min(due_ms, next_multiple(options.metrics_every_ms));
  }
  for (size_t i = 0; i < options.long_windows.size(); ++i) {
    const bool was_nonzero = (brand.nonzero >> (sizes + i) & 1) != 0;
    if (was_nonzero || MayHaveMentions(brand, i, end_ms)) due_ms = std::min(due_ms, next_multiple(LongStep(i)));
  }
  return std::max(due_ms, soonest_ms);
}

void DetectTask::State::ForgetOld() {
  DropLeft();
  samples.AdvanceTo(evaluated_ms, evaluated_ms - options.windows.held_ms);
  dedup.AdvanceTo(evaluated_ms);
  const int64_t needed_ms = evaluated_ms - std::max(options.windows.held_ms, options.dedup_horizon_ms);
  while (!block_times.empty() && block_times.front().latest_ms < needed_ms) block_times.pop_front();
  if (!notes.empty()) notes.erase(notes.begin(), notes.lower_bound(RebuildFrom()));
}

}  // namespace tocsin
