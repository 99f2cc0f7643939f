// Which texts travel, against a naive choice over all rows.
#include "operators/ingest/row_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
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
  ChunkPool pool;
  RowBuffer buffer(kSlideMs, &pool);
  std::string scratch;
  size_t texts = 0;
  for (int flush = 0; flush < 200; ++flush) {
    buffer.Clear();
    std::vector<Mention> rows(1 + random() % 300);
    for (size_t i = 0; i < rows.size(); ++i) {
      rows[i] = RandomRow(&random);
      Add(rows[i], i, &buffer);
    }
    ASSERT_EQ(buffer.size(), rows.size());
    const std::set<size_t> chosen = Chosen(rows);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string expected;
      if (chosen.contains(i)) EncodeSample(Text(i).AsSample(), &expected);
      ASSERT_EQ(buffer.SampleBytes(buffer[i], &scratch), expected) << "flush " << flush << " row " << i;
      EXPECT_EQ(buffer[i].post_hash, rows[i].post_hash);
    }
    texts += chosen.size();
  }
  EXPECT_GT(texts, 5'000U);
}

TEST(RowBufferTest, ManyBrandsAndSlidesHaveTheirOwnWinners) {
  ChunkPool pool;
  RowBuffer buffer(kSlideMs, &pool);
  std::string scratch;
  for (int flush = 0; flush < 3; ++flush) {
    buffer.Clear();
    Mention row;
    for (uint32_t brand = 0; brand < 500; ++brand) {
      for (int64_t slide = 0; slide < 4; ++slide) {
        row.brand = brand;
        row.event_time_ms = kStartMs + slide * kSlideMs + 7;
        row.post_hash = brand;
        buffer.Prefetch(row.event_time_ms, brand);
        buffer.PrefetchWinners(row.event_time_ms, brand);
        EXPECT_TRUE(buffer.Add(row));
        buffer.SetSample(Text(brand).AsSample());
      }
    }
    // All are still known, though their table has grown meanwhile.
    std::vector<Mention> added;
    for (size_t i = 0; i < buffer.size(); ++i) added.push_back(buffer[i]);
    for (const Mention& again : added) {
      buffer.PrefetchWinners(again.event_time_ms, again.brand);
      EXPECT_FALSE(buffer.Add(again));
    }
    for (size_t i = 0; i < added.size(); ++i) EXPECT_FALSE(buffer.SampleBytes(buffer[i], &scratch).empty());
  }
}

// Several partitions' rows and texts lie in chunks of one pool, some across two, and one longer than any.
TEST(RowBufferTest, TextsOfAllSizesComeBackWhole) {
  std::mt19937_64 random(12);
  ChunkPool pool;
  std::array<RowBuffer, 3> buffers = {RowBuffer(kSlideMs, &pool), RowBuffer(kSlideMs, &pool),
                                      RowBuffer(kSlideMs, &pool)};
  std::string scratch;
  for (int flush = 0; flush < 3; ++flush) {
    std::vector<std::vector<std::string>> expected(buffers.size());
    for (uint32_t row = 0; row < 2'000; ++row) {
      const size_t number = random() % buffers.size();
      std::string text(random() % 700, static_cast<char>('a' + row % 26));
      if (row % 500 == 250) text.assign(3 * ChunkPool::kChunkBytes, 'z');
      const Sample sample{.post_id = "1", .author_handle = "", .text = text, .hashtags = "", .url = ""};
      Mention mention;
      mention.brand = row;
      mention.event_time_ms = kStartMs;
      ASSERT_TRUE(buffers[number].Add(mention));
      buffers[number].SetSample(sample);
      EncodeSample(sample, &expected[number].emplace_back());
    }
    for (size_t number = 0; number < buffers.size(); ++number) {
      ASSERT_EQ(buffers[number].size(), expected[number].size());
      for (size_t i = 0; i < expected[number].size(); ++i) {
        ASSERT_EQ(buffers[number].SampleBytes(buffers[number][i], &scratch), expected[number][i]);
      }
      buffers[number].Clear();
    }
  }
}

TEST(RowBufferTest, NoTextTravelsFromBeforeOrBehindTheYearsThatAreHeld) {
  ChunkPool pool;
  RowBuffer buffer(/*slide_ms=*/1'000, &pool);
  Mention row;
  for (const int64_t ms : {int64_t{-1}, (int64_t{1} << 32) * 1'000, INT64_MAX}) {
    row.event_time_ms = ms;
    EXPECT_FALSE(buffer.Add(row)) << ms;
  }
  row.event_time_ms = (int64_t{1} << 32) * 1'000 - 1;
  EXPECT_TRUE(buffer.Add(row));
  EXPECT_EQ(buffer.size(), 4U);
}

}  // namespace
}  // namespace tocsin
