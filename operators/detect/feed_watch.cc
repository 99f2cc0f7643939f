#include "operators/detect/feed_watch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "operators/detect/tail.h"

namespace tocsin {
namespace {

constexpr double kLeastSilenceHours = 1;
constexpr double kLongestSilenceHours = 7 * 24;  // of a brand so small that later would tell nobody anything
constexpr double kLeastDispersion = 1.0001;      // below, the negative binomial is Poisson
constexpr double kUsualAgain = 0.7;
constexpr int64_t kChecksIncomplete = 2;
constexpr double kTenThousand = 1e4;

}  // namespace

double SilenceHours(double mean_per_hour, double dispersion) {
  if (mean_per_hour <= 0) return std::numeric_limits<double>::infinity();
  // -log P(none in an hour): mean log(dispersion) / (dispersion - 1), which tends to the mean as Poisson's does.
  const double an_hour =
      dispersion <= kLeastDispersion ? mean_per_hour : mean_per_hour * std::log(dispersion) / (dispersion - 1);
  return RoundPublished(std::max(kLeastSilenceHours, std::log(static_cast<double>(kSilenceOneIn)) / an_hour));
}

int64_t LowVolumeThreshold(double expected, double dispersion) {
  const int64_t unlikely = NegativeBinomialLowThreshold(expected, dispersion, 1 / static_cast<double>(kLowVolumeOneIn));
  return 1 + std::min(static_cast<int64_t>(kLowVolumeShare * expected), unlikely);
}

std::optional<SignalTest> FeedWatch::AtBinEnd(int64_t end_ms, int64_t bin_ms, int64_t bin_mentions,
                                              int64_t hour_mentions, const BrandBaseline& baseline) {
  std::optional<SignalTest> told;
  if (bin_mentions > 0) {
    if (silence_told_) told = SilenceTest("silence_over", end_ms - bin_ms);
    Mentioned(end_ms, bin_ms, baseline);
  }
  // Empty hours may be left out, so nothing may depend on their being told; and silence is told by itself.
  if (end_ms % kHourMs == 0 && hour_mentions > 0) {
    AddHour(end_ms, hour_mentions);
    if (auto volume = CheckVolume(baseline); volume && !told) return volume;
  }
  return told;
}

void FeedWatch::Mentioned(int64_t end_ms, int64_t bin_ms, const BrandBaseline& baseline) {
  silence_told_ = false;
  mentioned_ms_ = end_ms;
  due_ms_ = INT64_MAX;
  if (!baseline.ready()) return;
  const BaselineLevel level = baseline.MentionsPerHour();
  mean_e4_ = std::llround(level.mean * kTenThousand);
  dispersion_e4_ = std::llround(level.dispersion * kTenThousand);
  const double hours =
      SilenceHours(static_cast<double>(mean_e4_) / kTenThousand, static_cast<double>(dispersion_e4_) / kTenThousand);
  if (hours > kLongestSilenceHours) return;
  const auto bins_of_hour = static_cast<double>(kHourMs) / static_cast<double>(bin_ms);
  due_ms_ = end_ms + static_cast<int64_t>(std::ceil(hours * bins_of_hour)) * bin_ms;
}

std::optional<SignalTest> FeedWatch::Silence(int64_t end_ms) {
  if (end_ms < due_ms_) return std::nullopt;
  due_ms_ = INT64_MAX;
  silence_told_ = true;
  volume_told_ = true;  // which follows from it
  return SilenceTest("silence", end_ms);
}

SignalTest FeedWatch::SilenceTest(const char* name, int64_t end_ms) const {
  SignalTest test;
  test.name = name;
  test.window_s = (end_ms - mentioned_ms_) / 1000;
  test.observed = RoundPublished(static_cast<double>(end_ms - mentioned_ms_) / kHourMs);
  test.expected = static_cast<double>(mean_e4_) / kTenThousand;
  test.dispersion = static_cast<double>(dispersion_e4_) / kTenThousand;
  test.one_in = kSilenceOneIn;
  test.threshold = SilenceHours(*test.expected, *test.dispersion);
  test.passed = test.observed >= test.threshold;
  return test;
}

// Hours that were left out had no mention.
void FeedWatch::AddHour(int64_t end_ms, int64_t mentions) {
  const int64_t left_out = hour_ms_ == kUnknownTime ? 0 : (end_ms - hour_ms_) / kHourMs - 1;
  if (left_out >= static_cast<int64_t>(kHours)) {
    hours_.fill(0);
  } else {
    for (int64_t i = 1; i <= left_out; ++i) hours_[static_cast<size_t>(hour_ms_ / kHourMs + i) % kHours] = 0;
  }
  hours_known_ = std::min<int64_t>(kHours, hours_known_ + left_out + 1);
  hours_[static_cast<size_t>(end_ms / kHourMs) % kHours] = mentions;
  hour_ms_ = end_ms;
}

std::optional<SignalTest> FeedWatch::CheckVolume(const BrandBaseline& baseline) {
  if (hours_known_ < static_cast<int64_t>(kHours) || !baseline.ready()) return std::nullopt;
  const BaselineLevel level = baseline.MentionsPerHour();
  const int64_t count = std::accumulate(hours_.begin(), hours_.end(), int64_t{0});
  SignalTest test;
  test.name = "volume_24h";
  test.window_s = kDayMs / 1000;
  test.count = count;
  test.observed = static_cast<double>(count);
  test.expected = RoundPublished(level.mean * static_cast<double>(kHours));
  if (test.observed >= kUsualAgain * *test.expected) volume_told_ = false;
  if (volume_told_ || test.observed > kLowVolumeShare * *test.expected) return std::nullopt;
  test.dispersion = level.dispersion;
  test.one_in = kLowVolumeOneIn;
  test.threshold = static_cast<double>(LowVolumeThreshold(*test.expected, *test.dispersion));
  test.below = true;
  test.passed = test.observed < test.threshold;
  if (!test.passed) return std::nullopt;
  volume_told_ = true;
  return test;
}

bool FeedWatch::TellsIncomplete(bool incomplete) {
  incomplete_checks_ = incomplete ? incomplete_checks_ + 1 : 0;
  return incomplete_checks_ == kChecksIncomplete;
}

void FeedWatch::Encode(ByteWriter* writer) const {
  writer->Signed(mentioned_ms_);
  writer->Signed(due_ms_);
  writer->Signed(mean_e4_);
  writer->Signed(dispersion_e4_);
  writer->Bool(silence_told_);
  writer->Bool(volume_told_);
  writer->Signed(hour_ms_);
  writer->Signed(hours_known_);
  for (const int64_t mentions : hours_) writer->Signed(mentions);
  writer->Signed(incomplete_checks_);
}

void FeedWatch::Decode(ByteReader* reader) {
  mentioned_ms_ = reader->Signed();
  due_ms_ = reader->Signed();
  mean_e4_ = reader->Signed();
  dispersion_e4_ = reader->Signed();
  silence_told_ = reader->Bool();
  volume_told_ = reader->Bool();
  hour_ms_ = reader->Signed();
  hours_known_ = reader->Signed();
  for (int64_t& mentions : hours_) mentions = reader->Signed();
  incomplete_checks_ = reader->Signed();
}

}  // namespace tocsin
