#include "operators/parse/key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tocsin {
namespace {

using testing::ElementsAre;

int Find(const KeyTable& table, const std::string& key) { return table.Find(key.data(), key.size()); }

TEST(KeyTableTest, SpellsKeysAsSerialisersDo) {
  EXPECT_THAT(SpellingsOf("created_at"), ElementsAre("created_at"));
  EXPECT_THAT(SpellingsOf("\u00e9"), ElementsAre("\u00e9", "\\u00e9", "\\u00E9"));
  EXPECT_THAT(SpellingsOf("a/b"), ElementsAre("a/b", "a\\/b"));
  EXPECT_THAT(SpellingsOf("\"\\\n"), ElementsAre("\\\"\\\\\\u000a", "\\\"\\\\\\u000A"));
  EXPECT_THAT(SpellingsOf("\U0001F621"), ElementsAre("\U0001F621", "\\ud83d\\ude21", "\\uD83D\\uDE21"));
}

TEST(KeyTableTest, FindsNothingInAnEmptyTable) {
  const KeyTable table;
  EXPECT_EQ(Find(table, "id"), KeyTable::kNone);
  EXPECT_EQ(Find(table, "\""), KeyTable::kNone);
}

TEST(KeyTableTest, AnswersLikeAMapOnRandomKeys) {
  std::mt19937_64 random(5);
  const auto random_key = [&] {
    std::string key;
    for (uint64_t i = 1 + random() % 24; i > 0; --i) key += "ab_"[random() % 3];
    return key;
  };
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, int> expected;
    const size_t size = round == 0 ? KeyTable::kMaxSpellings : random() % 64;
    while (expected.size() < size) expected.emplace(random_key(), static_cast<int>(expected.size()));
    const KeyTable table(std::vector<std::pair<std::string, int>>(expected.begin(), expected.end()));
    for (const auto& [key, value] : expected) ASSERT_EQ(Find(table, key), value);
    for (int i = 0; i < 500; ++i) {
      const std::string key = random_key();
      ASSERT_EQ(Find(table, key), expected.contains(key) ? expected[key] : KeyTable::kNone) << key;
    }
  }
}

}  // namespace
}  // namespace tocsin
