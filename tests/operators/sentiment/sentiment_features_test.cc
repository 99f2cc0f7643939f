#include "operators/sentiment/sentiment_features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "tests/operators/sentiment/reference_features.h"
#include "tests/operators/sentiment/sample_texts.h"

namespace tocsin {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<uint32_t> Sorted(const SentimentFeatures& features) {
  std::vector<uint32_t> hashes(features.hashes().begin(), features.hashes().end());
  std::sort(hashes.begin(), hashes.end());
  return hashes;
}

// One object for all texts, so that what a text leaves behind would show. The
// text lies in a block of its own size, so that AddressSanitizer sees a read behind its end.
std::vector<uint32_t> FeaturesOf(std::string_view text) {
  const std::vector<char> exact(text.begin(), text.end());
  static SentimentFeatures features;
  features.Extract({exact.data(), exact.size()});
  return Sorted(features);
}

TEST(SentimentFeaturesTest, EqualTheReferenceOnSentencesOfManyScripts) {
  for (const std::string& text : SampleSentences()) EXPECT_EQ(FeaturesOf(text), ReferenceFeatures(text)) << text;
}

TEST(SentimentFeaturesTest, EqualTheReferenceOnRandomTexts) {
  for (const std::string& text : SampleTexts(20'000, 300, 1)) ASSERT_EQ(FeaturesOf(text), ReferenceFeatures(text));
}

TEST(SentimentFeaturesTest, EqualTheReferenceOnTextsLongerThanTheLimit) {
  for (const std::string& text : SampleTexts(300, 9'000, 2)) ASSERT_EQ(FeaturesOf(text), ReferenceFeatures(text));
}

TEST(SentimentFeaturesTest, EqualTheReferenceAtEveryLengthAroundABlock) {
  const std::string text = SampleTexts(2, 20'000, 3)[1].substr(0, 400);
  for (size_t begin = 0; begin < 70; ++begin) {
    for (size_t size = 0; size <= 200; ++size) {
      const std::string_view part = std::string_view{text}.substr(begin, size);
      ASSERT_EQ(FeaturesOf(part), ReferenceFeatures(part)) << "begin=" << begin << " size=" << size;
    }
  }
}

TEST(SentimentFeaturesTest, NeverOutgrowTheirBound) {
  for (const char* const unit : {"a!", "a", "!", "a ", "@a", "!a@b"}) {
    std::string text;
    while (text.size() < SentimentFeatures::kMaxTextBytes) text += unit;
    EXPECT_LE(FeaturesOf(text).size(), SentimentFeatures::kMaxFeatures) << unit;
  }
}

TEST(SentimentFeaturesTest, TextWithoutTokensHasNone) {
  for (const char* const text : {"", " ", "\n\t", ".", " - ", "'", "# ,", "\xE2\x80\xA6"}) {
    EXPECT_THAT(FeaturesOf(text), IsEmpty()) << text;
  }
}

TEST(SentimentFeaturesTest, WordHasItselfAndItsGrams) {
  EXPECT_THAT(FeaturesOf("a"), SizeIs(1));
  EXPECT_THAT(FeaturesOf("ab"), SizeIs(1 + 1));
  EXPECT_THAT(FeaturesOf("word"), SizeIs(1 + 3 + 2));
  EXPECT_THAT(FeaturesOf("ab cd"), SizeIs(2 * (1 + 1) + 1));
}

TEST(SentimentFeaturesTest, CaseDoesNotCount) { EXPECT_EQ(FeaturesOf("ÉTÉ Horrible"), FeaturesOf("été hORRIBLE")); }

TEST(SentimentFeaturesTest, AnyMentionIsTheSameAndSoIsAnyLink) {
  EXPECT_EQ(FeaturesOf("bad @united http://a.b/c?d=e"), FeaturesOf("bad @_ www.example.org"));
  EXPECT_NE(FeaturesOf("bad @united"), FeaturesOf("bad united"));
}

TEST(SentimentFeaturesTest, LinkTakesAllThatBelongsToIt) {
  // Goal: what is within a link is no token, what follows it is one. Method: texts with the same tokens otherwise.
  EXPECT_EQ(FeaturesOf("a http://b.c/@d?e!!http www.f \"g"), FeaturesOf("a http http \"g"));
  EXPECT_EQ(FeaturesOf("HTTPS://B\"!!"), FeaturesOf("www.x \"!!"));
  EXPECT_EQ(FeaturesOf("http\"!"), FeaturesOf("http \"!"));
  EXPECT_EQ(FeaturesOf("http://a\xC3\xA9tat"), FeaturesOf("http \xC3\xA9tat"));
  EXPECT_NE(FeaturesOf("htt://b"), FeaturesOf("http://b"));
  EXPECT_NE(FeaturesOf("www b"), FeaturesOf("www. b"));
}

// The golden file was written by tests/oracle/sentiment_model.py, which shares no
// code with the engine.
TEST(SentimentFeaturesTest, EqualTheGoldenFile) {
  std::ifstream file("tests/operators/sentiment/golden_features.tsv");
  ASSERT_TRUE(file.is_open());
  const auto number = [](std::string_view hex) {
    uint32_t value = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    return value;
  };
  int count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    const size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos);
    std::string text;
    for (size_t i = 0; i + 1 < tab; i += 2) text += static_cast<char>(number(line.substr(i, 2)));
    std::vector<uint32_t> expected;
    for (size_t i = tab + 1; i < line.size(); i += 9) expected.push_back(number(line.substr(i, 8)));
    EXPECT_THAT(FeaturesOf(text), ElementsAreArray(expected)) << text;
  }
  EXPECT_EQ(count, 34);
}

#if defined(__SSE2__)
TEST(ByteScanTest, EveryVariantGivesTheSameBits) {
  for (const std::string& text : SampleTexts(20'000, 200, 5)) {
    std::array<uint8_t, kScanBlockBytes> in{};
    std::copy_n(text.begin(), std::min(text.size(), in.size()), in.begin());
    std::array<uint8_t, kScanBlockBytes> out{};
    std::array<uint8_t, kScanBlockBytes> portable_out{};
    ByteMasks masks{};
    ByteMasks portable{};
    ScanBlockSse2(in.data(), out.data(), masks);
    ScanBlockPortable(in.data(), portable_out.data(), portable);
    ASSERT_EQ(out, portable_out);
    ASSERT_EQ(std::memcmp(&masks, &portable, sizeof(masks)), 0);
  }
}
#endif

}  // namespace
}  // namespace tocsin
