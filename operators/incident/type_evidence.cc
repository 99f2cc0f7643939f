#include "operators/incident/type_evidence.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <map>
#include <string_view>

#include "operators/incident/evidence.h"
#include "operators/mention/crisis_type.h"

namespace tocsin {
namespace {

constexpr int64_t kLeastPosts = 5;
constexpr double kLeastShare = 0.15;
constexpr uint32_t kBuiltInTerms = (uint32_t{1} << kOwnTypeShift) - 1;

// Of negative originals, replies and quotes.
struct TermCounts {
  int64_t posts = 0;
  int64_t reviews = 0;
  std::array<int64_t, kOwnTypeShift> with_term = {};  // by bit
  // Names, not bits: a watchlist that came into force meanwhile may have given the bits anew.
  std::map<std::string_view, int64_t> of_own_type;

  void Add(const HeldMention& row, const EvidenceSource& source) {
    ++posts;
    if (row.network == Network::kReview) ++reviews;
    for (uint32_t rest = row.terms & kBuiltInTerms; rest != 0; rest &= rest - 1) {
      ++with_term[static_cast<size_t>(std::countr_zero(rest))];
    }
    for (uint32_t rest = (row.terms & kOwnTypeTerms) >> kOwnTypeShift; rest != 0; rest &= rest - 1) {
      const std::string_view name = source.OwnType(static_cast<size_t>(std::countr_zero(rest)), row.event_time_ms);
      if (!name.empty()) ++of_own_type[name];
    }
  }
};

}  // namespace

void FillType(const BrandWindows& windows, int64_t from_ms, const EvidenceSource& source, Signal* signal) {
  TermCounts counts;
  windows.ForEachHeld(from_ms, [&](const HeldMention& row) {
    if (IsNegativeOriginal(row)) counts.Add(row, source);
  });
  Signal::Type& type = signal->type;
  if (counts.posts == 0) return;
  int64_t best = 0;
  const auto consider = [&](std::string_view class_name, std::string_view name, int64_t posts, bool wins_ties) {
    if (posts < kLeastPosts) return false;
    type.terms.emplace_back(class_name);
    if (name.empty() || posts < best || (posts == best && !wins_ties)) return false;
    if (ShareOf(posts, counts.posts) < kLeastShare) return false;
    best = posts;
    type.name = name;
    return true;
  };
  for (const TermClass& each : kTermClasses) {
    consider(each.name, each.type, counts.with_term[static_cast<size_t>(std::countr_zero(uint32_t{each.term}))], false);
  }
  // Whoever has named a type means it: it goes before a built-in one, and of two the first by name.
  bool own_leads = false;
  for (const auto& [name, posts] : counts.of_own_type) own_leads |= consider(name, name, posts, !own_leads);
  type.confidence = ShareOf(best, counts.posts);
  if (best == 0 && counts.reviews >= kLeastPosts && 2 * counts.reviews > counts.posts) {
    type.name = kReviewSurgeType;
    type.confidence = ShareOf(counts.reviews, counts.posts);
  }
}

}  // namespace tocsin
