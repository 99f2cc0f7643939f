// One pass over the positions of a record that notes where the mapped values stand.
//
// Checked along the way: the record is one object and nothing follows it; brackets balance in number; nothing is nested
// deeper than the limit; and in objects and arrays that are entered, because something below them is mapped, keys,
// colons and commas are in place up to the last key that is wanted. Values are not looked into.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "operators/parse/json_index.h"
#include "operators/parse/mapping.h"
#include "operators/parse/post.h"

namespace tocsin {

// Not thread-safe: one per thread. Allocates nothing once its buffers have grown.
class RecordScan {
 public:
  // Of one record: values collected below a `*` or a selector; more are passed over.
  static constexpr size_t kMaxEntries = 1'024;
  static constexpr uint32_t kNoElement = UINT32_MAX;

  struct Entry {
    uint8_t slot;
    uint32_t element;   // of the array that a selector selects from; kNoElement if there is none above
    uint32_t position;  // index into JsonIndex::positions()
  };

  // Returns kNone, kNotJson or kTooDeep. The index and the mapping are used during the call only.
  DropReason Run(const JsonIndex& index, const Mapping& mapping, int max_depth);

  // Whether a value of a slot stands in the record.
  bool has(uint8_t slot) const { return (present_ >> slot & 1) != 0; }
  // Slots whose values stand in the record, one bit each.
  uint64_t present() const { return present_; }
  // Where it stands, as an index into JsonIndex::positions(). Of a key that an object has twice, the first counts.
  // REQUIRES: has(slot), and no `*` and no selector stands above it.
  uint32_t position(uint8_t slot) const { return positions_[slot]; }
  const std::vector<Entry>& entries() const { return entries_; }  // in the order of the record

 private:
  // The cursor is an index into the positions. It travels by value, so that the loops keep it in a register; kFailed,
  // which no record reaches, says that reason_ is set.
  using Cursor = size_t;
  static constexpr Cursor kFailed = SIZE_MAX;

  Cursor Fail(DropReason reason) {
    reason_ = reason;
    return kFailed;
  }
  char At(Cursor cursor) const { return text_[structurals_[cursor]]; }
  // Each takes the cursor at the opening bracket or first byte of a value and returns it behind the value.
  Cursor Object(const Mapping::Node& node, Cursor cursor, int depth);
  Cursor Array(const Mapping::Node& node, Cursor cursor, int depth);
  Cursor Value(Mapping::Place place, Cursor cursor, int depth);
  Cursor Pass(Cursor cursor, int depth);
  // Behind the bracket that closes the container at `depth` in which the cursor stands.
  Cursor Leave(Cursor cursor, int depth);

  std::array<uint32_t, Mapping::kMaxSlots> positions_ = {};
  uint64_t present_ = 0;
  std::vector<Entry> entries_;

  // Of the record in hand.
  const Mapping* mapping_ = nullptr;
  const char* text_ = nullptr;
  const uint32_t* structurals_ = nullptr;
  size_t size_ = 0;
  int max_depth_ = 0;
  uint32_t element_ = kNoElement;
  DropReason reason_ = DropReason::kNone;
};

}  // namespace tocsin
