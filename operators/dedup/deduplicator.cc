#include "operators/dedup/deduplicator.h"

#include <algorithm>
#include <limits>

#include "engine/time/slide.h"

namespace tocsin {
namespace {

// A horizon is forgotten in this many steps.
constexpr int64_t kBuckets = 64;
constexpr size_t kSweepSlack = 1'024;
// So many at once, lest the ids of a flood are all swept in one pause when they leave the horizon.
constexpr int kTablesSwept = 4;

constexpr int64_t kEarliestMs = std::numeric_limits<int64_t>::min();
// What comes first may be the latest: so much before it is near too, half of what 32 bits reach.
constexpr int64_t kBehindMs = int64_t{1} << 31;

// Milliseconds from `from_ms` to `to_ms`, which is not before it.
uint64_t Since(int64_t from_ms, int64_t to_ms) { return static_cast<uint64_t>(to_ms) - static_cast<uint64_t>(from_ms); }

}  // namespace

uint64_t Deduplicator::MixKey(uint64_t brand_hash, uint64_t post_hash) {
  // The finaliser of XXH3 over both words.
  uint64_t key = post_hash ^ (brand_hash * 0x9E3779B185EBCA87);
  key ^= key >> 37;
  key *= 0x165667919E3779F9;
  return key ^ (key >> 32);
}

int64_t Deduplicator::BucketMs() const { return std::max<int64_t>(1, options_.horizon_ms / kBuckets); }

size_t Deduplicator::NearSize() const {
  size_t size = 0;
  for (const NearTable& table : near_) size += table.size();
  return size;
}

bool Deduplicator::IsNear(int64_t event_time_ms) const {
  return event_time_ms >= base_ms_ && Since(base_ms_, event_time_ms) < std::numeric_limits<uint32_t>::max();
}

// So that `event_time_ms` becomes near, if that is possible while all that is live stays so.
void Deduplicator::MoveBase(int64_t event_time_ms) {
  if (NearSize() == 0) {
    base_ms_ = event_time_ms < kEarliestMs + kBehindMs ? kEarliestMs : event_time_ms - kBehindMs;
    return;
  }
  if (start_ms_ <= base_ms_ || event_time_ms < start_ms_) return;
  const uint64_t step = Since(base_ms_, start_ms_);
  for (NearTable& table : near_) {
    table.Rewrite([step](uint32_t value) { return value > step ? static_cast<uint32_t>(value - step) : 0; });
  }
  base_ms_ = start_ms_;
}

Deduplicator::Result Deduplicator::Compare(int64_t known_ms, int64_t event_time_ms) const {
  if (known_ms == event_time_ms) return Result::kDuplicate;
  return known_ms >= start_ms_ ? Result::kDuplicateOfOtherTime : Result::kNew;
}

Deduplicator::Result Deduplicator::Remember(uint64_t key, int64_t event_time_ms) {
  if (!IsNear(event_time_ms)) MoveBase(event_time_ms);
  if (!far_.empty()) {
    if (const auto far = far_.find(key); far != far_.end()) {
      if (const Result result = Compare(far->second, event_time_ms); result != Result::kNew) return result;
      far_.erase(far);
    }
  }
  if (!IsNear(event_time_ms)) {
    const uint32_t* near = NearOf(key).Find(key);
    if (near != nullptr) {
      if (const Result result = Compare(TimeOf(*near), event_time_ms); result != Result::kNew) return result;
    }
    far_[key] = event_time_ms;
    return Result::kNew;
  }
  uint32_t& value = NearOf(key).FindOrInsert(key, [this](uint32_t other) { return IsLive(other); });
  if (value != 0) {
    if (const Result result = Compare(TimeOf(value), event_time_ms); result != Result::kNew) return result;
  }
  value = static_cast<uint32_t>(Since(base_ms_, event_time_ms) + 1);
  return Result::kNew;
}

Deduplicator::Result Deduplicator::Insert(uint64_t key, int64_t event_time_ms) {
  if (event_time_ms < start_ms_) return Result::kUnchecked;
  if (const Result result = Remember(key, event_time_ms); result != Result::kNew) return result;
  ++live_;
  const int64_t bucket = SlideNumber(event_time_ms, BucketMs());
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
  const int64_t bucket = SlideNumber(start_ms, BucketMs());
  start_ms_ = std::max(start_ms_, bucket * BucketMs());
  while (!buckets_.empty() && buckets_.front().first < bucket) {
    live_ -= buckets_.front().second;
    buckets_.pop_front();
  }
  SweepIfStale();
}

bool Deduplicator::IsStale() const { return NearSize() + far_.size() > 2 * live_ + kSweepSlack; }

void Deduplicator::SweepIfStale() {
  if (!IsStale()) return;
  absl::erase_if(far_, [this](const auto& entry) { return entry.second < start_ms_; });
  if (live_ == 0) {
    for (NearTable& table : near_) table.Clear();
  }
  for (int i = 0; i < kTablesSwept && IsStale(); ++i) {
    near_[next_sweep_].MakeRoom([this](uint32_t value) { return IsLive(value); });
    next_sweep_ = (next_sweep_ + 1) % kNearTables;
  }
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
  size_t near = 0;
  for (const NearTable& table : near_) near += table.memory_bytes();
  return sizeof(*this) + near + far_.capacity() * (2 * sizeof(uint64_t) + 1) + buckets_.size() * sizeof(buckets_[0]);
}

}  // namespace tocsin
