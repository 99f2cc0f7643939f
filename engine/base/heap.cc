#include "engine/base/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Of tcmalloc, where the program is linked with it (gperftools/malloc_extension_c.h).
extern "C" [[gnu::weak]] void MallocExtension_ReleaseFreeMemory(void);

namespace tocsin {

void LimitHeapArenas([[maybe_unused]] int count) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, count);
#endif
}

void TrimHeap() {
  if (MallocExtension_ReleaseFreeMemory != nullptr) return MallocExtension_ReleaseFreeMemory();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace tocsin
