#include "operators/match/anchor_index.h"

#include <algorithm>
#include <bit>

namespace tocsin {

AnchorIndex::AnchorIndex(std::vector<Anchor> anchors) {
  if (anchors.empty()) return;
  // By slot first, so that the table is filled from one end to the other; equal keys together, their values in order.
  slots_.resize(std::bit_ceil(anchors.size() + anchors.size() / 4 + 1));
  mask_ = slots_.size() - 1;
  const auto slot_of = [this](const Anchor& anchor) { return anchor.key & mask_; };
  std::sort(anchors.begin(), anchors.end(), [&](const Anchor& a, const Anchor& b) {
    if (slot_of(a) != slot_of(b)) return slot_of(a) < slot_of(b);
    return TagOf(a.key) != TagOf(b.key) ? TagOf(a.key) < TagOf(b.key) : a.value < b.value;
  });
  size_t pairs = 0;
  for (const Anchor& anchor : anchors) pairs += anchor.kind != Kind::kToken ? 1u : 0u;
  filter_.resize(std::max<size_t>(1, std::bit_ceil((anchors.size() + pairs) * 8) / 64));
  filter_mask_ = filter_.size() - 1;

  std::vector<uint32_t> values;
  for (size_t i = 0; i < anchors.size();) {
    const uint64_t key = anchors[i].key;
    values.clear();
    for (; i < anchors.size() && slot_of(anchors[i]) == (key & mask_) && TagOf(anchors[i].key) == TagOf(key); ++i) {
      if (values.empty() || values.back() != anchors[i].value) values.push_back(anchors[i].value);
      const Anchor& anchor = anchors[i];
      Enter(anchor.key, kIsKey);
      if (anchor.kind == Kind::kPairByFirst) Enter(anchor.token, kStartsPair);
      if (anchor.kind == Kind::kPairBySecond) Enter(anchor.token, kEndsPair);
    }
    size_t slot = key & mask_;
    while (slots_[slot].tag != 0) slot = (slot + 1) & mask_;
    slots_[slot].tag = TagOf(key);
    if (values.size() == 1) {
      slots_[slot].value = values.front();
      continue;
    }
    slots_[slot].value = kIsList | static_cast<uint32_t>(lists_.size());
    lists_.push_back(static_cast<uint32_t>(values.size()));
    lists_.insert(lists_.end(), values.begin(), values.end());
  }
  lists_.shrink_to_fit();
}

}  // namespace tocsin
