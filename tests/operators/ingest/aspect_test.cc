#include "operators/ingest/aspect.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

// The parts that are about "xx" (brand 0) and "yy" (brand 1) where borders of
// `level` cut, with the words of each: "xx is good, [2] | yy is bad [2]".
std::string Parts(std::string_view text, int level = AspectFinder::kFinest, std::string_view language = "en") {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  tokenizer.AddText(text);
  std::vector<NameSpan> names;
  for (uint32_t i = 0; i < tokenizer.text_tokens(); ++i) {
    const std::string_view folded = tokenizer.Folded(tokenizer.tokens()[i]);
    if (folded == "xx") names.push_back({{i, i + 1}, 0});
    if (folded == "yy") names.push_back({{i, i + 1}, 1});
  }
  AspectFinder finder;
  finder.Find(tokenizer, text, names, language);
  const Aspect x = finder.Of(0, level);
  const Aspect y = finder.Of(1, level);
  return absl::StrCat(x.text, "[", x.words, "] | ", y.text, "[", y.words, "]");
}

int Strongest(std::string_view between, std::string_view language = "en") {
  Tokenizer tokenizer;
  tokenizer.Reset({});
  const std::string text = absl::StrCat("XX", between, "YY");
  tokenizer.AddText(text);
  const auto last = static_cast<uint32_t>(tokenizer.text_tokens()) - 1;
  AspectFinder finder;
  finder.Find(tokenizer, text, std::vector<NameSpan>{{{last, last + 1}, 1}, {{0, 1}, 0}}, language);
  return finder.strongest();
}

TEST(AspectTest, BordersAreSentencesContrastsAndPauses) {
  for (const char* const end : {". ", "! ", "!", "? ", "\n", "...", "… ", " .\n", "。", "؟ "}) {
    EXPECT_EQ(Strongest(end), 3) << end;
  }
  for (const char* const contrast : {" but ", " BUT ", "; ", " - ", " – ", "—", " | ", ", but "}) {
    EXPECT_EQ(Strongest(contrast), 2) << contrast;
  }
  for (const char* const pause : {", ", " and ", ", and ", "، "}) EXPECT_EQ(Strongest(pause), 1) << pause;
  for (const char* const none : {" ", " or ", ".", "-", ": ", " (", " &amp; ", "/", " et ", " butter ", " d.o "}) {
    EXPECT_EQ(Strongest(none), 0) << none;
  }
}

TEST(AspectTest, EachLanguageHasItsWords) {
  EXPECT_EQ(Strongest(" mais ", "fr"), 2);
  EXPECT_EQ(Strongest(" ma ", "fr"), 0) << "my";
  EXPECT_EQ(Strongest(" ma ", "it"), 2);
  EXPECT_EQ(Strongest(" però ", "it"), 2);
  EXPECT_EQ(Strongest(" während ", "de"), 2);
  EXPECT_EQ(Strongest(" pero ", "es"), 2);
  EXPECT_EQ(Strongest(" porém ", "pt"), 2);
  EXPECT_EQ(Strongest(" but ", "ar"), 0);
  EXPECT_EQ(Strongest(" but ", ""), 0);
}

TEST(AspectTest, WhatNoNameIsInStaysBehindTheStrongerBorder) {
  EXPECT_EQ(Parts("xx is good, yy is bad"), "xx is good, [2] | yy is bad[2]");
  EXPECT_EQ(Parts("xx is good, no delays, yy is bad"), "xx is good, no delays, [4] | yy is bad[2]");
  EXPECT_EQ(Parts("xx is good. Bad, so bad, #yy"), "xx is good. [2] | Bad, so bad, #yy[3]");
  EXPECT_EQ(Parts("So, xx is good. yy is bad. Never again!"), "So, xx is good. [3] | yy is bad. Never again![4]");
}

TEST(AspectTest, OnlyBordersOfTheLevelCut) {
  const std::string_view text = "xx good, yy bad but xx ok. yy!";
  EXPECT_EQ(Parts(text, 1), "xx good,  but xx ok. [2] | yy bad  yy![1]");
  EXPECT_EQ(Parts(text, 2), "xx good, yy bad  but xx ok. [3] | xx good, yy bad  yy![2]");
  EXPECT_EQ(Parts(text, 3), "xx good, yy bad but xx ok. [3] | xx good, yy bad but xx ok.  yy![3]");
}

TEST(AspectTest, NamesBordersAndLinksAreNoWords) {
  EXPECT_EQ(Parts("xx, and yy https://x.org but"), "xx, [0] | and yy https://x.org but[0]");
}

TEST(AspectTest, NamesWithoutABorderBetweenThemShareTheText) {
  EXPECT_EQ(Parts("xx beats yy"), "xx beats yy[1] | xx beats yy[1]");
  EXPECT_EQ(Parts("only xx, really"), "only xx, really[2] | [0]");
}

}  // namespace
}  // namespace tocsin
