// How fast records pass through the in-memory log: written in transactions, read by a group, trimmed when consumed.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"

namespace tocsin {
namespace {

constexpr int32_t kPartitions = 16;
constexpr char kTopic[] = "records";
constexpr char kGroup[] = "readers";

class FromTheStart : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool /*lost*/) override {}
};

// A round: `records` records of `bytes` bytes in one transaction over all partitions, read in one go, their offsets
// committed with the next round.
void BM_MemoryLogPassThrough(benchmark::State& state) {
  const auto bytes = static_cast<size_t>(state.range(0));
  const auto records = static_cast<int32_t>(state.range(1));
  SystemClock clock;
  MemoryLogOptions options;
  options.trim_consumed = {{kTopic, {kGroup}}};
  MemoryLog log(&clock, options);
  CHECK(log.EnsureTopics({TopicSpec{kTopic, kPartitions, -1, {}}}, true).ok());
  auto writer = log.OpenWriter("writer");
  auto reader = log.OpenGroupReader({kGroup, "", {kTopic}});
  CHECK(writer.ok() && reader.ok());
  FromTheStart listener;
  std::vector<RecordBatch> batches;
  std::vector<ConsumedOffset> offsets(kPartitions);
  CHECK((*reader)->Poll(absl::ZeroDuration(), listener, &batches).ok());
  const std::string value(bytes, 'x');
  size_t held_bytes_max = 0;
  for (auto _ : state) {
    CHECK((*writer)->Begin().ok());
    for (int32_t i = 0; i < records; ++i) {
      OutputRecord record;
      record.topic = kTopic;
      record.partition = i % kPartitions;
      record.value = value;
      CHECK((*writer)->Write(record).ok());
    }
    CHECK((*writer)->Commit(offsets, (*reader)->Generation(), kGroup).ok());
    held_bytes_max = std::max(held_bytes_max, log.HeldBytes());
    int32_t read = 0;
    while (read < records) {
      CHECK((*reader)->Poll(absl::ZeroDuration(), listener, &batches).ok());
      for (const RecordBatch& batch : batches) {
        for (const Record& record : batch.records) CHECK_EQ(record.value.size(), bytes);
        read += static_cast<int32_t>(batch.records.size());
        offsets[static_cast<size_t>(batch.slot)] = {{kTopic, batch.slot}, batch.next_offset, ""};
      }
    }
    CHECK_EQ(read, records);
  }
  state.SetItemsProcessed(state.iterations() * records);
  state.SetBytesProcessed(state.iterations() * records * state.range(0));
  state.counters["held_bytes_max"] = static_cast<double>(held_bytes_max);
}
BENCHMARK(BM_MemoryLogPassThrough)
    ->ArgNames({"bytes", "records"})
    ->Args({64, 16'000})
    ->Args({2'500, 1'600})
    ->Args({500'000, 16})
    ->Args({1'000'000, 16});

}  // namespace
}  // namespace tocsin
