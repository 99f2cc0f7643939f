// Which partition of the mentions topic a brand's rows go to.
#pragma once

#include <cstdint>

#include "operators/match/watchlist.h"

namespace tocsin {

// A fixed function of the brand's sector, or of its id if it has none. So one detect task has all brands of a sector
// and sees each in the light of the others, whatever the number of partitions. Pure, thread-safe. REQUIRES: partitions
// > 0.
uint32_t MentionsPartition(const Brand& brand, uint32_t partitions);

}  // namespace tocsin
