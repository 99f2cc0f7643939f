// The surge alarm: volume far over a key's own usual, told once a day.
//
// One check at the end of each bin of the baseline: SurgeTests must pass `checks` times in succession, and an alarm is
// followed by a cooldown. BrandMonitor uses it for surge notices, CountSeries for series of counts without posts.
// Decides from its arguments alone. Not thread-safe: one task owns a brand.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/base/bytes.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/detect/level_tests.h"
#include "operators/signal/signal.h"

namespace tocsin {

struct SurgeCheck {
  double score = 0;  // of C2-EWMA as published; 0 while the baseline has no scores
  bool fired = false;
  std::vector<SignalTest> tests;  // those of SurgeTests, if the score is high enough
};

class SurgeDetector {
 public:
  SurgeDetector() : SurgeDetector(SurgeRules()) {}
  explicit SurgeDetector(const SurgeRules& rules) : rules_(rules) {}

  // `hour`: of the hour that ends with the bin at `end_ms`. Ends ascend from call to call.
  SurgeCheck Check(int64_t end_ms, const ShareCounts& hour, const BrandBaseline& baseline);

  // The succession of checks ends here; the cooldown goes on.
  void Interrupt() { streak_ = 0; }

  const SurgeRules& rules() const { return rules_; }

  // Damage shows in the reader.
  void Encode(ByteWriter* writer) const;
  void Decode(ByteReader* reader);

 private:
  SurgeRules rules_;
  int64_t streak_ = 0;  // checks passed in succession
  int64_t rearm_ms_ = INT64_MIN;
};

}  // namespace tocsin
