#include "operators/window/brand_windows.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::ElementsAreArray;
using AddResult = BrandWindows::AddResult;

constexpr int64_t kSlideMs = 1'000;
constexpr int64_t kStartMs = 1'700'000'000'000;

WindowOptions SmallOptions() {
  WindowOptions options;
  options.slide_ms = kSlideMs;
  options.sizes_ms = {3'000, 10'000, 40'000};
  options.held_ms = 50'000;
  options.minutes_held = 5;
  return options;
}

HeldMention RandomMention(std::mt19937_64& random, int64_t event_time_ms) {
  HeldMention mention;
  mention.event_time_ms = event_time_ms;
  mention.post_hash = random();
  mention.author_hash = random() % 40;
  mention.text_hash = random() % 25;
  mention.reach = static_cast<uint32_t>(random() % 1'000);
  mention.sentiment = static_cast<SentimentClass>(random() % 4);
  mention.kind = static_cast<PostKind>(random() % 4);
  mention.flags = static_cast<uint8_t>(random() % 256);
  return mention;
}

int64_t Floor(int64_t value, int64_t step) { return value - value % step; }

// Remembers every mention and counts from scratch.
class NaiveWindows {
 public:
  explicit NaiveWindows(const WindowOptions& options) : options_(options) {}

  AddResult Add(const HeldMention& mention) {
    if (end_ms_ != kUnknownTime && mention.event_time_ms < end_ms_ - options_.held_ms) return AddResult::kTooLate;
    mentions_.push_back(mention);
    return end_ms_ != kUnknownTime && mention.event_time_ms < end_ms_ ? AddResult::kAddedLate : AddResult::kAdded;
  }
  void AdvanceTo(int64_t end_ms) { end_ms_ = end_ms; }

  WindowCounts Count(int64_t from_ms, int64_t to_ms, bool distinct) const {
    WindowCounts counts;
    std::set<uint64_t> authors, negative_authors, negative_texts;
    for (const HeldMention& mention : mentions_) {
      if (mention.event_time_ms < from_ms || mention.event_time_ms >= to_ms) continue;
      const bool negative = mention.sentiment == SentimentClass::kNegative;
      const bool repost = mention.kind == PostKind::kRepost;
      ++counts.mentions;
      counts.originals += repost ? 0 : 1;
      counts.reposts += repost ? 1 : 0;
      counts.negative += negative ? 1 : 0;
      counts.neutral += mention.sentiment == SentimentClass::kNeutral ? 1 : 0;
      counts.positive += mention.sentiment == SentimentClass::kPositive ? 1 : 0;
      counts.unclassified += mention.sentiment == SentimentClass::kUnclassified ? 1 : 0;
      counts.reach += mention.reach;
      if (mention.sentiment != SentimentClass::kUnclassified) {
        const int tone = mention.flags / 32;  // 0 nobody says, 1 to 6 a level, 7 by stars
        counts.rated += tone == 7 ? 1 : 0;
        counts.rated_negative += tone == 7 && negative ? 1 : 0;
        if (tone < 7) counts.negativity += tone > 0 ? tone - 1 : (negative ? 5 : 0);
      }
      authors.insert(mention.author_hash);
      if (!negative || repost) continue;
      ++counts.negative_originals;
      negative_authors.insert(mention.author_hash);
      negative_texts.insert(mention.text_hash);
    }
    if (!distinct) return counts;
    counts.unique_authors = static_cast<int64_t>(authors.size());
    counts.negative_authors = static_cast<int64_t>(negative_authors.size());
    counts.negative_texts = static_cast<int64_t>(negative_texts.size());
    return counts;
  }

  std::vector<uint64_t> HeldHashes(int64_t from_ms) const {
    std::vector<std::pair<int64_t, uint64_t>> held;
    for (const HeldMention& mention : mentions_) {
      if (mention.event_time_ms >= std::max(from_ms, end_ms_ - options_.held_ms) && mention.event_time_ms < end_ms_) {
        held.emplace_back(mention.event_time_ms, mention.post_hash);
      }
    }
    std::sort(held.begin(), held.end());
    std::vector<uint64_t> hashes;
    hashes.reserve(held.size());
    for (const auto& [time, hash] : held) hashes.push_back(hash);
    return hashes;
  }

  int64_t end_ms() const { return end_ms_; }

 private:
  const WindowOptions options_;
  int64_t end_ms_ = kUnknownTime;
  std::vector<HeldMention> mentions_;
};

std::vector<uint64_t> HeldHashes(const BrandWindows& windows, int64_t from_ms) {
  std::vector<uint64_t> hashes;
  windows.ForEachHeld(from_ms, [&](const HeldMention& mention) { hashes.push_back(mention.post_hash); });
  return hashes;
}

MATCHER_P(SameCounts, expected, "") {
  *result_listener << "mentions " << arg.mentions << "/" << expected.mentions << " negative " << arg.negative << "/"
                   << expected.negative << " authors " << arg.unique_authors << "/" << expected.unique_authors
                   << " negative authors " << arg.negative_authors << "/" << expected.negative_authors << " texts "
                   << arg.negative_texts << "/" << expected.negative_texts;
  return arg == expected;
}

void ExpectSame(const BrandWindows& windows, const NaiveWindows& naive, const WindowOptions& options) {
  const int64_t end = naive.end_ms();
  ASSERT_EQ(windows.end_ms(), end);
  for (size_t i = 0; i < options.sizes_ms.size(); ++i) {
    const int64_t size = options.sizes_ms[i];
    ASSERT_THAT(windows.Window(i), SameCounts(naive.Count(end - size, end, true))) << "size " << size << " end " << end;
    ASSERT_EQ(windows.MentionsBefore(i), naive.Count(end - 2 * size, end - size, false).mentions) << "size " << size;
  }
  for (const int64_t back : {1'000, 7'500, 49'000, 50'000}) {
    ASSERT_THAT(windows.CountsSince(end - back), SameCounts(naive.Count(Floor(end - back, kSlideMs), end, false)));
  }
  for (const int64_t back : {61'000, 130'500}) {
    ASSERT_THAT(windows.CountsSince(end - back), SameCounts(naive.Count(Floor(end - back, 60'000), end, false)));
  }
  for (const int64_t back : {2'500, 60'000}) {
    ASSERT_THAT(HeldHashes(windows, end - back), ElementsAreArray(naive.HeldHashes(end - back)));
  }
}

TEST(BrandWindowsTest, EqualsANaiveReferenceAtEverySlide) {
  const WindowOptions options = SmallOptions();
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random(seed);
    BrandWindows windows(&options);
    NaiveWindows naive(options);
    for (int64_t end = kStartMs; end < kStartMs + 200'000; end += kSlideMs) {
      // Bursts, lulls, and rows up to five slides ahead of their evaluation.
      const uint64_t rows = end / 30'000 % 3 == 0 ? 0 : random() % (seed * 2);
      for (uint64_t i = 0; i < rows; ++i) {
        const HeldMention mention = RandomMention(random, end - kSlideMs + static_cast<int64_t>(random() % 5'000));
        ASSERT_EQ(windows.Add(mention), naive.Add(mention));
      }
      windows.AdvanceTo(end);
      naive.AdvanceTo(end);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(windows, naive, options));
    }
  }
}

TEST(BrandWindowsTest, LateMentionsAreAddedToEveryWindowThatHoldsTheirPane) {
  const WindowOptions options = SmallOptions();
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random(seed);
    BrandWindows windows(&options);
    NaiveWindows naive(options);
    int too_late = 0;
    for (int64_t end = kStartMs; end < kStartMs + 200'000; end += kSlideMs) {
      for (uint64_t i = random() % 6; i > 0; --i) {
        const HeldMention mention = RandomMention(random, end + 3'000 - static_cast<int64_t>(random() % 60'000));
        const AddResult result = windows.Add(mention);
        ASSERT_EQ(result, naive.Add(mention));
        too_late += result == AddResult::kTooLate ? 1 : 0;
        if (end > kStartMs) {
          ASSERT_NO_FATAL_FAILURE(ExpectSame(windows, naive, options));
        }
      }
      windows.AdvanceTo(end);
      naive.AdvanceTo(end);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(windows, naive, options));
    }
    EXPECT_GT(too_late, 10);
  }
}

TEST(BrandWindowsTest, AJumpEqualsTheSlidesThatItSkips) {
  const WindowOptions options = SmallOptions();
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    BrandWindows windows(&options);
    NaiveWindows naive(options);
    int64_t end = kStartMs;
    for (int step = 0; step < 60; ++step) {
      for (uint64_t i = random() % 12; i > 0; --i) {
        const HeldMention mention = RandomMention(random, end + static_cast<int64_t>(random() % 90'000));
        windows.Add(mention);
        naive.Add(mention);
      }
      end += kSlideMs * static_cast<int64_t>(1 + random() % (step % 3 == 0 ? 120 : 12));
      windows.AdvanceTo(end);
      naive.AdvanceTo(end);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(windows, naive, options));
    }
  }
}

TEST(BrandWindowsTest, CountsFromTheFirstMillisecondOf1970) {
  const WindowOptions options = SmallOptions();
  std::mt19937_64 random(5);
  BrandWindows windows(&options);
  NaiveWindows naive(options);
  for (int64_t end = kSlideMs; end < 100'000; end += kSlideMs) {
    const HeldMention mention = RandomMention(random, end - 1'000);
    windows.Add(mention);
    naive.Add(mention);
    windows.AdvanceTo(end);
    naive.AdvanceTo(end);
    ASSERT_THAT(windows.Window(2), SameCounts(naive.Count(end - 40'000, end, true)));
  }
  HeldMention before;
  before.event_time_ms = -1;
  EXPECT_EQ(windows.Add(before), AddResult::kTooLate);
}

// Goal: after a snapshot and the return of the held mentions in any order nothing differs, whatever comes next.
// Method: the same random input with a restore in the middle, compared at every later slide.
TEST(BrandWindowsTest, ARestoredOneContinuesAsIfNothingHadHappened) {
  const WindowOptions options = SmallOptions();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    BrandWindows straight(&options);
    NaiveWindows naive(options);
    std::vector<HeldMention> all;
    const auto feed = [&](int64_t end, BrandWindows* restored) {
      for (uint64_t i = random() % 8; i > 0; --i) {
        all.push_back(RandomMention(random, end + 4'000 - static_cast<int64_t>(random() % 20'000)));
        const AddResult result = straight.Add(all.back());
        naive.Add(all.back());
        if (restored != nullptr) {
          ASSERT_EQ(restored->Add(all.back()), result);
        }
      }
    };
    int64_t end = kStartMs;
    for (; end < kStartMs + static_cast<int64_t>(seed) * 15'000; end += kSlideMs) {
      feed(end, nullptr);
      straight.AdvanceTo(end);
      naive.AdvanceTo(end);
    }
    std::string bytes;
    ByteWriter writer(&bytes);
    straight.Encode(&writer);
    BrandWindows restored(&options, straight.end_ms());
    ByteReader reader(bytes);
    ASSERT_THAT(restored.Decode(&reader), IsOk());
    EXPECT_EQ(reader.remaining(), 0u);
    std::shuffle(all.begin(), all.end(), random);
    for (const HeldMention& mention : all) restored.Restore(mention);
    ASSERT_NO_FATAL_FAILURE(ExpectSame(restored, naive, options));
    for (const int64_t last = end + 150'000; end < last; end += kSlideMs) {
      if (end < last - 60'000) feed(end, &restored);
      straight.AdvanceTo(end);
      restored.AdvanceTo(end);
      naive.AdvanceTo(end);
      ASSERT_NO_FATAL_FAILURE(ExpectSame(restored, naive, options));
      ASSERT_NO_FATAL_FAILURE(ExpectSame(straight, naive, options));
      ASSERT_EQ(restored.idle(), straight.idle());
    }
  }
}

TEST(BrandWindowsTest, AnIdleBrandTakesLittleMemoryAndLeapsOverAYear) {
  WindowOptions options;  // the defaults
  BrandWindows windows(&options);
  EXPECT_TRUE(windows.idle());
  EXPECT_LT(windows.memory_bytes(), 1'200u);
  std::mt19937_64 random(1);
  for (int i = 0; i < 50'000; ++i) {
    HeldMention mention = RandomMention(random, kStartMs + static_cast<int64_t>(random() % 600'000));
    mention.author_hash = random();
    windows.Add(mention);
  }
  windows.AdvanceTo(kStartMs + 600'000);
  EXPECT_EQ(windows.Window(3).mentions, 50'000);
  EXPECT_FALSE(windows.idle());
  EXPECT_GT(windows.memory_bytes(), 50'000u * 3 * sizeof(uint64_t));
  EXPECT_LT(windows.memory_bytes(), 50'000u * 56);
  windows.AdvanceTo(kStartMs + int64_t{366} * 86'400'000);
  EXPECT_TRUE(windows.idle());
  EXPECT_EQ(windows.Window(3), WindowCounts());
  EXPECT_LT(windows.memory_bytes(), 1'200u);
}

TEST(BrandWindowsTest, AuthorsThatLeftEveryWindowAreForgotten) {
  const WindowOptions options = SmallOptions();
  BrandWindows windows(&options);
  std::mt19937_64 random(2);
  size_t most_bytes = 0;
  for (int64_t end = kStartMs; end < kStartMs + 2'000'000; end += kSlideMs) {
    for (int i = 0; i < 20; ++i) {
      HeldMention mention = RandomMention(random, end - 1);
      mention.author_hash = random();
      mention.text_hash = random();
      windows.Add(mention);
    }
    windows.AdvanceTo(end);
    most_bytes = std::max(most_bytes, windows.memory_bytes());
  }
  EXPECT_EQ(windows.Window(2).unique_authors, 800);
  EXPECT_LT(most_bytes, 300'000u);
}

TEST(BrandWindowsTest, NothingChangesBeforeTheNextChange) {
  const WindowOptions options = SmallOptions();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    BrandWindows windows(&options);
    EXPECT_EQ(windows.NextChangeMs(), INT64_MAX);
    for (int i = 0; i < 10; ++i) {
      windows.Add(RandomMention(random, kStartMs + static_cast<int64_t>(random() % 300'000)));
    }
    int changes = 0;
    for (int64_t end = kStartMs; end < kStartMs + 400'000; end += kSlideMs) {
      const int64_t next = windows.NextChangeMs();
      const std::vector<WindowCounts> before = {windows.Window(0), windows.Window(1), windows.Window(2)};
      windows.AdvanceTo(end);
      const std::vector<WindowCounts> after = {windows.Window(0), windows.Window(1), windows.Window(2)};
      ASSERT_EQ(end >= next, before != after) << end;
      changes += before == after ? 0 : 1;
    }
    EXPECT_GT(changes, 20);
  }
}

TEST(BrandWindowsTest, DamagedStateIsRefusedWithoutACrash) {
  const WindowOptions options = SmallOptions();
  std::mt19937_64 random(4);
  BrandWindows windows(&options);
  for (int i = 0; i < 100; ++i) windows.Add(RandomMention(random, kStartMs + static_cast<int64_t>(random() % 90'000)));
  windows.AdvanceTo(kStartMs + 90'000);
  std::string good;
  ByteWriter writer(&good);
  windows.Encode(&writer);
  for (size_t size = 0; size < good.size(); ++size) {
    BrandWindows restored(&options, windows.end_ms());
    ByteReader reader(std::string_view{good}.substr(0, size));
    EXPECT_THAT(restored.Decode(&reader), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (int round = 0; round < 5'000; ++round) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 4; flips > 0; --flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    BrandWindows restored(&options, windows.end_ms());
    ByteReader reader(bad);
    if (restored.Decode(&reader).ok()) restored.AdvanceTo(windows.end_ms() + kSlideMs);
  }
}

constexpr int64_t kPanes = 0xFFFF'FFFF;  // as many are numbered

// What Encode writes of minutes and panes that start so many steps behind the one before, each with one mention.
absl::Status DecodeStarts(const std::vector<uint64_t>& minutes, const std::vector<uint64_t>& panes) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.Varint(minutes.size());
  for (const uint64_t steps : minutes) {
    writer.Varint(steps);
    writer.Varint(1);
    constexpr int kOtherSums = 9;
    for (int i = 0; i < kOtherSums; ++i) writer.Varint(0);
  }
  writer.Varint(panes.size());
  for (const uint64_t steps : panes) {
    writer.Varint(steps);
    writer.Varint(1);
  }
  const WindowOptions options;
  BrandWindows windows(&options, options.slide_ms * kPanes);
  ByteReader reader(bytes);
  return windows.Decode(&reader);
}

// Each step by itself is one that could be.
TEST(BrandWindowsTest, WhatStartsBeyondTheYearsThatAreHeldIsDamage) {
  EXPECT_TRUE(DecodeStarts({0x1000'0000}, {0x8000'0000}).ok());
  EXPECT_THAT(DecodeStarts({}, {0x8000'0000, 0x8000'0000}), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeStarts({0x1000'0000, 0x1000'0000}, {}), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(BrandWindowsTest, OnlyPanesThatAreNumberedAreHeld) {
  for (const int64_t slide_ms : {1'000, 5'000}) {
    WindowOptions options;
    options.slide_ms = slide_ms;
    BrandWindows windows(&options);
    HeldMention mention;
    const auto add = [&](int64_t event_time_ms) {
      mention.event_time_ms = event_time_ms;
      return windows.Add(mention);
    };
    EXPECT_EQ(add(-1), BrandWindows::AddResult::kTooLate);
    EXPECT_EQ(add(slide_ms * kPanes), BrandWindows::AddResult::kTooLate);
    EXPECT_EQ(add(0), BrandWindows::AddResult::kAdded);
    EXPECT_EQ(add(slide_ms * kPanes - 1), BrandWindows::AddResult::kAdded);
  }
}

}  // namespace
}  // namespace tocsin
