#include "engine/base/bytes.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

TEST(BytesTest, EncodesAsTheFormatSays) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Byte(0xab);
  writer.Fixed32(0x04030201);
  writer.Fixed64(0x0807060504030201);
  writer.Varint(0);
  writer.Varint(127);
  writer.Varint(300);
  writer.Signed(-1);
  writer.Signed(1);
  writer.Bool(true);
  writer.String("xy");
  EXPECT_EQ(bytes,
            std::string("\xab\x01\x02\x03\x04\x01\x02\x03\x04\x05\x06\x07\x08\x00\x7f\xac\x02\x01\x02\x01\x02xy", 23));
}

// Goal: any run of fields reads back as written, and the same bytes cut anywhere read as failed.
TEST(BytesTest, ReadsBackWhatWasWrittenAndFailsOnEveryCut) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<int> kinds;
    std::vector<uint64_t> values;
    std::string bytes;
    ByteWriter writer(&bytes);
    for (size_t i = 0; i < 1 + random() % 8; ++i) {
      kinds.push_back(static_cast<int>(random() % 7));
      values.push_back(random() >> (random() % 64));
      const uint64_t value = values.back();
      switch (kinds.back()) {
        case 0:
          writer.Byte(static_cast<uint8_t>(value));
          break;
        case 1:
          writer.Fixed32(static_cast<uint32_t>(value));
          break;
        case 2:
          writer.Fixed64(value);
          break;
        case 3:
          writer.Varint(value);
          break;
        case 4:
          writer.Signed(static_cast<int64_t>(value));
          break;
        case 5:
          writer.Bool(value % 2 == 1);
          break;
        default:
          writer.String(std::string(value % 40, static_cast<char>(value)));
          break;
      }
    }
    for (size_t size = 0; size <= bytes.size(); ++size) {
      ByteReader reader(std::string_view{bytes}.substr(0, size));
      bool is_same = true;
      for (size_t i = 0; i < kinds.size(); ++i) {
        const uint64_t value = values[i];
        switch (kinds[i]) {
          case 0:
            is_same &= reader.Byte() == static_cast<uint8_t>(value);
            break;
          case 1:
            is_same &= reader.Fixed32() == static_cast<uint32_t>(value);
            break;
          case 2:
            is_same &= reader.Fixed64() == value;
            break;
          case 3:
            is_same &= reader.Varint() == value;
            break;
          case 4:
            is_same &= reader.Signed() == static_cast<int64_t>(value);
            break;
          case 5:
            is_same &= reader.Bool() == (value % 2 == 1);
            break;
          default:
            is_same &= reader.String() == std::string(value % 40, static_cast<char>(value));
            break;
        }
      }
      ASSERT_EQ(reader.ok(), size == bytes.size());
      if (size == bytes.size()) {
        EXPECT_TRUE(is_same);
        EXPECT_EQ(reader.remaining(), 0U);
      }
    }
  }
}

TEST(BytesTest, HoldsTheLimitsOfEveryType) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Varint(std::numeric_limits<uint64_t>::max());
  writer.Signed(std::numeric_limits<int64_t>::min());
  writer.Signed(std::numeric_limits<int64_t>::max());
  EXPECT_EQ(bytes.size(), 30U);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Varint(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(reader.Signed(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(reader.Signed(), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(reader.ok());
}

TEST(BytesTest, RefusesVarintsThatAreTooLarge) {
  for (const std::string& bytes : {std::string(9, '\xff') + "\x02", std::string(11, '\x80') + "\x01"}) {
    ByteReader reader(bytes);
    EXPECT_EQ(reader.Varint(), 0U);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(BytesTest, AfterAFailureEverythingIsZeroOrEmpty) {
  ByteReader reader("\x05only");
  EXPECT_EQ(reader.String(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Byte(), 0);
  EXPECT_EQ(reader.Fixed64(), 0U);
  EXPECT_EQ(reader.Varint(), 0U);
  EXPECT_EQ(reader.String(), "");
  EXPECT_EQ(reader.remaining(), 0U);
}

TEST(BytesTest, ADamagedBoolFails) {
  ByteReader reader("\x02");
  EXPECT_FALSE(reader.Bool());
  EXPECT_FALSE(reader.ok());
}

TEST(BytesTest, ACountThatCannotFollowFails) {
  ByteReader fits(std::string_view("\x02\x00\x00\x00\x00", 5));
  EXPECT_EQ(fits.Count(2), 2U);
  EXPECT_TRUE(fits.ok());
  ByteReader too_many(std::string_view("\x03\x00\x00\x00\x00", 5));
  EXPECT_EQ(too_many.Count(2), 0U);
  EXPECT_FALSE(too_many.ok());
}

}  // namespace
}  // namespace tocsin
