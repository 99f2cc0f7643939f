#include "operators/detect/count_series.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/time/slide.h"
#include "operators/detect/tail.h"

namespace tocsin {
namespace {

constexpr int64_t kBinMs = 5 * kMinuteMs;
constexpr int64_t kLeastLearningBins = 24;
constexpr int64_t kClockChangeMs = 2 * kHourMs;
constexpr int64_t kLongestJumpMs = 3'653 * kDayMs;
constexpr double kMostWithoutAlarm = 0.4999;

}  // namespace

CountSeries::CountSeries(const CountSeriesOptions& options) : options_(options), detector_(options.rules) {}

absl::StatusOr<double> CountSeries::Add(int64_t time_ms, std::optional<int64_t> count) {
  if (count.value_or(0) < 0) return absl::InvalidArgumentError(absl::StrCat("a count below zero; count=", *count));
  const int64_t leaving = window_bins_ > 0 && window_.size() == window_bins_ ? window_.front() : 0;
  if (count.value_or(0) > kMostInHour - (window_count_ - leaving) - bin_count_) {
    return absl::InvalidArgumentError(
        absl::StrCat("more than ", kMostInHour, " in an hour, which is no count of mentions; count=", *count));
  }
  if (last_ms_ != INT64_MIN && time_ms < last_ms_ - kClockChangeMs) {
    return absl::InvalidArgumentError(
        absl::StrCat("time goes back by ", (last_ms_ - time_ms) / kSecondMs, " s; rows must be in order of time"));
  }
  if (last_ms_ != INT64_MIN && time_ms > last_ms_ + kLongestJumpMs) {
    return absl::InvalidArgumentError(absl::StrCat("time jumps by ", (time_ms - last_ms_) / kDayMs, " days"));
  }
  if (!baseline_.has_value()) {
    if (last_ms_ == INT64_MIN) origin_ms_ = time_ms;
    const int64_t row_ms = options_.row_ms > 0 ? options_.row_ms : time_ms - origin_ms_;
    if (row_ms <= 0) {
      last_ms_ = std::max(last_ms_, time_ms);
      first_rows_.emplace_back(time_ms, count);
      return 0.0;
    }
    Start(row_ms);
    for (const auto& [first_ms, first_count] : first_rows_) AddToBins(first_ms, first_count);
    first_rows_.clear();
  }
  return AddToBins(time_ms, count);
}

void CountSeries::Start(int64_t row_ms) {
  row_ms_ = row_ms;
  bin_ms_ = std::max(kBinMs, row_ms);
  window_bins_ = static_cast<size_t>(std::max<int64_t>(1, options_.window_ms / bin_ms_));
  const int64_t ready_ms = std::max(kDayMs, kLeastLearningBins * bin_ms_);
  baseline_.emplace(bin_ms_, ready_ms, options_.half_life_ms * (ready_ms / kMinuteMs) / (kDayMs / kMinuteMs));
}

double CountSeries::AddToBins(int64_t time_ms, std::optional<int64_t> count) {
  if (last_ms_ != INT64_MIN && time_ms < last_ms_) origin_ms_ -= last_ms_ + row_ms_ - time_ms;
  last_ms_ = time_ms;
  const int64_t middle_ms = time_ms - origin_ms_ + row_ms_ / 2;
  const int64_t bin = std::max(bin_, SlideNumber(middle_ms, bin_ms_));
  double score = 0;
  if (bin > bin_) {
    // The open bin's last row never came.
    if (bin_has_rows_) score = CloseBin();
    for (; options_.absent_rows_are_zero && bin_ < bin;) score = std::max(score, CloseBin());
    bin_ = bin;
  }
  bin_has_rows_ = true;
  if (count.has_value()) {
    bin_count_ += *count;
  } else {
    bin_known_ = false;
  }
  if (middle_ms + row_ms_ >= (bin_ + 1) * bin_ms_) return std::max(score, CloseBin());
  return score >= 0.5 ? score : last_score_;
}

// Feeds the open bin and opens the next.
double CountSeries::CloseBin() {
  const int64_t count = bin_count_;
  const bool known = bin_known_;
  ++bin_;
  bin_count_ = 0;
  bin_has_rows_ = false;
  bin_known_ = true;
  if (!known) return 0;
  window_.push_back(count);
  window_count_ += count;
  if (window_.size() > window_bins_) {
    window_count_ -= window_.front();
    window_.pop_front();
  }
  BaselineSample sample;
  sample.mentions_hour = window_count_;
  baseline_->Add(sample);
  ShareCounts hour;
  hour.mentions = window_count_;
  const double score = ScoreOf(detector_.Check(bin_ * bin_ms_, hour, *baseline_));
  last_score_ = std::min(score, kMostWithoutAlarm);
  return score;
}

double CountSeries::ScoreOf(const SurgeCheck& check) const {
  const double threshold = options_.rules.score;
  if (check.fired) return RoundPublished(1 - threshold / (2 * check.score));
  return std::clamp(RoundPublished(check.score / (2 * threshold)), 0.0, kMostWithoutAlarm);
}

}  // namespace tocsin
