// A brand in the light of the others of its sector, across partitions, restarts and changes of the watchlist.
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "operators/detect/tail.h"
#include "operators/match/mentions_partition.h"
#include "operators/signal/signal.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::nlohmann::json;

constexpr size_t kBrands = 6;
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kTenMinutesMs = 600'000;

// Four airlines, one of which (brand-00) has the stream's crisis, a bank, and a brand without a sector.
std::shared_ptr<const Watchlist> Sectors(const std::string& of_first = "air") {
  std::string yaml = "brands:\n";
  for (size_t i = 0; i < kBrands; ++i) {
    const std::string sector = i == 0 ? of_first : i < 4 ? "air" : i == 4 ? "bank" : "";
    absl::StrAppend(&yaml, "  - {id: brand-0", i, ", name: Brand ", i, ", query: q", i,
                    sector.empty() ? "" : ", sector: " + sector, "}\n");
  }
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  EXPECT_THAT(watchlist.status(), IsOk());
  return *watchlist;
}

DetectTaskOptions Options() {
  DetectTaskOptions options;
  options.monitor.baseline_ready_ms = 1'800'000;
  options.windows.sizes_ms = {60'000, 300'000, kTenMinutesMs, 900'000, kHourMs};
  options.monitor.window_sizes_ms = options.windows.sizes_ms;
  options.metrics_every_ms = 5'000;
  options.metric_sizes_ms = {kTenMinutesMs};
  return options;
}

std::vector<StreamPost> Posts(uint64_t seed) {
  StreamOptions stream;
  stream.seed = seed;
  stream.brands = kBrands;
  stream.duration_ms = 3 * kHourMs;
  stream.posts = 9'000;
  stream.lull = 0.05;
  return MakePosts(stream);
}

std::vector<std::string> Cut(const std::vector<StreamPost>& posts) {
  CutOptions cut;
  cut.flush_ms = 20'000;
  return CutIntoBlocks(posts, cut);
}

std::vector<DetectOutput> RunAll(DetectTask* task, const std::vector<std::string>& blocks, size_t from = 0) {
  std::vector<DetectOutput> outputs;
  for (size_t i = from; i < blocks.size(); ++i) {
    EXPECT_THAT(task->Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  }
  task->Flush(&outputs);
  return outputs;
}

// In the order of (window end, brand, sequence).
std::vector<std::string> Lines(const std::vector<DetectOutput>& outputs) {
  std::vector<std::tuple<int64_t, std::string, int64_t, std::string>> rows;
  for (const DetectOutput& output : outputs) {
    std::string text = output.metric;
    if (output.signal != nullptr) {
      Signal signal = *output.signal;
      signal.quality.late_dropped = 0;
      text = RenderSignalData(signal, std::nullopt);
    }
    rows.emplace_back(output.window_end_ms, output.brand_id, output.sequence, std::move(text));
  }
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> lines;
  lines.reserve(rows.size());
  for (const auto& [end_ms, brand, sequence, text] : rows) lines.push_back(absl::StrCat(end_ms, " ", brand, " ", text));
  return lines;
}

void ExpectSame(const std::vector<std::string>& actual, const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) ASSERT_EQ(actual[i], expected[i]) << i;
  ASSERT_EQ(actual.size(), expected.size());
}

// Goal: what a signal says of the sector is what the other brands' metrics say. Method: the lower median of their
// mentions / expected, from the records of the same moment.
TEST(SectorTest, TheRatioIsTheLowerMedianOfTheOtherBrands) {
  DetectTask task(Options(), Sectors());
  const std::vector<DetectOutput> outputs = RunAll(&task, Cut(Posts(1)));
  std::map<std::pair<int64_t, std::string>, double> velocity;
  for (const DetectOutput& output : outputs) {
    if (output.kind != DetectOutput::Kind::kMetric) continue;
    const json metric = json::parse(output.metric);
    if (metric["expected"].is_null()) continue;
    velocity[{output.window_end_ms, output.brand_id}] =
        metric["mentions"].get<double>() / 10 / metric["expected"].get<double>();
  }
  int64_t compared = 0;
  for (const DetectOutput& output : outputs) {
    if (output.signal == nullptr || output.signal->kind != SignalKind::kCrisis) continue;
    if (output.brand_id != "brand-00") {
      EXPECT_EQ(output.signal->sector.brands, std::nullopt) << "no sector";
      continue;
    }
    EXPECT_EQ(output.signal->sector.brands, 3);
    std::vector<double> others;
    for (const char* brand : {"brand-01", "brand-02", "brand-03"}) {
      others.push_back(velocity.at({output.window_end_ms, brand}));
    }
    std::sort(others.begin(), others.end());
    // The others' baselines may have taken in a bin at this very moment.
    EXPECT_NEAR(output.signal->sector.ratio.value(), others[1], 0.03 * others[1]);
    ++compared;
  }
  EXPECT_GE(compared, 3);
}

TEST(SectorTest, ASectorIsWholeWhateverTheNumberOfPartitions) {
  for (const uint64_t seed : {2U, 3U}) {
    const std::vector<std::string> blocks = Cut(Posts(seed));
    DetectTask all(Options(), Sectors());
    const std::vector<std::string> expected = Lines(RunAll(&all, blocks));
    for (const uint32_t partitions : {1U, 2U, 7U}) {
      std::vector<DetectOutput> outputs;
      int64_t rows = 0;
      for (uint32_t partition = 0; partition < partitions; ++partition) {
        DetectTaskOptions options = Options();
        options.partition = static_cast<int32_t>(partition);
        options.partitions = partitions;
        DetectTask task(options, Sectors());
        for (DetectOutput& output : RunAll(&task, blocks)) outputs.push_back(std::move(output));
        rows += task.counters().rows - task.counters().unknown_brand;
      }
      EXPECT_EQ(rows, all.counters().rows) << "each brand belongs to one partition";
      ExpectSame(Lines(outputs), expected);
    }
  }
}

TEST(SectorTest, ARestartInTheCrisisChangesNothing) {
  const std::vector<std::string> blocks = Cut(Posts(4));
  DetectTask whole(Options(), Sectors());
  const std::vector<std::string> expected = Lines(RunAll(&whole, blocks));
  for (const size_t tenth : {3U, 4U, 5U, 7U}) {
    const size_t at = blocks.size() * tenth / 10;
    DetectTask before(Options(), Sectors());
    std::vector<DetectOutput> outputs;
    for (size_t i = 0; i < at; ++i) ASSERT_THAT(before.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
    DetectTask after(Options(), Sectors());
    ASSERT_THAT(after.Decode(before.Encode()), IsOk());
    for (auto i = static_cast<size_t>(before.rebuild_from()); i < at; ++i) {
      ASSERT_THAT(after.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
    }
    for (DetectOutput& output : RunAll(&after, blocks, at)) outputs.push_back(std::move(output));
    ExpectSame(Lines(outputs), expected);
  }
}

// A brand whose sector changes moves to that sector's partition at the version's effective time.
class MoveTest : public testing::Test {
 protected:
  static constexpr int64_t kMoveMs = kStreamStartMs + kHourMs + 600'000;  // in the midst of the crisis

  static uint32_t PartitionOf(const std::string& sector, uint32_t partitions) {
    Brand brand;
    brand.sector = sector;
    return MentionsPartition(brand, partitions);
  }

  // The task of the sector's partition, of as many that the two sectors are apart.
  static DetectTaskOptions OptionsOf(const std::string& sector) {
    DetectTaskOptions options = Options();
    while (PartitionOf("air", options.partitions) == PartitionOf("bank", options.partitions)) ++options.partitions;
    options.partition = static_cast<int32_t>(PartitionOf(sector, options.partitions));
    return options;
  }

  // Of brand-00 only the posts that ingest sends to the partition: before the move, or after it.
  static std::vector<std::string> Blocks(bool before) {
    std::vector<StreamPost> posts = Posts(1);
    for (StreamPost& post : posts) {
      if ((post.mention.event_time_ms < kMoveMs) != before) std::erase(post.brands, "brand-00");
    }
    CutOptions cut;
    cut.flush_ms = 20'000;
    cut.version_at = [](int64_t ms) { return ms < kMoveMs ? uint64_t{1} : uint64_t{2}; };
    return CutIntoBlocks(posts, cut);
  }

  static std::shared_ptr<WatchlistVersions> Versions() {
    return std::make_shared<FixedVersions>(std::vector<FixedVersions::Entry>{
        {{.id = 1, .config_version = 101, .effective_ms = kFromTheBeginning}, Sectors()},
        {{.id = 2, .config_version = 102, .effective_ms = kMoveMs}, Sectors("bank")}});
  }
};

TEST_F(MoveTest, TheOldPartitionEndsTheIncidentAndSaysWhy) {
  DetectTask task(OptionsOf("air"), Versions());
  const DetectOutput* signal = nullptr;
  const DetectOutput* metric = nullptr;
  const std::vector<DetectOutput> outputs = RunAll(&task, Blocks(true));
  for (const DetectOutput& output : outputs) {
    if (output.brand_id != "brand-00") continue;
    (output.kind == DetectOutput::Kind::kSignal ? signal : metric) = &output;
  }
  ASSERT_NE(signal, nullptr);
  EXPECT_EQ(signal->signal->message, SignalMessage::kResolve);
  EXPECT_EQ(signal->signal->level_reasons.front(), "the brand has another sector now, in which it is watched anew");
  EXPECT_EQ(signal->window_end_ms, kMoveMs + 5'000);
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(json::parse(metric->metric)["mentions"], 0);
  EXPECT_EQ(metric->window_end_ms, kMoveMs + kTenMinutesMs);
}

TEST_F(MoveTest, TheNewPartitionLearnsTheBrandAnew) {
  DetectTask task(OptionsOf("bank"), Versions());
  int64_t first_ms = 0;
  for (const DetectOutput& output : RunAll(&task, Blocks(false))) {
    EXPECT_TRUE(output.brand_id == "brand-00" || output.brand_id == "brand-04" || output.brand_id == "brand-05");
    if (output.brand_id != "brand-00" || output.kind != DetectOutput::Kind::kMetric) continue;
    if (first_ms == 0) {
      first_ms = output.window_end_ms;
      EXPECT_TRUE(json::parse(output.metric)["expected"].is_null());
    }
  }
  EXPECT_GT(first_ms, kMoveMs);
  EXPECT_LE(first_ms, kMoveMs + 60'000);
}

}  // namespace
}  // namespace tocsin
