// Actions through a task: from their blocks to signals and dead letters, exactly once.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "operators/action/action.h"
#include "operators/block/block.h"
#include "operators/task/detect_task.h"
#include "tests/operators/task/post_stream.h"
#include "tests/operators/task/task_runs.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Text(ActionKind kind, int64_t at_ms, std::string brand = "brand-00", std::string incident = "") {
  Action action;
  action.kind = kind;
  action.brand_id = std::move(brand);
  action.incident_id = std::move(incident);
  action.by = "anna";
  action.note = "so it is";
  action.at_ms = at_ms;
  if (kind == ActionKind::kSilence) action.for_ms = 3'600'000;
  if (kind == ActionKind::kDrill) {
    action.for_ms = 600'000;
    action.level = 2;
  }
  return RenderAction(action);
}

struct Sent {
  int64_t at_ms = 0;
  std::string text;
  std::string brand = "brand-00";
};

// A block of the actions topic's only partition, whose next offset is `from`.
std::string ActionBlock(Offset from, const std::vector<Sent>& actions, int64_t written_ms = kUnknownTime,
                        uint64_t version = 7) {
  SourceRange range;
  range.topic = "tocsin.actions";
  range.from = from;
  range.to = from + static_cast<Offset>(actions.size());
  range.control = true;
  BlockBuilder builder;
  builder.set_written_ms(written_ms);
  for (size_t i = 0; i < actions.size(); ++i) {
    const auto first =
        std::find_if(actions.begin(), actions.end(), [&](const Sent& each) { return each.brand == actions[i].brand; });
    builder.AddAction({.brand = static_cast<uint32_t>(first - actions.begin()),
                       .at_ms = actions[i].at_ms,
                       .source = 0,
                       .offset = from + static_cast<Offset>(i),
                       .text = actions[i].text},
                      actions[i].brand);
  }
  std::vector<std::string> parts;
  builder.Encode(version, {&range, 1}, size_t{1} << 20, &parts);
  return parts[0];
}

class TaskActionsTest : public testing::Test {
 protected:
  void Apply(const std::string& block) { ASSERT_THAT(task_.Apply(block, next_++, &outputs_), IsOk()); }
  // Window ends of the signals, relative to the start, with their sequence.
  std::vector<std::pair<int64_t, int64_t>> Signals() const {
    std::vector<std::pair<int64_t, int64_t>> signals;
    for (const DetectOutput& output : outputs_) {
      if (output.signal != nullptr) signals.emplace_back(output.window_end_ms - kStreamStartMs, output.sequence);
    }
    return signals;
  }
  std::vector<std::string> Refused() const {
    std::vector<std::string> refused;
    for (const DetectOutput& output : outputs_) {
      if (output.refused == nullptr) continue;
      refused.push_back(absl::StrCat(output.refused->source.topic, "/", output.refused->source.partition, "@",
                                     output.refused->offset, " ", ActionErrorName(output.refused->error)));
    }
    return refused;
  }

  DetectTask task_{QuickTaskOptions(), MakeWatchlist(3)};
  std::vector<DetectOutput> outputs_;
  Offset next_ = 0;
};

using Pairs = std::vector<std::pair<int64_t, int64_t>>;

