#include "engine/yaml/yaml_errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(YamlErrorsTest, NoErrorIsOk) { EXPECT_TRUE(YamlErrors("a: b\n", "t.yaml").ToStatus().ok()); }

TEST(YamlErrorsTest, ListsErrorsInTheOrderOfTheirPlacesFlagsFirst) {
  constexpr std::string_view kYaml = "a: 1\nb:\n  - c: 2\n";
  YamlErrors errors(kYaml, "t.yaml");
  const YAML::Node document = LoadYaml(kYaml, &errors);
  errors.Add(document["b"][0]["c"], "third");
  errors.Add(document["a"], "second", "do this");
  errors.AddElsewhere("--set x", "first");
  const absl::Status status = errors.ToStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "--set x: first\nt.yaml:1:4: second; do this\nt.yaml:3:8: third");
}

TEST(YamlErrorsTest, PutsTheLineAndACaretBelowEachError) {
  constexpr std::string_view kYaml = "k\u00e9y: {\u65e5: oops}\n";
  YamlErrors errors(kYaml, "t.yaml");
  const YAML::Node document = LoadYaml(kYaml, &errors);
  errors.Add(document["k\u00e9y"]["\u65e5"], "wrong");
  EXPECT_EQ(errors.ToStatus().message(), "t.yaml:1:10: wrong");
  EXPECT_EQ(TextWithExcerpts(errors.ToStatus()),
            absl::StrCat("t.yaml:1:10: wrong\n    k\u00e9y: {\u65e5: oops}\n    ", std::string(9, ' '), "^"));
}

TEST(YamlErrorsTest, TheCaretStandsUnderItsPlaceBehindTabs) {
  constexpr std::string_view kYaml = "{\ta:\tb}\n";
  YamlErrors errors(kYaml, "t.yaml");
  const YAML::Node document = LoadYaml(kYaml, &errors);
  errors.Add(document["a"], "wrong");
  EXPECT_THAT(TextWithExcerpts(errors.ToStatus()), HasSubstr("\n     \t  \t^"));
}

TEST(YamlErrorsTest, ShowsNoLineThatMayHoldASecret) {
  for (const std::string_view line :
       {"{sasl.password: hunter2, x: y}\n", "{Client_Secret: hunter2, x: y}\n", "{api-TOKEN: hunter2, x: y}\n"}) {
    YamlErrors errors(line, "t.yaml");
    const YAML::Node document = LoadYaml(line, &errors);
    errors.Add(document["x"], "wrong");
    EXPECT_THAT(TextWithExcerpts(errors.ToStatus()), Not(HasSubstr("hunter2")));
    EXPECT_THAT(TextWithExcerpts(errors.ToStatus()), HasSubstr("wrong"));
  }
}

std::string ErrorOf(std::string_view yaml) {
  YamlErrors errors(yaml, "t.yaml");
  const YAML::Node document = LoadYaml(yaml, &errors);
  EXPECT_EQ(document.IsDefined(), errors.empty());
  return std::string(errors.ToStatus().message());
}

TEST(YamlErrorsTest, RefusesASecondDocument) {
  EXPECT_EQ(ErrorOf("a: 1\n---\n  b: 2\n"),
            "t.yaml:3:3: a second document begins here, and would not be read; take out the '---' above it, or make it "
            "a file of its own");
  EXPECT_EQ(ErrorOf("a: 1\n---\n---\nb: 2\n").substr(0, 30), "t.yaml:4:1: a second document ");
  EXPECT_NE(ErrorOf(std::string_view("\xFE\xFF\0a\0\n\0-\0-\0-\0\n\0b\0\n", 18)), "");
  EXPECT_EQ(ErrorOf("---\na: 1\n...\n"), "");
  EXPECT_EQ(ErrorOf("---\na: 1\n---\n# nothing\n"), "");
  EXPECT_EQ(ErrorOf(""), "");
}

TEST(YamlErrorsTest, RefusesOtherEncodingsThanUnicode) {
  EXPECT_EQ(ErrorOf("a: 1\nb: soci\xE9t\xE9\n"), "t.yaml:2:8: this is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(ErrorOf("a: \xC3"), "t.yaml:1:4: this is not UTF-8; save the file as UTF-8");
  EXPECT_EQ(ErrorOf("\xEF\xBB\xBF"
                    "a: soci\u00e9t\u00e9\r\n"),
            "");
  EXPECT_EQ(ErrorOf(std::string_view("\xFF\xFE"
                                     "a\0:\0 \0\xE9\0",
                                     10)),
            "");
}

TEST(YamlErrorsTest, AnOriginTakesThePlaceOfALine) {
  constexpr std::string_view kYaml = "a: {b: c}\nd: e\n";
  YamlErrors errors(kYaml, "t.yaml");
  const YAML::Node document = LoadYaml(kYaml, &errors);
  errors.SetOrigin(document["a"], "TOCSIN_A");
  errors.Add(document["a"]["b"], "wrong", "mend it");
  errors.Add(document["d"], "wrong");
  EXPECT_EQ(errors.ToStatus().message(), "TOCSIN_A: wrong; mend it\nt.yaml:2:4: wrong");
}

TEST(YamlErrorsTest, TextWithoutExcerptsIsTheMessage) {
  EXPECT_EQ(TextWithExcerpts(absl::NotFoundError("no such file")), "no such file");
}

}  // namespace
}  // namespace tocsin
