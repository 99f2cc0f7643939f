#include "operators/baseline/brand_baseline.h"
#include "engine/base/time_units.h"

#include <cmath>
#include <deque>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

constexpr int64_t kBinMs = 300'000;
constexpr int64_t kDayBins = 288;

BaselineSample RandomSample(std::mt19937_64* random) {
  BaselineSample sample;
  sample.mentions_hour = std::poisson_distribution<int64_t>(120)(*random);
  for (size_t i = 0; i < kDecisionWindows; ++i) {
    sample.negative_authors[i] = std::poisson_distribution<int64_t>(2.0 * static_cast<double>(i + 1))(*random);
  }
  sample.classified = std::poisson_distribution<int64_t>(10)(*random);
  sample.negative = std::binomial_distribution<int64_t>(sample.classified, 0.2)(*random);
  return sample;
}

// Goal: the fixed-point update is C2-EWMA. Method: the formula in long double on the samples that must have been fed.
TEST(BrandBaselineTest, MeanAndVarianceFollowTheFormula) {
  std::mt19937_64 random(3);
  BrandBaseline baseline(kBinMs, kDayMs);
  std::vector<BaselineSample> samples;
  for (int64_t bin = 0; bin < 12 * kDayBins; ++bin) {
    samples.push_back(RandomSample(&random));
    baseline.Add(samples.back());
  }
  // The first 11 have no full hour, the last 36 wait.
  long double mean = 0;
  long double variance = 0;
  for (size_t i = 11; i + 36 < samples.size(); ++i) {
    const long double n = static_cast<long double>(i - 10);
    const long double alpha = std::max(1 - std::pow(2.0L, -1.0L / 2016), 1 / n);
    const long double d = static_cast<long double>(samples[i].mentions_hour) - mean;
    mean += alpha * d;
    variance = (1 - alpha) * (variance + alpha * d * d);
  }
  const BaselineLevel level = baseline.MentionsPerHour();
  EXPECT_NEAR(level.mean, static_cast<double>(mean), 1e-4);
  EXPECT_NEAR(level.dispersion, static_cast<double>(variance / mean), 2e-4);
  EXPECT_NEAR(baseline.Score(200), static_cast<double>((200 - mean) / std::sqrt(variance)), 2e-2);
  EXPECT_NEAR(baseline.NegativeShare(), 0.2, 0.01);
}

// Goal: a baseline from a state without positives goes on as it was and learns its balance from then on.
TEST(BrandBaselineTest, TheBalanceIsLearntAnewAfterAStateWithoutIt) {
  std::mt19937_64 random(11);
  BrandBaseline baseline(kBinMs, kDayMs);
  const auto add = [&](int64_t bins, int64_t positive_of_ten) {
    for (int64_t bin = 0; bin < bins; ++bin) {
      BaselineSample sample = RandomSample(&random);
      sample.positive = (sample.classified - sample.negative) * positive_of_ten / 10;
      baseline.Add(sample);
    }
  };
  add(3 * kDayBins, 10);
  ASSERT_TRUE(baseline.knows_balance());
  EXPECT_NEAR(baseline.NegativeBalance(), -0.6, 0.03);  // 0.2 - 0.8

  // As it was written before: no sums of the balance, no positives of the samples that wait.
  std::string bytes;
  ByteWriter writer(&bytes);
  baseline.Encode(&writer);
  ByteReader reader(bytes);
  std::string old;
  ByteWriter old_writer(&old);
  for (int i = 0; i < 12; ++i) old_writer.Signed(reader.Signed());
  for (int i = 0; i < 4; ++i) reader.Signed();
  const size_t waiting = reader.Count(7);
  old_writer.Varint(waiting);
  for (size_t i = 0; i < waiting; ++i) {
    for (int field = 0; field < 6; ++field) old_writer.Signed(reader.Signed());
    reader.Signed();
  }
  ASSERT_EQ(reader.remaining(), 0U);
  const double share = baseline.NegativeShare();
  ByteReader old_reader(old);
  ASSERT_TRUE(baseline.Decode(&old_reader, false).ok());
  EXPECT_EQ(old_reader.remaining(), 0U);
  EXPECT_EQ(baseline.NegativeShare(), share);
  EXPECT_FALSE(baseline.knows_balance());
  add(36, 0);  // what waited has gone through
  EXPECT_FALSE(baseline.knows_balance());
  add(kDayBins, 0);
  EXPECT_TRUE(baseline.knows_balance());
  EXPECT_NEAR(baseline.NegativeBalance(), 0.2, 0.03);
}

