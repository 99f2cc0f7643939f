#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "engine/base/cpu_time.h"
#include "operators/dedup/deduplicator.h"

namespace tocsin {
namespace {

// New posts, so many in each second of event time.
class Posts {
 public:
  explicit Posts(int64_t per_second) : per_second_(per_second) {}

  Deduplicator::Result Insert(Deduplicator* dedup) {
    if (++in_second_ == per_second_) {
      in_second_ = 0;
      now_ += 1'000;
      dedup->AdvanceTo(now_);
    }
    return dedup->Insert(random_(), now_);
  }
  int64_t an_hour() const { return 3'600 * per_second_; }
  int64_t now() const { return now_; }

 private:
  const int64_t per_second_;
  std::mt19937_64 random_{1};
  int64_t now_ = 1'700'000'000'000;
  int64_t in_second_ = 0;
};

// Steady state: as many posts are forgotten as come in.
void BM_DedupInsert(benchmark::State& state) {
  Deduplicator dedup({});
  Posts posts(state.range(0));
  for (int64_t i = 0; i < posts.an_hour(); ++i) CHECK(posts.Insert(&dedup) == Deduplicator::Result::kNew);
  CHECK(dedup.Insert(99, posts.now()) == Deduplicator::Result::kNew);
  CHECK(dedup.Insert(99, posts.now()) == Deduplicator::Result::kDuplicate);
  for (auto _ : state) benchmark::DoNotOptimize(posts.Insert(&dedup));
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_entry"] = static_cast<double>(dedup.memory_bytes()) / static_cast<double>(dedup.size());
}
BENCHMARK(BM_DedupInsert)->ArgName("per_second")->Arg(10)->Arg(600);

// The first hour, in which the tables grow: nothing else goes on during an insertion that makes room.
void BM_DedupFill(benchmark::State& state) {
  absl::Duration longest;
  for (auto _ : state) {
    Deduplicator dedup({});
    Posts posts(state.range(0));
    for (int64_t i = 0; i < posts.an_hour(); ++i) {
      const absl::Duration start = ThreadCpuTime();
      CHECK(posts.Insert(&dedup) == Deduplicator::Result::kNew);
      longest = std::max(longest, ThreadCpuTime() - start);
    }
  }
  state.counters["longest_ms"] = absl::ToDoubleMilliseconds(longest);
}
BENCHMARK(BM_DedupFill)->ArgName("per_second")->Arg(600)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
