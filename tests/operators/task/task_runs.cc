#include "tests/operators/task/task_runs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <utility>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/signal/signal.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;

std::string Line(const DetectOutput& output, bool with_places) {
  std::string line = absl::StrCat(output.window_end_ms, " ", output.brand_id, " ", output.sequence, " ");
  if (output.kind == DetectOutput::Kind::kMetric) return line + output.metric;
  if (output.kind == DetectOutput::Kind::kRefusedAction) {
    return absl::StrCat(line, ActionErrorName(output.refused->error), " ", output.refused->text);
  }
  Signal signal = *output.signal;
  signal.quality = {};
  const auto blank = [&](std::optional<SignalPost>* post) {
    if (with_places || !post->has_value()) return;
    (*post)->source = {};
    (*post)->offset = 0;
  };
  blank(&signal.evidence.first_post);
  blank(&signal.evidence.first_high_reach_post);
  if (!with_places) {
    for (SignalPost& post : signal.evidence.samples) {
      post.source = {};
      post.offset = 0;
    }
  }
  return line + RenderSignalData(signal, std::nullopt);
}

std::vector<std::string> SignalIds(const std::vector<DetectOutput>& outputs) {
  std::vector<std::string> ids;
  for (const DetectOutput& output : outputs) {
    if (output.kind == DetectOutput::Kind::kSignal) ids.push_back(SignalId(*output.signal));
  }
  return ids;
}

// Not the states themselves, which are long.
void ExpectSameBytes(const std::string& actual, const std::string& expected, size_t at) {
  const auto [a, e] = std::mismatch(actual.begin(), actual.end(), expected.begin(), expected.end());
  EXPECT_TRUE(a == actual.end() && e == expected.end())
      << "at " << at << ": states of " << actual.size() << " and " << expected.size() << " bytes differ from byte "
      << a - actual.begin()
      << " on: " << testing::PrintToString(actual.substr(static_cast<size_t>(a - actual.begin()), 24)) << " instead of "
      << testing::PrintToString(expected.substr(static_cast<size_t>(e - expected.begin()), 24));
}

}  // namespace

DetectTaskOptions QuickTaskOptions() {
  DetectTaskOptions options;
  options.monitor.baseline_ready_ms = 1'800'000;
  return options;
}

std::vector<std::string> Lines(const std::vector<DetectOutput>& outputs, bool with_places) {
  std::vector<std::string> lines;
  lines.reserve(outputs.size());
  for (const DetectOutput& output : outputs) lines.push_back(Line(output, with_places));
  return lines;
}

void ExpectSameLines(const std::vector<std::string>& actual, const std::vector<std::string>& expected) {
  for (size_t i = 0; i < std::min(actual.size(), expected.size()); ++i) {
    ASSERT_EQ(actual[i], expected[i]) << "line " << i;
  }
  ASSERT_EQ(actual.size(), expected.size());
}

