#include "bench/match/literal_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::bench {

LiteralQueries::LiteralQueries(const std::vector<Case>& cases) : cases_(cases) {
  for (uint32_t i = 0; i < cases.size(); ++i) {
    const Case& entry = cases[i];
    const bool joined = entry.kind == Case::Kind::kNear || entry.kind == Case::Kind::kTogether;
    ids_.push_back({Number(entry.name), Number("@" + entry.handle), Number("#" + entry.handle), 0, 0});
    if (joined) ids_[i].handle = Number(entry.handle);
    if (entry.kind == Case::Kind::kExcept || joined) ids_[i].context = Number(entry.context);
    for (const uint32_t anchor : {ids_[i].name, ids_[i].mention, ids_[i].tag}) anchors_[anchor].push_back(i);
    if (joined) anchors_[ids_[i].handle].push_back(i);
  }
  seen_.resize(literals_.size());
}

uint32_t LiteralQueries::Number(const std::string& literal) {
  const auto [at, added] = numbers_.try_emplace(literal, static_cast<uint32_t>(literals_.size()));
  if (added) {
    literals_.push_back(absl::StrCat(" ", literal, " "));
    anchors_.emplace_back();
  }
  return at->second;
}

void LiteralQueries::Begin() {
  ++epoch_;
  found_.clear();
}

void LiteralQueries::Found(uint32_t literal) {
  if (Has(literal)) return;
  seen_[literal] = epoch_;
  if (!anchors_[literal].empty()) found_.push_back(literal);
}

void LiteralQueries::Finish(std::string_view post, std::vector<uint32_t>* matches) {
  matches->clear();
  for (const uint32_t literal : found_) {
    for (const uint32_t query : anchors_[literal]) {
      const Ids& ids = ids_[query];
      const bool named = Has(ids.name) || Has(ids.mention) || Has(ids.tag);
      bool holds = named;
      switch (cases_[query].kind) {
        case Case::Kind::kNames:
          break;
        case Case::Kind::kExcept:
          holds = named && !Has(ids.context);
          break;
        case Case::Kind::kNear:
          holds = named || HasNear(cases_[query], WordsOf(post));
          break;
        case Case::Kind::kTogether:
          holds = named || (Has(ids.handle) && Has(ids.context));
          break;
      }
      if (holds) matches->push_back(query);
    }
  }
  std::sort(matches->begin(), matches->end());
  matches->erase(std::unique(matches->begin(), matches->end()), matches->end());
}

}  // namespace tocsin::bench
