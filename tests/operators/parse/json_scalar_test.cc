#include "operators/parse/json_scalar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

namespace tocsin {
namespace {

using testing::Eq;
using testing::Optional;

JsonType TypeOf(std::string_view token) { return ReadToken(token.data(), token.data() + token.size()).type(); }

std::optional<std::string> Plain(std::string_view raw) {
  std::string out(raw.size(), '\0');
  const OptionalText plain = Unescape(raw, out.data());
  return plain.has_value() ? std::optional(std::string(*plain)) : std::nullopt;
}

TEST(JsonScalarTest, AnEmptyTextIsNotAnAbsentOne) {
  EXPECT_FALSE(OptionalText().has_value());
  EXPECT_FALSE(OptionalText(std::nullopt).has_value());
  EXPECT_TRUE(OptionalText(std::string_view()).has_value());
  EXPECT_TRUE(OptionalText(std::string_view("")).has_value());
  EXPECT_EQ(OptionalText().value_or_empty(), "");
  EXPECT_EQ(*OptionalText(std::string_view("as it is")), "as it is");
  static_assert(std::is_trivially_copyable_v<OptionalText> && sizeof(OptionalText) == 2 * sizeof(void*));
  static_assert(std::is_trivially_copyable_v<JsonToken> && sizeof(JsonToken) == 2 * sizeof(void*));
}

TEST(JsonScalarTest, ClassifiesValues) {
  EXPECT_EQ(TypeOf("\"\""), JsonType::kString);
  EXPECT_EQ(TypeOf("\"a\\\"\" \n"), JsonType::kString);
  EXPECT_EQ(TypeOf("true "), JsonType::kTrue);
  EXPECT_EQ(TypeOf("false\t"), JsonType::kFalse);
  EXPECT_EQ(TypeOf("null"), JsonType::kNull);
  EXPECT_EQ(TypeOf("{"), JsonType::kObject);
  EXPECT_EQ(TypeOf("[ "), JsonType::kArray);
  for (std::string_view number : {"0", "-0", "7", "10", "-1.5", "0.25", "1e9", "1E+9", "2.5e-3"}) {
    EXPECT_EQ(TypeOf(number), JsonType::kNumber) << number;
  }
  for (std::string_view bad : {"tru", "truex", "nul", "falsey", "-", "+1", "01", "1.", ".5", "1e", "1e+", "0x1", "NaN",
                               "abc", "1 2", "}", ":"}) {
    EXPECT_EQ(TypeOf(bad), JsonType::kInvalid) << bad;
  }
  EXPECT_EQ(TypeOf(std::string_view("1\0", 2)), JsonType::kInvalid);
}

TEST(JsonScalarTest, RemovesEscapes) {
  EXPECT_THAT(Plain("plain text, longer than eight bytes"), Optional(Eq("plain text, longer than eight bytes")));
  EXPECT_THAT(Plain(R"(\"\\\/\b\f\n\r\t)"), Optional(Eq("\"\\/\b\f\n\r\t")));
  EXPECT_THAT(Plain(R"(\u0041\u00e9\u20AC)"), Optional(Eq("A\u00e9\u20ac")));
  EXPECT_THAT(Plain(R"(\ud83d\ude21!)"), Optional(Eq("\U0001F621!")));
  EXPECT_THAT(Plain(R"(\u0000)"), Optional(Eq(std::string(1, '\0'))));
}

TEST(JsonScalarTest, WritesTheReplacementCharacterForHalfAPair) {
  EXPECT_THAT(Plain(R"(\ud83d)"), Optional(Eq("\ufffd")));
  EXPECT_THAT(Plain(R"(\ude21x)"), Optional(Eq("\ufffdx")));
  EXPECT_THAT(Plain(R"(\ud83dx)"), Optional(Eq("\ufffdx")));
  EXPECT_THAT(Plain(R"(\ud83d\u0041)"), Optional(Eq("\ufffdA")));
  EXPECT_THAT(Plain(R"(\ud83d\ud83d\ude21)"), Optional(Eq("\ufffd\U0001F621")));
}

TEST(JsonScalarTest, RefusesEscapesThatJsonHasNot) {
  for (std::string_view raw :
       {R"(\x41)", R"(\)", R"(\u)", R"(\u12)", R"(\u12g4)", R"(\U0041)", R"(abcdefgh\)", R"(\a)"}) {
    EXPECT_THAT(Plain(raw), Eq(std::nullopt)) << raw;
  }
}

TEST(JsonScalarTest, NeverWritesMoreThanItReads) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    std::string raw;
    for (uint64_t pieces = random() % 12; pieces > 0; --pieces) {
      constexpr std::string_view kPieces[] = {"a",       "\\n",           "\\u00e9", "\\ud83d\\ude21",
                                              "\\ud83d", "word and word", "\u65e5"};
      raw += kPieces[random() % 7];
    }
    std::string out(raw.size() + 8, '#');
    const OptionalText plain = Unescape(raw, out.data());
    ASSERT_TRUE(plain.has_value()) << raw;
    ASSERT_LE(plain->size(), raw.size());
    ASSERT_EQ(out.substr(raw.size()), "########") << raw;
    ASSERT_EQ(HasEscape(raw), raw.find('\\') != std::string::npos) << raw;
  }
}

TEST(JsonScalarTest, ReadsWholeNumbersThatFit) {
  EXPECT_THAT(ReadWhole("0"), Optional(0));
  EXPECT_THAT(ReadWhole("9223372036854775807"), Optional(INT64_MAX));
  EXPECT_THAT(ReadWhole("-5"), Optional(-5));
  for (std::string_view bad : {"", "9223372036854775808", "1.0", "1e3", "12x", "x"}) {
    EXPECT_THAT(ReadWhole(bad), Eq(std::nullopt)) << bad;
  }
}

}  // namespace
}  // namespace tocsin
