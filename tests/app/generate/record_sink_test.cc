// Where records end up: the same bytes in files, compressed or not, and in topics.
#include "app/generate/record_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/generate/scenario_reader.h"
#include "engine/base/clock.h"
#include "engine/log/file/byte_stream.h"
#include "engine/log/memory/memory_log.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;

Scenario TwoStreams() {
  absl::StatusOr<Scenario> scenario = ParseScenario(
      "duration: 10m\nposts_per_minute: 300\nstreams: [{network: twitter_v1, partitions: 2}, {network: generic}]",
      "t.yaml");
  EXPECT_THAT(scenario, IsOk());
  return *scenario;
}

// By stream and partition, lines with their ends.
std::map<std::pair<int, int>, std::string> Expected(const Scenario& scenario) {
  Firehose firehose(scenario);
  FirehoseRecord record;
  std::map<std::pair<int, int>, std::string> bytes;
  while (firehose.Next(&record)) {
    absl::StrAppend(&bytes[{record.post->stream, record.post->partition}], record.bytes, "\n");
  }
  return bytes;
}

absl::Status WriteAll(const Scenario& scenario, RecordSink* sink) {
  Firehose firehose(scenario);
  FirehoseRecord record;
  int64_t written = 0;
  while (firehose.Next(&record)) {
    if (absl::Status status = sink->Append(record); !status.ok()) return status;
    if (++written % 50 == 0) {  // at a pace there are pauses
      if (absl::Status status = sink->Flush(); !status.ok()) return status;
    }
  }
  return sink->Finish();
}

std::string Decompressed(const std::string& path) {
  auto raw = file::RawInput::Open(path);
  EXPECT_THAT(raw, IsOk());
  file::ByteStream stream(*std::move(raw));
  std::string text;
  std::string piece(1 << 16, '\0');
  while (true) {
    size_t count = 0;
    const auto ready = stream.Read(piece.data(), piece.size(), &count);
    EXPECT_THAT(ready, IsOk());
    if (!ready.ok() || *ready == file::RawInput::Readiness::kEnd) return text;
    text.append(piece, 0, count);
  }
}

TEST(RecordSinkTest, PartitionsHaveFilesOfTheirOwn) {
  Scenario scenario;
  EXPECT_EQ(PartitionPath("a.ndjson", scenario, 0, 0), "a.ndjson");
  scenario.streams[0].partition_weights = {1, 1};
  EXPECT_EQ(PartitionPath("a.ndjson", scenario, 0, 1), "a.ndjson.1");
  EXPECT_EQ(PartitionPath("a.ndjson.zst", scenario, 0, 1), "a.ndjson.1.zst");
  scenario.streams.emplace_back();
  scenario.streams[1].name = "reddit";
  EXPECT_EQ(PartitionPath("a.gz", scenario, 0, 1), "a.twitter_v1.1.gz");
  EXPECT_EQ(PartitionPath("a", scenario, 1, 0), "a.reddit");
  EXPECT_EQ(PartitionPath("-", scenario, 1, 0), "-");
}

TEST(RecordSinkTest, FilesHaveTheSameBytesPlainAndCompressed) {
  const Scenario scenario = TwoStreams();
  const auto expected = Expected(scenario);
  for (const std::string ending : {"", ".gz", ".zst"}) {
    const std::string output = testing::TempDir() + "record_sink_test.ndjson" + ending;
    auto sink = OpenFileSink(output, scenario);
    ASSERT_THAT(sink, IsOk());
    ASSERT_THAT(WriteAll(scenario, sink->get()), IsOk());
    for (const auto& [place, bytes] : expected) {
      const std::string path =
          PartitionPath(output, scenario, static_cast<size_t>(place.first), static_cast<size_t>(place.second));
      EXPECT_GT(bytes.size(), size_t{256} << 10) << "more than one piece of a file";
      EXPECT_TRUE(Decompressed(path) == bytes) << path;
      EXPECT_LE(std::filesystem::file_size(path), ending.empty() ? bytes.size() : bytes.size() / 2);
      std::filesystem::remove(path);
    }
  }
}

TEST(RecordSinkTest, AFileThatCantBeOpenedIsNamed) {
  EXPECT_THAT(OpenFileSink("/no/such/folder/a", Scenario()),
              StatusIs(absl::StatusCode::kUnavailable, testing::HasSubstr("file=/no/such/folder/a")));
}

TEST(RecordSinkTest, TopicsHaveTheSameRecordsWhateverTheTransactions) {
  const Scenario scenario = TwoStreams();
  const auto expected = Expected(scenario);
  for (const int64_t batch : {1, 7, 100'000}) {
    SystemClock clock;
    const auto log = std::make_unique<MemoryLog>(&clock);
    auto sink = OpenTopicSink(log.get(), scenario, batch);
    ASSERT_THAT(sink, IsOk());
    ASSERT_THAT(WriteAll(scenario, sink->get()), IsOk());
    std::vector<std::pair<TopicPartition, StartPosition>> starts;
    starts.reserve(expected.size());
    for (const auto& [place, bytes] : expected) {
      starts.push_back({{scenario.streams[static_cast<size_t>(place.first)].topic, place.second}, {}});
    }
    auto reader = log->OpenPartitionReader(starts);
    ASSERT_THAT(reader, IsOk());
    std::vector<std::string> found(starts.size());
    size_t ended = 0;
    std::vector<RecordBatch> batches;
    for (int polls = 0; ended < starts.size() && polls < 100'000; ++polls) {
      ASSERT_THAT((*reader)->Poll(absl::ZeroDuration(), &batches), IsOk());
      for (const RecordBatch& each : batches) {
        for (const Record& record : each.records) {
          absl::StrAppend(&found[static_cast<size_t>(each.slot)], record.value, "\n");
        }
        ended += each.end_of_partition ? 1 : 0;
      }
    }
    size_t slot = 0;
    for (const auto& [place, bytes] : expected) EXPECT_TRUE(found[slot++] == bytes) << "batch " << batch;
  }
}

}  // namespace
}  // namespace tocsin
