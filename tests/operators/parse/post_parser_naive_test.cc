// Holds PostParser against the naive parser on random records.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "operators/parse/post_parser.h"
#include "tests/operators/parse/naive_parser.h"
#include "tests/operators/parse/random_record.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

MappingSpec OddSpec() {
  MappingSpec spec;
  spec.fields = {{PostField::kId, {"/a~1b/\u00e9/id", "/list/0/id", "/list/1"}},
                 {PostField::kEventTime, {"/deep/er/time", "/t\u65e5", "/U\U0001F621"}},
                 {PostField::kText, {"/list/0/text", "/q~0", "/\"quoted\""}},
                 {PostField::kLanguage, {"/q~0", "/list/0/text"}},
                 {PostField::kAuthorId, {"/list/0/id"}},
                 {PostField::kHashtags, {"/facets/*/features/*/tag", "/tags"}},
                 {PostField::kUrls, {"/facets/*/features/*/uri", "/tags"}},
                 {PostField::kHandles, {"/deep/er/handles", "/list"}}};
  return spec;
}

class PostParserNaiveTest : public testing::TestWithParam<std::string> {
 protected:
  static MappingSpec Spec() {
    MappingSpec spec = GetParam() == "odd" ? OddSpec() : Mapping::PresetSpec(GetParam());
    spec.network = Network::kForum;
    return spec;
  }
  static PostParser MakeParser() {
    auto mapping = Mapping::FromSpec(Spec());
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    return PostParser(*mapping, PostParserOptions());
  }
};

TEST_P(PostParserNaiveTest, AgreesWithTheNaiveParserOnRandomRecords) {
  const MappingSpec spec = Spec();
  PostParser parser = MakeParser();
  RandomRecords records(spec, 7);
  std::map<DropReason, int> seen;
  Post post;  // one for all: nothing of a record may be left in the next
  constexpr int kRecords = Rounds(6'000, 1'000);
  for (int i = 0; i < kRecords; ++i) {
    const std::string record = records.Next();
    const int64_t append_time_ms = i % 3 == 0 ? -1 : 2'500'000'000'000;
    NaivePost expected;
    const DropReason reason = parser.Parse(record, 0, append_time_ms, &post);
    const DropReason expected_reason = NaiveParse(record, spec, append_time_ms, &expected);
    ASSERT_EQ(DropReasonName(reason), DropReasonName(expected_reason)) << record;
    ++seen[reason];
    if (reason != DropReason::kNone) continue;
    ASSERT_EQ(Describe(Own(post)), Describe(expected)) << record;
    ASSERT_EQ(Own(post), expected) << record;
  }
  EXPECT_GT(seen[DropReason::kNone], kRecords / 10);
  EXPECT_GT(seen[DropReason::kMissingField], 0);
  EXPECT_GT(seen[DropReason::kWrongType], 0);
  EXPECT_GT(seen[DropReason::kAbsurdTime], 0);
}

// Damages records byte by byte: whatever is still JSON must read as the naive parser reads it, and nothing may be read
// outside the record, which ends with its allocation so that sanitizers see it.
TEST_P(PostParserNaiveTest, AgreesOnDamagedRecordsThatAreStillJson) {
  const MappingSpec spec = Spec();
  PostParser parser = MakeParser();
  RandomRecords records(spec, 8);
  std::mt19937_64 random(9);
  int still_json = 0;
  Post post;
  constexpr int kDamaged = Rounds(4'000, 700);
  for (int i = 0; i < kDamaged; ++i) {
    std::string record = records.Next();
    for (uint64_t damages = 1 + random() % 3; damages > 0 && !record.empty(); --damages) {
      const size_t at = random() % record.size();
      constexpr char kBytes[] = "{}[]:,\"\\ 0truenull\x80\xC3\x01";
      switch (random() % 3) {
        case 0:
          record[at] = kBytes[random() % (sizeof(kBytes) - 1)];
          break;
        case 1:
          record.erase(at, 1 + random() % 5);
          break;
        default:
          record.insert(at, 1, kBytes[random() % (sizeof(kBytes) - 1)]);
      }
    }
    std::unique_ptr<char[]> exact(new char[record.size()]);
    std::memcpy(exact.get(), record.data(), record.size());
    NaivePost expected;
    const DropReason reason = parser.Parse(std::string_view(exact.get(), record.size()), 0, -1, &post);
    const DropReason expected_reason = NaiveParse(record, spec, -1, &expected);
    if (expected_reason == DropReason::kNotJson || expected_reason == DropReason::kEmpty) continue;
    ++still_json;
    ASSERT_EQ(DropReasonName(reason), DropReasonName(expected_reason)) << record;
    if (reason == DropReason::kNone) {
      ASSERT_EQ(Describe(Own(post)), Describe(expected)) << record;
      ASSERT_EQ(Own(post), expected) << record;
    }
  }
  EXPECT_GT(still_json, kDamaged / 14);
}

INSTANTIATE_TEST_SUITE_P(Mappings, PostParserNaiveTest,
                         testing::Values("twitter_v1", "twitter_v2", "bluesky", "mastodon", "reddit", "review",
                                         "generic", "odd"),
                         [](const auto& mapping) { return mapping.param; });

}  // namespace
}  // namespace tocsin
