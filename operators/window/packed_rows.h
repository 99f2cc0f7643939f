// The rows of one pane in about 35 bytes each: most of what detect holds, and read again only as evidence.
//
// Hashes as they are, the rest in as many bytes as its value needs, offset, network and language as they differ from
// those of the first row; one row behind the other in the order in which they came. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "absl/functional/function_ref.h"
#include "operators/window/held_mention.h"

namespace tocsin {

class PackedRows {
 public:
  PackedRows() = default;
  PackedRows(PackedRows&& other) noexcept { *this = std::move(other); }
  PackedRows& operator=(PackedRows&& other) noexcept {
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  // `start_ms` is the same at every call, best the start of the pane.
  void Append(const HeldMention& row, int64_t start_ms);
  void ForEach(int64_t start_ms, absl::FunctionRef<void(const HeldMention&)> fn) const;
  // Gives back what it has reserved for more.
  void Shrink();

  size_t memory_bytes() const { return capacity_; }

 private:
  struct Free {
    void operator()(uint8_t* bytes) const { std::free(bytes); }
  };

  void Resize(size_t capacity);

  std::unique_ptr<uint8_t[], Free> bytes_;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace tocsin
