// Goal: what the generator writes is what the presets read.
// Method: posts of every shape for which there is a preset, good and spoilt, are parsed and held against the plan.
#include "app/generate/network_posts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/generate/firehose.h"
#include "app/generate/scenario_reader.h"
#include "operators/parse/mapping.h"
#include "operators/parse/post_parser.h"

namespace tocsin {
namespace {

class NetworkPostsTest : public testing::TestWithParam<PostShape> {
 protected:
  void SetUp() override {
    const std::string_view name = ShapeName(GetParam());
    absl::StatusOr<std::shared_ptr<const Mapping>> mapping = Mapping::Preset(name, std::nullopt);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    parser_ = std::make_unique<PostParser>(*mapping, PostParserOptions());
    absl::StatusOr<Scenario> scenario =
        ParseScenario(absl::StrCat("duration: 30m\nposts_per_minute: 200\nmatched: 1\ndelivery: {malformed: 0.3}\n"
                                   "brands: {named: [{id: br-x, name: 'Brand <X> & Söhne'}]}\n"
                                   "languages: {en: 1, fr: 1, it: 1, de: 1, es: 1, pt: 1}\nstreams: [{network: ",
                                   name, "}]"),
                      "t.yaml");
    ASSERT_TRUE(scenario.ok()) << scenario.status();
    firehose_ = std::make_unique<Firehose>(*scenario);
  }

  std::unique_ptr<PostParser> parser_;
  std::unique_ptr<Firehose> firehose_;
};

TEST_P(NetworkPostsTest, AreReadAsTheyWereMeant) {
  FirehoseRecord record;
  Post post;
  int reposts = 0;
  int handles = 0;
  int hashtags = 0;
  const bool has_language = GetParam() != PostShape::kReddit && GetParam() != PostShape::kReview;
  while (firehose_->Next(&record)) {
    if (record.post->malformation != Malformation::kNone) continue;
    ASSERT_EQ(parser_->Parse(record.bytes, 0, -1, &post), DropReason::kNone)
        << record.bytes << " " << parser_->culprit();
    EXPECT_EQ(post.id, record.id);
    EXPECT_EQ(post.event_time_ms, record.post->event_ms);
    const bool names_brand = absl::StrContains(post.text, "Brand <X> & Söhne") ||
                             absl::StrContains(post.text, "@brx") || absl::StrContains(post.text, "#brx");
    EXPECT_TRUE(names_brand) << record.bytes << "\n" << post.text;
    EXPECT_FALSE(post.author_id.empty());
    EXPECT_TRUE(!has_language || LanguageFromTag(post.language).has_value()) << post.language;
    if (GetParam() == PostShape::kReview) {
      EXPECT_EQ(post.rating <= 2, record.post->mood == Mood::kNegative) << record.bytes;
      EXPECT_EQ(post.rating >= 4, record.post->mood == Mood::kPositive) << record.bytes;
    }
    if (record.post->root != 0 && post.kind == PostKind::kRepost) ++reposts;
    EXPECT_FALSE(record.post->root == 0 && post.kind == PostKind::kRepost);
    handles += !post.handles.empty() && post.handles[0] == "brx" ? 1 : 0;
    hashtags += !post.hashtags.empty() && post.hashtags[0] == "brx" ? 1 : 0;
  }
  const bool is_twitter = GetParam() == PostShape::kTwitterV1 || GetParam() == PostShape::kTwitterV2;
  // Bluesky's reposts have no text, reviews are not reposted.
  EXPECT_GT(reposts, GetParam() == PostShape::kBluesky || GetParam() == PostShape::kReview ? -1 : 500);
  if (is_twitter || GetParam() == PostShape::kMastodon) {
    EXPECT_GT(handles, 1'000);
    EXPECT_GT(hashtags, 1'000);
  }
}

TEST_P(NetworkPostsTest, AreDroppedForWhatWasDoneToThem) {
  FirehoseRecord record;
  Post post;
  std::map<Malformation, int> seen;
  while (firehose_->Next(&record)) {
    if (record.post->malformation == Malformation::kNone) continue;
    ++seen[record.post->malformation];
    const DropReason reason = parser_->Parse(record.bytes, 0, -1, &post);
    ASSERT_EQ(DropReasonName(reason), DroppedAs(record.post->malformation)) << record.bytes;
  }
  EXPECT_EQ(seen.size(), kMalformations - 1);
}

std::vector<PostShape> ShapesWithPreset() {
  std::vector<PostShape> shapes;
  for (size_t i = 0; i < kPostShapes; ++i) {
    const auto shape = static_cast<PostShape>(i);
    for (const std::string_view preset : Mapping::PresetNames()) {
      if (preset == ShapeName(shape)) shapes.push_back(shape);
    }
  }
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(Presets, NetworkPostsTest, testing::ValuesIn(ShapesWithPreset()),
                         [](const auto& shape) { return std::string(ShapeName(shape.param)); });

TEST(RecordBufferTest, EscapesWhatEachFormMustEscape) {
  RecordBuffer out;
  out.Escaped("a\"b\\c/\n\té😀");
  EXPECT_EQ(out.view(), "a\\\"b\\\\c/\\n\\u0009é😀");
  out.Clear();
  out.EscapedAscii("a\"/é日😀");
  EXPECT_EQ(out.view(), "a\\\"\\/\\u00e9\\u65e5\\ud83d\\ude00");
  out.Clear();
  out.EscapedHtml("a<b>&\"é");
  EXPECT_EQ(out.view(), "a&lt;b&gt;&amp;\\\"é");
  out.ReplaceAll("&lt;", "less than");
  EXPECT_EQ(out.view(), "aless thanb&gt;&amp;\\\"é");
  out.ReplaceAll("less than", "");
  EXPECT_EQ(out.view(), "ab&gt;&amp;\\\"é");
  out.Clear();
  out.Raw("aXbX");
  out.ReplaceAll("X", "XX");
  EXPECT_EQ(out.view(), "aXXbXX");
  out.Clear();
  out.Raw("ab日本");
  out.CutInHalf();
  EXPECT_EQ(out.view(), "ab");
}

}  // namespace
}  // namespace tocsin
