#include "app/train/mention_judge.h"

#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/train/calibration.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/sentiment/calibration_file.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

constexpr std::string_view kWatchlist =
    "brands: [{id: a, name: A, query: acme}, {id: b, name: B, query: borealis}]\n"
    "lexicon: [{terms: [grounded], weight: -4}]\n";

std::vector<int> Predicted(const JudgedMentions& judged) {
  std::vector<int> predicted;
  for (const Judgement& judgement : judged.judgements) predicted.push_back(judgement.predicted);
  return predicted;
}

TEST(MentionJudgeTest, EachMentionIsJudgedByItsPartAndTheLexicon) {
  const auto watchlist = Watchlist::Parse(kWatchlist, "watchlist.yaml");
  ASSERT_THAT(watchlist, IsOk());
  const std::vector<LabelledPost> posts = {{0, "acme keeps its planes grounded on monday", ""},
                                           {2, "acme is awful. borealis is wonderful", ""},
                                           {1, "the weather is awful", ""}};
  const JudgedMentions judged = JudgeMentions(SentimentModel::Default(), **watchlist, posts, "en");
  EXPECT_EQ(Predicted(judged), (std::vector<int>{0, 0, 2}));
  EXPECT_EQ(judged.judgements.back().label, 2);
  EXPECT_EQ(judged.unmatched, 1u);
}

class CalibrateWithWatchlistTest : public testing::Test {
 protected:
  std::string Write(std::string_view name, std::string_view text) {
    std::string path = absl::StrCat(testing::TempDir(), "/mention_judge_", name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  // Negative by a word that the model does not know as such, the others without.
  std::string Posts() {
    std::string posts;
    for (int i = 0; i < 40; ++i) {
      absl::StrAppend(&posts, "0\tacme keeps plane ", i, " grounded on monday\n");
      absl::StrAppend(&posts, "1\tacme keeps plane ", i, " in the hangar on monday\n");
      absl::StrAppend(&posts, "0\tnobody keeps plane ", i, " grounded on monday\n");
    }
    return Write("posts.tsv", posts);
  }
  CalibrateOptions Options(const std::string& watchlist) {
    CalibrateOptions options;
    options.posts_path = Posts();
    options.language = "en";
    options.watchlist_path = watchlist;
    options.out_path = testing::TempDir() + "/mention_judge.calibration";
    options.report = [this](std::string_view line) { lines_.emplace_back(line); };
    return options;
  }

  std::vector<std::string> lines_;
};

TEST_F(CalibrateWithWatchlistTest, TheLexiconsWordsCountAsInTheService) {
  EXPECT_THAT(RunCalibrate(Options("")), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("does not tell")));
  ASSERT_THAT(RunCalibrate(Options(Write("words.yaml", kWatchlist))), IsOk());
  EXPECT_THAT(lines_, Contains("mentions=80 posts_without_a_mention=40"));
  const auto calibration =
      LoadCalibration(testing::TempDir() + "/mention_judge.calibration", SentimentModel::Default().checksum());
  ASSERT_THAT(calibration, IsOk());
  EXPECT_EQ(calibration->negatives, 40);
  EXPECT_GT(calibration->negative.mean, 0.8);
  EXPECT_LT(calibration->other.mean, 0.4);
}

TEST_F(CalibrateWithWatchlistTest, AWatchlistThatCannotBeUsedIsRefusedWithItsPlace) {
  EXPECT_THAT(RunCalibrate(Options("/no/such/file")), StatusIs(absl::StatusCode::kNotFound, HasSubstr("watchlist")));
  EXPECT_THAT(RunCalibrate(Options(Write("bad.yaml", "brands: [{id: a, name: A, query: 'a AND'}]"))),
              StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("bad.yaml:1:"), HasSubstr("query"))));
}

}  // namespace
}  // namespace tocsin