TEST_F(TaskActionsTest, AnActionTakesEffectAtTheSlideEndAtOrAfterItsTime) {
  Apply(OneBlock(0, 1, {0}));
  Apply(ActionBlock(
      0, {{kStreamStartMs + 10'000, Text(ActionKind::kDrill, kStreamStartMs + 10'000)},
          {kStreamStartMs + 10'001, Text(ActionKind::kDrill, kStreamStartMs + 10'001, "brand-01"), "brand-01"}}));
  Apply(OneBlock(1, 2, {30'000}));
  EXPECT_EQ(Signals(), (Pairs{{10'000, 1}, {15'000, 1}}));
  EXPECT_EQ(task_.counters().actions, 2);
}

TEST_F(TaskActionsTest, OneThatComesLateTakesEffectAtTheNextSlideEnd) {
  Apply(OneBlock(0, 2, {0, 60'000}));
  ASSERT_EQ(task_.evaluated_end_ms(), kStreamStartMs + 55'000);
  Apply(ActionBlock(0, {{kStreamStartMs, Text(ActionKind::kDrill, kStreamStartMs)}}));
  EXPECT_THAT(Signals(), IsEmpty());
  Apply(OneBlock(2, 3, {70'000}));
  EXPECT_EQ(Signals(), (Pairs{{60'000, 1}}));
}

TEST_F(TaskActionsTest, ARepeatedBlockOfActionsCountsOnce) {
  const std::string block = ActionBlock(0, {{kStreamStartMs, Text(ActionKind::kDrill, kStreamStartMs)}});
  Apply(OneBlock(0, 1, {0}));
  Apply(block);
  Apply(block);
  // One that begins with what is known: only what is behind that counts.
  Apply(ActionBlock(0, {{kStreamStartMs, Text(ActionKind::kDrill, kStreamStartMs)},
                        {kStreamStartMs + 60'000, Text(ActionKind::kClose, kStreamStartMs + 60'000)}}));
  Apply(OneBlock(1, 2, {200'000}));
  EXPECT_EQ(task_.counters().actions, 2);
  EXPECT_EQ(task_.counters().actions_refused, 0);
  EXPECT_EQ(task_.counters().repeats, 1);
  EXPECT_EQ(Signals(), (Pairs{{0, 1}, {60'000, 2}}));
}

TEST_F(TaskActionsTest, WhatDetectDoesNotKnowBecomesADeadLetterWithItsPlace) {
  const int64_t at = kStreamStartMs + 1'000;
  Apply(OneBlock(0, 1, {0}));
  Apply(ActionBlock(5, {{at, Text(ActionKind::kClose, at)},
                        {at, Text(ActionKind::kAcknowledge, at, "brand-00", "brand-00-20200101T000000Z")},
                        {at, Text(ActionKind::kNote, at, "stranger"), "stranger"}}));
  Apply(OneBlock(1, 2, {30'000}));
  EXPECT_THAT(Refused(), ElementsAre("tocsin.actions/0@5 incident_not_open", "tocsin.actions/0@6 unknown_incident"));
  EXPECT_EQ(task_.counters().actions_refused, 3);
  EXPECT_EQ(task_.counters().actions, 0);
}

TEST_F(TaskActionsTest, TheActionsTopicNeitherHoldsTheWatermarkNorMakesTheFeedIncomplete) {
  Apply(ActionBlock(0, {}));
  EXPECT_EQ(task_.evaluated_end_ms(), kUnknownTime);
  Apply(OneBlock(0, 2, {0, 11'000}));
  EXPECT_EQ(task_.evaluated_end_ms(), kStreamStartMs + 5'000);
  EXPECT_EQ(task_.completeness(), (std::pair<int32_t, int32_t>(1, 1)));
  Apply(ActionBlock(7, {}));  // a gap of actions is none of the feed
  EXPECT_EQ(task_.counters().gaps, 0);
}

TEST_F(TaskActionsTest, OneThatIsThereBeforeAnyPostSurvivesARestore) {
  Apply(ActionBlock(0, {{kStreamStartMs + 10'000, Text(ActionKind::kDrill, kStreamStartMs + 10'000)}}));
  DetectTask restored(QuickTaskOptions(), MakeWatchlist(3));
  ASSERT_THAT(restored.Decode(task_.Encode()), IsOk());
  std::vector<DetectOutput> outputs;
  ASSERT_THAT(restored.Apply(OneBlock(0, 1, {30'000}), 1, &outputs), IsOk());
  Apply(OneBlock(0, 1, {30'000}));
  EXPECT_EQ(Signals(), (Pairs{{10'000, 1}}));
  EXPECT_EQ(Lines(outputs, true), Lines(outputs_, true));
}

// Goal: actions count exactly once whatever happens, and a snapshot at any place has them.
// Method: a log with every kind of fault, in which actions of all kinds come in time, late and repeated.
TEST(TaskActionsRestoreTest, ARestoredTaskContinuesByteForByte) {
  int64_t taken = 0;
  int64_t refused = 0;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    StreamOptions stream;
    stream.seed = seed;
    stream.duration_ms = 3 * 3'600'000;
    stream.posts = 2'500;
    // Metrics at every slide: a brand that is not evaluated keeps, in its snapshot, panes that a restored one has let
    // go.
    const DetectTaskOptions options = QuickTaskOptions();
    std::mt19937_64 random(seed);
    const std::vector<std::string> posts = BadDay(seed, stream);
    std::vector<std::string> blocks;
    Offset offset = 0;
    for (size_t i = 0; i < posts.size(); ++i) {
      blocks.push_back(posts[i]);
      if (random() % 5 != 0) continue;
      const int64_t now = kStreamStartMs + stream.duration_ms * static_cast<int64_t>(i) / std::ssize(posts);
      std::vector<Sent> actions;
      for (uint64_t count = random() % 3; count > 0; --count) {
        const int64_t at = now + static_cast<int64_t>(random() % 900'000) - 300'000;
        const auto kind = static_cast<ActionKind>(random() % kActionKinds);
        const bool close = kind == ActionKind::kClose || kind == ActionKind::kFalseAlarm;
        const std::string brand = random() % 3 == 0 ? "brand-01" : "brand-00";
        if (close && random() % 4 != 0) continue;
        actions.push_back({at, Text(kind, at, brand), brand});
      }
      blocks.push_back(ActionBlock(offset, actions));
      if (random() % 4 == 0) blocks.push_back(blocks.back());
      offset += std::ssize(actions);
    }
    const DetectCounters counters = ExpectRestoresAnywhere(blocks, options, stream.brands);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    taken += counters.actions;
    refused += counters.actions_refused;
    EXPECT_LE(counters.actions + counters.actions_refused, offset);
  }
  EXPECT_GT(taken, 20);
  EXPECT_GT(refused, 20);
}

TEST_F(TaskActionsTest, ASignalIsStaleIfItsWindowEndedLongBeforeItsBlockWasWritten) {
  const auto stale = [](int64_t behind_ms) {
    DetectTask task(QuickTaskOptions(), MakeWatchlist(3));
    std::vector<DetectOutput> outputs;
    const int64_t at = kStreamStartMs + 10'000;
    EXPECT_THAT(task.Apply(OneBlock(0, 1, {0}), 0, &outputs), IsOk());
    EXPECT_THAT(task.Apply(ActionBlock(0, {{at, Text(ActionKind::kDrill, at)}}), 1, &outputs), IsOk());
    const int64_t written_ms = behind_ms < 0 ? kUnknownTime : at + behind_ms;
    EXPECT_THAT(task.Apply(OneBlock(1, 2, {20'000}, false, 0, "brand-00", written_ms), 2, &outputs), IsOk());
    for (const DetectOutput& output : outputs) {
      if (output.signal != nullptr) return output.signal->quality.stale;
    }
    ADD_FAILURE() << "no signal";
    return false;
  };
  EXPECT_FALSE(stale(5'000));
  EXPECT_FALSE(stale(300'000 + kStreamBoundMs));
  EXPECT_TRUE(stale(300'001 + kStreamBoundMs));
  EXPECT_FALSE(stale(-1)) << "a replay does not say when";
}

}  // namespace
}  // namespace tocsin
