#include "operators/parse/mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

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

TEST(MappingTest, SaysWhatIsWrongWithAPath) {
  const auto error_of = [](PostField field, std::string_view path) {
    return std::string(Mapping::CheckPointer(field, path).message());
  };
  EXPECT_THAT(error_of(PostField::kText, "/a/[k=$nothing]/b"), HasSubstr("$nothing"));
  EXPECT_THAT(error_of(PostField::kText, "/a/[k=$text]/b"), HasSubstr("compares with id, author_id"));
  EXPECT_THAT(error_of(PostField::kText, "/a/[=v]/b"), HasSubstr("[key=value]"));
  EXPECT_THAT(error_of(PostField::kText, "/a/[k=v]/b/[k=v]/c"), HasSubstr("only one [key=value]"));
  EXPECT_THAT(error_of(PostField::kUrls, "/a/*/[k=v]"), HasSubstr("no '*' before it"));
  EXPECT_THAT(error_of(PostField::kText, "{/a"), HasSubstr("not closed"));
  EXPECT_THAT(error_of(PostField::kText, "x{a}"), HasSubstr("begins with '/'"));
  EXPECT_THAT(error_of(PostField::kText, "{/a|shout}"), HasSubstr("no such filter: shout; there are optional, html"));
  EXPECT_THAT(error_of(PostField::kText, "{/a|links}"), HasSubstr("links is for hashtags"));
  EXPECT_THAT(error_of(PostField::kUrls, "{/a|html}"), HasSubstr("html is not for hashtags"));
  EXPECT_THAT(error_of(PostField::kUrls, "{/a} {/b}"), HasSubstr("no text between"));
  EXPECT_THAT(error_of(PostField::kUrls, "{/a}."), HasSubstr("no text between"));
  EXPECT_THAT(error_of(PostField::kText, "{/a}{/b}{/c}{/d}{/e}{/f}{/g}{/h}{/i}"), HasSubstr("at most 8"));
  for (const std::string path : {"/a/[type=x~1y]/b", "/a/[k=$author_id]", "a{/b}c{/d|optional|html}", "{/a}{/b}"}) {
    EXPECT_THAT(Mapping::CheckPointer(PostField::kText, path), IsOk()) << path;
  }
}

TEST(MappingTest, RefusesFieldsThatSelectEachOther) {
  FieldPointers fields = Minimal();
  fields[PostField::kAuthorId] = {"/users/[id=$reply_to]/id"};
  fields[PostField::kReplyTo] = {"/users/[id=$author_id]/id"};
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("may not itself be found")));
  fields[PostField::kReplyTo] = {"/users/[type=x]/id"};
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews), IsOk());
}

TEST(MappingTest, RefusesMoreThanItHasRoomFor) {
  FieldPointers fields = Minimal();
  for (int i = 0; i < 70; ++i) fields[PostField::kLanguage].push_back(absl::StrCat("/x", i));
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64")));
  fields = Minimal();
  for (int i = 0; i < 17; ++i) fields[PostField::kLanguage].push_back(absl::StrCat("/a/[k=", i, "]/b"));
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("16 different [key=value]")));
  fields = Minimal();
  fields[PostField::kId].assign(64, "/id");
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews), IsOk());
  fields[PostField::kId].emplace_back("/id");
  EXPECT_THAT(Mapping::FromFields(fields, Network::kNews),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("64 paths of a field; field=id")));
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
    const std::string whole = document.str();
    const size_t begin = whole.find(absl::StrCat("\n### `", name, "`"));
    ASSERT_NE(begin, std::string::npos) << name;
    const std::string section = whole.substr(begin, whole.find("\n##", begin + 1) - begin);
    const MappingSpec spec = Mapping::PresetSpec(name);
    for (const auto& [field, paths] : spec.fields) {
      const std::string cell = absl::StrReplaceAll(absl::StrJoin(paths, "` `"), {{"|", "\\|"}});
      const std::string row = absl::StrCat("| `", PostFieldName(field), "` | `", cell, "` |");
      EXPECT_THAT(section, HasSubstr(row)) << "in the table of " << name;
    }
    for (const PostCondition& condition : spec.conditions) {
      EXPECT_THAT(section, HasSubstr(absl::StrCat("`", condition.pointer, "` is `", condition.value, "`")));
    }
    EXPECT_THAT(section, HasSubstr(spec.envelope.empty() ? "" : absl::StrCat("the envelope is `", spec.envelope, "`")));
  }
}

}  // namespace
}  // namespace tocsin