TEST(BrandBaselineTest, IsLearningForADayAndUsableAfterThreeHours) {
  BrandBaseline baseline(kBinMs, kDayMs);
  int64_t usable_at = -1;
  for (int64_t bin = 1; bin <= kDayBins; ++bin) {
    EXPECT_FALSE(baseline.ready());
    baseline.AddIdle(1);
    if (baseline.usable() && usable_at < 0) usable_at = bin;
  }
  EXPECT_TRUE(baseline.ready());
  EXPECT_EQ(usable_at, 35);
}

TEST(BrandBaselineTest, TheLastThreeHoursDoNotCountYet) {
  std::mt19937_64 random(5);
  BrandBaseline calm(kBinMs, kDayMs);
  for (int64_t bin = 0; bin < 2 * kDayBins; ++bin) calm.Add(RandomSample(&random));
  const BaselineLevel before = calm.MentionsPerHour();
  BaselineSample storm;
  storm.mentions_hour = 100'000;
  storm.negative_authors = {1'000, 3'000, 9'000};
  storm.negative = storm.classified = 8'000;
  // The samples fed meanwhile are calm ones from the waiting line.
  for (int64_t bin = 0; bin < 36; ++bin) calm.Add(storm);
  EXPECT_NEAR(calm.MentionsPerHour().mean, before.mean, 0.5);
  EXPECT_LT(calm.NegativeShare(), 0.25);

  BrandBaseline poisoned = calm;
  calm.DropRecent();
  for (int64_t bin = 0; bin < 40; ++bin) {
    calm.Add(RandomSample(&random));
    poisoned.Add(RandomSample(&random));
  }
  EXPECT_NEAR(calm.MentionsPerHour().mean, before.mean, 1);
  EXPECT_GT(poisoned.MentionsPerHour().mean, 10 * before.mean) << "what DropRecent is for";
}

TEST(BrandBaselineTest, ContinuesIdenticallyFromItsEncoding) {
  std::mt19937_64 random(7);
  BrandBaseline baseline(kBinMs, kDayMs);
  for (int64_t bin = 0; bin < 700; ++bin) {
    baseline.Add(RandomSample(&random));
    if (bin % 97 != 0) continue;
    std::string bytes;
    ByteWriter writer(&bytes);
    baseline.Encode(&writer);
    BrandBaseline restored(kBinMs, kDayMs);
    ByteReader reader(bytes);
    ASSERT_TRUE(restored.Decode(&reader).ok());
    EXPECT_EQ(reader.remaining(), 0U);
    std::mt19937_64 same = random;
    for (int i = 0; i < 50; ++i) restored.Add(RandomSample(&same));
    BrandBaseline original = baseline;
    same = random;
    for (int i = 0; i < 50; ++i) original.Add(RandomSample(&same));
    std::string expected;
    ByteWriter expected_writer(&expected);
    original.Encode(&expected_writer);
    std::string actual;
    ByteWriter actual_writer(&actual);
    restored.Encode(&actual_writer);
    EXPECT_EQ(actual, expected);
    EXPECT_EQ(restored.GateOfWindow(2), original.GateOfWindow(2));
    for (size_t size = 0; size < bytes.size(); size += 7) {
      ByteReader cut(std::string_view{bytes}.substr(0, size));
      EXPECT_FALSE(BrandBaseline(kBinMs, kDayMs).Decode(&cut).ok()) << size;
    }
  }
}

TEST(BrandBaselineTest, IdleBinsAreEmptySamples) {
  std::mt19937_64 random(9);
  BrandBaseline one(kBinMs, kDayMs);
  for (int64_t bin = 0; bin < 400; ++bin) one.Add(RandomSample(&random));
  BrandBaseline other = one;
  one.AddIdle(500);
  for (int64_t bin = 0; bin < 500; ++bin) other.Add(BaselineSample());
  EXPECT_EQ(one.MentionsPerHour().mean, other.MentionsPerHour().mean);
  EXPECT_EQ(one.MentionsPerHour().dispersion, other.MentionsPerHour().dispersion);
}

TEST(BrandBaselineTest, TheTestedShareIsConservativeWhileLittleIsKnown) {
  BrandBaseline baseline(kBinMs, kDayMs);
  BaselineSample sample;
  sample.classified = 10;
  sample.negative = 1;
  for (int64_t bin = 0; bin < 60; ++bin) baseline.Add(sample);
  EXPECT_GE(baseline.NegativeShareTested(), 0.3) << "learning";
  for (int64_t bin = 0; bin < 3'000; ++bin) baseline.Add(sample);
  EXPECT_NEAR(baseline.NegativeShare(), 0.1, 0.001);
  EXPECT_NEAR(baseline.NegativeShareTested(), 0.1, 0.003);
}

}  // namespace
}  // namespace tocsin
