#include "operators/parse/event_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

using testing::Eq;
using testing::Optional;

constexpr int64_t kExample = 1'539'202'764'125;  // 2018-10-10T20:19:24.125Z

// Between the years 1000 and 9999, which Abseil prints with four digits.
absl::Time RandomTime(std::mt19937_64& random) {
  const absl::Time first = absl::FromCivil(absl::CivilDay(1000, 1, 2), absl::UTCTimeZone());
  const absl::Time last = absl::FromCivil(absl::CivilDay(9999, 12, 30), absl::UTCTimeZone());
  const auto span_ms = static_cast<uint64_t>(absl::ToInt64Milliseconds(last - first));
  return first + absl::Milliseconds(static_cast<int64_t>(random() % span_ms));
}

TEST(EventTimeTest, ReadsEachFormOfTheSameMoment) {
  for (std::string_view text :
       {"2018-10-10T20:19:24.125Z", "2018-10-10t20:19:24.125z", "2018-10-10 20:19:24.125",
        "2018-10-10T22:19:24.125+02:00", "2018-10-10T22:19:24.1259999999999999999+0200",
        "2018-10-10 13:19:24.125 -0700", "1539202764125", "1539202764.125", "1539202764125000", "1539202764125999"}) {
    EXPECT_THAT(ParseEventTime(text), Optional(kExample)) << text;
  }
  EXPECT_THAT(ParseEventTime("Wed Oct 10 20:19:24 +0000 2018"), Optional(kExample - 125));
  EXPECT_THAT(ParseEventTime("Wed Oct 10 22:19:24 +0200 2018"), Optional(kExample - 125));
  EXPECT_THAT(ParseEventTime("1539202764"), Optional(kExample - 125));
}

TEST(EventTimeTest, TakesTheUnitOfANumberFromItsMagnitude) {
  EXPECT_THAT(ParseEventTime("99999999999"), Optional(99'999'999'999'000));
  EXPECT_THAT(ParseEventTime("100000000000"), Optional(100'000'000'000));
  EXPECT_THAT(ParseEventTime("99999999999999"), Optional(99'999'999'999'999));
  EXPECT_THAT(ParseEventTime("100000000000000"), Optional(100'000'000'000));
  EXPECT_THAT(ParseEventTime("99999999999999999"), Optional(99'999'999'999'999));
  EXPECT_THAT(ParseEventTime("0"), Optional(0));
  EXPECT_THAT(ParseEventTime("-1.5"), Optional(-1'500));
}

TEST(EventTimeTest, RefusesWhatIsNotATime) {
  for (std::string_view text : {"",
                                " ",
                                "-",
                                ".",
                                "now",
                                "1539202764s",
                                "1539202764.",
                                "1e9",
                                "+1539202764",
                                "153920276412500000",
                                "12.5.7",
                                "2018-10-10",
                                "2018-10-10T20:19",
                                "2018-10-10T20:19:24.",
                                "2018-10-10T20:19:24.Z",
                                "2018-10-10T20:19:24+2",
                                "2018-10-10T20:19:24+02:0",
                                "2018-10-10T20:19:24+24:00",
                                "2018-10-10T20:19:24+02:60",
                                "2018-10-10T20:19:24ZZ",
                                "2018-10-10T20:19:24 ",
                                "2018-10-10T20:19:24 02:00",
                                "2018/10/10T20:19:24Z",
                                "2018-10-10X20:19:24Z",
                                "2018-1x-10T20:19:24Z",
                                "Wed Oct 10 20:19:24 2018",
                                "Wed Okt 10 20:19:24 +0000 2018",
                                "Xed Oct 10 20:19:24 +0000 2018",
                                "Wed Oct 10 20:19:24 +0000 201x",
                                "Wed Oct 10 20-19:24 +0000 2018",
                                "Wed Oct 10 20:19:24 UTC00 2018",
                                "\xc3\xa9t\xc3\xa9",
                                "2018-10-1\xc3\xa9T20:19:24Z"}) {
    EXPECT_THAT(ParseEventTime(text), Eq(std::nullopt)) << text;
  }
}

TEST(EventTimeTest, RefusesDatesThatDoNotExist) {
  for (std::string_view text :
       {"2018-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2018-04-31T00:00:00Z", "2018-00-10T00:00:00Z",
        "2018-13-10T00:00:00Z", "2018-01-00T00:00:00Z", "2018-01-32T00:00:00Z", "2018-01-01T24:00:00Z",
        "2018-01-01T00:60:00Z", "2018-01-01T00:00:61Z", "Fri Feb 30 00:00:00 +0000 2018"}) {
    EXPECT_THAT(ParseEventTime(text), Eq(std::nullopt)) << text;
  }
  EXPECT_THAT(ParseEventTime("2000-02-29T00:00:00Z"), Optional(951'782'400'000));
  EXPECT_THAT(ParseEventTime("2016-12-31T23:59:60Z"), Optional(1'483'228'800'000));
}

TEST(EventTimeTest, AgreesWithAbseilOnRandomMoments) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50'000; ++i) {
    const absl::Time time = RandomTime(random);
    const absl::TimeZone zone = absl::FixedTimeZone(static_cast<int>(random() % 47 - 23) * 1'800);
    const std::string rfc3339 = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*S%Ez", time, zone);
    ASSERT_THAT(ParseEventTime(rfc3339), Optional(absl::ToUnixMillis(time))) << rfc3339;
    const std::string twitter = absl::FormatTime("%a %b %d %H:%M:%S %z %Y", time, zone);
    ASSERT_THAT(ParseEventTime(twitter), Optional(absl::ToUnixSeconds(time) * 1'000)) << twitter;
  }
}

TEST(EventTimeTest, AgreesWithAbseilOnDamagedMoments) {
  std::mt19937_64 random(4);
  int accepted = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = absl::FormatTime(absl::RFC3339_full, RandomTime(random), absl::UTCTimeZone());
    constexpr char kBytes[] = "0123456789-:.TZ+";
    text[random() % text.size()] = kBytes[random() % (sizeof(kBytes) - 1)];
    absl::Time expected;
    std::string error;
    const std::optional<int64_t> time = ParseEventTime(text);
    if (!time.has_value()) continue;
    ++accepted;
    if (text.substr(17, 2) == "60") continue;  // Abseil drops the fraction of a leap second
    if (text.back() != 'Z' && text.find('+', 19) == std::string::npos && text.find('-', 19) == std::string::npos)
      continue;
    ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &expected, &error)) << text << ": " << error;
    ASSERT_EQ(*time, absl::ToUnixMillis(expected)) << text;
  }
  EXPECT_GT(accepted, 10'000);
}

TEST(EventTimeTest, CountsDaysLikeAbseil) {
  for (absl::CivilDay day(1, 1, 1); day < absl::CivilDay(2500, 1, 1); day += 17) {
    ASSERT_EQ(DaysFromCivil(day.year(), day.month(), day.day()), day - absl::CivilDay(1970, 1, 1)) << day;
  }
}

}  // namespace
}  // namespace tocsin
