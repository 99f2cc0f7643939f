// What the in-memory log keeps, shows and drops: offsets, markers, trimming, retention, compaction.
#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/engine/log/memory/memory_log_fixture.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

TEST_F(MemoryLogTest, AppendGivesOffsetTimeAndHeadersBack) {
  MemoryLog& log = Make();
  const std::vector<Header> headers = {{"ce_id", "1"}, {"empty", ""}};
  EXPECT_EQ(*log.Append(out_, "key", "value", headers, 42), 0);
  EXPECT_EQ(*log.Append(out_, std::nullopt, std::nullopt), 1);
  const auto records = log.ReadStored(out_);
  ASSERT_THAT(records, IsOk());
  ASSERT_THAT(*records, SizeIs(2));
  EXPECT_EQ((*records)[0].append_time_ms, 42);
  EXPECT_EQ((*records)[0].key, "key");
  EXPECT_THAT((*records)[0].headers, ElementsAre(testing::Pair("ce_id", "1"), testing::Pair("empty", "")));
  EXPECT_EQ((*records)[1].append_time_ms, 1'700'000'000'000);
  EXPECT_EQ((*records)[1].key, std::nullopt);
  EXPECT_EQ((*records)[1].value, std::nullopt);
  EXPECT_THAT(log.Append({"none", 0}, "k", "v"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(MemoryLogTest, MarkersTakeAnOffset) {
  MemoryLog& log = Make();
  auto writer = OpenWriter("w");
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(writer->Begin(), IsOk());
    ASSERT_THAT(Write(*writer, "v"), IsOk());
    ASSERT_THAT(writer->Commit({}, {}, ""), IsOk());
  }
  const auto records = log.ReadStored(out_);
  EXPECT_EQ((*records)[0].offset, 0);
  EXPECT_EQ((*records)[1].offset, 2);
  EXPECT_EQ(log.Offsets(out_)->end, 4);
}

TEST_F(MemoryLogTest, ViewsOutliveTrimmingUntilTheNextPoll) {
  MemoryLog& log = Make();
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(log.Append(out_, "", absl::StrCat("value ", i)), IsOk());
  auto reader = log.OpenPartitionReader({{out_, {}}});
  std::vector<RecordBatch> batches;
  ASSERT_THAT((*reader)->Poll(absl::ZeroDuration(), &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  ASSERT_THAT(log.Trim(out_, 1000), IsOk());
  EXPECT_EQ(log.HeldBytes(), 0U);
  for (int i = 0; i < 1000; ++i) ASSERT_THAT(log.Append(out_, "", "other"), IsOk());
  for (size_t i = 0; i < batches[0].records.size(); ++i) {
    EXPECT_EQ(batches[0].records[i].value, absl::StrCat("value ", i));
  }
}

TEST_F(MemoryLogTest, NeverTrimsWhatIsOpen) {
  MemoryLog& log = Make();
  auto writer = OpenWriter("w");
  ASSERT_THAT(log.Append(out_, "", "before"), IsOk());
  ASSERT_THAT(writer->Begin(), IsOk());
  ASSERT_THAT(Write(*writer, "open"), IsOk());
  ASSERT_THAT(log.Trim(out_, 1000), IsOk());
  EXPECT_EQ(log.Offsets(out_)->begin, 1);
  ASSERT_THAT(writer->Commit({}, {}, ""), IsOk());
  EXPECT_THAT(Stored(out_), ElementsAre("open"));
}

TEST_F(MemoryLogTest, DropsWhatAllGroupsHaveConsumed) {
  MemoryLogOptions options;
  options.trim_consumed = {{"in", {"group", "second"}}};
  MemoryLog& log = Make(options);
  auto writer = OpenWriter("w");
  const std::string value(1000, 'x');
  size_t held_max = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 100; ++i) ASSERT_THAT(log.Append(in_, "", value), IsOk());
    const Offset next = (round + 1) * 100;
    ASSERT_THAT(writer->Begin(), IsOk());
    ASSERT_THAT(writer->Commit({{in_, next, ""}}, {}, "group"), IsOk());
    ASSERT_THAT(log.SetCommittedOffsets("second", {ConsumedOffset{in_, next - 50, ""}}), IsOk());
    EXPECT_EQ(log.Offsets(in_)->begin, next - 50);
    held_max = std::max(held_max, log.HeldBytes());
  }
  EXPECT_THAT(held_max, Le(size_t{1} << 20));
}

TEST_F(MemoryLogTest, RetentionDropsByBytesAndByAge) {
  MemoryLog& log = Make();
  ASSERT_THAT(log.SetRetention("in", {.bytes_max = size_t{1} << 20}), IsOk());
  ASSERT_THAT(log.SetRetention("out", {.age_max = absl::Minutes(1)}), IsOk());
  const std::string value(1000, 'x');
  for (int i = 0; i < 5000; ++i) {
    ASSERT_THAT(log.Append(in_, "", value), IsOk());
    ASSERT_THAT(log.Append(out_, "", value), IsOk());
    clock_.Advance(absl::Milliseconds(100));
  }
  EXPECT_GT(log.Offsets(in_)->begin, 3500);
  EXPECT_LT(log.Offsets(in_)->begin, 4500);
  EXPECT_GT(log.Offsets(out_)->begin, 4000);
  EXPECT_LE(log.Offsets(out_)->begin, 4400);
}

TEST_F(MemoryLogTest, CompactionKeepsTheLastOfEachKeyInOrder) {
  MemoryLog& log = Make();
  ASSERT_THAT(log.EnsureTopics({TopicSpec{"state", 1, -1, {{"cleanup.policy", "compact"}}}}, true), IsOk());
  const TopicPartition state{"state", 0};
  std::mt19937_64 random(3);
  std::map<std::string, std::pair<Offset, std::string>> last;
  auto reader = log.OpenPartitionReader({{state, {}}});
  std::map<std::string, std::string> seen;
  std::vector<RecordBatch> batches;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = absl::StrCat("key ", random() % 20);
    const std::string value = std::string(500, 'x') + absl::StrCat(i);
    const auto offset = log.Append(state, key, value);
    last[key] = {*offset, value};
    if (random() % 400 != 0) continue;
    ASSERT_THAT((*reader)->Poll(absl::ZeroDuration(), &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) seen[std::string(record.key)] = record.value;
    }
  }
  EXPECT_LT(log.HeldBytes(), size_t{3} << 20) << "compacts by itself";
  ASSERT_THAT(log.Compact("state"), IsOk());
  std::vector<std::pair<Offset, std::string>> expected;
  expected.reserve(last.size());
  for (const auto& [key, record] : last) expected.push_back(record);
  std::sort(expected.begin(), expected.end());
  std::vector<std::pair<Offset, std::string>> kept;
  const auto records = log.ReadStored(state);
  for (const StoredRecord& record : *records) kept.emplace_back(record.offset, *record.value);
  EXPECT_EQ(kept, expected);
  for (bool ended = false; !ended;) {
    ASSERT_THAT((*reader)->Poll(absl::ZeroDuration(), &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) seen[std::string(record.key)] = record.value;
      ended = batch.end_of_partition;
    }
  }
  for (const auto& [key, record] : last) EXPECT_EQ(seen[key], record.second);
  EXPECT_EQ(log.Offsets(state)->end, 20'000);
}

TEST_F(MemoryLogTest, APollThatWaitsIsWokenByACommit) {
  SystemClock clock;
  MemoryLog log(&clock);
  ASSERT_THAT(log.EnsureTopics({TopicSpec{"out", 1, -1, {}}}, true), IsOk());
  auto reader = log.OpenPartitionReader({{out_, {}}});
  std::vector<RecordBatch> batches;
  ASSERT_THAT((*reader)->Poll(absl::ZeroDuration(), &batches), IsOk());
  std::thread writing([&log] { EXPECT_THAT(log.Append({"out", 0}, "", "v"), IsOk()); });
  ASSERT_THAT((*reader)->Poll(absl::Minutes(1), &batches), IsOk());
  writing.join();
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].records[0].value, "v");
}

