// The smaller parts of the generator, each against what defines it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "app/generate/intensity.h"
#include "app/generate/labelled_texts.h"
#include "app/generate/random.h"
#include "app/generate/texts.h"
#include "app/generate/weighted_choice.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

TEST(MadeUpBrandTest, NoTwoHaveTheSameIdAndNeighboursShareNoName) {
  std::set<std::string> ids;
  for (size_t i = 0; i < 2'000; ++i) EXPECT_TRUE(ids.insert(MadeUpBrand(i).id).second) << i << " " << MadeUpBrand(i).id;
  for (size_t i = 1; i < 100; ++i) {
    const std::string one = MadeUpBrand(i - 1).id;
    const std::string other = MadeUpBrand(i).id;
    EXPECT_NE(one.substr(0, 3), other.substr(0, 3)) << i;
    EXPECT_NE(one.substr(one.size() - 3), other.substr(other.size() - 3)) << i;
  }
}

TEST(WeightedChoiceTest, DrawsEachByItsWeight) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<double> weights(1 + random.Below(30));
    double total = 0;
    for (double& weight : weights) {
      weight = random.Chance(0.2) ? 0 : random.Unit() * random.Unit() * 50;
      total += weight;
    }
    if (total == 0) continue;
    WeightedChoice choice;
    choice.Set(weights);
    EXPECT_NEAR(choice.total(), total, 1e-9);
    constexpr int kDraws = 50'000;
    std::vector<int> drawn(weights.size());
    for (int i = 0; i < kDraws; ++i) ++drawn[choice.Draw(&random)];
    for (size_t i = 0; i < weights.size(); ++i) {
      const double share = weights[i] / total;
      EXPECT_NEAR(drawn[i], kDraws * share, 5 * std::sqrt(kDraws * share * (1 - share)) + 1e-9);
    }
  }
}

TEST(RandomTest, PoissonAndGammaHaveTheirMeansAndVariances) {
  Random random(11);
  for (const double mean : {0.02, 0.7, 8.0, 59.0, 300.0}) {
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 40'000;
    for (int i = 0; i < kDraws; ++i) {
      const double value = random.Poisson(mean);
      sum += value;
      squares += (value - mean) * (value - mean);
    }
    EXPECT_NEAR(sum / kDraws, mean, 5 * std::sqrt(mean / kDraws));
    EXPECT_NEAR(squares / kDraws / mean, 1, 0.15);
  }
  for (const double shape : {0.3, 1.0, 6.0}) {
    double sum = 0;
    double squares = 0;
    constexpr int kDraws = 60'000;
    for (int i = 0; i < kDraws; ++i) {
      const double value = random.GammaMeanOne(shape);
      sum += value;
      squares += (value - 1) * (value - 1);
    }
    EXPECT_NEAR(sum / kDraws, 1, 5 * std::sqrt(1 / shape / kDraws));
    EXPECT_NEAR(squares / kDraws * shape, 1, 0.15);
  }
}

Scenario OneBrand() {
  Scenario scenario;
  scenario.start_ms = kDefaultStartMs;  // a Monday's midnight
  scenario.brands.push_back(MadeUpBrand(0));
  scenario.brands[0].per_minute = 2;
  return scenario;
}

TEST(IntensityTest, CyclesHaveAMeanOfOneAndTheirPeakWhereStated) {
  Scenario scenario = OneBrand();
  scenario.cycles.amplitude = 0.5;
  scenario.cycles.peak_hour = 18;
  EXPECT_DOUBLE_EQ(Intensity(scenario).Cycle(18 * kHourMs), 1.5);
  EXPECT_DOUBLE_EQ(Intensity(scenario).Cycle(6 * kHourMs), 0.5);

  scenario.cycles.hours.assign(24, 1);
  scenario.cycles.hours[20] = 25;
  scenario.cycles.weekday = {1, 1, 1, 1, 1, 0.5, 0.5};
  const Intensity intensity(scenario);
  double sum = 0;
  for (int64_t minute = 0; minute < 7 * 24 * 60; ++minute) sum += intensity.Cycle(minute * kMinuteMs);
  EXPECT_NEAR(sum / (7 * 24 * 60), 1, 0.02);
  // Tuesday at noon is 1 / (6 / 7) of the mean, the hours' base half of theirs.
  EXPECT_NEAR(intensity.Cycle((24 + 12) * kHourMs), 7.0 / 6 * 0.5, 1e-9);
  EXPECT_NEAR(intensity.Cycle((5 * 24 + 12) * kHourMs), 3.5 / 6 * 0.5, 1e-9) << "Saturday";
  EXPECT_NEAR(intensity.Cycle((24 + 20) * kHourMs) / intensity.Cycle((24 + 19) * kHourMs), 25, 1);
}

