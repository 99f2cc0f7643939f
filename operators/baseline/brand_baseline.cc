#include "operators/baseline/brand_baseline.h"

#include <algorithm>
#include <cmath>

#include "operators/detect/tail.h"

namespace tocsin {
namespace {

constexpr double kQ32 = 4294967296.0;
constexpr double kQ24 = 16777216.0;
constexpr double kPriorShare = 0.2;
constexpr double kPriorShareWeight = 20;
constexpr double kLearningShareFloor = 0.3;
constexpr double kPriorDispersion = 2;
constexpr double kMinDispersion = 1.2;
// BaselineSample::positive of samples that were written before positives were kept.
constexpr int64_t kNotKept = -1;

double FromQ32(int64_t value) { return static_cast<double>(value) / kQ32; }
double FromQ24(int64_t value) { return static_cast<double>(value) / kQ24; }

int64_t ToFixed(double value, double scale) {
  constexpr double kLargest = 9.2e18;
  return static_cast<int64_t>(std::llround(std::clamp(value * scale, -kLargest, kLargest)));
}

void UpdateMean(int64_t value, double alpha, int64_t* mean_q32) {
  const double mean = FromQ32(*mean_q32);
  *mean_q32 = ToFixed(mean + alpha * (static_cast<double>(value) - mean), kQ32);
}

// 1 - 2^(-1 / bins) by its power series, since libraries differ in the last bit of exp2 and replay must not.
double AlphaOfHalfLife(double bins) {
  constexpr double kLn2 = 0.6931471805599453;
  constexpr int kTerms = 16;
  const double x = kLn2 / bins;
  double sum = 1;
  for (int term = kTerms; term > 1; --term) sum = 1 - x / term * sum;
  return x * sum;
}

}  // namespace

BrandBaseline::BrandBaseline(int64_t bin_ms, int64_t ready_ms, int64_t half_life_ms)
    : least_alpha_(AlphaOfHalfLife(
          std::max(1.0, static_cast<double>(half_life_ms) / static_cast<double>(std::max<int64_t>(1, bin_ms))))),
      ready_bins_(std::max<int64_t>(1, ready_ms / std::max<int64_t>(1, bin_ms))),
      usable_bins_(std::clamp<int64_t>(ready_bins_ / 24, 1, 12)),
      score_bins_(std::clamp<int64_t>(ready_bins_ / 2, 1, 144)),
      fill_bins_(std::clamp<int64_t>(ready_bins_ / 8, 1, 12) - 1),
      learning_delay_(fill_bins_ + 1),
      ready_delay_(std::clamp<int64_t>(ready_bins_ / 8, 1, 36)) {
  UpdateGates();
}

void BrandBaseline::Add(const BaselineSample& sample) {
  ++bins_seen_;
  if (bins_seen_ <= fill_bins_) return;
  waiting_.push_back(sample);
  const auto delay = static_cast<size_t>(ready() ? ready_delay_ : learning_delay_);
  if (waiting_.size() <= delay) return;
  Feed(waiting_.front());
  waiting_.pop_front();
}

void BrandBaseline::AddIdle(int64_t bins) {
  for (int64_t i = 0; i < bins; ++i) Add(BaselineSample());
}

void BrandBaseline::DropRecent() { waiting_.clear(); }

void BrandBaseline::Feed(const BaselineSample& sample) {
  ++fed_;
  const double alpha = std::max(least_alpha_, 1.0 / static_cast<double>(fed_));
  const auto update = [alpha](int64_t value, Moments* moments) {
    const double mean = FromQ32(moments->mean_q32);
    const double d = static_cast<double>(value) - mean;
    const double variance = FromQ24(moments->variance_q24);
    moments->mean_q32 = ToFixed(mean + alpha * d, kQ32);
    moments->variance_q24 = ToFixed((1 - alpha) * (variance + alpha * d * d), kQ24);
  };
  update(sample.mentions_hour, &mentions_);
  for (size_t i = 0; i < kDecisionWindows; ++i) update(sample.negative_authors[i], &negative_authors_[i]);
  UpdateMean(sample.negative, alpha, &negative_mean_q32_);
  UpdateMean(sample.classified, alpha, &classified_mean_q32_);
  if (sample.positive != kNotKept) {
    ++balance_fed_;
    const double balance_alpha = std::max(least_alpha_, 1.0 / static_cast<double>(balance_fed_));
    UpdateMean(sample.positive, balance_alpha, &balance_positive_q32_);
    UpdateMean(sample.negative, balance_alpha, &balance_negative_q32_);
    UpdateMean(sample.classified, balance_alpha, &balance_classified_q32_);
  }
  UpdateGates();
}

void BrandBaseline::UpdateGates() {
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    const Moments& moments = negative_authors_[i];
    const double deviation = std::sqrt(std::max(0.0, FromQ24(moments.variance_q24)));
    gates_[i] = static_cast<int64_t>(FromQ32(moments.mean_q32) + deviation);
  }
}

double BrandBaseline::EffectiveBins() const { return std::min(static_cast<double>(fed_), 1 / least_alpha_); }

