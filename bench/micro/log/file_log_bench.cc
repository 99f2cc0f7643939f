// How fast lines come out of files: plain, gzip and zstd; every byte of them is looked at once, as a parser would.

#include <benchmark/benchmark.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/log/file/file_log.h"

namespace tocsin {
namespace {

enum Format : int64_t { kPlain, kGzip, kZstd };

class FromTheStart : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool /*lost*/) override {}
};

std::string Compressed(const std::string& content, int64_t format) {
  if (format == kPlain) return content;
  if (format == kZstd) {
    std::string out(ZSTD_compressBound(content.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 3));
    return out;
  }
  z_stream stream = {};
  constexpr int kGzipFormat = 16 + MAX_WBITS;
  CHECK_EQ(deflateInit2(&stream, 6, Z_DEFLATED, kGzipFormat, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string in = content;
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void BM_FileLogRead(benchmark::State& state) {
  constexpr size_t kContentBytes = size_t{32} << 20;
  std::mt19937_64 random(1);
  std::string content;
  int64_t lines = 0;
  while (content.size() < kContentBytes) {
    const size_t end = content.size() + static_cast<size_t>(state.range(0));
    while (content.size() < end) absl::StrAppend(&content, "{\"word ", random() % 5000, "\": ");
    content.push_back('\n');
    ++lines;
  }
  const std::string path = std::filesystem::temp_directory_path() / absl::StrCat("file_log_bench_", getpid());
  std::ofstream(path, std::ios::binary) << Compressed(content, state.range(1));
  for (auto _ : state) {
    auto log = FileLog::Create({{"posts", path}});
    CHECK(log.ok());
    auto reader = (*log)->OpenGroupReader({"group", "", {"posts"}});
    CHECK(reader.ok());
    FromTheStart listener;
    std::vector<RecordBatch> batches;
    int64_t read = 0;
    size_t bytes = 0;
    for (bool ended = false; !ended;) {
      CHECK((*reader)->Poll(absl::ZeroDuration(), listener, &batches).ok());
      for (const RecordBatch& batch : batches) {
        for (const Record& record : batch.records) bytes += record.value.size() + 1;
        read += static_cast<int64_t>(batch.records.size());
        ended = batch.end_of_partition;
      }
    }
    CHECK_EQ(read, lines);
    CHECK_EQ(bytes, content.size());
  }
  std::filesystem::remove(path);
  state.SetItemsProcessed(state.iterations() * lines);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(content.size()));
}
BENCHMARK(BM_FileLogRead)
    ->ArgNames({"line_bytes", "format"})
    ->Args({2'500, kPlain})
    ->Args({200, kPlain})
    ->Args({2'500, kGzip})
    ->Args({2'500, kZstd})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
