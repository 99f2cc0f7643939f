#include "app/command/progress_line.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

namespace tocsin {
namespace {

std::string Seconds(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
}

}  // namespace

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\n", stderr);
}

void ProgressLine::Show(const ReplayProgress& progress) {
  const double elapsed = std::max(1e-3, absl::ToDoubleSeconds(absl::Now() - start_));
  std::string line = absl::StrCat("\r\033[K", static_cast<int64_t>(progress.posts), " posts, ",
                                  static_cast<int64_t>(progress.posts / elapsed), "/s, ",
                                  static_cast<int64_t>(progress.signals), " signals, ", Seconds(elapsed));
  if (progress.bytes_total > 0 && progress.bytes > 0) {
    const double share = static_cast<double>(progress.bytes) / static_cast<double>(progress.bytes_total);
    absl::StrAppend(&line, ", ", static_cast<int64_t>(share * 100), " %, ", Seconds(elapsed * (1 - share) / share),
                    " left");
  }
  std::fputs(line.c_str(), stderr);
  shown_ = true;
}

}  // namespace tocsin
