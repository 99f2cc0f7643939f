#include "operators/sentiment/sentiment_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "operators/sentiment/default_model.h"
#include "operators/sentiment/kernels.h"
#include "operators/sentiment/model_format.h"
#include "tests/operators/sentiment/sample_texts.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kModelFile[] = "operators/sentiment/model/default.model";

std::vector<uint8_t> DefaultBytes() {
  const std::span<const uint8_t> bytes = DefaultModelBytes();
  return {bytes.begin(), bytes.end()};
}

void Reseal(std::vector<uint8_t>& bytes) {
  const auto checksum = static_cast<uint32_t>(crc32_z(0, bytes.data(), bytes.size() - 4));
  std::memcpy(bytes.data() + bytes.size() - 4, &checksum, 4);
}

// A file of the test's own that is gone afterwards.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const uint8_t> bytes)
      : path_(testing::TempDir() + "sentiment_model_test." + std::to_string(getpid())) {
    std::ofstream file(path_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(SentimentModelTest, DefaultIsTheFileInTheTree) {
  std::ifstream file(kModelFile, std::ios::binary);
  std::string bytes(std::filesystem::file_size(kModelFile), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const std::span<const uint8_t> embedded = DefaultModelBytes();
  ASSERT_EQ(bytes.size(), embedded.size());
  EXPECT_EQ(std::memcmp(bytes.data(), embedded.data(), bytes.size()), 0);
  EXPECT_LT(SentimentModel::Default().size_bytes(), 4'000'000U);
}

TEST(SentimentModelTest, DefaultCoversEightLanguages) {
  EXPECT_THAT(SentimentModel::Default().languages(), ElementsAre("en", "fr", "it", "de", "es", "pt", "ar", "hi"));
  EXPECT_THAT(std::string(SentimentModel::Default().description()), HasSubstr("posts.en="));
}

TEST(SentimentModelTest, LoadedFileDecidesLikeTheEmbeddedOne) {
  const auto loaded = SentimentModel::Load(kModelFile);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ((*loaded)->checksum(), SentimentModel::Default().checksum());
  for (const std::string& text : SampleTexts(3'000, 300, 1)) {
    const Sentiment expected = SentimentModel::Default().Classify(text, "en");
    const Sentiment actual = (*loaded)->Classify(text, "en");
    ASSERT_EQ(actual.label, expected.label);
    ASSERT_EQ(actual.scores, expected.scores);
  }
}

TEST(SentimentModelTest, EveryVariantComesToTheSameDecision) {
  const SentimentModel& model = SentimentModel::Default();
  for (const std::string& text : SampleTexts(3'000, 300, 6)) {
    for (const char* const language : {"en", "fr", "ar", "und"}) {
      const Sentiment expected = model.Classify(text, language, *RunnableKernels().front());
      for (const SentimentKernels* const kernels : RunnableKernels()) {
        const Sentiment found = model.Classify(text, language, *kernels);
        ASSERT_EQ(found.label, expected.label) << kernels->name;
        ASSERT_EQ(found.scores, expected.scores) << kernels->name;
        ASSERT_EQ(found.negativity, expected.negativity) << kernels->name;
        ASSERT_EQ(found.language, expected.language) << kernels->name;
      }
    }
  }
}

TEST(SentimentModelTest, MissingFileIsNotFound) {
  EXPECT_THAT(SentimentModel::Load("no/such.model"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(SentimentModelTest, EmptyFileIsDataLoss) {
  const TemporaryFile file({});
  EXPECT_THAT(SentimentModel::Load(file.path()), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(file.path())));
}

TEST(SentimentModelTest, AlteredFileOnDiskIsDataLoss) {
  std::vector<uint8_t> bytes = DefaultBytes();
  bytes[bytes.size() / 2] ^= 1;
  const TemporaryFile file(bytes);
  EXPECT_THAT(SentimentModel::Load(file.path()), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(SentimentModelTest, TruncatedModelIsDataLossAtEveryLength) {
  const std::span<const uint8_t> bytes = DefaultModelBytes();
  std::vector<size_t> sizes;
  for (size_t size = 0; size < 600; ++size) sizes.push_back(size);
  for (size_t missing = 1; missing < 600; ++missing) sizes.push_back(bytes.size() - missing);
  for (size_t size = 600; size < bytes.size(); size += 50'021) sizes.push_back(size);
  for (const size_t size : sizes) {
    ASSERT_THAT(SentimentModel::FromBytes(bytes.first(size)), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

TEST(SentimentModelTest, ExtendedModelIsDataLoss) {
  std::vector<uint8_t> bytes = DefaultBytes();
  bytes.push_back(0);
  EXPECT_THAT(SentimentModel::FromBytes(bytes), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(SentimentModelTest, EveryFlippedByteIsDataLoss) {
  std::vector<uint8_t> bytes = DefaultBytes();
  std::mt19937_64 random(1);
  std::vector<size_t> positions;
  for (size_t at = 0; at < 96; ++at) positions.push_back(at);
  for (size_t at = bytes.size() - 4; at < bytes.size(); ++at) positions.push_back(at);
  for (int i = 0; i < 150; ++i) positions.push_back(random() % bytes.size());
  for (const size_t at : positions) {
    const auto flip = static_cast<uint8_t>(1 + random() % 255);
    bytes[at] ^= flip;
    ASSERT_THAT(SentimentModel::FromBytes(bytes), StatusIs(absl::StatusCode::kDataLoss)) << at;
    bytes[at] ^= flip;
  }
  EXPECT_THAT(SentimentModel::FromBytes(bytes), IsOk());
}

TEST(SentimentModelTest, UnknownVersionOrSectionIsInvalidArgument) {
  std::vector<uint8_t> bytes = DefaultBytes();
  for (const size_t at :
       {offsetof(sentiment_format::FileHeader, format_version), offsetof(sentiment_format::FileHeader, feature_version),
        sizeof(sentiment_format::FileHeader)}) {
    const uint8_t before = bytes[at];
    bytes[at] = 77;
    Reseal(bytes);
    EXPECT_THAT(SentimentModel::FromBytes(bytes), StatusIs(absl::StatusCode::kInvalidArgument)) << at;
    bytes[at] = before;
  }
}

TEST(SentimentModelTest, SectionOfOptionalTypeIsSkipped) {
  std::vector<uint8_t> bytes = DefaultBytes();
  uint32_t sections = 0;
  std::memcpy(&sections, bytes.data() + offsetof(sentiment_format::FileHeader, section_count), sizeof(sections));
  // The last section is the description.
  const size_t entry = sizeof(sentiment_format::FileHeader) + (sections - 1) * sizeof(sentiment_format::SectionEntry);
  const uint32_t type = sentiment_format::kOptionalBit | 5;
  std::memcpy(bytes.data() + entry, &type, sizeof(type));
  Reseal(bytes);
  const auto model = SentimentModel::FromBytes(bytes);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ((*model)->description(), "");
}

TEST(SentimentModelTest, SealedNonsenseInTheHeadersIsRefused) {
  // Goal: whatever stands in the directory and the section headers, reading stays in bounds.
  // Method: random bytes there under a valid checksum, run with the sanitizers.
  const std::vector<uint8_t> good = DefaultBytes();
  std::mt19937_64 random(2);
  for (int i = 0; i < 300; ++i) {
    std::vector<uint8_t> bytes(good.begin(), good.begin() + 1'024);
    const uint64_t size = bytes.size();
    std::memcpy(bytes.data() + offsetof(sentiment_format::FileHeader, file_bytes), &size, sizeof(size));
    for (int change = 0; change < 8; ++change) bytes[24 + random() % 900] = static_cast<uint8_t>(random());
    Reseal(bytes);
    ASSERT_THAT(SentimentModel::FromBytes(bytes), Not(IsOk()));
  }
}

TEST(SentimentModelTest, LanguageWithoutTableIsUnclassifiedAndNeverNeutral) {
  for (const char* const lang : {"nl", "ja", "zh-Hant", "in", "pl", "nld", "xx"}) {
    for (const std::string& text : SampleSentences()) {
      const Sentiment sentiment = SentimentModel::Default().Classify(text, lang);
      EXPECT_EQ(sentiment.label, SentimentClass::kUnclassified) << lang << ": " << text;
      EXPECT_EQ(sentiment.language, "");
    }
  }
}

TEST(SentimentModelTest, TextWithoutFeaturesIsUnclassified) {
  for (const char* const text : {"", "  ", ".", "'"}) {
    EXPECT_EQ(SentimentModel::Default().Classify(text, "en").label, SentimentClass::kUnclassified);
    EXPECT_EQ(SentimentModel::Default().Classify(text, "und").label, SentimentClass::kUnclassified);
  }
}

TEST(SentimentModelTest, GuessesTheLanguageOfPostsThatNameNone) {
  const SentimentModel& model = SentimentModel::Default();
  EXPECT_EQ(model.GuessLanguage("This is the worst airline that I have ever flown with"), "en");
  EXPECT_EQ(model.GuessLanguage("Je ne comprends pas pourquoi le service est toujours aussi mauvais"), "fr");
  EXPECT_EQ(model.GuessLanguage("Non capisco perché questo servizio è sempre così pessimo"), "it");
  EXPECT_EQ(model.GuessLanguage("Ich verstehe nicht, warum der Service immer so schlecht ist"), "de");
  EXPECT_EQ(model.GuessLanguage("No entiendo por qué el servicio siempre es tan malo"), "es");
  EXPECT_EQ(model.GuessLanguage("خدمة سيئة جدا ولن أعود مرة أخرى"), "ar");
  const Sentiment sentiment = model.Classify("This is the worst airline that I have ever flown with", "");
  EXPECT_EQ(sentiment.language, "en");
  EXPECT_EQ(sentiment.label, SentimentClass::kNegative);
}

TEST(SentimentModelTest, TextInALanguageItDoesNotKnowIsNotGuessed) {
  for (const char* const text : {"Wat een slechte service bij deze winkel, nooit meer terug",
                                 "Dzisiaj idziemy do kina na nowy film", "Bugün hava çok güzel, denize gidiyoruz",
                                 "Σήμερα είναι μια υπέροχη μέρα για βόλτα", "今日はとても天気がいいので公園に行きます",
                                 "오늘 날씨가 정말 좋네요 공원에 가요", "วันนี้อากาศดีมาก เราไปสวนสาธารณะกัน"}) {
    EXPECT_EQ(SentimentModel::Default().GuessLanguage(text), "") << text;
    EXPECT_EQ(SentimentModel::Default().Classify(text, "und").label, SentimentClass::kUnclassified) << text;
  }
}

TEST(SentimentModelTest, PlainPraiseAndPlainComplaintAreToldApart) {
  const SentimentModel& model = SentimentModel::Default();
  const auto label = [&model](const char* text, const char* lang) { return model.Classify(text, lang).label; };
  EXPECT_EQ(label("I love this, thank you so much, great day!", "en"), SentimentClass::kPositive);
  EXPECT_EQ(label("worst service ever, I hate them, so angry", "en-GB"), SentimentClass::kNegative);
  EXPECT_EQ(label("Merci, c'est magnifique, bravo à tous", "fr"), SentimentClass::kPositive);
  EXPECT_EQ(label("C'est une honte, quel scandale", "fr"), SentimentClass::kNegative);
  EXPECT_EQ(label("Bellissimo, grazie mille, che bello", "it"), SentimentClass::kPositive);
  EXPECT_EQ(label("Che schifo, vergogna, siete dei ladri", "it"), SentimentClass::kNegative);
}

TEST(SentimentModelTest, FurtherEvidenceMultipliesTheOddsOfTheClassItSpeaksFor) {
  const SentimentModel& model = SentimentModel::Default();
  const auto odds = [&model](const Sentiment& sentiment, size_t c) {
    const double probability = model.Probabilities(sentiment)[c];
    return probability / (1 - probability);
  };
  for (const char* const language : {"en", "fr", "it", "de"}) {
    const Sentiment plain = model.Classify("the store opens at nine", language);
    for (const int weight : {-400, -150, -1, 1, 150, 400}) {
      const size_t c = weight < 0 ? 0 : 2;
      const Sentiment shifted = model.Shift(plain, weight);
      EXPECT_NEAR(std::log(odds(shifted, c) / odds(plain, c)), std::abs(weight) / 100.0, 1e-4) << language << weight;
    }
    EXPECT_EQ(model.Shift(plain, 0).scores, plain.scores);
    EXPECT_EQ(model.Shift(plain, -400).label, SentimentClass::kNegative);
    EXPECT_GT(model.Shift(plain, -400).negativity, model.Shift(plain, 400).negativity);
    EXPECT_EQ(model.Shift(plain, 400).label, SentimentClass::kPositive);
  }
  EXPECT_EQ(model.Shift(model.Classify("", "en"), -400).label, SentimentClass::kUnclassified);
  EXPECT_EQ(model.Shift(model.Classify("goede dag", "nl"), -400).label, SentimentClass::kUnclassified);
}

TEST(SentimentModelTest, TwoOthersThatAreAlikeCountAsMoreThanOne) {
  constexpr int32_t kOne = 1 << 16;
  EXPECT_EQ(sentiment_format::NegativeMargin({0, 0, 0}), -kOne / 2);
  EXPECT_EQ(sentiment_format::NegativeMargin({kOne, kOne, -kOne}), 0);
  EXPECT_EQ(sentiment_format::NegativeMargin({3 * kOne, kOne, kOne / 2}), 2 * kOne - kOne / 4);
  EXPECT_EQ(sentiment_format::NegativeMargin({3 * kOne, kOne / 2, kOne}), 2 * kOne - kOne / 4);
  for (double apart = 0; apart < 4; apart += 0.01) {
    const auto other = static_cast<int32_t>(-apart * kOne);
    const double exact = -std::log(1 + std::exp(-apart));  // of scores 0 and -apart, against 0
    EXPECT_NEAR(sentiment_format::NegativeMargin({0, 0, other}) / static_cast<double>(kOne), exact, 0.32) << apart;
  }
}

TEST(SentimentModelTest, ManyThreadsComeToTheSameDecisions) {
  const std::vector<std::string> texts = SampleTexts(2'000, 300, 6);
  const auto decide = [&texts] {
    std::vector<std::array<int32_t, 3>> scores;
    scores.reserve(texts.size());
    for (const std::string& text : texts) scores.push_back(SentimentModel::Default().Classify(text, "fr").scores);
    return scores;
  };
  const auto expected = decide();
  std::vector<std::vector<std::array<int32_t, 3>>> results(4);
  std::vector<std::thread> threads;
  threads.reserve(results.size());
  for (auto& result : results) threads.emplace_back([&result, &decide] { result = decide(); });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST(SentimentModelTest, RatingsMapToClasses) {
  EXPECT_EQ(ClassifyRating(1), SentimentClass::kNegative);
  EXPECT_EQ(ClassifyRating(2), SentimentClass::kNegative);
  EXPECT_EQ(ClassifyRating(3), SentimentClass::kNeutral);
  EXPECT_EQ(ClassifyRating(4), SentimentClass::kPositive);
  EXPECT_EQ(ClassifyRating(5), SentimentClass::kPositive);
  for (const int stars : {-1, 0, 6, 100}) EXPECT_EQ(ClassifyRating(stars), SentimentClass::kUnclassified) << stars;
}

}  // namespace
}  // namespace tocsin
