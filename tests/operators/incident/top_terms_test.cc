#include "operators/incident/top_terms.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

void Repeat(int times, std::string_view text, TopTerms::Kind kind, TopTerms* terms) {
  for (int i = 0; i < times; ++i) terms->Add(text, kind);
}

TEST(TopTermsTest, NamesWhatOneKindSaysAndTheOtherDoesNot) {
  TopTerms terms;
  Repeat(60, "Acme flies to Paris, and the crew is kind", TopTerms::Kind::kUsual, &terms);
  Repeat(20, "The REFUND never came, Acme! @acme #shame 4711 https://acme.example/refunded", TopTerms::Kind::kCrisis,
         &terms);
  EXPECT_THAT(terms.Find(5, "Acme Air"),
              ElementsAre(CountedName{"came", 20}, CountedName{"never", 20}, CountedName{"refund", 20}))
      << "\"the\" is usual, \"acme\" the name, and handles, hashtags, links and numbers are no words";
}

TEST(TopTermsTest, NamesNothingWithoutEnoughPosts) {
  TopTerms terms;
  EXPECT_THAT(terms.Find(5, "Acme"), IsEmpty());
  Repeat(2, "refund", TopTerms::Kind::kCrisis, &terms);
  Repeat(1'000, "crew", TopTerms::Kind::kUsual, &terms);
  EXPECT_THAT(terms.Find(5, "Acme"), IsEmpty());
  Repeat(1, "refund", TopTerms::Kind::kCrisis, &terms);
  EXPECT_THAT(terms.Find(5, "Acme"), ElementsAre(CountedName{"refund", 3}));
}

TEST(TopTermsTest, EqualsTheFormulaOverRandomPosts) {
  std::mt19937_64 random(5);
  std::vector<std::string> vocabulary;
  vocabulary.reserve(60);
  for (int i = 0; i < 60; ++i) vocabulary.push_back(absl::StrCat("word", i));
  size_t named = 0;
  for (int round = 0; round < Rounds(200, 40); ++round) {
    TopTerms terms;
    std::map<std::string, std::pair<double, double>> counts;  // crisis, usual
    double posts[2] = {0, 0};
    const uint64_t size = 1 + random() % 300;
    for (uint64_t i = 0; i < size; ++i) {
      const bool crisis = random() % 3 == 0;
      std::vector<std::string> text;
      for (uint64_t words = random() % 12; words > 0; --words) {
        const bool own = crisis && random() % 4 == 0;
        text.push_back(vocabulary[own ? 50 + random() % 10 : random() % 50]);
      }
      terms.Add(absl::StrJoin(text, " "), crisis ? TopTerms::Kind::kCrisis : TopTerms::Kind::kUsual);
      posts[crisis ? 0 : 1] += 1;
      for (const std::string& word : std::set<std::string>(text.begin(), text.end())) {
        (crisis ? counts[word].first : counts[word].second) += 1;
      }
    }
    std::vector<std::pair<double, std::string>> expected;  // ascending by the negated score
    for (const auto& [word, count] : counts) {
      const auto [a, c] = count;
      const double b = posts[0] - a;
      const double d = posts[1] - c;
      // Twice the difference of entropies, which is the same.
      const auto h = [](double x) { return x > 0 ? x * std::log(x) : 0; };
      const double score =
          2 * (h(a) + h(b) + h(c) + h(d) - h(a + b) - h(c + d) - h(a + c) - h(b + d) + h(a + b + c + d));
      if (a >= 3 && score >= 15.1 && a / (a + b) > c / (c + d) && word != "word7")
        expected.emplace_back(-std::round(score * 1e4) / 1e4, word);
    }
    std::sort(expected.begin(), expected.end());
    if (expected.size() > 4) expected.resize(4);
    const std::vector<CountedName> found = terms.Find(4, "word7");
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].name, expected[i].second);
      EXPECT_EQ(static_cast<double>(found[i].mentions), counts[found[i].name].first);
    }
    named += found.size();
  }
  EXPECT_GT(named, 40u);
}

}  // namespace
}  // namespace tocsin
