// One partition of the in-memory log: records in segments, the open transactions, and what has been aborted.
//
// Bytes are written once into buffers that never move, so that readers hold views into them; a reader keeps the
// segments it has views into alive (`SegmentPin`), whatever is trimmed or compacted meanwhile.
//
//     log start            last stable offset      end
//        |  readable, less aborted and markers  |  open transactions and what came after their first record  |
//
// Not thread-safe: the broker's mutex guards it. The bytes of a pinned segment may be read without it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "engine/log/log.h"

namespace tocsin::memory {

// 0: outside any transaction.
using ProducerId = uint64_t;

struct RecordFields {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  absl::Span<const Header> headers;
  int64_t append_time_ms = kNoAppendTime;
};

struct Entry {
  Offset offset = 0;
  int64_t append_time_ms = kNoAppendTime;
  const char* bytes = nullptr;  // key, value, headers
  ProducerId producer = 0;
  uint32_t key_size = 0;
  uint32_t value_size = 0;
  uint32_t headers_size = 0;
  bool has_key = false;
  bool has_value = false;
  bool readable = true;  // false: a marker, or aborted

  std::string_view key() const { return {bytes, key_size}; }
  std::string_view value() const { return {bytes + key_size, value_size}; }
  std::string_view headers() const { return {bytes + key_size + value_size, headers_size}; }
};

struct Segment {
  explicit Segment(size_t byte_capacity);

  const std::unique_ptr<char[]> bytes;
  const size_t capacity;
  size_t used = 0;
  std::vector<Entry> entries;  // by rising offset, never empty once published
};
using SegmentPin = std::shared_ptr<const Segment>;

struct ReadLimits {
  size_t bytes_max = 0;
  size_t records_max = 0;
};

class Partition {
 public:
  Offset log_start() const { return log_start_; }
  Offset end() const { return next_offset_; }
  Offset last_stable() const { return open_.empty() ? next_offset_ : open_.front().first; }
  size_t held_bytes() const { return held_bytes_; }

  Offset Append(const RecordFields& record, ProducerId producer);
  bool HasOpenTransaction(ProducerId producer) const;

  // Writes the marker; with `commit` false, makes the transaction's records unreadable. REQUIRES: one is open.
  void EndTransaction(ProducerId producer, bool commit, int64_t now_ms);

  // Appends readable records from `*position` up to the limits (one record at least, if there is any) or the last
  // stable offset, and moves `*position` behind what was read or skipped. REQUIRES: log_start() <= *position.
  void Read(Offset* position, const ReadLimits& limits, std::vector<Record>* records,
            std::vector<SegmentPin>* pins) const;

  // Calls `visit` with readable entries from `from` up to the last stable offset until it returns false.
  template <typename Visitor>
  void Visit(Offset from, Visitor visit) const {
    const Offset stable = last_stable();
    from = std::max(from, log_start_);
    for (auto segment = SegmentAt(from); segment != segments_.end(); ++segment) {
      for (const Entry& entry : (*segment)->entries) {
        if (entry.offset >= stable) return;
        if (entry.offset >= from && entry.readable && !visit(entry)) return;
      }
    }
  }

  // Makes `before` (at most the last stable offset) the log start, and frees the segments below it.
  void Trim(Offset before);
  // Frees whole segments while more than `bytes_max` are held or the newest record of one was appended before
  // `time_ms`.
  void TrimToLimits(size_t bytes_max, int64_t time_ms);
  // Below the last stable offset, keeps the last record of each key, and of those no tombstone older than
  // `tombstone_ms`.
  void Compact(int64_t tombstone_ms);
  bool WantsCompaction() const;

 private:
  using Segments = std::deque<std::shared_ptr<Segment>>;

  // The first segment that has an entry at or behind `offset`.
  Segments::const_iterator SegmentAt(Offset offset) const;
  Segment& SegmentFor(size_t record_bytes);
  void AppendMarker(ProducerId producer, int64_t now_ms);
  void DropFront();

  Segments segments_;
  std::vector<std::pair<Offset, ProducerId>> open_;  // by first offset
  Offset log_start_ = 0;
  Offset next_offset_ = 0;
  size_t held_bytes_ = 0;
  size_t compacted_bytes_ = 0;  // held after the last compaction
};

// Headers as Append has stored them.
std::vector<std::pair<std::string, std::string>> DecodeHeaders(std::string_view bytes);

}  // namespace tocsin::memory
