#include "app/generate/time_text.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace tocsin {

TimeText::Second& TimeText::At(int64_t ms) {
  const int64_t second = ms / 1'000;
  Second& kept = kept_[static_cast<size_t>(second % kKept)];
  if (kept.second == second) return kept;
  const absl::Time time = absl::FromUnixSeconds(second);
  const std::string day = absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
  const std::string clock = absl::FormatTime("%H:%M:%S", time, absl::UTCTimeZone());
  kept.second = second;
  kept.twitter = absl::FormatTime("%a %b %d %H:%M:%S +0000 %Y", time, absl::UTCTimeZone());
  kept.rfc3339 = absl::StrCat(day, "T", clock);
  kept.plain = absl::StrCat(day, " ", clock);
  return kept;
}

}  // namespace tocsin
