#include "operators/detect/sector_course.h"

#include <algorithm>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "operators/detect/tail.h"

namespace tocsin {
namespace {

TEST(SectorCourseTest, OneOtherBrandIsNoSector) {
  EXPECT_FALSE(SectorOf({}).known());
  const SectorCourse course = SectorOf({{9, 0.5}});
  EXPECT_FALSE(course.known());
  EXPECT_EQ(course.brands, 1);
  EXPECT_EQ(course.ratio, 1);
  EXPECT_EQ(course.negative_shift, 0);
}

// Goal: more than half of the members reach what is said of the sector, in any order. Method: counting.
TEST(SectorCourseTest, MoreThanHalfOfTheMembersReachIt) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 300; ++round) {
    std::vector<SectorMember> members(2 + random() % 9);
    for (SectorMember& member : members) {
      member.velocity = static_cast<double>(random() % 80) / 8;
      member.negative_shift = static_cast<double>(random() % 64) / 64 - 0.25;
    }
    const SectorCourse course = SectorOf(members);
    const auto reach = [&members](double SectorMember::*field, double value) {
      return 2 * std::count_if(members.begin(), members.end(),
                               [&](const SectorMember& each) { return RoundPublished(each.*field) >= value; });
    };
    const auto size = static_cast<int64_t>(members.size());
    EXPECT_EQ(course.brands, size);
    EXPECT_GT(reach(&SectorMember::velocity, course.ratio), size);
    EXPECT_LE(reach(&SectorMember::velocity, course.ratio + 1e-4), size + size % 2);
    EXPECT_GT(reach(&SectorMember::negative_shift, course.negative_shift), size);
    std::shuffle(members.begin(), members.end(), random);
    EXPECT_EQ(SectorOf(members).ratio, course.ratio);
    EXPECT_EQ(SectorOf(members).negative_shift, course.negative_shift);
  }
}

TEST(SectorCourseTest, HalfOfTheMembersInACrisisAreNoRise) {
  const SectorCourse course = SectorOf({{12, 0.4}, {1.1, 0.01}, {15, 0.5}, {0.9, -0.02}});
  EXPECT_EQ(course.ratio, 1.1);
  EXPECT_EQ(course.negative_shift, 0.01);
}

}  // namespace
}  // namespace tocsin
