#include "app/train/tone_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "operators/sentiment/model_format.h"
#include "operators/sentiment/sentiment_features.h"

namespace tocsin {
namespace {

using namespace sentiment_format;
using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<char, 2> kEnglish = {'e', 'n'};
constexpr std::array<char, 2> kFrench = {'f', 'r'};
constexpr std::array<char, 2> kHindi = {'h', 'i'};

class ToneListTest : public testing::Test {
 protected:
  ~ToneListTest() override { std::remove(path_.c_str()); }

  absl::StatusOr<std::map<std::array<char, 2>, ToneList>> Read(const std::string& text) const {
    std::ofstream(path_) << text;
    return ReadToneLists(path_);
  }

  // How many words of a kind the text holds.
  static int64_t Count(const ToneList& list, const std::string& text, uint32_t kind) {
    const ToneReading reading = Reading(list, text);
    return std::count_if(reading.hits().begin(), reading.hits().end(),
                         [kind](const ToneHit& hit) { return hit.kind == kind; });
  }

  static ToneReading Reading(const ToneList& list, const std::string& text) {
    const auto features = std::make_unique<SentimentFeatures>();
    features->Extract(text);
    ToneReading reading;
    list.View().Read(*features, reading);
    return reading;
  }

  std::string path_ = testing::TempDir() + "tone_list_test." + std::to_string(getpid());
};

TEST_F(ToneListTest, AFormIsEveryChoiceOfEveryGroup) {
  EXPECT_THAT(ExpandForms("bad"), ElementsAre("bad"));
  EXPECT_THAT(ExpandForms("bad(|ly)"), ElementsAre("bad", "badly"));
  EXPECT_THAT(ExpandForms("(a|b)x(c|d)"), ElementsAre("axc", "axd", "bxc", "bxd"));
  EXPECT_THAT(ExpandForms(":("), ElementsAre(":("));
}

TEST_F(ToneListTest, AccentsOfLatinLettersGo) {
  EXPECT_EQ(WithoutAccents("déçu"), "decu");
  EXPECT_EQ(WithoutAccents("ÇA"), "cA");
  EXPECT_EQ(WithoutAccents("groß"), "groß");
  EXPECT_EQ(WithoutAccents("سيئ"), "سيئ");
}

TEST_F(ToneListTest, ARowGivesEachLanguageItsWords) {
  const auto lists =
      Read("# note\nending fr ~ |e|s\n-2; bad worse; déçu~; ; ; ; ; ; bura\nN; not; pas; ; ; ; ; ; nahi\n");
  ASSERT_THAT(lists, IsOk());
  EXPECT_EQ(lists->size(), 3U);
  EXPECT_EQ(Count(lists->at(kEnglish), "bad worse bura", 1), 2);
  EXPECT_EQ(Count(lists->at(kFrench), "Déçue, decus", 1), 2);
  EXPECT_EQ(Count(lists->at(kFrench), "pas déçu", 1 + kToneValences), 1);
  EXPECT_EQ(Reading(lists->at(kHindi), "bura").hit[0].meaning, Reading(lists->at(kEnglish), "worse").hit[0].meaning);
  EXPECT_TRUE(std::is_sorted(lists->at(kFrench).hashes.begin(), lists->at(kFrench).hashes.end()));
}

TEST_F(ToneListTest, TheFirstRowOfAWordCounts) {
  const auto lists = Read("3; fine; ; ; ; ; ; ;\n-2; fine; ; ; ; ; ; ;\n");
  ASSERT_THAT(lists, IsOk());
  EXPECT_EQ(Count(lists->at(kEnglish), "fine", 5), 1);
  EXPECT_EQ(Count(lists->at(kEnglish), "fine", 1), 0);
}

TEST_F(ToneListTest, SymbolsAreOfEveryLanguageAndEmojiAlsoInARow) {
  const auto lists = Read("3 = :) 😍\n");
  ASSERT_THAT(lists, IsOk());
  EXPECT_EQ(lists->size(), 8U);
  EXPECT_EQ(Count(lists->at(kHindi), "ok :) 😍😍 😍😍😍", 5), 3);
}

TEST_F(ToneListTest, ABadLineIsNamed) {
  for (const char* const line :
       {"2; too; few", "5; a; b; c; d; e; f; g; h", "2; can't; ; ; ; ; ; ;", "ending fr long x|y", "9 = :)"}) {
    EXPECT_THAT(Read(std::string("# first\n") + line + "\n"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line=2")))
        << line;
  }
  EXPECT_THAT(ReadToneLists(path_ + ".none"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ToneListTest, TheListInTheTreeKnowsEveryLanguage) {
  const auto lists = ReadToneLists("app/train/tone_words.txt");
  ASSERT_THAT(lists, IsOk());
  EXPECT_EQ(lists->size(), 8U);
  for (const auto& [code, list] : *lists) EXPECT_GT(list.hashes.size(), 900U) << code[0] << code[1];
}

}  // namespace
}  // namespace tocsin
