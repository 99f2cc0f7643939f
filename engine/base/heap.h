// What the allocator keeps: tcmalloc, which the binary is linked with, or glibc's. No effect with any other.
#pragma once

namespace tocsin {

// Of glibc's: threads share `count` arenas at most. librdkafka runs several threads a client, allocates on one and
// frees on another, and by default glibc gives each an arena of its own that holds on to what was freed in it. To be
// called before threads are started.
void LimitHeapArenas(int count);

// Gives pages that are wholly free back to the system, in all arenas. Takes milliseconds; thread-safe.
void TrimHeap();

}  // namespace tocsin
