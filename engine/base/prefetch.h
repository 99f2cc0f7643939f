// Loading memory into the cache before it is asked for. Hints: nothing but time depends on them.
//
// GCC takes a function that does nothing but this for one without effect, and drops the calls of it that it has not
// inlined before it comes to that conclusion (seen in the machine code of GCC 12). So each function on the way here is
// always inline; tests/app/worker/prefetch_test.py looks whether the instructions are there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/base/attributes.h"

namespace tocsin {

// The cache line of `address`, which need not be readable.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* address) { __builtin_prefetch(address); }

// The cache lines of the first `size` bytes from `address` on.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Prefetch(const void* address, size_t size) {
  constexpr size_t kCacheLineBytes = 64;
  const char* const end = static_cast<const char*>(address) + size;
  const char* line = static_cast<const char*>(address) - reinterpret_cast<uintptr_t>(address) % kCacheLineBytes;
  for (; line < end; line += kCacheLineBytes) __builtin_prefetch(line);
}

}  // namespace tocsin
