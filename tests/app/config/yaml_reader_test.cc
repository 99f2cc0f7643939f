#include "app/config/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace tocsin {
namespace {

using testing::Eq;
using testing::Optional;

TEST(YamlReaderTest, ReadsDurations) {
  EXPECT_THAT(ParseDurationText("500ms"), Optional(absl::Milliseconds(500)));
  EXPECT_THAT(ParseDurationText("2s"), Optional(absl::Seconds(2)));
  EXPECT_THAT(ParseDurationText("1.5h"), Optional(absl::Minutes(90)));
  EXPECT_THAT(ParseDurationText("1h30m"), Optional(absl::Minutes(90)));
  EXPECT_THAT(ParseDurationText("7d"), Optional(absl::Hours(168)));
  EXPECT_THAT(ParseDurationText("0"), Optional(absl::ZeroDuration()));
  for (std::string_view bad :
       {"", "5", "d", "s", "-1s", "-1d", "inf", "1.5d", "5 s", "367d", "99999999999999999999d", "1y", "1h-"}) {
    EXPECT_THAT(ParseDurationText(bad), Eq(std::nullopt)) << bad;
  }
}

TEST(YamlReaderTest, WritesDurationsAsTheyAreRead) {
  EXPECT_EQ(DurationText(absl::Hours(24)), "1d");
  EXPECT_EQ(DurationText(absl::Hours(25)), "25h");
  EXPECT_EQ(DurationText(absl::Seconds(90)), "90s");
  EXPECT_EQ(DurationText(absl::Milliseconds(1'500)), "1500ms");
  std::mt19937_64 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const absl::Duration unit = i % 2 == 0 ? absl::Milliseconds(1) : absl::Seconds(30);
    const absl::Duration duration = unit * static_cast<int64_t>(random() % 1'000'000);
    ASSERT_THAT(ParseDurationText(DurationText(duration)), Optional(duration));
  }
}

TEST(YamlReaderTest, ReadsSizes) {
  EXPECT_THAT(ParseBytesText("4096"), Optional(4'096));
  EXPECT_THAT(ParseBytesText("512KB"), Optional(524'288));
  EXPECT_THAT(ParseBytesText("3MB"), Optional(3'145'728));
  EXPECT_THAT(ParseBytesText("1GB"), Optional(1'073'741'824));
  for (std::string_view bad : {"", "KB", "-1KB", "1.5MB", "1kb", "1TB", "99999999999GB", "x"}) {
    EXPECT_THAT(ParseBytesText(bad), Eq(std::nullopt)) << bad;
  }
}

TEST(YamlReaderTest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> known = {"slide", "pane", "sizes"};
  EXPECT_EQ(DidYouMean("slid", known), "; did you mean slide?");
  EXPECT_EQ(DidYouMean("panes", known), "; did you mean pane?");
  EXPECT_EQ(DidYouMean("window", known), "");
  EXPECT_EQ(DidYouMean("window", {}), "");
}

TEST(YamlReaderTest, SurvivesRandomText) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    constexpr std::string_view kBytes = "ab: -[]{},\n\t\"'&*!|>#%@`?~$0";
    for (uint64_t size = random() % 40; size > 0; --size) text += kBytes[random() % kBytes.size()];
    YamlErrors errors(text, "t.yaml");
    const YAML::Node document = LoadYaml(text, &errors);
    GuardYaml(&errors, [&] {
      YamlMap map(document, "", &errors);
      std::string value;
      map.String("a", &value);
      map.Finish();
    });
    ASSERT_EQ(errors.ToStatus().ok(), errors.empty());
  }
}

}  // namespace
}  // namespace tocsin
