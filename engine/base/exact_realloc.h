// realloc for blocks that grow and shrink by small steps and of which there are many.
//
// tcmalloc's own grows a block by a quarter at least and gives nothing back before half of it is unused
// (tcmalloc.cc of gperftools 2.10, do_realloc_with_callback): here the block is as large as was asked for, up to what
// the allocator's size classes round up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

namespace tocsin {

// A block of `bytes` with the first `used` bytes of `block`, or as many of them as it has room for; `block`, which may
// be null if `used` is 0, is freed. Throws std::bad_alloc, and has changed nothing then.
inline void* ReallocExactly(void* block, size_t used, size_t bytes) {
  void* moved = std::malloc(bytes);
  if (moved == nullptr && bytes > 0) throw std::bad_alloc();
  if (const size_t kept = std::min(used, bytes); kept > 0) std::memcpy(moved, block, kept);
  std::free(block);
  return moved;
}

}  // namespace tocsin
