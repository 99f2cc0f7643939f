#include "operators/task/sample_store.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>

namespace tocsin {

// Few candidates, so the places are simply found anew each time.
void SampleStore::MarkKept(std::vector<Candidate>* candidates) {
  std::sort(candidates->begin(), candidates->end(),
            [](const Candidate& a, const Candidate& b) { return a.post_hash < b.post_hash; });
  size_t negative = 0;
  size_t any = 0;
  Candidate* first = nullptr;
  Candidate* furthest = nullptr;
  for (Candidate& candidate : *candidates) {
    candidate.is_kept = any++ < kAny;
    if (candidate.is_negative_original && negative++ < kNegative) candidate.is_kept = true;
    // Ties go to the smaller hash, which came before.
    if (first == nullptr || candidate.event_time_ms < first->event_time_ms) first = &candidate;
    if (candidate.reach >= kHighReach && (furthest == nullptr || candidate.reach > furthest->reach)) {
      furthest = &candidate;
    }
  }
  if (first != nullptr) first->is_kept = true;
  if (furthest != nullptr) furthest->is_kept = true;
}

int32_t SampleStore::Offer(uint64_t brand, int64_t pane_start_ms, const Mention& mention, const Sample& sample) {
  std::vector<Candidate>& candidates = panes_[pane_start_ms][brand];
  const int32_t handle = next_handle_;
  candidates.push_back(
      {.event_time_ms = mention.event_time_ms,
       .post_hash = mention.post_hash,
       .reach = mention.reach,
       .handle = handle,
       .is_negative_original = mention.sentiment == SentimentClass::kNegative && mention.kind != PostKind::kRepost});
  MarkKept(&candidates);
  bool kept = false;
  for (const Candidate& candidate : candidates) {
    if (candidate.handle == handle) {
      kept = candidate.is_kept;
    } else if (!candidate.is_kept) {
      Release(candidate.handle);
    }
  }
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(), [](const Candidate& c) { return !c.is_kept; }),
                   candidates.end());
  if (!kept) return -1;
  // A handle comes back only after two thousand million others.
  next_handle_ = handle == std::numeric_limits<int32_t>::max() ? 0 : handle + 1;
  Store(handle, sample);
  return handle;
}

void SampleStore::Store(int32_t handle, const Sample& sample) {
  auto stored = std::make_unique<Stored>();
  stored->bytes.reserve(sample.post_id.size() + sample.author_handle.size() + sample.text.size() +
                        sample.hashtags.size() + sample.url.size());
  for (const std::string_view field :
       {sample.post_id, sample.author_handle, sample.text, sample.hashtags, sample.url}) {
    stored->bytes += field;
  }
  bytes_ += stored->bytes.size();
  std::string_view rest = stored->bytes;
  const auto take = [&rest](size_t size) {
    const std::string_view field = rest.substr(0, size);
    rest.remove_prefix(size);
    return field;
  };
  stored->sample.post_id = take(sample.post_id.size());
  stored->sample.author_handle = take(sample.author_handle.size());
  stored->sample.text = take(sample.text.size());
  stored->sample.hashtags = take(sample.hashtags.size());
  stored->sample.url = take(sample.url.size());
  stored_[handle] = std::move(stored);
}

void SampleStore::Release(int32_t handle) {
  const auto found = stored_.find(handle);
  if (found == stored_.end()) return;
  bytes_ -= found->second->bytes.size();
  stored_.erase(found);
}

const Sample* SampleStore::Find(int32_t handle) const {
  const auto found = stored_.find(handle);
  return found == stored_.end() ? nullptr : &found->second->sample;
}

void SampleStore::DropBefore(int64_t pane_start_ms) {
  while (!panes_.empty() && panes_.begin()->first < pane_start_ms) {
    for (const auto& [brand, candidates] : panes_.begin()->second) {
      for (const Candidate& candidate : candidates) Release(candidate.handle);
    }
    panes_.erase(panes_.begin());
  }
}

}  // namespace tocsin
