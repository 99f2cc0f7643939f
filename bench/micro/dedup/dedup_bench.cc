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

constexpr int64_t kStartMs = 1'700'000'000'000;
constexpr int64_t kHourS = 3'600;

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
  int64_t now() const { return now_; }

 private:
  const int64_t per_second_;
  std::mt19937_64 random_{1};
  int64_t now_ = kStartMs;
  int64_t in_second_ = 0;
};

void FillAnHour(int64_t per_second, Deduplicator* dedup, Posts* posts) {
  for (int64_t i = 0; i < kHourS * per_second; ++i) CHECK(posts->Insert(dedup) == Deduplicator::Result::kNew);
}

// Steady state: as many posts are forgotten as come in.
void BM_DedupInsert(benchmark::State& state) {
  Deduplicator dedup({});
  Posts posts(state.range(0));
  FillAnHour(state.range(0), &dedup, &posts);
  CHECK(dedup.Insert(99, posts.now()) == Deduplicator::Result::kNew);
  CHECK(dedup.Insert(99, posts.now()) == Deduplicator::Result::kDuplicate);
  for (auto _ : state) benchmark::DoNotOptimize(posts.Insert(&dedup));
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_entry"] = static_cast<double>(dedup.memory_bytes()) / static_cast<double>(dedup.size());
}
BENCHMARK(BM_DedupInsert)->ArgName("per_second")->Arg(10)->Arg(600);

// The first hour, in which the tables grow.
void BM_DedupFill(benchmark::State& state) {
  for (auto _ : state) {
    Deduplicator dedup({});
    Posts posts(state.range(0));
    FillAnHour(state.range(0), &dedup, &posts);
  }
  state.SetItemsProcessed(state.iterations() * kHourS * state.range(0));
}
BENCHMARK(BM_DedupFill)->ArgName("per_second")->Arg(600)->Iterations(1)->Unit(benchmark::kMillisecond);

// What stops everything else: CPU time of the longest insertion of that hour, and of the longest step of a slide while
// all of it is forgotten again. The time of the benchmark itself is mostly that of the clock.
void BM_DedupLongestPause(benchmark::State& state) {
  absl::Duration inserting;
  absl::Duration forgetting;
  const auto note = [](absl::Duration* longest, auto action) {
    const absl::Duration start = ThreadCpuTime();
    action();
    *longest = std::max(*longest, ThreadCpuTime() - start);
  };
  for (auto _ : state) {
    Deduplicator dedup({});
    Posts posts(state.range(0));
    for (int64_t i = 0; i < kHourS * state.range(0); ++i) {
      note(&inserting, [&] { CHECK(posts.Insert(&dedup) == Deduplicator::Result::kNew); });
    }
    constexpr int64_t kSlideS = 5;
    for (int64_t s = 0; s <= 2 * kHourS; s += kSlideS) {
      note(&forgetting, [&] { dedup.AdvanceTo(posts.now() + s * 1'000); });
    }
    CHECK_EQ(dedup.size(), 0u);
  }
  state.counters["longest_insert_ms"] = absl::ToDoubleMilliseconds(inserting);
  state.counters["longest_forget_ms"] = absl::ToDoubleMilliseconds(forgetting);
}
BENCHMARK(BM_DedupLongestPause)->ArgName("per_second")->Arg(600)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
