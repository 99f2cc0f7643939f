#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "operators/block/block.h"
#include "operators/task/detect_task.h"

namespace tocsin {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;

std::shared_ptr<const Watchlist> MakeWatchlist(int64_t brands) {
  std::string yaml = "brands:\n";
  for (int64_t i = 0; i < brands; ++i)
    absl::StrAppend(&yaml, "  - {id: b", i, ", name: B, query: '\"word", i, " x\"'}\n");
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  CHECK_OK(watchlist.status());
  return *watchlist;
}

// One block a second, of rows over all brands.
std::vector<std::string> MakeBlocks(int64_t brands, int64_t per_second, int64_t seconds) {
  std::mt19937_64 random(1);
  std::vector<std::string> blocks;
  BlockBuilder builder;
  SourceRange range;
  range.topic = "posts";
  range.out_of_orderness_ms = 2'000;
  for (int64_t second = 0; second < seconds; ++second) {
    builder.Clear();
    range.from = range.to;
    for (int64_t i = 0; i < per_second; ++i) {
      Mention mention;
      mention.event_time_ms = kStartMs + second * 1'000 + i * 1'000 / per_second;
      mention.post_hash = random();
      mention.author_hash = random() % 1'000'000;
      mention.text_hash = random();
      mention.sentiment = static_cast<SentimentClass>(random() % 20 == 0 ? 0 : 1 + random() % 3);
      mention.offset = range.to++;
      range.highest_event_time_ms = mention.event_time_ms;
      builder.Add(mention, absl::StrCat("b", random() % static_cast<uint64_t>(brands)), nullptr);
    }
    std::vector<std::string> parts;
    builder.Encode(1, {range}, size_t{1} << 30, &parts);
    blocks.push_back(std::move(parts[0]));
  }
  return blocks;
}

// Everything detect does: decode, audit, deduplicate, windows, metrics every minute, monitors.
void BM_TaskApply(benchmark::State& state) {
  const auto watchlist = MakeWatchlist(state.range(0));
  constexpr int64_t kSeconds = 1'200;
  const std::vector<std::string> blocks = MakeBlocks(state.range(0), state.range(1), kSeconds);
  DetectTaskOptions options;
  options.metrics_every_ms = 60'000;
  int64_t evaluations = 0;
  std::vector<DetectOutput> outputs;
  for (auto _ : state) {
    DetectTask task(options, watchlist);
    Offset offset = 0;
    for (const std::string& block : blocks) {
      outputs.clear();
      CHECK_OK(task.Apply(block, offset++, &outputs));
    }
    CHECK_EQ(task.counters().applied, kSeconds * state.range(1));
    evaluations = task.counters().evaluations;
  }
  state.SetItemsProcessed(state.iterations() * kSeconds * state.range(1));
  state.counters["evaluations_per_row"] =
      static_cast<double>(evaluations) / static_cast<double>(kSeconds * state.range(1));
}
BENCHMARK(BM_TaskApply)
    ->ArgNames({"brands", "per_second"})
    ->Args({10, 300})
    ->Args({10, 3'000})
    ->Args({1'000, 300})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
