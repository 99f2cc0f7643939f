// Sequences that grow without copying and share memory: what one of them gives back is there for the others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace tocsin {

// Chunks of memory, all of one size. Not thread-safe.
class ChunkPool {
 public:
  static constexpr size_t kChunkBytes = size_t{16} << 10;
  // Of those that are not in use a megabyte is kept, so that little work allocates nothing; what more work took goes
  // back to the heap, where what becomes of it can have it.
  static constexpr size_t kMostKept = 64;
  struct alignas(std::max_align_t) Chunk {
    std::byte bytes[kChunkBytes];  // NOLINT(modernize-avoid-c-arrays): raw memory
  };

  std::unique_ptr<Chunk> Take() {
    if (free_.empty()) return std::make_unique_for_overwrite<Chunk>();
    std::unique_ptr<Chunk> chunk = std::move(free_.back());
    free_.pop_back();
    return chunk;
  }
  void GiveBack(std::unique_ptr<Chunk> chunk) {
    if (free_.size() < kMostKept) free_.push_back(std::move(chunk));
  }
  size_t kept() const { return free_.size(); }

 private:
  std::vector<std::unique_ptr<Chunk>> free_;
};

// Not thread-safe.
template <typename T>
class ChunkedVector {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::max_align_t));

 public:
  // `pool` must outlive this.
  explicit ChunkedVector(ChunkPool* pool) : pool_(pool) {}
  ChunkedVector(ChunkedVector&& other) noexcept
      : pool_(other.pool_), chunks_(std::move(other.chunks_)), size_(std::exchange(other.size_, 0)) {
    other.chunks_.clear();
  }
  ChunkedVector& operator=(ChunkedVector&&) = delete;

  size_t size() const { return size_; }
  // REQUIRES: index < size().
  T& operator[](size_t index) { return Elements(index / kPerChunk)[index % kPerChunk]; }
  const T& operator[](size_t index) const { return Elements(index / kPerChunk)[index % kPerChunk]; }
  T& back() { return (*this)[size_ - 1]; }

  void Append(const T* values, size_t count) {
    while (count > 0) {
      if (size_ == chunks_.size() * kPerChunk) chunks_.push_back(pool_->Take());
      const size_t copied = std::min(count, LeftInChunk(size_));
      std::copy_n(values, copied, Elements(size_ / kPerChunk) + size_ % kPerChunk);
      size_ += copied;
      values += copied;
      count -= copied;
    }
  }
  void push_back(const T& value) { Append(&value, 1); }

  // Elements from `first` on that lie one behind the other in memory, at most `count` of them and at least one. Their
  // address is valid until Clear. REQUIRES: first < size() and count > 0.
  std::pair<const T*, size_t> Piece(size_t first, size_t count) const {
    return {&(*this)[first], std::min({count, LeftInChunk(first), size_ - first})};
  }

  void Clear() {
    for (std::unique_ptr<ChunkPool::Chunk>& chunk : chunks_) pool_->GiveBack(std::move(chunk));
    chunks_.clear();
    size_ = 0;
  }

 private:
  static constexpr size_t kPerChunk = ChunkPool::kChunkBytes / sizeof(T);

  static size_t LeftInChunk(size_t index) { return kPerChunk - index % kPerChunk; }
  T* Elements(size_t chunk) { return reinterpret_cast<T*>(chunks_[chunk]->bytes); }
  const T* Elements(size_t chunk) const { return reinterpret_cast<const T*>(chunks_[chunk]->bytes); }

  ChunkPool* pool_;
  std::vector<std::unique_ptr<ChunkPool::Chunk>> chunks_;
  size_t size_ = 0;
};

}  // namespace tocsin
