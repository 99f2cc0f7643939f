// The rows of one flush for one mentions partition, and the texts that travel with some of them.
//
// Text travels only with the few rows that can become evidence: those that win in the part of a slide that the flush
// has, by sample_rule.h.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/attributes.h"
#include "engine/base/chunked_vector.h"
#include "engine/base/prefetch.h"
#include "operators/mention/mention.h"
#include "operators/mention/sample_rule.h"

namespace tocsin {

class RowBuffer {
 public:
  // Memory is `pool`'s, which must outlive this. REQUIRES: slide_ms is at least a second.
  RowBuffer(int64_t slide_ms, ChunkPool* pool);

  // Starts to load what Add will look at first. Some time later PrefetchWinners, which looks at that itself, starts to
  // load what Add will look at next.
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Prefetch(int64_t event_time_ms, uint32_t brand) const {
    tocsin::Prefetch(&FirstSlotOf(event_time_ms, brand));
  }
  ABSL_ATTRIBUTE_ALWAYS_INLINE void PrefetchWinners(int64_t event_time_ms, uint32_t brand) const {
    // Mostly the first slot is the one; where it is not, a line is loaded for nothing.
    const Slot& slot = FirstSlotOf(event_time_ms, brand);
    if (slot.flush == flush_) tocsin::Prefetch(winners_.data() + slot.winners, sizeof(Winners));
  }

  // Adds a row, without a text. Whether its text is to travel: it then comes by SetSample, before the next row.
  bool Add(const Mention& mention);
  // The text of the row that was added last. Returns the bytes that it takes.
  size_t SetSample(const Sample& sample);

  size_t size() const { return rows_.size(); }
  // In the order in which they were added. Its `sample` is for SampleBytes.
  const Mention& operator[](size_t row) const { return rows_[row]; }
  // As EncodeSample makes it; empty: no text travels with the row. Valid until Clear and while `*scratch` is.
  std::string_view SampleBytes(const Mention& row, std::string* scratch) const;

  void Clear();

 private:
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  // Rows by post hash. The upper halves of the hashes are beside them: rows lie far apart in memory, and decide only
  // where these are equal.
  template <size_t kSize>
  struct Lowest {
    Lowest() { rows.fill(kNone); }

    std::array<uint32_t, kSize> hashes = {};
    std::array<uint32_t, kSize> rows;
  };
  // The winners of one brand and slide.
  struct Winners {
    Lowest<kNegativeSamples> negative;
    Lowest<kOtherSamples> other;
    uint32_t first = kNone;  // negative original
    uint32_t first_ms = 0;   // since the slide began
    uint32_t furthest = kNone;
    uint32_t reach = 0;
  };

  // Where the winners of a slide and brand are in winners_. A slot of another flush is free.
  struct Slot {
    uint64_t key = 0;
    uint32_t flush = 0;
    uint32_t winners = 0;
  };

  static uint64_t KeyOf(int64_t slide, uint32_t brand) { return static_cast<uint64_t>(slide) << 32 | brand; }
  size_t PlaceOf(uint64_t key) const;
  const Slot& FirstSlotOf(int64_t event_time_ms, uint32_t brand) const {
    return slots_[PlaceOf(KeyOf(event_time_ms / slide_ms_, brand))];
  }
  Winners& WinnersOf(uint64_t key);
  void MakeRoom();

  // Enters row `row`, which is `mention`, where it wins and lets go what it displaces. Whether it won anywhere.
  bool Offer(uint32_t row, const Mention& mention);
  template <size_t kSize>
  bool OfferLowest(uint32_t row, uint64_t hash, Lowest<kSize>* lowest);
  bool OfferFirst(uint32_t row, uint64_t hash, uint32_t since_slide_ms, Winners* winners);
  bool OfferFurthest(uint32_t row, uint64_t hash, uint32_t reach, Winners* winners);
  void Release(uint32_t row);
  void CopyFromSamples(size_t first, size_t count, char* to) const;

  const int64_t slide_ms_;
  ChunkedVector<Mention> rows_;  // sample: where in samples_ its size is, behind which it lies; -1: none
  std::vector<uint8_t> places_;  // by row: in how many it is a winner
  ChunkedVector<char> samples_;  // in the order of their rows; those of rows that win no more stay until Clear
  std::string encoded_;          // the sample that is being added
  std::vector<Winners> winners_;
  std::vector<Slot> slots_;  // a power of two of them, at least half of them free; searched from PlaceOf on
  uint32_t flush_ = 1;
};

}  // namespace tocsin
