#include "operators/sentiment/tone_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "operators/sentiment/model_format.h"
#include "operators/sentiment/sentiment_features.h"

namespace tocsin {
namespace {

using namespace sentiment_format;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Words with their kinds and meanings, as a tone section holds them.
class Words {
 public:
  void Add(const std::string& word, uint32_t kind, uint32_t meaning) {
    features_->Extract(word);
    known_[features_->hashes().front()] = static_cast<uint16_t>(kind << kToneMeaningBits | meaning);
  }

  ToneReading Read(const std::string& text) {
    hashes_.clear();
    words_.clear();
    for (const auto& [hash, word] : known_) {
      hashes_.push_back(hash);
      words_.push_back(word);
    }
    const ToneWords words(reinterpret_cast<const uint8_t*>(hashes_.data()),
                          reinterpret_cast<const uint8_t*>(words_.data()), hashes_.size());
    ToneReading reading;
    features_->Extract(text);
    words.Read(*features_, reading);
    return reading;
  }

 private:
  std::unique_ptr<SentimentFeatures> features_ = std::make_unique<SentimentFeatures>();
  std::map<uint32_t, uint16_t> known_;
  std::vector<uint32_t> hashes_;
  std::vector<uint16_t> words_;
};

constexpr uint32_t kBad = 1;
constexpr uint32_t kGood = 4;

Words SomeWords() {
  Words words;
  words.Add("bad", kBad, 7);
  words.Add("good", kGood, 8);
  words.Add("not", kToneNegator, 9);
  words.Add("very", kToneStrengthener, 10);
  words.Add("but", kToneNeutral, 11);
  words.Add(":(", kBad, 12);
  return words;
}

std::vector<uint32_t> Kinds(const ToneReading& reading) {
  std::vector<uint32_t> kinds;
  for (const ToneHit& hit : reading.hits()) kinds.push_back(hit.kind);
  return kinds;
}

TEST(ToneWordsTest, FindsKnownWordsInTheirOrderInAnyCase) {
  Words words = SomeWords();
  EXPECT_THAT(Kinds(words.Read("A BAD day, very good food :( but nothing else")),
              ElementsAre(kBad, kToneStrengthener, kGood, kBad, kToneNeutral));
  EXPECT_THAT(Kinds(words.Read("badly goods ( nothing")), IsEmpty());
}

TEST(ToneWordsTest, NegationReachesThreeTokensAndNoFarther) {
  Words words = SomeWords();
  EXPECT_THAT(Kinds(words.Read("not a very good one")),
              ElementsAre(kToneNegator, kToneStrengthener, kGood + kToneValences));
  EXPECT_THAT(Kinds(words.Read("not at all that good")), ElementsAre(kToneNegator, kGood));
  EXPECT_THAT(Kinds(words.Read("good not")), ElementsAre(kGood, kToneNegator));
  EXPECT_THAT(Kinds(words.Read("not x not x x good")), ElementsAre(kToneNegator, kToneNegator, kGood + kToneValences));
  EXPECT_THAT(Kinds(words.Read("not but")), ElementsAre(kToneNegator, kToneNeutral));
}

TEST(ToneWordsTest, NegatedMeaningIsAnotherFeature) {
  Words words = SomeWords();
  const ToneReading plain = words.Read("good but good");
  const ToneReading negated = words.Read("not good");
  ASSERT_EQ(plain.count, 3U);
  ASSERT_EQ(negated.count, 2U);
  EXPECT_EQ(plain.hit[0].meaning, plain.hit[2].meaning);
  EXPECT_NE(plain.hit[0].meaning, plain.hit[1].meaning);
  EXPECT_NE(plain.hit[0].meaning, negated.hit[1].meaning);
}

TEST(ToneWordsTest, OnlyTheFirstWordsOfALongTextAreRead) {
  Words words = SomeWords();
  std::string text = "x ";
  for (int i = 0; i < 500; ++i) text += "bad ";
  EXPECT_EQ(words.Read(text).count, kToneHitsMax);
}

TEST(ToneWordsTest, WithoutWordsNothingIsFound) {
  const auto features = std::make_unique<SentimentFeatures>();
  features->Extract("bad good");
  ToneReading reading;
  reading.count = 5;
  ToneWords().Read(*features, reading);
  EXPECT_THAT(Kinds(reading), IsEmpty());
}

TEST(ToneWordsTest, FindsWhatASearchOfAllWordsFinds) {
  // Goal: filter and index leave no known word out and let no other in, whatever the length of the text, though many
  // hashes begin alike.
  // Method: texts of random words, of which some are known, read by a map of strings.
  Words words;
  std::map<std::string, uint32_t> kinds;
  for (uint32_t i = 0; i < 30'000; i += 3) {
    const std::string word = "w" + std::to_string(i);
    kinds[word] = i % kToneValences;
    words.Add(word, kinds[word], i % 4'096);
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 50; ++round) {
    std::string text;
    std::vector<uint32_t> expected;
    for (uint64_t left = random() % 200; left > 0; --left) {
      const std::string word = "w" + std::to_string(random() % 45'000);
      text += word + " ";
      const auto found = kinds.find(word);
      if (found != kinds.end() && expected.size() < kToneHitsMax) expected.push_back(found->second);
    }
    ASSERT_EQ(Kinds(words.Read(text)), expected) << text;
  }
}

}  // namespace
}  // namespace tocsin
