#include "operators/sentiment/language_tag.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin {
namespace {

std::string Read(std::string_view tag) {
  const LanguageTag read = ReadLanguageTag(tag);
  switch (read.kind) {
    case LanguageTag::Kind::kNamed:
      return {read.code.begin(), read.code.end()};
    case LanguageTag::Kind::kUnnamed:
      return "unnamed";
    case LanguageTag::Kind::kForeign:
      return "foreign";
  }
  return "";
}

TEST(LanguageTagTest, PrimarySubtagCountsInAnyCase) {
  EXPECT_EQ(Read("en"), "en");
  EXPECT_EQ(Read("FR"), "fr");
  EXPECT_EQ(Read("pt-BR"), "pt");
  EXPECT_EQ(Read("zh_Hant_TW"), "zh");
}

TEST(LanguageTagTest, ThreeLetterCodesOfKnownLanguagesBecomeTwoLetters) {
  EXPECT_EQ(Read("eng"), "en");
  EXPECT_EQ(Read("fre"), "fr");
  EXPECT_EQ(Read("fra-CA"), "fr");
  EXPECT_EQ(Read("ger"), "de");
  EXPECT_EQ(Read("nld"), "foreign");
  EXPECT_EQ(Read("quz"), "foreign");
}

TEST(LanguageTagTest, TagsWithoutLanguageAreUnnamed) {
  for (const char* const tag : {"", "und", "UND", "mul", "mis", "zxx", "qme", "qaa", "qtz", "x", "x-klingon", "english",
                                "e1", "-", "-en", "é", "\xC3\xA9", "  "}) {
    EXPECT_EQ(Read(tag), "unnamed") << tag;
  }
}

}  // namespace
}  // namespace tocsin
