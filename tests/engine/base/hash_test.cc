#include "engine/base/hash.h"

#include <string>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

// Goal: values that are in topics today are found again tomorrow.
// Method: constants computed with another implementation of XXH3 (seed 0: the reference's published empty-input value).
TEST(HashTest, NeverChangesItsValues) {
  EXPECT_EQ(Hash64("", 0), 0x2d06800538d394c2u);
  EXPECT_EQ(Hash64("united"), Hash64("united", 0x746f6373696e2131));
}

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
