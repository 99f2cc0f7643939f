// Which texts travel, against a naive choice over all rows.
#include "operators/ingest/row_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "operators/block/block.h"
#include "operators/mention/sample_rule.h"

namespace tocsin {
namespace {

constexpr int64_t kSlideMs = 5'000;
constexpr int64_t kStartMs = 1'780'272'000'000;

// Rows whose post hashes are often equal, and their upper halves more often; with times and reaches that are too.
Mention RandomRow(std::mt19937_64* random) {
  const auto below = [random](uint64_t bound) { return (*random)() % bound; };
  Mention row;
  row.brand = static_cast<uint32_t>(below(3));
  row.event_time_ms = kStartMs + static_cast<int64_t>(below(3)) * kSlideMs + static_cast<int64_t>(below(40)) * 125;
  row.post_hash = below(4) << 32 | below(8);
  row.sentiment = below(2) == 0 ? SentimentClass::kNegative : SentimentClass::kNeutral;
  row.kind = below(3) == 0 ? PostKind::kRepost : PostKind::kOriginal;
  row.reach = static_cast<uint32_t>(kHighReach - 1 + below(3));
  if (below(20) == 0) row.flags = kOfficial;
  return row;
}

// Numbers of the rows whose texts travel, by the rule of sample_rule.h; of equal ones the first.
std::set<size_t> Chosen(const std::vector<Mention>& rows) {
  struct Winners {
    std::map<uint64_t, size_t> negative;  // by post hash
    std::map<uint64_t, size_t> any;
    std::map<std::tuple<int64_t, uint64_t, size_t>, size_t> first_negative;
    std::map<std::tuple<int64_t, uint64_t, size_t>, size_t> by_reach;  // negated
  };
  std::map<std::pair<int64_t, uint32_t>, Winners> slides;
  std::set<size_t> chosen;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Mention& row = rows[i];
    if ((row.flags & kOfficial) != 0) {
      chosen.insert(i);
      continue;
    }
    Winners& winners = slides[{row.event_time_ms / kSlideMs, row.brand}];
    winners.any.emplace(row.post_hash, i);
    if (row.sentiment == SentimentClass::kNegative && row.kind != PostKind::kRepost) {
      winners.negative.emplace(row.post_hash, i);
      winners.first_negative[{row.event_time_ms, row.post_hash, i}] = i;
    }
    if (row.reach >= kHighReach) winners.by_reach[{-int64_t{row.reach}, row.post_hash, i}] = i;
  }
  const auto choose = [&chosen](const auto& ordered, size_t most) {
    for (const auto& [key, row] : ordered) {
      if (most-- == 0) return;
      chosen.insert(row);
    }
  };
  for (const auto& [slide, winners] : slides) {
    choose(winners.negative, kNegativeSamples);
    choose(winners.any, kOtherSamples);
    choose(winners.first_negative, 1);
    choose(winners.by_reach, 1);
  }
  return chosen;
}

struct Text {
  std::string id;
  std::string text;
  std::string url;

  explicit Text(uint64_t number)
      : id(absl::StrCat(number)),
        text(number % 7, 'x'),
        url(number % 3 == 0 ? absl::StrCat("https://example.com/", number) : "") {}
  Sample AsSample() const { return {.post_id = id, .author_handle = "anna", .text = text, .hashtags = "", .url = url}; }
};

void Add(const Mention& row, uint64_t number, RowBuffer* buffer) {
  if (buffer->Add(row)) buffer->SetSample(Text(number).AsSample());
}

TEST(RowBufferTest, TheTextsOfTheWinnersTravel) {
  std::mt19937_64 random(11);
  RowBuffer buffer(kSlideMs);
  size_t texts = 0;
  for (int flush = 0; flush < 200; ++flush) {
    buffer.Clear();
    std::vector<Mention> rows(1 + random() % 300);
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i] = RandomRow(&random);
      Add(rows[i], i, &buffer);
    }
    ASSERT_EQ(buffer.rows().size(), rows.size());
    const std::set<size_t> chosen = Chosen(rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string expected;
      if (chosen.contains(i)) EncodeSample(Text(i).AsSample(), &expected);
      ASSERT_EQ(buffer.SampleBytes(buffer.rows()[i]), expected) << "flush " << flush << " row " << i;
      EXPECT_EQ(buffer.rows()[i].post_hash, rows[i].post_hash);
    }
    texts += chosen.size();
  }
  EXPECT_GT(texts, 5'000U);
}

TEST(RowBufferTest, ManyBrandsAndSlidesHaveTheirOwnWinners) {
  RowBuffer buffer(kSlideMs);
  for (int flush = 0; flush < 3; ++flush) {
    buffer.Clear();
    Mention row;
    for (uint32_t brand = 0; brand < 500; ++brand) {
      for (int64_t slide = 0; slide < 4; ++slide) {
        row.brand = brand;
        row.event_time_ms = kStartMs + slide * kSlideMs + 7;
        row.post_hash = brand;
        buffer.Prefetch(row.event_time_ms, brand);
        EXPECT_TRUE(buffer.Add(row));
        buffer.SetSample(Text(brand).AsSample());
      }
    }
    // All are still known, though their table has grown meanwhile.
    const std::vector<Mention> added(buffer.rows().begin(), buffer.rows().end());
    for (const Mention& again : added) EXPECT_FALSE(buffer.Add(again));
    for (const Mention& first : buffer.rows().first(added.size())) EXPECT_FALSE(buffer.SampleBytes(first).empty());
  }
}

TEST(RowBufferTest, NoTextTravelsFromBeforeOrBehindTheYearsThatAreHeld) {
  RowBuffer buffer(/*slide_ms=*/1'000);
  Mention row;
  for (const int64_t ms : {int64_t{-1}, (int64_t{1} << 32) * 1'000, INT64_MAX}) {
    row.event_time_ms = ms;
    EXPECT_FALSE(buffer.Add(row)) << ms;
  }
  row.event_time_ms = (int64_t{1} << 32) * 1'000 - 1;
  EXPECT_TRUE(buffer.Add(row));
  EXPECT_EQ(buffer.rows().size(), 4U);
}

}  // namespace
}  // namespace tocsin
