#include "operators/block/block.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "benchmark/benchmark.h"

namespace tocsin {
namespace {

constexpr size_t kRows = 10'000;
constexpr size_t kBrands = 500;

std::vector<Mention> MakeRows() {
  std::mt19937_64 random(1);
  std::vector<Mention> rows(kRows);
  int64_t time = 1'700'000'000'000;
  Offset offset = 1'000'000;
  for (Mention& row : rows) {
    row.brand = static_cast<uint32_t>(random() % kBrands);
    row.event_time_ms = time += static_cast<int64_t>(random() % 20);
    row.post_hash = random();
    row.author_hash = random();
    row.text_hash = random();
    row.root_hash = random() % 3 == 0 ? random() : 0;
    row.sentiment = static_cast<SentimentClass>(random() % 4);
    row.language = 0x656e;
    row.reach = static_cast<uint32_t>(random() % 5'000);
    row.offset = offset += static_cast<Offset>(random() % 10);
  }
  return rows;
}

std::vector<std::string> BrandIds() {
  std::vector<std::string> ids;
  for (size_t i = 0; i < kBrands; ++i) ids.push_back("brand-" + std::to_string(i));
  return ids;
}

void Fill(const std::vector<Mention>& rows, const std::vector<std::string>& ids, BlockBuilder* builder) {
  builder->Clear();
  for (const Mention& row : rows) builder->Add(row, ids[row.brand], nullptr);
}

void CheckRoundTrip(const std::vector<Mention>& rows, const std::vector<std::string>& ids, const std::string& bytes) {
  Block block;
  CHECK_OK(DecodeBlock(bytes, &block));
  CHECK_EQ(block.mentions.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    CHECK_EQ(block.mentions[i].post_hash, rows[i].post_hash);
    CHECK_EQ(block.mentions[i].offset, rows[i].offset);
    CHECK_EQ(block.brands[block.mentions[i].brand], ids[rows[i].brand]);
  }
}

void BM_BlockEncode(benchmark::State& state) {
  const std::vector<Mention> rows = MakeRows();
  const std::vector<std::string> ids = BrandIds();
  const std::vector<SourceRange> sources(1);
  BlockBuilder builder;
  std::vector<std::string> parts;
  Fill(rows, ids, &builder);
  builder.Encode(1, sources, size_t{1} << 30, &parts);
  CheckRoundTrip(rows, ids, parts[0]);
  for (auto _ : state) {
    Fill(rows, ids, &builder);
    builder.Encode(1, sources, size_t{1} << 30, &parts);
    benchmark::DoNotOptimize(parts[0].data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows.size()));
  state.counters["bytes_per_row"] = static_cast<double>(parts[0].size()) / static_cast<double>(rows.size());
}
BENCHMARK(BM_BlockEncode);

void BM_BlockDecode(benchmark::State& state) {
  const std::vector<Mention> rows = MakeRows();
  const std::vector<std::string> ids = BrandIds();
  const std::vector<SourceRange> sources(1);
  BlockBuilder builder;
  std::vector<std::string> parts;
  Fill(rows, ids, &builder);
  builder.Encode(1, sources, size_t{1} << 30, &parts);
  CheckRoundTrip(rows, ids, parts[0]);
  Block block;
  for (auto _ : state) {
    CHECK_OK(DecodeBlock(parts[0], &block));
    benchmark::DoNotOptimize(block.mentions.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(rows.size()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(parts[0].size()));
}
BENCHMARK(BM_BlockDecode);

}  // namespace
}  // namespace tocsin