TEST_F(MemoryLogTest, APollThatWaitsEndsEvenIfTheClockStandsStill) {
  MemoryLog& log = Make();
  auto reader = log.OpenPartitionReader({{out_, {}}});
  std::vector<RecordBatch> batches;
  ASSERT_THAT((*reader)->Poll(absl::Milliseconds(1), &batches), IsOk());
  ASSERT_THAT((*reader)->Poll(absl::Milliseconds(1), &batches), IsOk());
  EXPECT_THAT(batches, IsEmpty());
}

TEST_F(MemoryLogTest, AgreesWithANaiveModelUnderRandomTransactions) {
  struct ModelRecord {
    std::string value;
    int writer;  // -1: a marker
    enum { kOpen, kCommitted, kAborted } state;
  };
  constexpr int kWriters = 4;
  std::mt19937_64 random(17);
  for (int round = 0; round < 60; ++round) {
    Make();
    std::vector<ModelRecord> model;
    std::vector<std::unique_ptr<Writer>> writers(kWriters);
    std::array<bool, kWriters> begun = {};
    const auto settle = [&](int writer, bool commit) {
      bool has_records = false;
      for (ModelRecord& record : model) {
        if (record.writer != writer || record.state != ModelRecord::kOpen) continue;
        record.state = commit ? ModelRecord::kCommitted : ModelRecord::kAborted;
        has_records = true;
      }
      if (has_records) model.push_back({"", -1, ModelRecord::kAborted});
    };
    auto streaming = log_->OpenPartitionReader({{out_, {}}});
    std::vector<std::string> streamed;
    for (int step = 0; step < 150; ++step) {
      const int w = static_cast<int>(random() % kWriters);
      auto& writer = writers[static_cast<size_t>(w)];
      bool& has_begun = begun[static_cast<size_t>(w)];
      switch (random() % 8) {
        case 0:
          writer = OpenWriter(absl::StrCat("w", w));
          settle(w, false);
          has_begun = false;
          break;
        case 1:
          if (writer == nullptr || !has_begun) break;
          ASSERT_THAT(writer->Commit({}, {}, ""), IsOk());
          settle(w, true);
          has_begun = false;
          break;
        case 2:
          if (writer == nullptr || !has_begun) break;
          ASSERT_THAT(writer->Abort(), IsOk());
          settle(w, false);
          has_begun = false;
          break;
        default:
          if (writer == nullptr) break;
          if (!has_begun) {
            ASSERT_THAT(writer->Begin(), IsOk());
          }
          has_begun = true;
          model.push_back({absl::StrCat(step), w, ModelRecord::kOpen});
          ASSERT_THAT(Write(*writer, model.back().value), IsOk());
      }
      std::vector<std::string> expected;
      for (const ModelRecord& record : model) {
        if (record.state == ModelRecord::kOpen) break;
        if (record.state == ModelRecord::kCommitted) expected.push_back(record.value);
      }
      ASSERT_EQ(Stored(out_), expected);
      ASSERT_EQ(log_->Offsets(out_)->end, static_cast<Offset>(model.size()));
      std::vector<RecordBatch> batches;
      ASSERT_THAT((*streaming)->Poll(absl::ZeroDuration(), &batches), IsOk());
      for (const RecordBatch& batch : batches) {
        for (const Record& record : batch.records) {
          ASSERT_EQ(model[static_cast<size_t>(record.offset)].value, record.value);
          streamed.emplace_back(record.value);
        }
      }
      ASSERT_EQ(streamed, expected);
    }
  }
}

}  // namespace
}  // namespace tocsin
