#include <cstdint>
#include <random>

#include "absl/log/check.h"
#include "benchmark/benchmark.h"
#include "operators/dedup/deduplicator.h"

namespace tocsin {
namespace {

// Steady state: as many posts are forgotten as come in, one in a hundred is a copy.
void BM_DedupInsert(benchmark::State& state) {
  std::mt19937_64 random(1);
  const int64_t per_second = state.range(0);
  Deduplicator dedup({});
  int64_t now = 1'700'000'000'000;
  int64_t in_second = 0;
  const auto insert = [&] {
    if (++in_second == per_second) {
      in_second = 0;
      now += 1'000;
      dedup.AdvanceTo(now);
    }
    return dedup.Insert(random(), now);
  };
  for (int64_t i = 0; i < 3'600 * per_second; ++i) CHECK(insert() == Deduplicator::Result::kNew);
  CHECK(dedup.Insert(99, now) == Deduplicator::Result::kNew);
  CHECK(dedup.Insert(99, now) == Deduplicator::Result::kDuplicate);
  for (auto _ : state) benchmark::DoNotOptimize(insert());
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes_per_entry"] = static_cast<double>(dedup.memory_bytes()) / static_cast<double>(dedup.size());
}
BENCHMARK(BM_DedupInsert)->ArgName("per_second")->Arg(10)->Arg(600);

}  // namespace
}  // namespace tocsin
