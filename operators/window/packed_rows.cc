#include "operators/window/packed_rows.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "absl/log/check.h"

namespace tocsin {
namespace {

// The first byte of a row: two bits each of sentiment and kind, and which of the fields that are mostly zero are there.
constexpr int kKindShift = 2;
constexpr uint8_t kHasTerms = 1 << 4;
constexpr uint8_t kHasSource = 1 << 5;
constexpr size_t kMostVarint = 10;
constexpr size_t kFixedBytes = 3 + sizeof(uint16_t) + 3 * sizeof(uint64_t);
constexpr size_t kMostRow = kFixedBytes + 6 * kMostVarint;
constexpr size_t kFirstBytes = 120;

uint8_t* PutVarint(uint64_t value, uint8_t* to) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<uint8_t>(value | 0x80);
  *to++ = static_cast<uint8_t>(value);
  return to;
}

const uint8_t* GetVarint(const uint8_t* from, uint64_t* value) {
  *value = *from & 0x7F;
  for (int shift = 7; (*from++ & 0x80) != 0; shift += 7) *value |= uint64_t{*from & 0x7FU} << shift;
  return from;
}

template <typename T>
uint8_t* Put(T value, uint8_t* to) {
  std::memcpy(to, &value, sizeof(value));
  return to + sizeof(value);
}

template <typename T>
const uint8_t* Get(const uint8_t* from, T* value) {
  std::memcpy(value, from, sizeof(*value));
  return from + sizeof(*value);
}

}  // namespace

void PackedRows::Resize(size_t capacity) {
  CHECK_LE(capacity, std::numeric_limits<uint32_t>::max());
  void* bytes = std::realloc(bytes_.get(), capacity);
  if (bytes == nullptr) throw std::bad_alloc();
  static_cast<void>(bytes_.release());
  bytes_.reset(static_cast<uint8_t*>(bytes));
  capacity_ = static_cast<uint32_t>(capacity);
}

void PackedRows::Append(const HeldMention& row, int64_t start_ms) {
  static_assert(static_cast<int>(SentimentClass::kUnclassified) < 4 && static_cast<int>(PostKind::kQuote) < 4);
  if (capacity_ - size_ < kMostRow) Resize(std::max<size_t>(kFirstBytes, capacity_ + capacity_ / 4 + kMostRow));
  uint8_t* to = bytes_.get() + size_;
  *to++ = static_cast<uint8_t>(static_cast<uint8_t>(row.sentiment) | static_cast<uint8_t>(row.kind) << kKindShift |
                               (row.terms != 0 ? kHasTerms : 0) | (row.source != 0 ? kHasSource : 0));
  *to++ = row.flags;
  *to++ = static_cast<uint8_t>(row.network);
  to = Put(row.language, to);
  to = Put(row.post_hash, to);
  to = Put(row.author_hash, to);
  to = Put(row.text_hash, to);
  to = PutVarint(static_cast<uint64_t>(row.event_time_ms - start_ms), to);
  to = PutVarint(static_cast<uint64_t>(row.offset), to);
  to = PutVarint(row.reach, to);
  to = PutVarint(row.reasons, to);
  if (row.terms != 0) to = PutVarint(row.terms, to);
  if (row.source != 0) to = PutVarint(static_cast<uint16_t>(row.source), to);
  size_ = static_cast<uint32_t>(to - bytes_.get());
}

void PackedRows::ForEach(int64_t start_ms, absl::FunctionRef<void(const HeldMention&)> fn) const {
  const uint8_t* from = bytes_.get();
  const uint8_t* const end = from + size_;
  HeldMention row;
  while (from != end) {
    const uint8_t head = *from++;
    row.sentiment = static_cast<SentimentClass>(head & 3);
    row.kind = static_cast<PostKind>(head >> kKindShift & 3);
    row.flags = *from++;
    row.network = static_cast<Network>(*from++);
    from = Get(from, &row.language);
    from = Get(from, &row.post_hash);
    from = Get(from, &row.author_hash);
    from = Get(from, &row.text_hash);
    uint64_t value = 0;
    const auto next = [&from, &value]() {
      from = GetVarint(from, &value);
      return value;
    };
    row.event_time_ms = start_ms + static_cast<int64_t>(next());
    row.offset = static_cast<Offset>(next());
    row.reach = static_cast<uint32_t>(next());
    row.reasons = static_cast<uint16_t>(next());
    row.terms = (head & kHasTerms) != 0 ? static_cast<uint32_t>(next()) : 0;
    row.source = (head & kHasSource) != 0 ? static_cast<int16_t>(next()) : int16_t{0};
    fn(row);
  }
}

void PackedRows::Shrink() {
  if (capacity_ > size_) Resize(size_);
}

}  // namespace tocsin
