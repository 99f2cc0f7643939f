#include "app/bursts/count_file.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::StatusIs;
using testing::HasSubstr;
using testing::StartsWith;

TEST(CountFileTest, HeaderOrNotTheRowsAreTheSame) {
  const std::string_view rows = "2015-02-26 21:42:53,104\n2015-02-26 21:47:53,100\n";
  for (const std::string_view header : {"", "timestamp,value\n", "Timestamp , VALUE\n", "when,mentions\n", "\n\n",
                                        "\xEF\xBB\xBFtimestamp,value\n", "\"timestamp\",\"value\"\r\n"}) {
    const std::string text = std::string(header) + std::string(rows);
    const auto parsed = ParseCounts(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    ASSERT_EQ(parsed->size(), 2U) << header;
    EXPECT_EQ((*parsed)[0].time_ms, 1'424'986'973'000);
    EXPECT_EQ((*parsed)[1].time_ms - (*parsed)[0].time_ms, 300'000);
    EXPECT_EQ((*parsed)[0].count, 104);
    EXPECT_EQ((*parsed)[1].count, 100);
  }
}

TEST(CountFileTest, ColumnsAreFoundByNameAmongOthers) {
  const auto parsed = ParseCounts("id,value,label,timestamp\n7,12,\"a,\"\"b\"\"\",2015-02-26T21:42:53Z\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_EQ(parsed->size(), 1U);
  EXPECT_EQ((*parsed)[0].count, 12);
  EXPECT_EQ((*parsed)[0].time, "2015-02-26T21:42:53Z");
  EXPECT_EQ((*parsed)[0].value, "12");
  EXPECT_EQ((*parsed)[0].line, 2U);
}

TEST(CountFileTest, TimesMayBeDatesMinutesSecondsAndEpochs) {
  for (const auto& [time, expected] :
       std::vector<std::pair<std::string, int64_t>>{{"2015-02-26", 1'424'908'800'000},
                                                    {"2015-02-26 21:42", 1'424'986'920'000},
                                                    {"2015-02-26T21:42:53.5Z", 1'424'986'973'500},
                                                    {"2015-02-26 22:42:53+01:00", 1'424'986'973'000},
                                                    {"\"2015-02-26 21:42:53\"", 1'424'986'973'000},
                                                    {"1424986973", 1'424'986'973'000},
                                                    {"1424986973000", 1'424'986'973'000}}) {
    const std::string text = time + ",1\n";
    const auto parsed = ParseCounts(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->front().time_ms, expected) << time;
  }
}

TEST(CountFileTest, ValuesMayBeFractionsOrUnknown) {
  const auto parsed = ParseCounts("1,2.4\n2,2.6\n3,1e3\n4,\n5,NaN\n6,null\n7,-\n8, 5 \n9,-3\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  std::vector<std::optional<int64_t>> counts;
  for (const CountRow& row : *parsed) counts.push_back(row.count);
  EXPECT_EQ(counts, (std::vector<std::optional<int64_t>>{2, 3, 1000, std::nullopt, std::nullopt, std::nullopt,
                                                         std::nullopt, 5, -3}));
}

TEST(CountFileTest, ABadRowIsNamedWithItsLine) {
  for (const auto& [text, line, reason] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"timestamp,value\n2015-02-26 21:42:53,1\n\n2015-02-26 21:47:53,many\n", "4: ", "not a number: \"many\""},
           {"timestamp,value\n2015-02-30 21:42:53,1\n", "2: ", "not a time"},
           {"yesterday,5\n", "1: ", "not a time: \"yesterday\""},
           {"2015-02-26 21:42:53,1\n2015-02-26 21:47:53\n", "2: ", "too few fields"},
           {"2015-02-26 21:42:53,inf\n", "1: ", "not a number"},
           {"2015-02-26 21:42:53,1e300\n", "1: ", "not a number"},
           {"time,value,other\n2015-02-26 21:42:53,1,2\n", "1: ", "names no column"}}) {
    EXPECT_THAT(ParseCounts(text),
                StatusIs(absl::StatusCode::kInvalidArgument, testing::AllOf(StartsWith(line), HasSubstr(reason))))
        << text;
  }
}

TEST(CountFileTest, AnEmptyFileHasNoRows) {
  for (const std::string_view text : {"", "\n", "timestamp,value\n", "timestamp,value"}) {
    const auto parsed = ParseCounts(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(parsed->empty());
  }
}

}  // namespace
}  // namespace tocsin