TEST(IntensityTest, AnEventRampsHoldsAndDecaysByItsPowerLaw) {
  Scenario scenario = OneBrand();
  ScenarioEvent& event = scenario.events.emplace_back();
  event.brands = {0};
  event.onset_ms = kHourMs;
  event.rise_ms = 20 * kMinuteMs;
  event.hold_ms = 10 * kMinuteMs;
  event.scale_ms = 30 * kMinuteMs;
  event.power = 2;
  event.factor = 6;
  const Intensity intensity(scenario);
  EXPECT_EQ(intensity.BrandPerMinute(0, kHourMs - 1), 2);
  EXPECT_DOUBLE_EQ(intensity.BrandPerMinute(0, kHourMs + 10 * kMinuteMs), 2 + 5);
  EXPECT_DOUBLE_EQ(intensity.BrandPerMinute(0, kHourMs + 25 * kMinuteMs), 2 + 10);
  EXPECT_DOUBLE_EQ(intensity.BrandPerMinute(0, 2 * kHourMs), 2 + 10 / 4.0) << "(1 + 30/30)^-2";
  const EventPhases phases = PhasesOf(event);
  EXPECT_EQ(phases.peak_ms, 80 * kMinuteMs);
  EXPECT_EQ(phases.peak_end_ms, 90 * kMinuteMs);
  EXPECT_NEAR(Intensity::Level(event, phases.half_ms), 0.5, 1e-6);
  EXPECT_GT(Intensity::Level(event, phases.end_ms - 1'000), 0);
  EXPECT_EQ(Intensity::Level(event, phases.end_ms + 1'000), 0);
}

TEST(LabelledTextsTest, ReadsBothFormsAndPutsTheBrandWhereAMentionStood) {
  auto texts = std::make_shared<LabelledTexts>();
  ASSERT_TRUE(texts
                  ->AddText("0\t@user broke my bag http\n2\t2015-02-20\tAir\t1.0\tso good @user @user\n", "a.tsv",
                            PostLanguage::kEnglish)
                  .ok());
  ASSERT_TRUE(texts->AddText("vol annulé\tnegative\tfr\r\n\nи так\t1\tru\n", "b.tsv", PostLanguage::kEnglish).ok());
  EXPECT_EQ(texts->Of(PostLanguage::kEnglish, Mood::kNegative).size(), 1U);
  EXPECT_EQ(texts->Of(PostLanguage::kEnglish, Mood::kPositive).size(), 1U);
  EXPECT_EQ(texts->Of(PostLanguage::kFrench, Mood::kNegative)[0], "vol annulé");
  EXPECT_TRUE(texts->Of(PostLanguage::kEnglish, Mood::kNeutral).empty());

  const Texts of(texts);
  Random random(1);
  std::string text;
  of.AppendBrandText(PostLanguage::kEnglish, Mood::kNegative, "@air", &random, &text);
  EXPECT_THAT(text, testing::MatchesRegex("@air broke my bag https://t.example/[0-9]+"));
  text.clear();
  of.AppendBrandText(PostLanguage::kEnglish, Mood::kPositive, "Air", &random, &text);
  EXPECT_THAT(text, testing::MatchesRegex("so good Air @person[0-9]+"));
  text.clear();
  of.AppendBrandText(PostLanguage::kFrench, Mood::kNegative, "#air", &random, &text);
  EXPECT_EQ(text, "#air vol annulé");
  text.clear();
  of.AppendBrandText(PostLanguage::kGerman, Mood::kNegative, "Air", &random, &text);
  EXPECT_THAT(text, testing::HasSubstr("Air")) << "by phrases, where no file has any";
}

TEST(LabelledTextsTest, ABadLineIsNamed) {
  LabelledTexts texts;
  EXPECT_EQ(texts.AddText("0\tfine\nno tab\n", "a.tsv", PostLanguage::kEnglish).message(),
            "a.tsv:2: must be: label TAB text, or: text TAB label TAB language");
  EXPECT_EQ(texts.AddText("7\tfine\n", "a.tsv", PostLanguage::kEnglish).message(),
            "a.tsv:1: no label; known are 0, 1, 2, negative, neutral, positive");
  EXPECT_EQ(texts.AddText("0\tfine\xFF\n", "a.tsv", PostLanguage::kEnglish).message(),
            "a.tsv:1: the text is not UTF-8");
}

TEST(TextsTest, EveryOpeningOfEveryLanguageHasOnePlaceForTheBrand) {
  for (const LanguagePhrases& phrases :
       {EnglishPhrases(), FrenchPhrases(), ItalianPhrases(), GermanPhrases(), SpanishPhrases(), PortuguesePhrases()}) {
    for (const Phrases openings : phrases.openings) {
      EXPECT_GE(openings.size(), 6U);
      for (const std::string_view opening : openings) {
        EXPECT_NE(opening.find("{}"), std::string_view::npos) << opening;
        EXPECT_EQ(opening.find("{}"), opening.rfind("{}")) << opening;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin
