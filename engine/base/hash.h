// Hashes that are the same in every process, on every machine and in every release, so that they may be stored in
// topics and decide partitions, samples and ties. Never absl::Hash for those: it is salted per process.
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin {

// Changing it changes what is stored in every topic.
inline constexpr uint64_t kHashSeed = 0x746f6373696e2131;

// XXH3, 64 bits, of the bytes. Thread-safe.
[[nodiscard]] uint64_t Hash64(std::string_view bytes, uint64_t seed = kHashSeed);

}  // namespace tocsin
