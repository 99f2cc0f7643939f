#include "engine/base/heap.h"

#include <cstddef>
#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Of tcmalloc, where the program is linked with it (gperftools/malloc_extension_c.h).
extern "C" [[gnu::weak]] void MallocExtension_ReleaseFreeMemory(void);
extern "C" [[gnu::weak]] int MallocExtension_SetNumericProperty(const char* property, size_t value);

namespace tocsin {

void LimitHeapCaches() {
  // Measured (docs/RESULTS.md, "Memory"): a third less at the peak than with eight arenas a core, at the same CPU time.
  constexpr int kArenas = 2;
  // Measured (bench/results/2026-11-23-memory.md): 2 MiB instead of tcmalloc's 32 at the same CPU time.
  constexpr size_t kThreadCacheBytes = size_t{2} << 20;
  const bool is_chosen = std::getenv("TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES") != nullptr;
  if (MallocExtension_SetNumericProperty != nullptr && !is_chosen) {
    MallocExtension_SetNumericProperty("tcmalloc.max_total_thread_cache_bytes", kThreadCacheBytes);
  }
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, kArenas);
#endif
}

void TrimHeap() {
  if (MallocExtension_ReleaseFreeMemory != nullptr) return MallocExtension_ReleaseFreeMemory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace tocsin
