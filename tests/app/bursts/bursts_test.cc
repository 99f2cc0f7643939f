#include "app/bursts/bursts.h"

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "app/files/read_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::HasSubstr;

// Five days of counts in five-minute bins; a burst on the fourth.
std::string Series(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string text = "timestamp,value\n";
  for (int64_t bin = 0; bin < 1'440; ++bin) {
    const double rate = bin >= 1'000 && bin < 1'024 ? 60 : 6;
    absl::StrAppend(&text, 1'425'000'000 + bin * 300, ",", std::poisson_distribution<int>(rate)(random), "\n");
  }
  return text;
}

class BurstsTest : public testing::Test {
 protected:
  BurstsTest() : root_(fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(root_);
    fs::create_directories(root_ / "in");
  }
  ~BurstsTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / "in" / name).parent_path());
    std::ofstream(root_ / "in" / name) << text;
  }
  absl::StatusOr<BurstsReport> Score() {
    return ScoreFolder((root_ / "in").string(), (root_ / "out").string(), CountSeriesOptions());
  }
  std::string Result(const std::string& name) {
    return ReadWholeFile((root_ / "out" / name).string()).value_or("absent");
  }

  fs::path root_;
};

TEST_F(BurstsTest, KeepsNamesTimesAndValuesAndAddsTheScore) {
  Write("a.csv", Series(1));
  Write("deeper/b.CSV", "2015-02-26 21:42:53,104\n2015-02-26 21:47:53,\n");
  Write("notes.txt", "not a series");
  const auto report = Score();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->files, 2);
  EXPECT_EQ(report->rows, 1'442);
  EXPECT_EQ(report->alarms, 1);
  EXPECT_TRUE(report->errors.empty());
  EXPECT_EQ(Result("deeper/b.CSV"),
            "timestamp,value,anomaly_score\n2015-02-26 21:42:53,104,0.0000\n2015-02-26 21:47:53,,0.0000\n");
  EXPECT_EQ(Result("notes.txt"), "absent");
  const std::vector<std::string> lines = absl::StrSplit(Result("a.csv"), '\n', absl::SkipEmpty());
  const std::vector<std::string> input = absl::StrSplit(Series(1), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), input.size());
  for (size_t i = 1; i < lines.size(); ++i) EXPECT_THAT(lines[i], testing::StartsWith(input[i] + ","));
}

// Goal: no look-ahead. Method: whatever a file is cut at, the results are those of the whole file, cut there.
TEST_F(BurstsTest, APrefixOfTheInputGivesThePrefixOfTheOutput) {
  const std::string text = Series(2);
  const auto whole = ScoreCounts(text, CountSeriesOptions());
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(whole->alarms, 1);
  std::mt19937_64 random(3);
  for (int cut = 0; cut < 60; ++cut) {
    const size_t end = text.find('\n', std::uniform_int_distribution<size_t>(0, text.size() - 2)(random)) + 1;
    const auto prefix = ScoreCounts(text.substr(0, end), CountSeriesOptions());
    ASSERT_TRUE(prefix.ok());
    EXPECT_EQ(prefix->csv, whole->csv.substr(0, prefix->csv.size())) << end;
    EXPECT_EQ(prefix->rows, std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end), '\n') - 1);
  }
}

TEST_F(BurstsTest, ABadFileIsNamedWithItsLineAndTheOthersAreScored) {
  Write("a.csv", Series(1));
  Write("b.csv", "timestamp,value\n2015-02-26 21:42:53,1\n2015-02-26 21:47:53,x\n");
  Write("c.csv", "timestamp,value\n2015-02-26 21:42:53,1\n2015-02-25 21:47:53,1\n");
  Write("d.csv", "timestamp,value\n2015-02-26 21:42:53,-1\n");
  const auto report = Score();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->files, 1);
  EXPECT_THAT(report->errors, ElementsAre(HasSubstr("b.csv:3: not a number"), HasSubstr("c.csv:3: time goes back"),
                                          HasSubstr("d.csv:2: a count below zero")));
  EXPECT_NE(Result("a.csv"), "absent");
  EXPECT_EQ(Result("b.csv"), "absent");
}

TEST_F(BurstsTest, RefusesFoldersThatItCannotScore) {
  EXPECT_THAT(Score(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no file *.csv")));
  Write("a.csv", Series(1));
  const std::string in = (root_ / "in").string();
  EXPECT_THAT(ScoreFolder(in, in + "/", CountSeriesOptions()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("overwrite")));
  EXPECT_THAT(ScoreFolder(in + "/absent", in, CountSeriesOptions()),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no such folder")));
}

TEST_F(BurstsTest, ResultsBelowTheInputAreNotReadAgain) {
  Write("a.csv", Series(1));
  const std::string in = (root_ / "in").string();
  for (int run = 0; run < 2; ++run) {
    const auto report = ScoreFolder(in, in + "/out", CountSeriesOptions());
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->files, 1);
  }
}

}  // namespace
}  // namespace tocsin
