#include "app/train/train.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "app/train/evaluation.h"
#include "app/train/training_data.h"
#include "operators/sentiment/sentiment_model.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::array<const char*, 18> kFiles = {"en/train_semeval13_16.tsv",
                                                "en/dev_tweeteval_val.tsv",
                                                "en/dev_umsab.tsv",
                                                "fr/train_umsab.tsv",
                                                "fr/train_deft17_task1.tsv",
                                                "fr/dev_umsab.tsv",
                                                "it/train_sentipolc16.tsv",
                                                "it/dev_umsab.tsv",
                                                "other/german_train_umsab.tsv",
                                                "other/german_dev_umsab.tsv",
                                                "other/spanish_train_umsab.tsv",
                                                "other/spanish_dev_umsab.tsv",
                                                "other/portuguese_train_umsab.tsv",
                                                "other/portuguese_dev_umsab.tsv",
                                                "other/arabic_train_umsab.tsv",
                                                "other/arabic_dev_umsab.tsv",
                                                "other/hindi_train_umsab.tsv",
                                                "other/hindi_dev_umsab.tsv"};

// A folder of small invented posts in which one word says the class and another the language.
class TrainTest : public testing::Test {
 protected:
  TrainTest() : folder_(testing::TempDir() + "train_test." + std::to_string(getpid())) {
    std::mt19937_64 random(1);
    for (const std::string name : kFiles) {
      const std::filesystem::path path = std::filesystem::path(folder_) / name;
      std::filesystem::create_directories(path.parent_path());
      std::ofstream file(path);
      const std::string language = name.substr(0, name.starts_with("other") ? 9 : 2);
      for (int i = 0; i < 60; ++i) {
        const int label = i % 3;
        file << label << '\t' << std::array{"awful", "plain", "lovely"}[static_cast<size_t>(label)] << ' ' << language
             << "word thing" << random() % 50 << '\n';
      }
    }
  }
  ~TrainTest() override { std::filesystem::remove_all(folder_); }

  TrainOptions Options(const std::string& out) const {
    TrainOptions options;
    options.data_dir = folder_;
    options.out_path = folder_ + "/" + out;
    options.costs = {0.3};
    options.epochs = 3;
    return options;
  }

  std::string folder_;
};

std::string ReadFile(const std::string& path) {
  std::string bytes(std::filesystem::file_size(path), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

TEST_F(TrainTest, WritesAModelThatKnowsWhatItWasTaught) {
  std::vector<std::string> report;
  TrainOptions options = Options("a.model");
  options.report = [&report](std::string_view line) { report.emplace_back(line); };
  ASSERT_THAT(RunTrain(options), IsOk());
  const auto model = SentimentModel::Load(options.out_path);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ((*model)->Classify("an awful enword", "en").label, SentimentClass::kNegative);
  EXPECT_EQ((*model)->Classify("a plain frword", "fr").label, SentimentClass::kNeutral);
  EXPECT_EQ((*model)->Classify("a lovely itword", "it").label, SentimentClass::kPositive);
  EXPECT_LT((*model)->size_bytes(), 4'000'000U);
  EXPECT_THAT(report, Contains(AllOf(HasSubstr("fr/dev_umsab.tsv"), HasSubstr("1.000"))));
}

TEST_F(TrainTest, WordsOfKnownToneServePostsThatHoldNoneOfTheTrainingWords) {
  TrainOptions options = Options("a.model");
  options.words_path = folder_ + "/words.txt";
  std::ofstream(options.words_path)
      << "-3; awful ghastly; awful affreux; awful; awful; awful; awful; awful; awful\n"
      << "3; lovely superb; lovely superbe; lovely; lovely; lovely; lovely; lovely; lovely\n";
  ASSERT_THAT(RunTrain(options), IsOk());
  const auto model = SentimentModel::Load(options.out_path);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ((*model)->Classify("ghastly", "en").label, SentimentClass::kNegative);
  EXPECT_EQ((*model)->Classify("superb", "en").label, SentimentClass::kPositive);
  EXPECT_EQ((*model)->Classify("affreux", "fr").label, SentimentClass::kNegative);
  EXPECT_EQ((*model)->Classify("superbe", "fr").label, SentimentClass::kPositive);
}

TEST_F(TrainTest, MissingWordsAreNotFound) {
  TrainOptions options = Options("a.model");
  options.words_path = folder_ + "/words.txt";
  EXPECT_THAT(RunTrain(options), StatusIs(absl::StatusCode::kNotFound, HasSubstr("words.txt")));
}

TEST_F(TrainTest, EqualSeedGivesAnEqualFile) {
  ASSERT_THAT(RunTrain(Options("a.model")), IsOk());
  ASSERT_THAT(RunTrain(Options("b.model")), IsOk());
  EXPECT_EQ(ReadFile(folder_ + "/a.model"), ReadFile(folder_ + "/b.model"));
}

TEST_F(TrainTest, MissingDataIsNotFoundAndLeavesTheOldModel) {
  std::ofstream(folder_ + "/a.model") << "old";
  std::filesystem::remove(folder_ + "/it/dev_umsab.tsv");
  EXPECT_THAT(RunTrain(Options("a.model")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("it/dev_umsab.tsv")));
  EXPECT_EQ(ReadFile(folder_ + "/a.model"), "old");
}

TEST_F(TrainTest, MalformedLineIsNamed) {
  std::ofstream(folder_ + "/fr/train_umsab.tsv", std::ios::app) << "neutral\ttext\n";
  EXPECT_THAT(RunTrain(Options("a.model")),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("train_umsab.tsv"), HasSubstr("line=61"))));
}

TEST_F(TrainTest, UnwritableTargetIsUnavailable) {
  TrainOptions options = Options("no/such/folder/a.model");
  EXPECT_THAT(RunTrain(options), StatusIs(absl::StatusCode::kUnavailable));
}

// Floors a little below what the model card states: they catch a model that was trained or shipped wrongly.
TEST(ShippedModelTest, KeepsItsMeasuredQualityOnTheDevSets) {
  const auto data = ReadTrainingData("../shared/data/sentiment", "");
  if (absl::IsNotFound(data.status())) GTEST_SKIP() << "the labelled posts are not beside the project";
  ASSERT_THAT(data, IsOk());
  const std::vector<double> floors = {0.665, 0.645, 0.66, 0.64, 0.58, 0.565, 0.625, 0.32};
  for (size_t l = 0; l < data->languages.size(); ++l) {
    const LanguageData& language = data->languages[l];
    const std::string code(language.code.begin(), language.code.end());
    for (const EvaluationSet& set : language.dev) {
      std::vector<Judgement> judgements;
      for (const LabelledPost& post : set.posts) {
        judgements.push_back({post.label, static_cast<int>(SentimentModel::Default().Classify(post.text, code).label)});
      }
      EXPECT_GT(MeasureQuality(judgements).macro_f1, floors[l]) << set.name;
    }
  }
}

}  // namespace
}  // namespace tocsin