BaselineLevel BrandBaseline::MentionsPerHour() const {
  const double mean = FromQ32(mentions_.mean_q32);
  const double variance = FromQ24(mentions_.variance_q24);
  return {RoundPublished(mean), RoundPublished(mean > 0 ? variance / mean : kPriorDispersion)};
}

BaselineLevel BrandBaseline::NegativeAuthors(size_t window) const {
  const double mean = FromQ32(negative_authors_[window].mean_q32);
  if (mean <= 0) return {0, kPriorDispersion};
  // Samples of overlapping windows tell less: the prior weighs twelve windows each.
  const int64_t windows = kDecisionWindowMs[window] / kDecisionWindowMs[0];
  const double prior_bins = 12.0 * static_cast<double>(windows);
  const double bins = EffectiveBins();
  const double variance = FromQ24(negative_authors_[window].variance_q24);
  const double dispersion = (bins * variance / mean + prior_bins * kPriorDispersion) / (bins + prior_bins);
  return {RoundPublished(mean), RoundPublished(std::max(kMinDispersion, dispersion))};
}

double BrandBaseline::NegativeShare() const {
  const double bins = EffectiveBins();
  const double negative = FromQ32(negative_mean_q32_) * bins + kPriorShare * kPriorShareWeight;
  const double classified = FromQ32(classified_mean_q32_) * bins + kPriorShareWeight;
  return RoundPublished(std::clamp(negative / classified, 0.0, 1.0));
}

double BrandBaseline::NegativeBalance() const {
  const double bins = std::min(static_cast<double>(balance_fed_), 1 / least_alpha_);
  // Both shares are shrunk towards the same prior, so it cancels but for its weight.
  const double difference = (FromQ32(balance_negative_q32_) - FromQ32(balance_positive_q32_)) * bins;
  const double classified = FromQ32(balance_classified_q32_) * bins + kPriorShareWeight;
  return RoundPublished(std::clamp(difference / classified, -1.0, 1.0));
}

double BrandBaseline::NegativeShareTested() const {
  const double share = NegativeShare();
  const double classified = FromQ32(classified_mean_q32_) * EffectiveBins() + kPriorShareWeight;
  const double error = std::sqrt(share * (1 - share) / classified);
  const double tested = ready() ? share + error / 2 : std::max(kLearningShareFloor, share + 2 * error);
  return RoundPublished(std::min(tested, 0.99));
}

double BrandBaseline::Score(int64_t mentions_hour) const {
  const BaselineLevel level = MentionsPerHour();
  const double variance = std::max(level.dispersion * level.mean, (level.mean + 1) / 4);
  return RoundPublished((static_cast<double>(mentions_hour) - level.mean) / std::sqrt(variance));
}

void EncodeSample(const BaselineSample& sample, ByteWriter* writer) {
  writer->Signed(sample.mentions_hour);
  for (const int64_t authors : sample.negative_authors) writer->Signed(authors);
  writer->Signed(sample.negative);
  writer->Signed(sample.classified);
  writer->Signed(sample.positive);
}

BaselineSample DecodeSample(ByteReader* reader, bool has_balance) {
  BaselineSample sample;
  sample.mentions_hour = reader->Signed();
  for (int64_t& authors : sample.negative_authors) authors = reader->Signed();
  sample.negative = reader->Signed();
  sample.classified = reader->Signed();
  sample.positive = has_balance ? reader->Signed() : kNotKept;
  return sample;
}

void BrandBaseline::Encode(ByteWriter* writer) const {
  writer->Signed(bins_seen_);
  writer->Signed(fed_);
  writer->Signed(mentions_.mean_q32);
  writer->Signed(mentions_.variance_q24);
  for (const Moments& moments : negative_authors_) {
    writer->Signed(moments.mean_q32);
    writer->Signed(moments.variance_q24);
  }
  writer->Signed(negative_mean_q32_);
  writer->Signed(classified_mean_q32_);
  writer->Signed(balance_fed_);
  writer->Signed(balance_positive_q32_);
  writer->Signed(balance_negative_q32_);
  writer->Signed(balance_classified_q32_);
  writer->Varint(waiting_.size());
  for (const BaselineSample& sample : waiting_) EncodeSample(sample, writer);
}

absl::Status BrandBaseline::Decode(ByteReader* reader, bool has_balance) {
  bins_seen_ = reader->Signed();
  fed_ = reader->Signed();
  mentions_.mean_q32 = reader->Signed();
  mentions_.variance_q24 = reader->Signed();
  for (Moments& moments : negative_authors_) {
    moments.mean_q32 = reader->Signed();
    moments.variance_q24 = reader->Signed();
  }
  negative_mean_q32_ = reader->Signed();
  classified_mean_q32_ = reader->Signed();
  for (int64_t* sum : {&balance_fed_, &balance_positive_q32_, &balance_negative_q32_, &balance_classified_q32_}) {
    *sum = has_balance ? reader->Signed() : 0;
  }
  waiting_.resize(reader->Count(6));
  for (BaselineSample& sample : waiting_) sample = DecodeSample(reader, has_balance);
  UpdateGates();
  if (!reader->ok() || bins_seen_ < 0 || fed_ < 0 || balance_fed_ < 0) {
    return absl::DataLossError("baseline: damaged state");
  }
  return absl::OkStatus();
}

}  // namespace tocsin
