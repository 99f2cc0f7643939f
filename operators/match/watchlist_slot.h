// The watchlist in force: workers take it, a reload swaps it as a whole.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "operators/match/watchlist.h"

namespace tocsin {

// Thread-safe. A worker asks generation() as often as it likes (an atomic load), and Get() when it has changed.
//
// A large watchlist takes long to free, so that must not fall to a worker that happens to hold the last reference: what
// was replaced stays here until FreeUnused(), called by the thread that reloads, finds that nobody else has it.
class WatchlistSlot {
 public:
  explicit WatchlistSlot(std::shared_ptr<const Watchlist> watchlist) : current_(std::move(watchlist)) {}
  WatchlistSlot(const WatchlistSlot&) = delete;
  WatchlistSlot& operator=(const WatchlistSlot&) = delete;

  // Grows by one with every Set.
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

  std::shared_ptr<const Watchlist> Get() const {
    absl::MutexLock lock(&mutex_);
    return current_;
  }

  void Set(std::shared_ptr<const Watchlist> watchlist) {
    {
      absl::MutexLock lock(&mutex_);
      replaced_.push_back(std::exchange(current_, std::move(watchlist)));
    }
    generation_.fetch_add(1, std::memory_order_release);
  }

  // Frees what was replaced and is no longer in use; returns how many are left.
  size_t FreeUnused() {
    std::vector<std::shared_ptr<const Watchlist>> unused;  // freed after the lock
    absl::MutexLock lock(&mutex_);
    // Nobody can take a new reference to what is no longer current.
    const auto in_use = [](const auto& watchlist) { return watchlist.use_count() > 1; };
    const auto middle = std::stable_partition(replaced_.begin(), replaced_.end(), in_use);
    unused.assign(std::make_move_iterator(middle), std::make_move_iterator(replaced_.end()));
    replaced_.erase(middle, replaced_.end());
    return replaced_.size();
  }

 private:
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Watchlist> current_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const Watchlist>> replaced_ ABSL_GUARDED_BY(mutex_);
  std::atomic<uint64_t> generation_ = 0;
};

}  // namespace tocsin
