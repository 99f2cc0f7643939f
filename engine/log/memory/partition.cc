#include "engine/log/memory/partition.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/log/check.h"
#include "engine/base/bytes.h"

namespace tocsin::memory {
namespace {

constexpr size_t kSegmentBytesMin = size_t{4} << 10;
constexpr size_t kSegmentBytesMax = size_t{256} << 10;
constexpr size_t kCompactionSlackBytes = size_t{1} << 20;
// Bounds the index of a segment of empty records.
constexpr size_t kSegmentEntriesMax = 16384;

std::string EncodeHeaders(absl::Span<const Header> headers) {
  std::string bytes;
  ByteWriter writer(&bytes);
  for (const Header& header : headers) {
    writer.String(header.name);
    writer.String(header.value);
  }
  return bytes;
}

void AppendBytes(std::string_view bytes, Segment* segment) {
  if (bytes.empty()) return;
  std::memcpy(segment->bytes.get() + segment->used, bytes.data(), bytes.size());
  segment->used += bytes.size();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> DecodeHeaders(std::string_view bytes) {
  std::vector<std::pair<std::string, std::string>> headers;
  ByteReader reader(bytes);
  while (reader.remaining() > 0) {
    const std::string_view name = reader.String();
    headers.emplace_back(name, reader.String());
  }
  return headers;
}

Segment::Segment(size_t byte_capacity)
    : bytes(std::make_unique_for_overwrite<char[]>(byte_capacity)), capacity(byte_capacity) {}

Partition::Segments::const_iterator Partition::SegmentAt(Offset offset) const {
  return std::lower_bound(
      segments_.begin(), segments_.end(), offset,
      [](const std::shared_ptr<Segment>& segment, Offset wanted) { return segment->entries.back().offset < wanted; });
}

Segment& Partition::SegmentFor(size_t record_bytes) {
  if (!segments_.empty()) {
    Segment& last = *segments_.back();
    if (last.capacity - last.used >= record_bytes && last.entries.size() < kSegmentEntriesMax) return last;
  }
  // Small at first: a simulation has hundreds of partitions with a few records each.
  const size_t wanted =
      segments_.empty() ? kSegmentBytesMin : std::min(kSegmentBytesMax, segments_.back()->capacity * 2);
  segments_.push_back(std::make_shared<Segment>(std::max(wanted, record_bytes)));
  held_bytes_ += segments_.back()->capacity;
  return *segments_.back();
}

Offset Partition::Append(const RecordFields& record, ProducerId producer) {
  const std::string headers = record.headers.empty() ? std::string() : EncodeHeaders(record.headers);
  const std::string_view key = record.key.value_or(std::string_view());
  const std::string_view value = record.value.value_or(std::string_view());
  if (producer != 0 && !HasOpenTransaction(producer)) open_.emplace_back(next_offset_, producer);
  Segment& segment = SegmentFor(key.size() + value.size() + headers.size());
  Entry& entry = segment.entries.emplace_back();
  held_bytes_ += sizeof(Entry);
  entry.offset = next_offset_++;
  entry.append_time_ms = record.append_time_ms;
  entry.bytes = segment.bytes.get() + segment.used;
  entry.producer = producer;
  entry.key_size = static_cast<uint32_t>(key.size());
  entry.value_size = static_cast<uint32_t>(value.size());
  entry.headers_size = static_cast<uint32_t>(headers.size());
  entry.has_key = record.key.has_value();
  entry.has_value = record.value.has_value();
  AppendBytes(key, &segment);
  AppendBytes(value, &segment);
  AppendBytes(headers, &segment);
  return entry.offset;
}

bool Partition::HasOpenTransaction(ProducerId producer) const {
  for (const auto& [first, owner] : open_) {
    if (owner == producer) return true;
  }
  return false;
}

void Partition::AppendMarker(ProducerId producer, int64_t now_ms) {
  Segment& segment = SegmentFor(0);
  Entry& entry = segment.entries.emplace_back();
  held_bytes_ += sizeof(Entry);
  entry.offset = next_offset_++;
  entry.append_time_ms = now_ms;
  entry.bytes = segment.bytes.get();
  entry.producer = producer;
  entry.readable = false;
}

void Partition::EndTransaction(ProducerId producer, bool commit, int64_t now_ms) {
  const auto open = std::find_if(open_.begin(), open_.end(),
                                 [producer](const auto& transaction) { return transaction.second == producer; });
  CHECK(open != open_.end()) << "no open transaction: producer=" << producer;
  if (!commit) {
    for (auto at = SegmentAt(open->first); at != segments_.end(); ++at) {
      for (Entry& entry : (*at)->entries) {
        if (entry.offset >= open->first && entry.producer == producer) entry.readable = false;
      }
    }
  }
  open_.erase(open);
  AppendMarker(producer, now_ms);
}

void Partition::Read(Offset* position, const ReadLimits& limits, std::vector<Record>* records,
                     std::vector<SegmentPin>* pins) const {
  const Offset stable = last_stable();
  size_t bytes = 0;
  size_t count = 0;
  for (auto at = SegmentAt(*position); at != segments_.end() && *position < stable; ++at) {
    const std::vector<Entry>& entries = (*at)->entries;
    const size_t count_before = count;
    auto entry = std::lower_bound(entries.begin(), entries.end(), *position,
                                  [](const Entry& e, Offset wanted) { return e.offset < wanted; });
    bool full = false;
    for (; entry != entries.end() && entry->offset < stable; ++entry) {
      if (entry->readable) {
        const size_t size = size_t{entry->key_size} + entry->value_size;
        full = count > 0 && (count == limits.records_max || bytes + size > limits.bytes_max);
        if (full) break;
        records->push_back({.offset = entry->offset,
                            .append_time_ms = entry->append_time_ms,
                            .key = entry->key(),
                            .value = entry->value(),
                            .has_value = entry->has_value});
        bytes += size;
        ++count;
      }
      *position = entry->offset + 1;
    }
    if (count > count_before) pins->push_back(*at);
    if (full) return;
  }
  // Behind the last entry there may be offsets that compaction has removed.
  *position = std::max(*position, stable);
}

void Partition::DropFront() {
  held_bytes_ -= segments_.front()->capacity + segments_.front()->entries.size() * sizeof(Entry);
  segments_.pop_front();
}

void Partition::Trim(Offset before) {
  log_start_ = std::max(log_start_, std::min(before, last_stable()));
  while (!segments_.empty() && segments_.front()->entries.back().offset < log_start_) DropFront();
}

void Partition::TrimToLimits(size_t bytes_max, int64_t time_ms) {
  while (!segments_.empty()) {
    const Entry& newest = segments_.front()->entries.back();
    if (held_bytes_ <= bytes_max && newest.append_time_ms >= time_ms) return;
    if (newest.offset >= last_stable()) return;
    Trim(newest.offset + 1);
  }
}

bool Partition::WantsCompaction() const { return held_bytes_ > 2 * compacted_bytes_ + kCompactionSlackBytes; }

void Partition::Compact(int64_t tombstone_ms) {
  const Offset stable = last_stable();
  absl::flat_hash_map<std::string_view, Offset> newest;
  Visit(log_start_, [&newest](const Entry& entry) {
    if (entry.has_key) newest[entry.key()] = entry.offset;
    return true;
  });
  // The old segments hold the keys of `newest` until the end.
  const Segments old = std::move(segments_);
  segments_ = Segments();
  held_bytes_ = 0;
  for (const std::shared_ptr<Segment>& segment : old) {
    for (const Entry& entry : segment->entries) {
      if (entry.offset < log_start_) continue;
      if (entry.offset < stable) {
        if (!entry.readable) continue;
        if (entry.has_key && newest[entry.key()] != entry.offset) continue;
        if (!entry.has_value && entry.append_time_ms < tombstone_ms) continue;
      }
      const std::string_view bytes(entry.bytes, size_t{entry.key_size} + entry.value_size + entry.headers_size);
      Segment& target = SegmentFor(bytes.size());
      Entry& copy = target.entries.emplace_back(entry);
      held_bytes_ += sizeof(Entry);
      copy.bytes = target.bytes.get() + target.used;
      AppendBytes(bytes, &target);
    }
  }
  compacted_bytes_ = held_bytes_;
}

}  // namespace tocsin::memory
