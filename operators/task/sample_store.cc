#include "operators/task/sample_store.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "engine/base/varint.h"
#include "operators/mention/sample_bounds.h"

namespace tocsin {
namespace {

constexpr size_t kFields = 5;
constexpr size_t kAllocatorBytes = 16;  // lost for each block, about

template <typename SampleType>
auto FieldsOf(SampleType& sample) {
  return std::array{&sample.post_id, &sample.author_handle, &sample.text, &sample.hashtags, &sample.url};
}

}  // namespace

// Few candidates, so the places are simply found anew each time.
void SampleStore::MarkKept(Stored* first_by_hash) {
  size_t negative = 0;
  size_t any = 0;
  Stored* first = nullptr;
  Stored* furthest = nullptr;
  for (Stored* candidate = first_by_hash; candidate != nullptr; candidate = candidate->next) {
    candidate->is_kept = any++ < kOtherSamples;
    // Ties go to the smaller hash, which came before.
    if (candidate->is_negative_original) {
      if (negative++ < kNegativeSamples) candidate->is_kept = true;
      if (first == nullptr || candidate->event_time_ms < first->event_time_ms) first = candidate;
    }
    if (candidate->reach >= kHighReach && (furthest == nullptr || candidate->reach > furthest->reach)) {
      furthest = candidate;
    }
  }
  if (first != nullptr) first->is_kept = true;
  if (furthest != nullptr) furthest->is_kept = true;
}

SampleStore::Stored* SampleStore::Make(const Stored& head, const Sample& sample) {
  std::array<uint8_t, kFields * kMaxVarintBytes> sizes;
  uint8_t* sizes_end = sizes.data();
  size_t fields_bytes = 0;
  for (const std::string_view* field : FieldsOf(sample)) {
    sizes_end = PutVarint(field->size(), sizes_end);
    fields_bytes += field->size();
  }
  const auto sizes_bytes = static_cast<size_t>(sizes_end - sizes.data());
  void* block = std::malloc(std::max(sizeof(Stored), kHeadBytes + sizes_bytes + fields_bytes));
  if (block == nullptr) throw std::bad_alloc();
  char* to = static_cast<char*>(block) + kHeadBytes;
  auto* stored = new (block) Stored(head);
  std::memcpy(to, sizes.data(), sizes_bytes);
  to += sizes_bytes;
  for (const std::string_view* field : FieldsOf(sample)) to = std::copy(field->begin(), field->end(), to);
  return stored;
}

Sample SampleStore::SampleOf(const Stored& stored) {
  const uint8_t* sizes_from = reinterpret_cast<const uint8_t*>(&stored) + kHeadBytes;
  std::array<uint64_t, kFields> sizes;
  for (uint64_t& size : sizes) sizes_from = GetVarint(sizes_from, &size);
  const char* from = reinterpret_cast<const char*>(sizes_from);
  Sample sample;
  size_t number = 0;
  for (std::string_view* field : FieldsOf(sample)) {
    *field = {from, sizes[number]};
    from += sizes[number++];
  }
  return sample;
}

// The URL is the last field.
size_t SampleStore::BytesOf(const Stored& stored) {
  const std::string_view last = SampleOf(stored).url;
  return static_cast<size_t>(last.data() + last.size() - reinterpret_cast<const char*>(&stored));
}

SampleStore::~SampleStore() {
  for (const auto& [start_ms, chains] : by_start_) ReleaseAll(chains);
}

void SampleStore::Release(Stored* stored) {
  bytes_ -= BytesOf(*stored);
  --size_;
  std::free(stored);
}

void SampleStore::ReleaseAll(const Chains& chains) {
  for (const auto& [brand, first] : chains) {
    for (Stored* each = first; each != nullptr;) {
      Stored* next = each->next;
      Release(each);
      each = next;
    }
  }
  chains_ -= chains.size();
}

SampleStore::Stored** SampleStore::Insert(Stored* stored, Stored** link) {
  while (*link != nullptr && (*link)->post_hash <= stored->post_hash) link = &(*link)->next;
  stored->next = *link;
  *link = stored;
  return link;
}

void SampleStore::ReleaseLosers(Stored** link) {
  while (*link != nullptr) {
    Stored* each = *link;
    if (each->is_kept) {
      link = &each->next;
    } else {
      *link = each->next;
      Release(each);
    }
  }
}

void SampleStore::Offer(uint64_t brand, const Mention& mention, const Sample& sample) {
  const auto [chain, inserted] = by_start_[groups_.StartOf(mention.event_time_ms)].try_emplace(brand, nullptr);
  if (inserted) ++chains_;
  Stored candidate;
  candidate.post_hash = mention.post_hash;
  candidate.event_time_ms = mention.event_time_ms;
  candidate.reach = mention.reach;
  candidate.is_negative_original = IsNegativeOriginal(mention);
  Stored** link = Insert(&candidate, &chain->second);
  MarkKept(chain->second);
  if (!candidate.is_kept) {
    *link = candidate.next;
    return;
  }
  // Ingest keeps to the bounds, but did not always.
  *link = Make(candidate, BoundedSample(sample));
  bytes_ += BytesOf(**link);
  ++size_;
  ReleaseLosers(&chain->second);
}

std::optional<Sample> SampleStore::Find(uint64_t brand, int64_t event_time_ms, uint64_t post_hash) const {
  const auto group = by_start_.find(groups_.StartOf(event_time_ms));
  if (group == by_start_.end()) return std::nullopt;
  const auto chain = group->second.find(brand);
  if (chain == group->second.end()) return std::nullopt;
  const Stored* stored = chain->second;
  while (stored != nullptr && stored->post_hash < post_hash) stored = stored->next;
  if (stored == nullptr || stored->post_hash != post_hash) return std::nullopt;
  return SampleOf(*stored);
}

void SampleStore::JoinChains(Stored* from, Stored** into) {
  Stored** link = into;
  while (from != nullptr) {
    Stored* rest = from->next;
    link = Insert(from, link);
    from = rest;
  }
  MarkKept(*into);
  ReleaseLosers(into);
}

void SampleStore::Join(int64_t from_ms, int64_t to_ms) {
  for (auto group = by_start_.lower_bound(from_ms); group != by_start_.end() && group->first < to_ms;) {
    const int64_t start_ms = groups_.StartOf(group->first);
    if (start_ms == group->first) {
      ++group;
      continue;
    }
    const auto part = group++;
    const auto [whole, inserted] = by_start_.try_emplace(start_ms);
    if (inserted) {
      whole->second = std::move(part->second);
    } else {
      for (const auto& [brand, chain] : part->second) {
        const auto [joined, is_new] = whole->second.try_emplace(brand, nullptr);
        if (!is_new) --chains_;
        JoinChains(chain, &joined->second);
      }
    }
    by_start_.erase(part);
  }
}

void SampleStore::AdvanceTo(int64_t end_ms, int64_t drop_ms) {
  const int64_t joined_ms = groups_.joined_before_ms();
  groups_.AdvanceTo(end_ms);
  if (groups_.joined_before_ms() > joined_ms) Join(joined_ms, groups_.joined_before_ms());
  while (!by_start_.empty()) {
    const auto& [start_ms, chains] = *by_start_.begin();
    if (start_ms + groups_.SizeAt(start_ms) > drop_ms) break;
    ReleaseAll(chains);
    by_start_.erase(by_start_.begin());
  }
}

size_t SampleStore::memory_bytes() const {
  constexpr size_t kChainBytes = 3 * sizeof(uint64_t);  // with what a hash table leaves empty
  return bytes_ + size_ * kAllocatorBytes + chains_ * kChainBytes;
}

}  // namespace tocsin
