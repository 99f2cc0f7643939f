#include "app/versions/config_history.h"

#include <random>
#include <string>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;

PublishedConfig Version(uint64_t number, size_t bytes = 20) {
  const int64_t effective_ms = number == 1 ? kFromTheBeginning : static_cast<int64_t>(number) * 5'000;
  return {.version = {.id = ChangeId(number, effective_ms), .config_version = number, .effective_ms = effective_ms},
          .published_ms = static_cast<int64_t>(number) * 4'000,
          .process = absl::StrCat(number % 3),
          .text = {.configuration = "configuration", .model = 7, .watchlist = std::string(bytes, 'w')}};
}

ConfigHistory Three() {
  ConfigHistory history;
  for (uint64_t number = 1; number <= 3; ++number) AppendVersion(Version(number), &history);
  history.files = {{"0", 3}, {"1", 2}};
  return history;
}

TEST(ConfigHistoryTest, WhatIsWrittenIsRead) {
  EXPECT_THAT(DecodeHistory(EncodeHistory(Three())), IsOkAndHolds(Three()));
}

TEST(ConfigHistoryTest, TheFirstVersionIsNamedByItsContentAndLaterOnesByTheirTimeToo) {
  EXPECT_EQ(ChangeId(42, kFromTheBeginning), 42U);
  EXPECT_NE(ChangeId(42, 5'000), ChangeId(42, 10'000));
  EXPECT_NE(ChangeId(42, 5'000), 42U);
}

TEST(ConfigHistoryTest, OldVersionsAreLetGoByNumberAndByBytes) {
  ConfigHistory history;
  for (uint64_t number = 1; number <= kVersionsKept + 5; ++number) AppendVersion(Version(number), &history);
  EXPECT_EQ(history.versions.size(), kVersionsKept);
  EXPECT_EQ(history.versions.back().version.config_version, kVersionsKept + 5);
  for (uint64_t number = 100; number < 103; ++number) AppendVersion(Version(number, kVersionBytesKept), &history);
  EXPECT_EQ(history.versions.size(), 2U) << "the newest two stay, however large";
}

TEST(ConfigHistoryTest, DamagedBytesAreRefusedWithoutACrash) {
  const std::string good = EncodeHistory(Three());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THAT(DecodeHistory(std::string_view(good).substr(0, size)), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
  std::mt19937_64 random(1);
  for (int round = 0; round < 2'000; ++round) {
    std::string bad = good;
    for (uint64_t flips = 1 + random() % 4; flips > 0; --flips)
      bad[random() % bad.size()] = static_cast<char>(random());
    const auto history = DecodeHistory(bad);
    if (!history.ok()) continue;
    EXPECT_FALSE(history->versions.empty());
  }
}

TEST(ConfigHistoryTest, ANewerFormIsNotReadAsIfItWereThisOne) {
  std::string newer = EncodeHistory(Three());
  newer[0] = 2;
  EXPECT_THAT(DecodeHistory(newer), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(ConfigHistoryTest, VersionsThatAreNotInTheOrderOfTheirTimesAreRefused) {
  ConfigHistory history = Three();
  std::swap(history.versions[1], history.versions[2]);
  EXPECT_THAT(DecodeHistory(EncodeHistory(history)), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace tocsin