std::vector<DetectOutput> ApplyAll(DetectTask* task, const std::vector<std::string>& blocks, size_t from) {
  std::vector<DetectOutput> outputs;
  for (size_t i = from; i < blocks.size(); ++i) {
    EXPECT_THAT(task->Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
  }
  return outputs;
}

std::vector<DetectOutput> RunWhole(const std::vector<std::string>& blocks, const DetectTaskOptions& options,
                                   size_t brands) {
  DetectTask task(options, MakeWatchlist(brands));
  std::vector<DetectOutput> outputs = ApplyAll(&task, blocks);
  task.Flush(&outputs);
  return outputs;
}

int64_t CountSignals(const std::vector<DetectOutput>& outputs) {
  return std::count_if(outputs.begin(), outputs.end(),
                       [](const DetectOutput& output) { return output.kind == DetectOutput::Kind::kSignal; });
}

std::vector<std::string> BadDay(uint64_t seed, const StreamOptions& stream) {
  std::mt19937_64 random(seed);
  const std::vector<StreamPost> posts = MakePosts(stream);
  const std::vector<std::string> clean =
      CutIntoBlocks(posts, {.seed = seed, .partitions = 3, .workers = 2, .flush_ms = 30'000, .max_part_bytes = 1'500});
  std::vector<std::string> blocks;
  for (size_t i = 0; i < clean.size(); ++i) {
    if (random() % 40 == 0) continue;  // a gap, or a part that is missing
    blocks.push_back(clean[i]);
    if (random() % 30 == 0) blocks.push_back(clean[i]);
    if (random() % 30 == 0) blocks.push_back(clean[random() % (i + 1)]);
    if (random() % 30 == 0 && i + 1 < clean.size())
      std::swap(blocks.back(), blocks[blocks.size() - 1 - random() % 2 % blocks.size()]);
  }
  return blocks;
}

DetectCounters ExpectRestoresAnywhere(const std::vector<std::string>& blocks, const DetectTaskOptions& options,
                                      size_t brands) {
  const auto watchlist = MakeWatchlist(brands);
  DetectTask straight(options, watchlist);
  std::vector<std::string> expected;
  std::vector<size_t> lines_before(blocks.size() + 1);
  std::vector<std::string> ids;  // of signals
  std::vector<size_t> ids_before(blocks.size() + 1);
  size_t ids_replayed = 0;
  std::map<size_t, std::pair<std::string, Offset>> snapshots;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 97 == 50) snapshots[i] = {straight.Encode(), straight.rebuild_from()};
    lines_before[i] = expected.size();
    ids_before[i] = ids.size();
    std::vector<DetectOutput> outputs;
    EXPECT_THAT(straight.Apply(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
    for (std::string& line : Lines(outputs, true)) expected.push_back(std::move(line));
    for (std::string& id : SignalIds(outputs)) ids.push_back(std::move(id));
  }
  lines_before.back() = expected.size();
  ids_before.back() = ids.size();
  EXPECT_GT(snapshots.size(), 3U);
  for (const auto& [at, snapshot] : snapshots) {
    DetectTask restored(options, watchlist);
    EXPECT_THAT(restored.Decode(snapshot.first), IsOk());
    EXPECT_LE(snapshot.second, static_cast<Offset>(at));
    for (auto i = static_cast<size_t>(snapshot.second); i < at; ++i) {
      EXPECT_THAT(restored.Rebuild(blocks[i], static_cast<Offset>(i)), IsOk());
    }
    EXPECT_EQ(restored.rebuild_from(), snapshot.second);
    ExpectSameBytes(restored.Encode(), snapshot.first, at);
    // Some had been published before the restart.
    const size_t live = std::min(at + 60, blocks.size());
    std::vector<std::string> replayed;
    for (size_t i = at; i < live; ++i) {
      std::vector<DetectOutput> outputs;
      EXPECT_THAT(restored.Replay(blocks[i], static_cast<Offset>(i), &outputs), IsOk());
      for (std::string& id : SignalIds(outputs)) replayed.push_back(std::move(id));
      EXPECT_EQ(static_cast<int64_t>(outputs.size()), CountSignals(outputs));
    }
    ids_replayed += replayed.size();
    ExpectSameLines(replayed, {ids.begin() + static_cast<ptrdiff_t>(ids_before[at]),
                               ids.begin() + static_cast<ptrdiff_t>(ids_before[live])});
    const std::vector<std::string> after = Lines(ApplyAll(&restored, blocks, live), true);
    const std::vector<std::string> tail(expected.begin() + static_cast<ptrdiff_t>(lines_before[live]), expected.end());
    ExpectSameLines(after, tail);
    ExpectSameBytes(restored.Encode(), straight.Encode(), at);
    if (testing::Test::HasFailure()) break;
  }
  EXPECT_GT(ids_replayed, 0U);
  return straight.counters();
}

std::string OneBlock(Offset from, Offset to, const std::vector<int64_t>& times, bool idle, uint8_t flags,
                     std::string_view brand, int64_t written_ms) {
  SourceRange range;
  range.topic = "posts";
  range.from = from;
  range.to = to;
  range.idle = idle;
  range.out_of_orderness_ms = kStreamBoundMs;
  BlockBuilder builder;
  builder.set_written_ms(written_ms);
  for (size_t i = 0; i < times.size(); ++i) {
    Mention mention;
    mention.event_time_ms = kStreamStartMs + times[i];
    mention.offset = from + static_cast<Offset>(i);
    mention.post_hash = static_cast<uint64_t>(mention.offset) + 1;
    mention.author_hash = mention.post_hash;
    mention.flags = flags;
    builder.Add(mention, brand, nullptr);
    range.highest_event_time_ms = std::max(range.highest_event_time_ms, mention.event_time_ms);
  }
  std::vector<std::string> parts;
  builder.Encode(1, {range}, 1 << 20, &parts);
  return parts[0];
}

}  // namespace tocsin
