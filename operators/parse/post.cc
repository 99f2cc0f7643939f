#include "operators/parse/post.h"

#include <array>

#include "absl/strings/match.h"

namespace tocsin {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 14> kNetworkNames = {
    "other",     "twitter", "bluesky", "mastodon", "reddit", "review", "facebook",
    "instagram", "youtube", "tiktok",  "linkedin", "news",   "forum",  "threads",
};

constexpr std::array<std::string_view, 10> kDropReasonNames = {
    "none",     "empty",         "too_large",  "not_json",    "not_utf8",
    "too_deep", "missing_field", "wrong_type", "absurd_time", "not_a_post",
};

}  // namespace

std::string_view NetworkName(Network network) {
  const auto index = static_cast<size_t>(network);
  return index < kNetworkNames.size() ? kNetworkNames[index] : kNetworkNames[0];
}

Network NetworkFromName(std::string_view name) {
  for (size_t i = 0; i < kNetworkNames.size(); ++i) {
    if (absl::EqualsIgnoreCase(kNetworkNames[i], name)) return static_cast<Network>(i);
  }
  return Network::kOther;
}

std::string_view DropReasonName(DropReason reason) {
  const auto index = static_cast<size_t>(reason);
  return index < kDropReasonNames.size() ? kDropReasonNames[index] : kDropReasonNames[0];
}

}  // namespace tocsin
