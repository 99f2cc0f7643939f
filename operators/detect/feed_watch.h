// Whether a brand's feed is what it used to be: silence where mentions are usual, and a day far below the usual volume.
//
// Neither says anything of the brand's reputation; they say that what is not seen can't be judged. Event time only, so
// a replay tells the same. Decides from its arguments alone. Not thread-safe: one task owns a brand. Formulas:
// docs/DETECTION.md, "Feed health".
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/base/time_units.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/signal/signal.h"

namespace tocsin {

// One in so many silences of a brand that is as usual lasts so long. Hours of a night are alike, so that the silences
// of a steady brand are longer than this says: hence so large a number.
inline constexpr int64_t kSilenceOneIn = 1'000'000'000'000;
inline constexpr int64_t kLowVolumeOneIn = 1'000'000;
inline constexpr double kLowVolumeShare = 0.4;  // of the usual: less than a weekend or a holiday makes

// Hours without a mention that chance gives once in kSilenceOneIn, at least 1: mentions of an hour as a negative
// binomial of size r = mean / (dispersion - 1), in which none has the chance dispersion^-r (operators/detect/tail.h).
// Rounded as published; infinite without mentions.
double SilenceHours(double mean_per_hour, double dispersion);

// Mentions of 24 hours of which fewer are out of the ordinary: at most kLowVolumeShare of what is expected, and so few
// that chance gives them once in kLowVolumeOneIn.
int64_t LowVolumeThreshold(double expected, double dispersion);

class FeedWatch {
 public:
  // Called at the ends of the baseline's bins, ascending; those in which the brand's windows were empty may be left
  // out. `bin_mentions` and `hour_mentions`: of the bin and of the hour that end here; the baseline has been fed with
  // the bin. The test that is to be told, if any: "silence_over" or "volume_24h".
  std::optional<SignalTest> AtBinEnd(int64_t end_ms, int64_t bin_ms, int64_t bin_mentions, int64_t hour_mentions,
                                     const BrandBaseline& baseline);

  // The test "silence" once, from SilenceDueMs() on, unless mentions come before; called after AtBinEnd.
  std::optional<SignalTest> Silence(int64_t end_ms);
  int64_t SilenceDueMs() const { return due_ms_; }  // INT64_MAX: never, as things are

  // Called at each check of an open incident: true if its feed has become incomplete for two checks in succession.
  bool TellsIncomplete(bool incomplete);
  void EndIncident() { incomplete_checks_ = 0; }

  // Damage shows in the reader.
  void Encode(ByteWriter* writer) const;
  void Decode(ByteReader* reader);

 private:
  static constexpr size_t kHours = 24;

  void Mentioned(int64_t end_ms, int64_t bin_ms, const BrandBaseline& baseline);
  SignalTest SilenceTest(const char* name, int64_t end_ms) const;
  void AddHour(int64_t end_ms, int64_t mentions);
  std::optional<SignalTest> CheckVolume(const BrandBaseline& baseline);

  int64_t mentioned_ms_ = kUnknownTime;  // end of the last bin with a mention
  int64_t due_ms_ = INT64_MAX;
  // What was usual then, as published: times 10,000.
  int64_t mean_e4_ = 0;
  int64_t dispersion_e4_ = 0;
  bool silence_told_ = false;
  bool volume_told_ = false;                // until the volume is usual again
  int64_t hour_ms_ = kUnknownTime;          // end of the last hour with mentions
  std::array<int64_t, kHours> hours_ = {};  // by end, in hours since the epoch, modulo 24
  int64_t hours_known_ = 0;
  int64_t incomplete_checks_ = 0;
};

}  // namespace tocsin
