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
      mention.brand = static_cast<uint32_t>(random() % static_cast<uint64_t>(brands));
      builder.Add(mention, absl::StrCat("b", mention.brand), nullptr);
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

// Recovery of one of 16 mentions partitions, all in memory: the snapshot, the rows of the hour before it, and the
// blocks of the five minutes behind it with their output thrown away. 10,000 brands in all, and 1,000 or 10,000
// mentions a second. What Kafka takes to deliver `log_bytes` comes on top.
void BM_TaskRecovery(benchmark::State& state) {
  constexpr int64_t kPartitions = 16;
  constexpr int64_t kSnapshotAt = 3'900;
  constexpr int64_t kSeconds = kSnapshotAt + 300;
  const int64_t brands = state.range(0) / kPartitions;
  const auto watchlist = MakeWatchlist(brands);
  const std::vector<std::string> blocks = MakeBlocks(brands, state.range(1) / kPartitions, kSeconds);
  DetectTaskOptions options;
  options.metrics_every_ms = 60'000;
  std::vector<DetectOutput> outputs;
  std::string snapshot;
  Offset rebuild_from = 0;
  {
    DetectTask task(options, watchlist);
    for (Offset offset = 0; offset < kSnapshotAt; ++offset) {
      outputs.clear();
      CHECK_OK(task.Apply(blocks[static_cast<size_t>(offset)], offset, &outputs));
    }
    snapshot = task.Encode();
    rebuild_from = task.rebuild_from();
  }
  size_t log_bytes = 0;
  for (auto _ : state) {
    log_bytes = 0;
    DetectTask task(options, watchlist);
    CHECK_OK(task.Decode(snapshot));
    for (Offset offset = rebuild_from; offset < kSeconds; ++offset) {
      const std::string& block = blocks[static_cast<size_t>(offset)];
      log_bytes += block.size();
      outputs.clear();
      CHECK_OK(offset < kSnapshotAt ? task.Rebuild(block, offset) : task.Replay(block, offset, &outputs));
    }
  }
  state.counters["snapshot_bytes"] = static_cast<double>(snapshot.size());
  state.counters["log_bytes"] = static_cast<double>(log_bytes);
  state.counters["snapshot_bytes_per_brand"] = static_cast<double>(snapshot.size()) / static_cast<double>(brands);
}
BENCHMARK(BM_TaskRecovery)
    ->ArgNames({"brands", "per_second"})
    ->Args({10'000, 1'000})
    ->Args({10'000, 10'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
