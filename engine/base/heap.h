// What the C library's allocator keeps. No effect where it is not glibc's.
#pragma once

namespace tocsin {

// Threads share `count` arenas at most. librdkafka runs several threads a client, allocates on one and frees on
// another, and by default glibc gives each an arena of its own that holds on to what was freed in it. To be called
// before threads are started.
void LimitHeapArenas(int count);

// Gives pages that are wholly free back to the system, in all arenas. Takes milliseconds; thread-safe.
void TrimHeap();

}  // namespace tocsin
