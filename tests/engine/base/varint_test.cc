#include "engine/base/varint.h"

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

std::vector<uint8_t> Written(uint64_t value) {
  std::array<uint8_t, kMaxVarintBytes> bytes = {};
  const uint8_t* const end = PutVarint(value, bytes.data());
  return std::vector<uint8_t>(static_cast<const uint8_t*>(bytes.data()), end);
}

// Seven bits a byte from the lowest on, by division.
std::vector<uint8_t> Leb128(uint64_t value) {
  std::vector<uint8_t> bytes;
  do {
    bytes.push_back(static_cast<uint8_t>(value % 128));
    value /= 128;
    if (value != 0) bytes.back() += 128;
  } while (value != 0);
  return bytes;
}

TEST(VarintTest, IsLeb128AndReadsBack) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> values = {0, 1, 127, 128, 16'383, 16'384, std::numeric_limits<uint64_t>::max()};
  for (int i = 0; i < 2'000; ++i) values.push_back(random() >> (random() % 64));
  for (const uint64_t value : values) {
    const std::vector<uint8_t> bytes = Written(value);
    ASSERT_EQ(bytes, Leb128(value)) << value;
    ASSERT_EQ(VarintBytes(value), bytes.size()) << value;
    uint64_t read = 0;
    ASSERT_EQ(GetVarint(bytes.data(), &read), bytes.data() + bytes.size()) << value;
    ASSERT_EQ(read, value);
  }
}

TEST(VarintTest, ZigzagCountsOutwardFromZero) {
  uint64_t expected = 0;
  for (int64_t magnitude = 1; magnitude <= 300; ++magnitude) {
    EXPECT_EQ(Zigzag(-magnitude), ++expected);
    EXPECT_EQ(Zigzag(magnitude), ++expected);
  }
  EXPECT_EQ(Zigzag(0), 0U);
  EXPECT_EQ(Zigzag(kHighest), std::numeric_limits<uint64_t>::max() - 1);
  EXPECT_EQ(Zigzag(kLowest), std::numeric_limits<uint64_t>::max());
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{77}, kLowest, kHighest}) {
    EXPECT_EQ(Unzigzag(Zigzag(value)), value);
  }
}

TEST(VarintTest, AnyDifferenceSurvivesTheRoundTrip) {
  for (const int64_t a : {kLowest, int64_t{-5}, int64_t{0}, int64_t{9}, kHighest}) {
    for (const int64_t b : {kLowest, int64_t{-7}, int64_t{0}, int64_t{3}, kHighest}) {
      EXPECT_EQ(WrappingPlus(b, WrappingMinus(a, b)), a) << a << " " << b;
    }
  }
  static_assert(WrappingMinus(9, -7) == 16);
}

}  // namespace
}  // namespace tocsin
