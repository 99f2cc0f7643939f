// What a crisis can be about, and which words of a mention tell it.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "operators/mention/mention.h"

namespace tocsin {

// A class of words that Mention::terms has a bit for.
struct TermClass {
  MentionTerm term;
  std::string_view name;  // as in signals
  std::string_view type;  // of a crisis that is spoken of so; empty: says nothing of the type
};
// By bit. The others of MentionTerm are in a signal's `wording`.
inline constexpr std::array<TermClass, 9> kTermClasses = {
    TermClass{kSafetyTerm, "safety", "product_safety"},
    TermClass{kBreachTerm, "breach", "data_breach"},
    TermClass{kCallToAction, "call_to_action", ""},
    TermClass{kAngerTerm, "anger", ""},
    TermClass{kServiceTerm, "service", "service_failure"},
    TermClass{kMisconductTerm, "misconduct", "misconduct"},
    TermClass{kSocialTerm, "social", "social_failure"},
    TermClass{kCommunicationTerm, "communication", "communication_failure"},
    TermClass{kRumourTerm, "rumour", "rumour_or_attack"},
};

inline constexpr std::string_view kUnknownType = "unknown";
inline constexpr std::string_view kReviewSurgeType = "review_surge";
inline constexpr std::string_view kSpilloverType = "spillover";
// Types that no words tell.
inline constexpr std::array<std::string_view, 3> kWordlessTypes = {kUnknownType, kReviewSurgeType, kSpilloverType};

// Null if no built-in words tell the type.
constexpr const TermClass* ClassOfType(std::string_view type) {
  const auto* found = std::find_if(kTermClasses.begin(), kTermClasses.end(),
                                   [type](const TermClass& each) { return each.type == type; });
  return type.empty() || found == kTermClasses.end() ? nullptr : found;
}

}  // namespace tocsin
