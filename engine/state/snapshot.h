// The envelope in which a task's state is kept in a compacted topic: versioned, checksummed, cut into records that a
// broker takes by default.
//
// A snapshot is a run of chunk records and then a manifest record, written in one transaction. Even and odd generations
// have keys of their own, so that compaction and a torn write leave the generation before whole:
//
//     key   <partition>/<generation % 2>/<chunk>        value   fields and bytes of the chunk | checksum
//     key   <partition>/<generation % 2>/manifest       value   fields | checksum
//
// Chunks of a longer, older snapshot under the same keys may be left over: they name another generation and are
// skipped. The payload is compressed with zstd.
//
// What is read is taken for hostile: damaged or random bytes give an error, never a crash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/log/log.h"

namespace tocsin {

// Of the envelope. This version and the one before it are read.
inline constexpr uint8_t kSnapshotVersion = 1;
// Of a record's value, below the default limit of a broker with room for key and overhead.
inline constexpr size_t kSnapshotRecordBytesMax = 900'000;
inline constexpr uint64_t kSnapshotPayloadBytesMax = uint64_t{1} << 32;

struct Snapshot {
  int32_t partition = 0;       // of the task
  uint64_t generation = 0;     // that of the snapshot before, plus one
  uint32_t state_version = 0;  // of the payload, for who decodes it
  Offset rebuild_from = 0;     // what the payload does not hold must be replayed from here
  Offset applied_to = 0;       // the payload includes everything below
  std::map<std::string, std::string> attributes;
  std::string payload;

  // When read: a newer one was there, but not all of it. This one is whole; more has to be replayed.
  bool is_fallback = false;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

struct SnapshotRecord {
  std::string key;
  std::string value;
};

// In the order in which they must be written. The manifest is the last. REQUIRES: the payload is at most
// kSnapshotPayloadBytesMax.
std::vector<SnapshotRecord> EncodeSnapshot(const Snapshot& snapshot, size_t record_bytes_max = kSnapshotRecordBytesMax);

// Finds the newest whole snapshot of one task among the records of a topic, fed in log order, compacted or not. Holds
// at most two snapshots in compressed form. Not thread-safe.
class SnapshotAssembler {
 public:
  explicit SnapshotAssembler(int32_t partition) : partition_(partition) {}

  // Records of other tasks, and with keys of other forms, are skipped. `value` nullopt is a tombstone.
  void Add(std::string_view key, std::optional<std::string_view> value);

  // nullopt: there has never been one. DataLoss: the newest is damaged, or there are only incomplete ones.
  // FailedPrecondition: it was written by a newer release.
  absl::StatusOr<std::optional<Snapshot>> Newest() const;

 private:
  struct Chunk {
    uint64_t generation = 0;
    bool is_damaged = false;
    std::string bytes;
  };
  struct Manifest {
    absl::Status status;  // of decoding it
    uint64_t order = 0;   // of its arrival
    Snapshot fields;      // without the payload
    uint64_t chunk_count = 0;
    uint64_t stored_bytes = 0;
    uint64_t payload_bytes = 0;
    uint64_t payload_hash = 0;
  };
  struct KeySet {
    std::map<uint64_t, Chunk> chunks;
    std::optional<Manifest> manifest;
  };

  static Chunk DecodeChunk(int32_t partition, uint64_t index, std::string_view value);
  static Manifest DecodeManifest(int32_t partition, std::string_view value);
  static bool IsComplete(const KeySet& keys);
  static absl::StatusOr<Snapshot> Assemble(const KeySet& keys);

  const int32_t partition_;
  KeySet keys_[2];
  uint64_t added_ = 0;
};

}  // namespace tocsin
