#include "operators/ingest/row_buffer.h"

#include <algorithm>
#include <cstring>

#include "absl/base/casts.h"
#include "absl/log/check.h"
#include "engine/base/mix_hash.h"
#include "operators/block/block.h"

namespace tocsin {
namespace {

// So that a key has 64 bits. The parser lets pass no time that is near it.
constexpr int64_t kMaxSlide = std::numeric_limits<uint32_t>::max();
constexpr size_t kMinSlots = 64;
constexpr size_t kMaxSamplesBytes = std::numeric_limits<int32_t>::max() / 2;

}  // namespace

RowBuffer::RowBuffer(int64_t slide_ms, ChunkPool* pool)
    : slide_ms_(slide_ms), rows_(pool), samples_(pool), slots_(kMinSlots) {
  CHECK_GE(slide_ms, 1'000);
  CHECK_LE(slide_ms, int64_t{kNone});
}

// Whoever writes posts chooses their times.
size_t RowBuffer::PlaceOf(uint64_t key) const { return MixHash(key) >> 32 & (slots_.size() - 1); }

RowBuffer::Winners& RowBuffer::WinnersOf(uint64_t key) {
  if (slots_.size() < 2 * (winners_.size() + 1)) MakeRoom();
  size_t place = PlaceOf(key);
  for (; slots_[place].flush == flush_; place = (place + 1) & (slots_.size() - 1)) {
    if (slots_[place].key == key) return winners_[slots_[place].winners];
  }
  slots_[place] = {key, flush_, static_cast<uint32_t>(winners_.size())};
  return winners_.emplace_back();
}

void RowBuffer::MakeRoom() {
  std::vector<Slot> before(slots_.size() * 2);
  before.swap(slots_);
  for (const Slot& slot : before) {
    if (slot.flush != flush_) continue;
    size_t place = PlaceOf(slot.key);
    while (slots_[place].flush == flush_) place = (place + 1) & (slots_.size() - 1);
    slots_[place] = slot;
  }
}

bool RowBuffer::Add(const Mention& mention) {
  const auto row = static_cast<uint32_t>(rows_.size());
  rows_.push_back(mention);
  rows_.back().sample = -1;
  places_.push_back(0);
  // The bound is far beyond any flush; a row behind it goes without its text.
  if (samples_.size() > kMaxSamplesBytes) return false;
  if ((mention.flags & kOfficial) != 0) return true;  // the response itself is always worth its text
  return Offer(row, mention);
}

size_t RowBuffer::SetSample(const Sample& sample) {
  encoded_.assign(sizeof(uint32_t), '\0');
  EncodeSample(sample, &encoded_);
  const auto size = static_cast<uint32_t>(encoded_.size() - sizeof(uint32_t));
  std::memcpy(encoded_.data(), &size, sizeof(size));
  rows_.back().sample = static_cast<int32_t>(samples_.size());
  samples_.Append(encoded_.data(), encoded_.size());
  return encoded_.size();
}

void RowBuffer::CopyFromSamples(size_t first, size_t count, char* to) const {
  while (count > 0) {
    const auto [piece, size] = samples_.Piece(first, count);
    to = std::copy_n(piece, size, to);
    first += size;
    count -= size;
  }
}

std::string_view RowBuffer::SampleBytes(const Mention& row, std::string* scratch) const {
  if (row.sample < 0) return {};
  const auto begin = static_cast<size_t>(row.sample);
  std::array<char, sizeof(uint32_t)> size_bytes;
  CopyFromSamples(begin, size_bytes.size(), size_bytes.data());
  const auto size = absl::bit_cast<uint32_t>(size_bytes);
  const size_t first = begin + size_bytes.size();
  const auto [piece, whole] = samples_.Piece(first, size);
  if (whole == size) return {piece, whole};
  scratch->resize(size);
  CopyFromSamples(first, size, scratch->data());
  return *scratch;
}

// Looks at `mention`, not at the row that has just been written: to read back what is still on its way to memory, in
// other pieces than it was written in, takes longer than all the rest.
bool RowBuffer::Offer(uint32_t row, const Mention& mention) {
  const int64_t slide = mention.event_time_ms / slide_ms_;
  if (mention.event_time_ms < 0 || slide > kMaxSlide) return false;
  Winners& winners = WinnersOf(KeyOf(slide, mention.brand));
  const uint64_t hash = mention.post_hash;
  bool won = false;
  if (IsNegativeOriginal(mention)) {
    won |= OfferLowest(row, hash, &winners.negative);
    won |= OfferFirst(row, hash, static_cast<uint32_t>(mention.event_time_ms - slide * slide_ms_), &winners);
  }
  won |= OfferLowest(row, hash, &winners.other);
  if (mention.reach >= kHighReach) won |= OfferFurthest(row, hash, mention.reach, &winners);
  return won;
}

template <size_t kSize>
bool RowBuffer::OfferLowest(uint32_t row, uint64_t hash, Lowest<kSize>* lowest) {
  const auto high = static_cast<uint32_t>(hash >> 32);
  size_t place = 0;
  for (; place < kSize && lowest->rows[place] != kNone; ++place) {
    if (high < lowest->hashes[place]) break;
    if (high > lowest->hashes[place]) continue;
    const uint64_t other = rows_[lowest->rows[place]].post_hash;
    if (other == hash) return false;  // a repeat of a post that is there: the first one read stands for it
    if (hash < other) break;
  }
  if (place == kSize) return false;
  if (const uint32_t last = lowest->rows[kSize - 1]; last != kNone) Release(last);
  for (size_t i = kSize - 1; i > place; --i) {
    lowest->hashes[i] = lowest->hashes[i - 1];
    lowest->rows[i] = lowest->rows[i - 1];
  }
  lowest->hashes[place] = high;
  lowest->rows[place] = row;
  ++places_[row];
  return true;
}

bool RowBuffer::OfferFirst(uint32_t row, uint64_t hash, uint32_t since_slide_ms, Winners* winners) {
  const uint32_t before = winners->first;
  if (before != kNone) {
    if (since_slide_ms > winners->first_ms) return false;
    if (since_slide_ms == winners->first_ms && hash >= rows_[before].post_hash) return false;
    Release(before);
  }
  winners->first = row;
  winners->first_ms = since_slide_ms;
  ++places_[row];
  return true;
}

bool RowBuffer::OfferFurthest(uint32_t row, uint64_t hash, uint32_t reach, Winners* winners) {
  const uint32_t before = winners->furthest;
  if (before != kNone) {
    if (reach < winners->reach) return false;
    if (reach == winners->reach && hash >= rows_[before].post_hash) return false;
    Release(before);
  }
  winners->furthest = row;
  winners->reach = reach;
  ++places_[row];
  return true;
}

void RowBuffer::Release(uint32_t row) {
  DCHECK_GT(places_[row], 0);
  if (--places_[row] == 0) rows_[row].sample = -1;
}

void RowBuffer::Clear() {
  rows_.Clear();
  places_.clear();
  samples_.Clear();
  winners_.clear();
  if (++flush_ == 0) {
    slots_.assign(kMinSlots, Slot());
    flush_ = 1;
  }
}

}  // namespace tocsin
