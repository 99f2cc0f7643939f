#include "operators/incident/near_copies.h"

#include <algorithm>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

int64_t CopiesAmong(const std::vector<std::string>& texts) {
  NearCopies near_copies;
  for (const std::string& text : texts) near_copies.Add(text);
  EXPECT_EQ(near_copies.texts(), static_cast<int64_t>(texts.size()));
  return near_copies.copies();
}

std::vector<std::string> Words(size_t size) {
  std::vector<std::string> words;
  for (size_t i = 0; i < size; ++i) words.push_back(absl::StrCat("w", i));
  return words;
}

// Whether a text of `size` words and the same with others at `changed` resemble each other.
bool Resemble(size_t size, const std::vector<size_t>& changed) {
  std::vector<std::string> words = Words(size);
  const std::string original = absl::StrJoin(words, " ");
  for (const size_t place : changed) words[place] = "other";
  return CopiesAmong({original, absl::StrJoin(words, " ")}) == 1;
}

TEST(NearCopiesTest, OfTwentyWordsTwoMayDifferOfElevenOne) {
  for (size_t i = 0; i < 20; ++i) {
    for (size_t j = 0; j < 20; ++j) EXPECT_TRUE(Resemble(20, {i, j})) << i << ' ' << j;
  }
  EXPECT_FALSE(Resemble(20, {4, 10, 16}));
  for (size_t i = 0; i < 11; ++i) EXPECT_TRUE(Resemble(11, {i})) << i;
  EXPECT_FALSE(Resemble(10, {5}));
}

TEST(NearCopiesTest, CaseHandlesLinksAndRtDoNotCount) {
  EXPECT_EQ(CopiesAmong({"The refund never came", "RT @acme: the REFUND never came https://acme.example/4711"}), 1);
}

TEST(NearCopiesTest, ShortTextsAreCopiesOnlyIfEqual) {
  EXPECT_EQ(CopiesAmong({"no refund", "No refund!", "no service", "refund no", "refund"}), 1);
}

TEST(NearCopiesTest, WhatHasNoWordsIsNotCounted) {
  NearCopies near_copies;
  for (const char* text : {"", "  ", "@acme", "https://acme.example"}) near_copies.Add(text);
  EXPECT_EQ(near_copies.texts(), 0);
  EXPECT_EQ(near_copies.copies(), 0);
}

// A copy is no original: what resembles it alone is new.
TEST(NearCopiesTest, IsComparedWithOriginalsOnly) {
  std::vector<std::string> words = Words(20);
  const std::string first = absl::StrJoin(words, " ");
  words[4] = words[10] = "x";
  const std::string second = absl::StrJoin(words, " ");
  words[0] = words[16] = "y";
  const std::string third = absl::StrJoin(words, " ");
  EXPECT_EQ(CopiesAmong({second, third}), 1);
  EXPECT_EQ(CopiesAmong({first, second, third}), 1);
}

TEST(NearCopiesTest, EqualsComparingEachTextWithEachOriginal) {
  std::mt19937_64 random(3);
  int64_t copies = 0;
  for (int round = 0; round < Rounds(200, 30); ++round) {
    std::vector<std::vector<std::string>> texts;
    for (uint64_t size = 1 + random() % 60; size > 0; --size) {
      std::vector<std::string> text;
      if (!texts.empty() && random() % 2 == 0) text = texts[random() % texts.size()];
      for (uint64_t changes = text.empty() ? 0 : random() % 4; changes > 0; --changes) {
        text[random() % text.size()] = absl::StrCat("w", random() % 6);
      }
      for (uint64_t words = text.empty() ? 1 + random() % 15 : random() % 3; words > 0; --words) {
        text.push_back(absl::StrCat("w", random() % 6));
      }
      texts.push_back(text);
    }
    NearCopies near_copies;
    std::vector<std::set<std::string>> originals;
    int64_t expected = 0;
    for (const std::vector<std::string>& text : texts) {
      near_copies.Add(absl::StrJoin(text, " "));
      std::set<std::string> runs;
      if (text.size() < 3) runs.insert(absl::StrJoin(text, " "));
      for (size_t i = 0; i + 3 <= text.size(); ++i)
        runs.insert(absl::StrCat(text[i], " ", text[i + 1], " ", text[i + 2]));
      const bool copy = std::ranges::any_of(originals, [&runs](const std::set<std::string>& original) {
        std::vector<std::string> common;
        std::ranges::set_intersection(original, runs, std::back_inserter(common));
        return 2 * common.size() >= original.size() + runs.size() - common.size();
      });
      if (copy) {
        ++expected;
      } else {
        originals.push_back(runs);
      }
    }
    ASSERT_EQ(near_copies.copies(), expected) << "round " << round;
    copies += expected;
  }
  EXPECT_GT(copies, Rounds(1'000, 150));
}

}  // namespace
}  // namespace tocsin
