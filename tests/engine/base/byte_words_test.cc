#include "engine/base/byte_words.h"

#include <cstdint>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

std::string Bytes(std::mt19937_64* random, size_t size, uint32_t below) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)() % below);
  return bytes;
}

TEST(ByteWordsTest, TheFirstByteOfAKindIsFound) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = Bytes(&random, 8, round % 2 == 0 ? 256 : 4);  // few kinds: neighbours that are alike
    const auto byte = static_cast<unsigned char>(bytes[random() % 8] + static_cast<char>(random() % 2));
    const uint64_t found = FindByte(LoadWord<uint64_t>(bytes.data()), byte);
    const size_t expected = bytes.find(static_cast<char>(byte));
    ASSERT_EQ(found != 0, expected != std::string::npos);
    if (found != 0) {
      ASSERT_EQ(BytesBefore(found), expected);
    }
  }
}

TEST(ByteWordsTest, BytesOfARangeAreMarkedEachByItself) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 20'000; ++round) {
    const uint64_t first = random() % 128;
    const uint64_t last = first + random() % (128 - first);
    std::string bytes = Bytes(&random, 8, 128);
    bytes[random() % 8] = static_cast<char>(first);
    bytes[random() % 8] = static_cast<char>(last);
    if (first > 0) bytes[random() % 8] = static_cast<char>(first - 1);
    if (last < 127) bytes[random() % 8] = static_cast<char>(last + 1);
    uint64_t expected = 0;
    for (size_t i = 0; i < 8; ++i) {
      const uint64_t byte = static_cast<unsigned char>(bytes[i]);
      if (byte >= first && byte <= last) expected |= uint64_t{0x80} << (8 * i);
    }
    ASSERT_EQ(BytesIn(LoadWord<uint64_t>(bytes.data()), first, last), expected) << first << " to " << last;
  }
}

TEST(ByteWordsTest, EqualStringsOfAnySizeAreToldFromOthers) {
  std::mt19937_64 random(3);
  for (size_t size = 0; size < 40; ++size) {
    const std::string bytes = Bytes(&random, size, 256);
    std::string other = bytes;
    EXPECT_TRUE(SameBytes(bytes.data(), other.data(), size));
    for (size_t at = 0; at < size; ++at) {
      other = bytes;
      other[at] = static_cast<char>(other[at] ^ 1);
      EXPECT_FALSE(SameBytes(bytes.data(), other.data(), size)) << size << " at " << at;
    }
  }
}

}  // namespace
}  // namespace tocsin
