#include "operators/match/mentions_partition.h"

#include "engine/base/hash.h"

namespace tocsin {

uint32_t MentionsPartition(const Brand& brand, uint32_t partitions) {
  return static_cast<uint32_t>(Hash64(brand.sector.empty() ? brand.id : brand.sector) % partitions);
}

}  // namespace tocsin
