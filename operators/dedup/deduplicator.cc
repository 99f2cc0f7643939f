#include "operators/dedup/deduplicator.h"

#include <algorithm>

namespace tocsin {
namespace {

// A horizon is forgotten in this many steps.
constexpr int64_t kBuckets = 64;
constexpr size_t kSweepSlack = 1'024;

int64_t FloorDivide(int64_t value, int64_t step) { return value / step - (value % step < 0 ? 1 : 0); }

}  // namespace

uint64_t Deduplicator::MixKey(uint64_t brand_hash, uint64_t post_hash) {
  // The finaliser of XXH3 over both words.
  uint64_t key = post_hash ^ (brand_hash * 0x9E3779B185EBCA87);
  key ^= key >> 37;
  key *= 0x165667919E3779F9;
  return key ^ (key >> 32);
}

int64_t Deduplicator::BucketMs() const { return std::max<int64_t>(1, options_.horizon_ms / kBuckets); }

Deduplicator::Result Deduplicator::Insert(uint64_t key, int64_t event_time_ms) {
  if (event_time_ms < start_ms_) return Result::kUnchecked;
  const auto [entry, inserted] = entries_.try_emplace(key, event_time_ms);
  if (!inserted) {
    if (entry->second == event_time_ms) return Result::kDuplicate;
    if (entry->second >= start_ms_) return Result::kDuplicateOfOtherTime;
    entry->second = event_time_ms;
  }
  ++live_;
  const int64_t bucket = FloorDivide(event_time_ms, BucketMs());
  if (!buckets_.empty() && buckets_.back().first == bucket) {
    ++buckets_.back().second;
    return Result::kNew;
  }
  const auto place = std::lower_bound(buckets_.begin(), buckets_.end(), bucket,
                                      [](const auto& item, int64_t value) { return item.first < value; });
  if (place != buckets_.end() && place->first == bucket) {
    ++place->second;
  } else {
    buckets_.insert(place, {bucket, 1});
  }
  return Result::kNew;
}

void Deduplicator::AdvanceTo(int64_t now_ms) { ForgetBefore(now_ms - options_.horizon_ms); }

void Deduplicator::ForgetBefore(int64_t start_ms) {
  // Whole buckets only: what is remembered a little longer is never asked for again or is rightly found.
  const int64_t bucket = FloorDivide(start_ms, BucketMs());
  start_ms_ = std::max(start_ms_, bucket * BucketMs());
  while (!buckets_.empty() && buckets_.front().first < bucket) {
    live_ -= buckets_.front().second;
    buckets_.pop_front();
  }
  SweepIfStale();
}

void Deduplicator::SweepIfStale() {
  if (entries_.size() <= 2 * live_ + kSweepSlack) return;
  absl::erase_if(entries_, [this](const auto& entry) { return entry.second < start_ms_; });
  if (entries_.capacity() > 8 * entries_.size() + kSweepSlack) entries_.rehash(0);
}

int64_t Deduplicator::EnforceBound() {
  if (live_ <= options_.max_entries) return kUnknownTime;
  size_t kept = live_;
  size_t cut_buckets = 0;
  // An eighth is freed at once, so that the bound is not met again with the next post.
  while (cut_buckets < buckets_.size() && kept > options_.max_entries - options_.max_entries / 8) {
    kept -= buckets_[cut_buckets++].second;
  }
  CutTo((buckets_[cut_buckets - 1].first + 1) * BucketMs());
  return cut_ms_;
}

void Deduplicator::CutTo(int64_t cut_ms) {
  cut_ms_ = std::max(cut_ms_, cut_ms);
  ForgetBefore(cut_ms);
}

size_t Deduplicator::memory_bytes() const {
  return sizeof(*this) + entries_.capacity() * (2 * sizeof(uint64_t) + 1) + buckets_.size() * sizeof(buckets_[0]);
}

}  // namespace tocsin
