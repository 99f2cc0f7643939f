#include "operators/window/packed_rows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "absl/log/check.h"
#include "engine/base/exact_realloc.h"
#include "engine/base/varint.h"

namespace tocsin {
namespace {

// The first byte of a row: two bits each of sentiment and kind, which of the fields that are mostly zero are there, and
// which of those that are mostly the same throughout a pane are left out, since they are the first row's.
constexpr int kKindShift = 2;
constexpr uint8_t kHasTerms = 1 << 4;
constexpr uint8_t kHasSource = 1 << 5;
constexpr uint8_t kSameNetwork = 1 << 6;
constexpr uint8_t kSameLanguage = 1 << 7;
constexpr size_t kMostRow = 3 + sizeof(uint16_t) + 3 * sizeof(uint64_t) + 6 * kMaxVarintBytes;
constexpr size_t kFirstBytes = 120;

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

// What rows are relative to: the first one; that itself to nothing.
struct Origin {
  Offset offset = 0;
  uint16_t language = 0;
  Network network = Network::kOther;
};

uint8_t* PutHead(const HeldMention& row, const Origin& origin, uint8_t* to) {
  static_assert(static_cast<int>(SentimentClass::kUnclassified) < 4 && static_cast<int>(PostKind::kQuote) < 4);
  const bool same_network = row.network == origin.network;
  const bool same_language = row.language == origin.language;
  *to++ = static_cast<uint8_t>(static_cast<uint8_t>(row.sentiment) | static_cast<uint8_t>(row.kind) << kKindShift |
                               (row.terms != 0 ? kHasTerms : 0) | (row.source != 0 ? kHasSource : 0) |
                               (same_network ? kSameNetwork : 0) | (same_language ? kSameLanguage : 0));
  if (!same_network) *to++ = static_cast<uint8_t>(row.network);
  if (!same_language) to = Put(row.language, to);
  return PutVarint(Zigzag(WrappingMinus(row.offset, origin.offset)), to);
}

// `*head` becomes the first byte.
const uint8_t* GetHead(const uint8_t* from, const Origin& origin, uint8_t* head, HeldMention* row) {
  *head = *from++;
  row->sentiment = static_cast<SentimentClass>(*head & 3);
  row->kind = static_cast<PostKind>(*head >> kKindShift & 3);
  row->network = (*head & kSameNetwork) != 0 ? origin.network : static_cast<Network>(*from++);
  row->language = origin.language;
  if ((*head & kSameLanguage) == 0) from = Get(from, &row->language);
  uint64_t difference = 0;
  from = GetVarint(from, &difference);
  row->offset = WrappingPlus(origin.offset, Unzigzag(difference));
  return from;
}

Origin OriginOf(const HeldMention& first) {
  return {.offset = first.offset, .language = first.language, .network = first.network};
}

Origin ReadOrigin(const uint8_t* rows) {
  HeldMention first;
  uint8_t head = 0;
  GetHead(rows, Origin(), &head, &first);
  return OriginOf(first);
}

}  // namespace

void PackedRows::Resize(size_t capacity) {
  CHECK_LE(capacity, std::numeric_limits<uint32_t>::max());
  void* bytes = ReallocExactly(bytes_.get(), size_, capacity);
  static_cast<void>(bytes_.release());
  bytes_.reset(static_cast<uint8_t*>(bytes));
  capacity_ = static_cast<uint32_t>(capacity);
}

void PackedRows::Append(const HeldMention& row, int64_t start_ms) {
  std::array<uint8_t, kMostRow> bytes;
  uint8_t* to = PutHead(row, size_ == 0 ? Origin() : ReadOrigin(bytes_.get()), bytes.data());
  *to++ = row.flags;
  to = Put(row.post_hash, to);
  to = Put(row.author_hash, to);
  to = Put(row.text_hash, to);
  to = PutVarint(static_cast<uint64_t>(row.event_time_ms - start_ms), to);
  to = PutVarint(row.reach, to);
  to = PutVarint(row.reasons, to);
  if (row.terms != 0) to = PutVarint(row.terms, to);
  if (row.source != 0) to = PutVarint(static_cast<uint16_t>(row.source), to);
  const auto count = static_cast<size_t>(to - bytes.data());
  if (capacity_ - size_ < count) Resize(std::max(kFirstBytes, size_t{capacity_} + capacity_ / 4 + count));
  std::memcpy(bytes_.get() + size_, bytes.data(), count);
  size_ += static_cast<uint32_t>(count);
}

void PackedRows::ForEach(int64_t start_ms, absl::FunctionRef<void(const HeldMention&)> fn) const {
  const uint8_t* from = bytes_.get();
  const uint8_t* const end = from + size_;
  Origin origin;
  HeldMention row;
  while (from != end) {
    uint8_t head = 0;
    const bool is_first = from == bytes_.get();
    from = GetHead(from, origin, &head, &row);
    if (is_first) origin = OriginOf(row);
    row.flags = *from++;
    from = Get(from, &row.post_hash);
    from = Get(from, &row.author_hash);
    from = Get(from, &row.text_hash);
    uint64_t value = 0;
    const auto next = [&from, &value]() {
      from = GetVarint(from, &value);
      return value;
    };
    row.event_time_ms = start_ms + static_cast<int64_t>(next());
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
