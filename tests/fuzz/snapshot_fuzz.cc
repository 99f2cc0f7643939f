// The envelope of snapshots: keys and values of the compacted topic as they come, with checksums that fit if the
// input asks for it, else nothing behind them would be reached.
//
// Input: records, each as flags, size of the key, size of the value in two bytes, key, value.
#include "absl/log/check.h"
#include "engine/base/bytes.h"
#include "engine/base/hash.h"
#include "engine/state/snapshot.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {
namespace {

constexpr int32_t kPartition = 3;
constexpr size_t kChecksumBytes = 8;
enum RecordFlag : uint8_t { kSealed = 1, kTombstone = 2 };

std::string_view Take(size_t size, std::string_view* input) {
  const std::string_view taken = input->substr(0, size);
  input->remove_prefix(taken.size());
  return taken;
}

std::string InputOf(const std::vector<SnapshotRecord>& records) {
  std::string input;
  for (const SnapshotRecord& record : records) {
    const std::string_view value = std::string_view(record.value).substr(0, record.value.size() - kChecksumBytes);
    input.push_back(static_cast<char>(kSealed));
    input.push_back(static_cast<char>(record.key.size()));
    input.push_back(static_cast<char>(value.size() & 0xFF));
    input.push_back(static_cast<char>(value.size() >> 8));
    input.append(record.key);
    input.append(value);
  }
  return input;
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  std::vector<std::string> seeds;
  for (const size_t payload_bytes : {size_t{0}, size_t{50}, size_t{2'000}}) {
    Snapshot snapshot;
    snapshot.partition = kPartition;
    snapshot.generation = payload_bytes;
    snapshot.state_version = 1;
    snapshot.rebuild_from = 10;
    snapshot.applied_to = 20;
    snapshot.attributes = {{"a", "b"}, {"config", "0123456789abcdef"}};
    for (size_t i = 0; i < payload_bytes; ++i) snapshot.payload.push_back(static_cast<char>(i * i >> 3));
    seeds.push_back(InputOf(EncodeSnapshot(snapshot)));
    const std::string small = InputOf(EncodeSnapshot(snapshot, 150));
    snapshot.generation += 1;
    seeds.push_back(small + InputOf(EncodeSnapshot(snapshot, 150)));
  }
  return seeds;
}

void FuzzOne(std::string_view input) {
  SnapshotAssembler assembler(kPartition);
  while (!input.empty()) {
    const uint8_t flags = TakeByte(&input);
    const size_t key_size = TakeByte(&input);
    const size_t low = TakeByte(&input);
    const size_t value_size = low | size_t{TakeByte(&input)} << 8;
    const std::string_view key = Take(key_size, &input);
    std::string value(Take(value_size, &input));
    if ((flags & kSealed) != 0) {
      const uint64_t checksum = Hash64(value);
      ByteWriter(&value).Fixed64(checksum);
    }
    assembler.Add(key, (flags & kTombstone) != 0 ? std::nullopt : std::optional<std::string_view>(value));
  }
  const absl::StatusOr<std::optional<Snapshot>> newest = assembler.Newest();
  if (!newest.ok() || !newest->has_value()) return;
  SnapshotAssembler again(kPartition);
  for (const SnapshotRecord& record : EncodeSnapshot(**newest)) again.Add(record.key, record.value);
  absl::StatusOr<std::optional<Snapshot>> copy = again.Newest();
  CHECK_OK(copy.status());
  (*copy)->is_fallback = (*newest)->is_fallback;
  CHECK(**copy == **newest);
}

}  // namespace tocsin
