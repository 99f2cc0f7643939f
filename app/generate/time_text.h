// Seconds as text, in the forms of the networks. Those asked for lately are kept: thousands of posts share them.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin {

class TimeText {
 public:
  // Views are valid until a later second is asked for. `ms` since the epoch; what is below a second is left out.
  std::string_view Twitter(int64_t ms) { return At(ms).twitter; }  // "Mon Jun 01 09:00:00 +0000 2026"
  std::string_view Rfc3339(int64_t ms) { return At(ms).rfc3339; }  // "2026-06-01T09:00:00", no zone
  std::string_view Plain(int64_t ms) { return At(ms).plain; }      // "2026-06-01 09:00:00"

 private:
  static constexpr int64_t kKept = 16;  // more than the seconds that disorder mixes
  struct Second {
    int64_t second = INT64_MIN;
    std::string twitter, rfc3339, plain;
  };
  Second& At(int64_t ms);

  std::array<Second, kKept> kept_;
};

}  // namespace tocsin
