// What the other brands of a brand's sector do meanwhile: whether it is the brand that is in trouble, or all of them.
//
// A pure function of its members, whatever their order. Thread-safe.
#pragma once

#include <cstdint>
#include <vector>

namespace tocsin {

// One other brand of the sector, over the same stretch of time, against its own baseline.
struct SectorMember {
  double velocity = 0;        // V of the last ten minutes
  double negative_shift = 0;  // negative share since the onset in question minus the brand's baseline share
};

struct SectorCourse {
  int64_t brands = 0;  // members that were counted
  double ratio = 1;
  double negative_shift = 0;

  // One other brand is no sector.
  bool known() const { return brands >= 2; }
};

// Ratio and shift are lower medians: more than half of the members reach them, so neither one member's own crisis nor
// half of the members' moves them. Rounded as published. 1 and 0 unless known().
SectorCourse SectorOf(std::vector<SectorMember> members);

}  // namespace tocsin
