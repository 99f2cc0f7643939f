#include "operators/task/sample_store.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

namespace tocsin {
namespace {

constexpr size_t kFields = 5;
constexpr size_t kMostVarint = 10;
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
    candidate->is_kept = any++ < kAny;
    if (candidate->is_negative_original && negative++ < kNegative) candidate->is_kept = true;
    // Ties go to the smaller hash, which came before.
    if (first == nullptr || candidate->event_time_ms < first->event_time_ms) first = candidate;
    if (candidate->reach >= kHighReach && (furthest == nullptr || candidate->reach > furthest->reach)) {
      furthest = candidate;
    }
  }
  if (first != nullptr) first->is_kept = true;
  if (furthest != nullptr) furthest->is_kept = true;
}

SampleStore::Owned SampleStore::Make(const Stored& head, const Sample& sample) {
  std::array<char, kFields * kMostVarint> sizes;
  size_t sizes_bytes = 0;
  size_t fields_bytes = 0;
  for (const std::string_view* field : FieldsOf(sample)) {
    size_t rest = field->size();
    for (; rest >= 0x80; rest >>= 7) sizes[sizes_bytes++] = static_cast<char>(rest | 0x80);
    sizes[sizes_bytes++] = static_cast<char>(rest);
    fields_bytes += field->size();
  }
  void* block = std::malloc(std::max(sizeof(Stored), kHeadBytes + sizes_bytes + fields_bytes));
  if (block == nullptr) throw std::bad_alloc();
  char* to = static_cast<char*>(block) + kHeadBytes;
  Owned stored(new (block) Stored(head));
  std::memcpy(to, sizes.data(), sizes_bytes);
  to += sizes_bytes;
  for (const std::string_view* field : FieldsOf(sample)) to = std::copy(field->begin(), field->end(), to);
  return stored;
}

Sample SampleStore::SampleOf(const Stored& stored) {
  const char* from = reinterpret_cast<const char*>(&stored) + kHeadBytes;
  std::array<size_t, kFields> sizes;
  for (size_t& size : sizes) {
    size = 0;
    int shift = 0;
    do {
      size |= static_cast<size_t>(*from & 0x7F) << shift;
      shift += 7;
    } while ((*from++ & 0x80) != 0);
  }
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

void SampleStore::Release(const Stored& stored) {
  bytes_ -= BytesOf(stored);
  stored_.erase(stored.handle);
}

int32_t SampleStore::Offer(uint64_t brand, int64_t pane_start_ms, const Mention& mention, const Sample& sample) {
  const auto [chain, inserted] = panes_[pane_start_ms].try_emplace(brand, nullptr);
  if (inserted) ++chains_;
  Stored candidate;
  candidate.post_hash = mention.post_hash;
  candidate.event_time_ms = mention.event_time_ms;
  candidate.reach = mention.reach;
  candidate.handle = next_handle_;
  candidate.is_negative_original = mention.sentiment == SentimentClass::kNegative && mention.kind != PostKind::kRepost;
  Stored** place = &chain->second;
  while (*place != nullptr && (*place)->post_hash <= candidate.post_hash) place = &(*place)->next;
  candidate.next = *place;
  *place = &candidate;
  MarkKept(chain->second);
  for (Stored** link = &chain->second; *link != nullptr;) {
    Stored* each = *link;
    if (each == &candidate && each->is_kept) {
      Owned stored = Make(candidate, sample);
      bytes_ += BytesOf(*stored);
      *link = stored.get();
      stored_[candidate.handle] = std::move(stored);
    } else if (!each->is_kept) {
      *link = each->next;
      if (each != &candidate) Release(*each);
      continue;
    }
    link = &(*link)->next;
  }
  if (!candidate.is_kept) return -1;
  // A handle comes back only after two thousand million others.
  next_handle_ = candidate.handle == std::numeric_limits<int32_t>::max() ? 0 : candidate.handle + 1;
  return candidate.handle;
}

std::optional<Sample> SampleStore::Find(int32_t handle) const {
  const auto found = stored_.find(handle);
  if (found == stored_.end()) return std::nullopt;
  return SampleOf(*found->second);
}

void SampleStore::DropBefore(int64_t pane_start_ms) {
  while (!panes_.empty() && panes_.begin()->first < pane_start_ms) {
    for (const auto& [brand, first] : panes_.begin()->second) {
      for (const Stored* each = first; each != nullptr;) {
        const Stored* next = each->next;
        Release(*each);
        each = next;
      }
    }
    chains_ -= panes_.begin()->second.size();
    panes_.erase(panes_.begin());
  }
}

size_t SampleStore::memory_bytes() const {
  constexpr size_t kChainBytes = 3 * sizeof(uint64_t);  // with what a hash table leaves empty
  return bytes_ + stored_.size() * kAllocatorBytes + chains_ * kChainBytes +
         stored_.capacity() * (2 * sizeof(uint64_t) + 1);
}

}  // namespace tocsin
