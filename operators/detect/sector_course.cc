#include "operators/detect/sector_course.h"

#include <algorithm>

#include "operators/detect/tail.h"

namespace tocsin {
namespace {

double LowerMedian(std::vector<SectorMember>* members, double SectorMember::*field) {
  const auto middle = members->begin() + static_cast<int64_t>((members->size() - 1) / 2);
  std::nth_element(members->begin(), middle, members->end(),
                   [field](const SectorMember& a, const SectorMember& b) { return a.*field < b.*field; });
  return RoundPublished((*middle).*field);
}

}  // namespace

SectorCourse SectorOf(std::vector<SectorMember> members) {
  SectorCourse course;
  course.brands = static_cast<int64_t>(members.size());
  if (!course.known()) return course;
  course.ratio = LowerMedian(&members, &SectorMember::velocity);
  course.negative_shift = LowerMedian(&members, &SectorMember::negative_shift);
  return course;
}

}  // namespace tocsin
