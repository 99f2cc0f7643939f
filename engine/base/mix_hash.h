// Hashes for tables in memory, whose keys others can choose.
#pragma once

#include <cstdint>

namespace tocsin {

// Mixes well in its high bits. So that nobody can choose keys whose places lie beside each other, where this program is
// in memory, which the system draws, goes into it: not the same in another process, never to be stored. Thread-safe.
inline uint64_t MixHash(uint64_t key) {
  static const char kSomewhere = 0;
  key = (key ^ reinterpret_cast<uintptr_t>(&kSomewhere)) * 0x9E3779B185EBCA87;
  key ^= key >> 32;
  return key * 0x165667919E3779F9;
}

}  // namespace tocsin
