#include "operators/parse/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

FieldPointers Minimal() {
  return {{PostField::kId, {"/id"}}, {PostField::kEventTime, {"/time"}}, {PostField::kText, {"/text"}}};
}

TEST(MappingTest, NamesEachFieldOnce) {
  for (size_t i = 0; i < kPostFieldCount; ++i) {
    const auto field = static_cast<PostField>(i);
    EXPECT_EQ(PostFieldFromName(PostFieldName(field)), field);
  }
  EXPECT_EQ(PostFieldFromName("followers_count"), std::nullopt);
}

TEST(MappingTest, NeedsIdEventTimeAndText) {
  EXPECT_THAT(Mapping::FromFields(Minimal(), Network::kNews), IsOk());
  for (PostField field : {PostField::kId, PostField::kEventTime, PostField::kText}) {
    FieldPointers fields = Minimal();
    fields.erase(field);
    EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(PostFieldName(field))));
  }
}

TEST(MappingTest, RefusesMalformedPointers) {
  for (const std::string pointer :
       {"", "/", "id", "/a//b", "/a~2", "/a~", "/a/*/b", "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
    FieldPointers fields = Minimal();
    fields[PostField::kLanguage] = {pointer};
    EXPECT_THAT(Mapping::FromFields(fields, Network::kNews), StatusIs(absl::StatusCode::kInvalidArgument)) << pointer;
  }
  EXPECT_THAT(Mapping::CheckPointer(PostField::kHashtags, "/a/*/b"), IsOk());
}

TEST(MappingTest, RefusesMoreThanItHasRoomFor) {
  FieldPointers fields = Minimal();
  for (int i = 0; i < 70; ++i) fields[PostField::kLanguage].push_back(absl::StrCat("/x", i));
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64")));
}

TEST(MappingTest, GivesPresetsTheirNetworkUnlessTold) {
  EXPECT_EQ((*Mapping::Preset("twitter_v1", std::nullopt))->network(), Network::kTwitter);
  EXPECT_EQ((*Mapping::Preset("generic", Network::kForum))->network(), Network::kForum);
  EXPECT_THAT(Mapping::Preset("twitter", std::nullopt),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("twitter_v1")));
}

TEST(MappingTest, CompilesEveryPreset) {
  for (std::string_view name : Mapping::PresetNames()) EXPECT_THAT(Mapping::Preset(name, std::nullopt), IsOk()) << name;
}

TEST(MappingTest, IsDocumentedPointerByPointer) {
  std::ifstream file("docs/INPUT.md");
  std::stringstream document;
  document << file.rdbuf();
  for (std::string_view name : Mapping::PresetNames()) {
    EXPECT_THAT(document.str(), HasSubstr(absl::StrCat("`", name, "`")));
    for (const auto& [field, pointers] : Mapping::PresetFields(name)) {
      const std::string row = absl::StrCat("| `", PostFieldName(field), "` | `", absl::StrJoin(pointers, "` `"), "` |");
      EXPECT_THAT(document.str(), HasSubstr(row)) << "in the table of " << name;
    }
  }
}

}  // namespace
}  // namespace tocsin
