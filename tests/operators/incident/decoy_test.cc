// What looks like a crisis for a moment and is none: single voices, copies, reposts, praise.
#include <cstdint>

#include "engine/base/time_units.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/operators/incident/brand_simulation.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kOnset = 30 * 60;  // minutes

// A calm brand in which something happens at minute kOnset.
class DecoyTest : public ::testing::Test {
 protected:
  DecoyTest() : mentions_(CalmCourse(), 8) { brand_.Run(&mentions_, 0, kOnset); }

  static SimulatedCourse CalmCourse() {
    SimulatedCourse course;
    course.rate = [](double) { return 2.0; };
    course.share = [](double) { return 0.1; };
    return course;
  }
  void RunOn(int64_t minutes) { brand_.Run(&mentions_, kOnset, kOnset + minutes); }
  int64_t At(int64_t i, int64_t count, int64_t minutes) const {
    return kSimulationStartMs + kOnset * kMinuteMs + i * minutes * kMinuteMs / count;
  }
  const Signal* Crisis() const {
    return FindSignal(brand_.signals(), [](const Signal& signal) { return signal.kind == SignalKind::kCrisis; });
  }

  SimulatedMentions mentions_;
  SimulatedBrand brand_;
};

TEST_F(DecoyTest, OneAuthorNeverMakesACrisis) {
  for (int64_t i = 0; i < 2'000; ++i) {
    HeldMention mention = PlainMention(At(i, 2'000, 60), static_cast<uint64_t>(i + 1), SentimentClass::kNegative);
    mention.author_hash = 42;
    brand_.Add(mention);
  }
  RunOn(240);
  EXPECT_EQ(Crisis(), nullptr);
}

TEST_F(DecoyTest, OneTextCopiedByManyAccountsNeverMakesACrisis) {
  for (int64_t i = 0; i < 2'000; ++i) {
    HeldMention mention = PlainMention(At(i, 2'000, 60), static_cast<uint64_t>(i + 1), SentimentClass::kNegative);
    mention.text_hash = 42;
    brand_.Add(mention);
  }
  RunOn(240);
  EXPECT_EQ(Crisis(), nullptr);
}

TEST_F(DecoyTest, AThousandRepostsOfOnePostNeverMakeACrisis) {
  for (int64_t i = 0; i < 1'000; ++i) {
    HeldMention mention = PlainMention(At(i, 1'000, 20), static_cast<uint64_t>(i + 1), SentimentClass::kNegative);
    mention.text_hash = 42;
    if (i > 0) mention.kind = PostKind::kRepost;
    brand_.Add(mention);
  }
  RunOn(240);
  EXPECT_EQ(Crisis(), nullptr);
}

// A surge brings the authors, and the reposts of one post that reads as negative bring the share.
TEST_F(DecoyTest, RepostsOfOnePostBesideASurgeAreNeverConfirmed) {
  SimulatedCourse surge = CalmCourse();
  surge.rate = [](double minute) { return minute < kOnset ? 2.0 : 30.0; };
  surge.share = [](double minute) { return minute < kOnset ? 0.1 : 0.13; };
  SimulatedMentions many(surge, 9);
  SimulatedBrand brand;
  brand.Run(&many, 0, kOnset);
  for (int64_t i = 0; i < 3'000; ++i) {
    HeldMention mention = PlainMention(At(i, 3'000, 60), static_cast<uint64_t>(i + 1), SentimentClass::kNegative);
    mention.text_hash = 42;
    if (i > 0) mention.kind = PostKind::kRepost;
    brand.Add(mention);
  }
  brand.Run(&many, kOnset, kOnset + 120);
  EXPECT_NE(FindSignal(brand.signals(), [](const Signal& signal) { return signal.kind == SignalKind::kCrisis; }),
            nullptr)
      << "provisional it may be";
  EXPECT_EQ(FindSignal(brand.signals(), [](const Signal& signal) { return signal.state == IncidentState::kConfirmed; }),
            nullptr);
}

TEST_F(DecoyTest, UnclassifiedMentionsAreNeverCountedAsNeutralOrNegative) {
  for (int64_t i = 0; i < 1'000; ++i) {
    brand_.Add(PlainMention(At(i, 1'000, 60), static_cast<uint64_t>(i + 1), SentimentClass::kUnclassified));
  }
  RunOn(240);
  EXPECT_EQ(Crisis(), nullptr);
  const Signal* surge =
      FindSignal(brand_.signals(), [](const Signal& signal) { return signal.kind == SignalKind::kSurge; });
  ASSERT_NE(surge, nullptr);
  EXPECT_GT(surge->sentiment.unclassified, 100);
  EXPECT_LT(*surge->sentiment.classified_share, 0.5);
  EXPECT_LT(surge->sentiment.neutral, 200);
}

TEST_F(DecoyTest, APositiveSurgeIsOneNoticeAndNoCrisis) {
  for (int64_t i = 0; i < 4'000; ++i) {
    brand_.Add(PlainMention(At(i, 4'000, 180), static_cast<uint64_t>(i + 1), SentimentClass::kPositive));
  }
  RunOn(600);
  ASSERT_EQ(brand_.signals().size(), 1U);
  const Signal& notice = brand_.signals().front();
  EXPECT_EQ(notice.kind, SignalKind::kSurge);
  EXPECT_EQ(notice.message, SignalMessage::kNotice);
  EXPECT_EQ(notice.state, IncidentState::kQuiet);
  EXPECT_TRUE(notice.incident_id.empty());
  EXPECT_EQ(notice.level, 0);
}

// Forty negative authors within ten minutes, then silence on the matter.
TEST_F(DecoyTest, WhatIsNeverConfirmedEndsQuietly) {
  for (int64_t i = 0; i < 18; ++i) {
    brand_.Add(PlainMention(At(i, 18, 6), static_cast<uint64_t>(i + 1), SentimentClass::kNegative));
  }
  RunOn(300);
  EXPECT_THAT(IncidentStates(brand_.signals()), ElementsAre(IncidentState::kProvisional, IncidentState::kResolved));
  EXPECT_FALSE(brand_.signals().back().post_crisis.has_value()) << "only a confirmed incident leaves a record";
  EXPECT_LE(brand_.signals().back().times.window_end_ms, At(0, 1, 0) + 150 * kMinuteMs);
}

}  // namespace
}  // namespace tocsin
