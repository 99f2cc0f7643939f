// Snapshots that older releases wrote. Each file in snapshots/ was written by the release that had its format, over the
// stream below; `TOCSIN_WRITE_SNAPSHOT=FILE snapshot_versions_test` writes one with today's.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "operators/signal/signal.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;

constexpr size_t kBrands = 4;

DetectTaskOptions Options() {
  DetectTaskOptions options;
  options.monitor.baseline_ready_ms = 1'800'000;
  options.metrics_every_ms = 60'000;
  return options;
}

std::vector<std::string> Blocks() {
  StreamOptions stream;
  stream.seed = 41;
  stream.brands = kBrands;
  stream.duration_ms = 4 * 3'600'000;
  stream.posts = 12'000;
  stream.lull = 0.1;
  CutOptions cut;
  cut.seed = 41;
  cut.flush_ms = 20'000;
  return CutIntoBlocks(MakePosts(stream), cut);
}

// The block behind which the snapshot is taken: the crisis is confirmed and far from over.
size_t SnapshotAt(const std::vector<std::string>& blocks) {
  DetectTask task(Options(), MakeWatchlist(kBrands));
  std::vector<DetectOutput> outputs;
  for (size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_THAT(task.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
    const auto confirmed = std::find_if(outputs.begin(), outputs.end(), [](const DetectOutput& output) {
      return output.signal != nullptr && output.signal->state == IncidentState::kConfirmed;
    });
    if (confirmed != outputs.end()) return i + 5;
  }
  ADD_FAILURE() << "no crisis is confirmed";
  return 0;
}

// What a snapshot must carry over: every metric, and when which incident came to which state and level.
std::vector<std::string> Course(const std::vector<DetectOutput>& outputs) {
  std::vector<std::string> lines;
  for (const DetectOutput& output : outputs) {
    std::string line = absl::StrCat(output.window_end_ms, " ", output.brand_id, " ", output.sequence, " ");
    if (output.kind == DetectOutput::Kind::kMetric) {
      line += output.metric;
    } else {
      const Signal& signal = *output.signal;
      absl::StrAppend(&line, signal.incident_id, " ", static_cast<int>(signal.kind), " ",
                      static_cast<int>(signal.state), " ", signal.level, " ", signal.volume.mentions);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Goal: an upgrade loses nothing. Method: what follows the snapshot is what an uninterrupted run gives.
void ExpectGoesOn(const std::string& snapshot) {
  const std::vector<std::string> blocks = Blocks();
  const size_t at = SnapshotAt(blocks);
  DetectTask whole(Options(), MakeWatchlist(kBrands));
  std::vector<DetectOutput> outputs;
  for (size_t i = 0; i < at; ++i) ASSERT_THAT(whole.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  outputs.clear();
  DetectTask restored(Options(), MakeWatchlist(kBrands));
  ASSERT_THAT(restored.Decode(snapshot), IsOk());
  EXPECT_TRUE(restored.has_open_incident());
  EXPECT_EQ(restored.evaluated_end_ms(), whole.evaluated_end_ms());
  for (auto i = static_cast<size_t>(whole.rebuild_from()); i < at; ++i) {
    ASSERT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
  }
  std::vector<DetectOutput> expected;
  for (size_t i = at; i < blocks.size(); ++i) {
    ASSERT_THAT(restored.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
    ASSERT_THAT(whole.Apply(blocks[i], static_cast<Offset>(i), &expected), IsOk());
  }
  restored.Flush(&outputs);
  whole.Flush(&expected);
  const std::vector<std::string> actual_lines = Course(outputs);
  const std::vector<std::string> expected_lines = Course(expected);
  for (size_t i = 0; i < std::min(actual_lines.size(), expected_lines.size()); ++i) {
    ASSERT_EQ(actual_lines[i], expected_lines[i]) << "line " << i;
  }
  EXPECT_EQ(actual_lines.size(), expected_lines.size());
  EXPECT_GT(std::count_if(expected.begin(), expected.end(), [](const auto& each) { return each.signal != nullptr; }),
            1);
}

TEST(SnapshotVersionsTest, TodaysGoesOn) {
  const std::vector<std::string> blocks = Blocks();
  const size_t at = SnapshotAt(blocks);
  DetectTask task(Options(), MakeWatchlist(kBrands));
  std::vector<DetectOutput> outputs;
  for (size_t i = 0; i < at; ++i) ASSERT_THAT(task.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  const std::string snapshot = task.Encode();
  if (const char* path = std::getenv("TOCSIN_WRITE_SNAPSHOT"); path != nullptr) {
    std::ofstream(path, std::ios::binary) << snapshot;
  }
  ExpectGoesOn(snapshot);
}

TEST(SnapshotVersionsTest, ThatOfMonitorState2GoesOn) {
  ExpectGoesOn(ReadFile("tests/operators/task/snapshots/monitor_2.bin"));
}

TEST(SnapshotVersionsTest, ThatOfMonitorState3GoesOn) {
  ExpectGoesOn(ReadFile("tests/operators/task/snapshots/monitor_3.bin"));
}

TEST(SnapshotVersionsTest, ThatOfMonitorState4GoesOn) {
  ExpectGoesOn(ReadFile("tests/operators/task/snapshots/monitor_4.bin"));
}

TEST(SnapshotVersionsTest, ThatOfMonitorState5GoesOn) {
  ExpectGoesOn(ReadFile("tests/operators/task/snapshots/monitor_5.bin"));
}

// The last one that does not say when each source partition was named.
TEST(SnapshotVersionsTest, ThatOfState4GoesOn) { ExpectGoesOn(ReadFile("tests/operators/task/snapshots/state_4.bin")); }

TEST(SnapshotVersionsTest, AnUnknownVersionIsRefused) {
  std::string snapshot = ReadFile("tests/operators/task/snapshots/monitor_2.bin");
  ASSERT_FALSE(snapshot.empty());
  snapshot[0] = 99;
  DetectTask task(Options(), MakeWatchlist(kBrands));
  EXPECT_THAT(task.Decode(snapshot), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tocsin
