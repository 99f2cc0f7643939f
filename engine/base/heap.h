// What the allocator keeps: tcmalloc, which the binary is linked with, or glibc's. No effect with any other.
#pragma once

namespace tocsin {

// librdkafka runs several threads a client, allocates on one and frees on another. By default tcmalloc lets threads
// hold on to 32 MB of what was freed: here to about 2 MB, and a minimum for each, unless the environment has
// TCMALLOC_MAX_TOTAL_THREAD_CACHE_BYTES. glibc gives each thread an arena of its own: here two for all. To be called
// before threads are started.
void LimitHeapCaches();

// Gives pages that are wholly free back to the system, in all arenas. Takes milliseconds; thread-safe.
void TrimHeap();

}  // namespace tocsin
