// A hash table of 12 bytes a slot, of which at most a quarter is empty after it has made room: for the tables that hold
// an entry for each of millions of keys.
//
// Entries lie in the order of their keys, each at its key's place or behind it (linear probing, ordered: Amble and
// Knuth, "Ordered hash tables", The Computer Journal 17, 1974). So a search ends at the first larger key, and making
// room is one pass from front to back within the block itself, which grows by a fifth. There are two copies only while
// it becomes larger, or smaller by an eighth or more.
// Entries that are not needed any more go when room is made, not before.
//
// Keys must be well mixed in their high bits. Not thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>

#include "engine/base/exact_realloc.h"

namespace tocsin {

// Value: four bytes that can be copied, of which not all are zero once the entry has been set.
template <typename Value>
class DenseTable {
  static_assert(std::is_trivially_copyable_v<Value> && sizeof(Value) == 4 && alignof(Value) <= 4);

 public:
  DenseTable() = default;
  DenseTable(DenseTable&& other) noexcept { *this = std::move(other); }
  DenseTable& operator=(DenseTable&& other) noexcept {
    std::swap(slots_, other.slots_);
    std::swap(places_, other.places_);
    std::swap(capacity_, other.capacity_);
    std::swap(size_, other.size_);
    return *this;
  }

  size_t size() const { return size_; }  // stale ones too
  size_t memory_bytes() const { return capacity_ * sizeof(Slot); }

  const Value* Find(uint64_t key) const {
    if (size_ == 0) return nullptr;
    const Slot* slot = FirstNotBelow(key);
    return slot->used() && slot->key() == key ? &slot->value : nullptr;
  }

  // The entry of `key`; if there was none it is made, all zero, and the caller sets it before anything else is asked of
  // the table. Where room has to be made, those for which `is_needed(value)` is false go. The reference is valid until
  // the next call.
  template <typename IsNeeded>
  Value& FindOrInsert(uint64_t key, IsNeeded is_needed) {
    for (;;) {
      if (capacity_ > 0) {
        Slot* slot = FirstNotBelow(key);
        if (slot->used() && slot->key() == key) return slot->value;
        Slot* end = slot;
        if (size_ < MostUsed()) {
          while (end->used()) ++end;
          // The last slot stays empty: it ends every search.
          if (end + 1 != slots_.get() + capacity_) {
            std::memmove(static_cast<void*>(slot + 1), slot, static_cast<size_t>(end - slot) * sizeof(Slot));
            *slot = Slot(key);
            ++size_;
            return slot->value;
          }
        }
      }
      MakeRoom(is_needed);
    }
  }

  // Drops what is not needed, and gives memory back.
  template <typename IsNeeded>
  void MakeRoom(IsNeeded is_needed) {
    size_t kept = 0;
    for (size_t i = 0; i < capacity_; ++i) {
      if (slots_[i].used() && is_needed(slots_[i].value)) slots_[kept++] = slots_[i];
    }
    size_ = kept;
    Spread();
  }

  // `change(value)` makes of each entry what it shall be, all zero to drop it.
  template <typename Change>
  void Rewrite(Change change) {
    if (capacity_ == 0) return;
    for (size_t i = 0; i < capacity_; ++i) {
      if (slots_[i].used()) slots_[i].value = change(slots_[i].value);
    }
    MakeRoom([](const Value&) { return true; });
  }

  // Gives all memory back.
  void Clear() { *this = DenseTable(); }

 private:
  // The key in halves, so that a slot needs no padding.
  struct Slot {
    Slot() = default;
    explicit Slot(uint64_t key) : low(static_cast<uint32_t>(key)), high(static_cast<uint32_t>(key >> 32)) {}
    uint64_t key() const { return uint64_t{high} << 32 | low; }
    bool used() const {
      uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof(bits));
      return bits != 0;
    }

    uint32_t low = 0;
    uint32_t high = 0;
    Value value = {};
  };
  static_assert(sizeof(Slot) == 12);
  struct Free {
    void operator()(Slot* slots) const { std::free(slots); }
  };

  static constexpr size_t kSpare = 4;  // slots behind the last place that is taken

  size_t MostUsed() const { return places_ - places_ / 10; }

  static size_t PlaceOf(uint64_t key, size_t places) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<size_t>(Wide{key} * places >> 64);
  }

  Slot* FirstNotBelow(uint64_t key) const {
    Slot* slot = slots_.get() + PlaceOf(key, places_);
    while (slot->used() && slot->key() < key) ++slot;
    return slot;
  }

  // Gives the first size_ slots, which are in order, new places: a quarter stays free.
  void Spread() {
    const size_t places = size_ + size_ / 3 + kSpare;
    size_t behind = 0;  // the last one
    for (size_t i = 0; i < size_; ++i) behind = std::max(behind, PlaceOf(slots_[i].key(), places)) + 1;
    const size_t capacity = std::max(places, behind) + kSpare + std::min<size_t>(places / 8, 60);
    if (capacity > capacity_) Resize(size_, capacity);
    // First all to the end of the block, from where they only ever move forward.
    size_t from = capacity - size_;
    std::memmove(static_cast<void*>(slots_.get() + from), slots_.get(), size_ * sizeof(Slot));
    size_t to = 0;
    for (; from < capacity; ++from) {
      const Slot slot = slots_[from];
      for (const size_t place = PlaceOf(slot.key(), places); to < place; ++to) slots_[to] = Slot();
      slots_[to++] = slot;
    }
    std::fill(slots_.get() + to, slots_.get() + capacity_, Slot());
    if (capacity < capacity_ - capacity_ / 8) Resize(capacity, capacity);
    places_ = places;
  }

  // `used`: slots that are to be kept.
  void Resize(size_t used, size_t capacity) {
    void* slots = ReallocExactly(static_cast<void*>(slots_.get()), used * sizeof(Slot), capacity * sizeof(Slot));
    static_cast<void>(slots_.release());
    slots_.reset(static_cast<Slot*>(slots));
    capacity_ = capacity;
  }

  std::unique_ptr<Slot[], Free> slots_;
  size_t places_ = 0;    // keys are spread over so many slots; behind them are capacity_ - places_ more
  size_t capacity_ = 0;  // the last one is always empty
  size_t size_ = 0;
};

}  // namespace tocsin
