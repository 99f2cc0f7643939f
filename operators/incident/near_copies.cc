#include "operators/incident/near_copies.h"

#include <algorithm>

namespace tocsin {

// A text of fewer words than a run has is one run.
void NearCopies::FindRuns(std::string_view text) {
  constexpr uint64_t kMultiplier = 0x9FB21C651E98DF25;
  tokenizer_.Reset({});
  tokenizer_.AddText(text);
  tokenizer_.Finish();
  words_.clear();
  for (size_t i = 0; i < tokenizer_.text_tokens(); ++i) {
    if (tokenizer_.IsWording(i)) words_.push_back(tokenizer_.tokens()[i].hash);
  }
  runs_.clear();
  for (size_t begin = 0; begin < words_.size(); ++begin) {
    const size_t end = std::min(begin + kRunWords, words_.size());
    if (begin > 0 && end - begin < kRunWords) break;
    uint64_t run = 0;
    for (size_t i = begin; i < end; ++i) {
      run = (run ^ words_[i]) * kMultiplier;
      run ^= run >> 29;
    }
    runs_.push_back(run);
  }
  std::ranges::sort(runs_);
  runs_.erase(std::unique(runs_.begin(), runs_.end()), runs_.end());
}

bool NearCopies::ResemblesAny() {
  const auto number = static_cast<uint64_t>(texts_);
  for (const uint64_t run : runs_) {
    const auto found = with_run_.find(run);
    if (found == with_run_.end()) continue;
    for (uint32_t place = found->second; place != 0; place = links_[place - 1].next) {
      Original& original = originals_[links_[place - 1].original];
      if (original.compared != number) original = {original.runs, number, 0};
      const size_t common = ++original.common;
      const size_t either = original.runs + runs_.size() - common;
      if (static_cast<double>(common) >= kLeastResemblance * static_cast<double>(either)) return true;
    }
  }
  return false;
}

void NearCopies::Add(std::string_view text) {
  FindRuns(text);
  if (runs_.empty()) return;
  ++texts_;
  if (ResemblesAny()) {
    ++copies_;
    return;
  }
  const auto index = static_cast<uint32_t>(originals_.size());
  originals_.push_back({.runs = runs_.size()});
  for (const uint64_t run : runs_) {
    uint32_t& newest = with_run_[run];
    links_.push_back({index, newest});
    newest = static_cast<uint32_t>(links_.size());
  }
}

}  // namespace tocsin
