#include "operators/detect/surge_detector.h"

namespace tocsin {

SurgeCheck SurgeDetector::Check(int64_t end_ms, const ShareCounts& hour, const BrandBaseline& baseline) {
  SurgeCheck check;
  if (!baseline.scores()) return check;
  check.score = baseline.Score(hour.mentions);
  if (check.score < rules_.score) {
    streak_ = 0;
    return check;
  }
  check.tests = SurgeTests(rules_, hour, baseline);
  streak_ = AllPassed(check.tests) ? streak_ + 1 : 0;
  if (streak_ < rules_.checks || end_ms < rearm_ms_) return check;
  rearm_ms_ = end_ms + rules_.cooldown_ms;
  check.fired = true;
  return check;
}

void SurgeDetector::Encode(ByteWriter* writer) const {
  writer->Signed(streak_);
  writer->Signed(rearm_ms_);
}

void SurgeDetector::Decode(ByteReader* reader) {
  streak_ = reader->Signed();
  rearm_ms_ = reader->Signed();
}

}  // namespace tocsin
