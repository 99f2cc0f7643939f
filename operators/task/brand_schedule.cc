#include "operators/task/brand_schedule.h"

#include <algorithm>

namespace tocsin {

void BrandSchedule::Set(uint32_t brand, int64_t ms) {
  if (ms >= due_ms_[brand]) return;
  due_ms_[brand] = ms;
  if (ms == near_ms_) {
    near_.push_back(brand);
  } else {
    far_.emplace(ms, brand);
  }
}

int64_t BrandSchedule::NextMs() {
  while (!far_.empty() && due_ms_[far_.top().second] != far_.top().first) far_.pop();
  while (!near_.empty() && due_ms_[near_.back()] != near_ms_) near_.pop_back();
  int64_t next = far_.empty() ? kNever : far_.top().first;
  if (!near_.empty()) next = std::min(next, near_ms_);
  return next;
}

void BrandSchedule::TakeOne(uint32_t brand, int64_t ms, std::vector<uint32_t>* brands) {
  if (due_ms_[brand] > ms) return;
  due_ms_[brand] = kNever;
  brands->push_back(brand);
}

void BrandSchedule::Take(int64_t ms, std::vector<uint32_t>* brands) {
  brands->clear();
  if (near_ms_ <= ms) {
    for (const uint32_t brand : near_) TakeOne(brand, ms, brands);
    near_.clear();
  }
  for (; !far_.empty() && far_.top().first <= ms; far_.pop()) TakeOne(far_.top().second, ms, brands);
  if (near_.empty()) near_ms_ = ms + slide_ms_;
  if (!std::is_sorted(brands->begin(), brands->end())) std::sort(brands->begin(), brands->end());
}

}  // namespace tocsin
