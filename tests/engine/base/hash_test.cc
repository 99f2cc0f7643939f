#include "engine/base/hash.h"

#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

// Goal: what is hashed into topics today is found again tomorrow, by whoever implements XXH3.
// Method: as many letters `a` as the first number says, hashed with seed 0 by xxhsum -H3 (0.8.1), one length for each
// of the algorithm's branches.
TEST(HashTest, IsXxh3) {
  const std::pair<size_t, uint64_t> expected[] = {
      {0, 0x2d06800538d394c2},  {1, 0xe6c632b61e964e1f},   {3, 0xe4ba3228795dc9ef},   {8, 0xc9dbc05573cd5d9a},
      {16, 0x13ba5039476cd10a}, {100, 0x411d9368f9c30e07}, {200, 0xac2bd404bce6c995}, {300, 0xc1d17581d8eb7e21}};
  for (const auto& [length, hash] : expected) EXPECT_EQ(Hash64(std::string(length, 'a'), 0), hash) << length;
}

// Changing it would put brands on other partitions and make old snapshots unreadable.
TEST(HashTest, NeverChangesItsSeed) { EXPECT_EQ(Hash64("united"), Hash64("united", 0x746f6373696e2131)); }

TEST(HashTest, DependsOnEveryByteAndOnTheSeed) {
  const std::string bytes(300, 'a');
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = 'b';
    EXPECT_NE(Hash64(changed), Hash64(bytes)) << i;
  }
  EXPECT_NE(Hash64(bytes, 1), Hash64(bytes, 2));
}

}  // namespace
}  // namespace tocsin
