// Records in the shape of each network's own (samples/) and the posts that they must become, whatever the order of
// their keys and however their characters are escaped.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operators/parse/post_parser.h"
#include "tests/operators/parse/naive_parser.h"

namespace tocsin {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kLongAfterMs = 4'000'000'000'000;

std::vector<std::string> Strings(const Json& post, const char* key) {
  return post.value(key, std::vector<std::string>());
}

NaivePost Expected(const Json& post) {
  NaivePost expected;
  expected.id = post.value("id", "");
  expected.network = NetworkFromName(post.value("network", ""));
  expected.event_time_ms = post.value("time", int64_t{0});
  expected.text = post.value("text", "");
  expected.language = post.value("language", "");
  expected.author_id = post.value("author_id", "");
  expected.author_handle = post.value("author_handle", "");
  expected.followers = post.value("followers", kUnknownCount);
  expected.verified = post.value("verified", false);
  expected.account_created_ms = post.value("account_created", kUnknownTime);
  const std::string kind = post.value("kind", "original");
  expected.kind = kind == "repost"  ? PostKind::kRepost
                  : kind == "reply" ? PostKind::kReply
                  : kind == "quote" ? PostKind::kQuote
                                    : PostKind::kOriginal;
  expected.reference_id = post.value("reference", "");
  expected.hashtags = Strings(post, "hashtags");
  expected.handles = Strings(post, "handles");
  expected.urls = Strings(post, "urls");
  expected.rating = post.value("rating", 0);
  return expected;
}

// With the keys of every object in the opposite order.
Json Reversed(const Json& value) {
  if (value.is_array()) {
    Json array = Json::array();
    for (const Json& element : value) array.push_back(Reversed(element));
    return array;
  }
  if (!value.is_object()) return value;
  std::vector<std::pair<std::string, Json>> members;
  for (const auto& [key, member] : value.items()) members.emplace_back(key, Reversed(member));
  Json object = Json::object();
  std::reverse(members.begin(), members.end());
  for (const auto& [key, member] : members) object[key] = member;
  return object;
}

class PresetTest : public testing::TestWithParam<std::string> {
 protected:
  PresetTest() : parser_(*Mapping::Preset(GetParam(), std::nullopt), PostParserOptions()) {
    std::ifstream file("tests/operators/parse/samples/" + GetParam() + ".json");
    samples_ = Json::parse(file);
  }

  void Check(const Json& sample, const std::string& record) {
    SCOPED_TRACE(record);
    Post post;
    const DropReason reason = parser_.Parse(record, 0, kLongAfterMs, &post);
    NaivePost naive;
    EXPECT_EQ(DropReasonName(reason),
              DropReasonName(NaiveParse(record, Mapping::PresetSpec(GetParam()), kLongAfterMs, &naive)));
    if (sample.contains("ignored")) {
      ASSERT_EQ(reason, DropReason::kNotAPost) << DropReasonName(reason);
      const Json& time = sample["ignored"];
      EXPECT_EQ(post.event_time_ms, time.is_null() ? kUnknownTime : time.get<int64_t>());
      EXPECT_EQ(naive.event_time_ms, post.event_time_ms);
    } else if (sample.contains("dead")) {
      EXPECT_EQ(DropReasonName(reason), sample["dead"].get<std::string>());
      EXPECT_EQ(parser_.culprit(), sample["field"].get<std::string>());
    } else {
      ASSERT_EQ(reason, DropReason::kNone) << DropReasonName(reason) << " " << parser_.culprit();
      EXPECT_EQ(Describe(Own(post)), Describe(Expected(sample["post"])));
      EXPECT_EQ(Own(post), Expected(sample["post"]));
      EXPECT_EQ(Describe(naive), Describe(Own(post)));
    }
  }

  PostParser parser_;
  Json samples_;
};

TEST_P(PresetTest, MakesTheExpectedPostOfEachSample) {
  ASSERT_FALSE(samples_.empty());
  for (const Json& sample : samples_) {
    SCOPED_TRACE(sample["is"].get<std::string>());
    Check(sample, sample["record"].dump());
    Check(sample, sample["record"].dump(1, '\t', true));
    Check(sample, Reversed(sample["record"]).dump());
  }
}

TEST_P(PresetTest, NeverTakesATruncatedSampleForAPost) {
  for (const Json& sample : samples_) {
    const std::string record = sample["record"].dump();
    for (size_t size = 0; size < record.size(); ++size) {
      Post post;
      const DropReason reason = parser_.Parse(std::string_view{record}.substr(0, size), 0, -1, &post);
      ASSERT_TRUE(reason == DropReason::kEmpty || reason == DropReason::kNotJson || reason == DropReason::kNotUtf8)
          << record.substr(0, size);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Presets, PresetTest, testing::Values("twitter_v2", "bluesky", "mastodon", "reddit", "review"),
                         [](const auto& preset) { return preset.param; });

}  // namespace
}  // namespace tocsin
