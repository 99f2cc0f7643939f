#include "operators/task/sample_store.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/rounds.h"

namespace tocsin {
namespace {

using ::testing::ContainerEq;

struct Post {
  Mention mention;
  std::string id;
};

constexpr int64_t kSlideMs = 5'000;
constexpr int64_t kEndMs = 1'600'000'000'000;

// Of the last `seconds` before kEndMs, with times and reaches that are often equal.
std::vector<Post> MakePosts(std::mt19937_64& random, int count, uint64_t seconds) {
  std::vector<Post> posts;
  for (int i = 0; i < count; ++i) {
    Post& post = posts.emplace_back();
    post.id = std::to_string(i);
    post.mention.post_hash = random();
    post.mention.event_time_ms = kEndMs - static_cast<int64_t>((random() % (4 * seconds) + 1) * 250);
    post.mention.reach = random() % 4 == 0 ? 100'000 + static_cast<uint32_t>(random() % 2) : 5;
    post.mention.sentiment = static_cast<SentimentClass>(random() % 4);
    post.mention.kind = static_cast<PostKind>(random() % 4);
  }
  return posts;
}

// Start and end of a post's group when windows end at `end_ms`: two minutes of slides, before them half minutes.
std::pair<int64_t, int64_t> GroupOf(const Post& post, int64_t end_ms) {
  const int64_t joined_ms = (end_ms - 120'000) / 30'000 * 30'000;
  const int64_t size_ms = post.mention.event_time_ms < joined_ms ? 30'000 : kSlideMs;
  const int64_t start_ms = post.mention.event_time_ms / size_ms * size_ms;
  return {start_ms, start_ms + size_ms};
}

// The ids that must be kept, each place sought on its own.
std::set<std::string> Expected(const std::vector<Post>& posts, int64_t end_ms) {
  struct Group {
    std::map<uint64_t, std::string> any, negative;
    std::map<std::tuple<int64_t, uint64_t>, std::string> first, furthest;
  };
  std::map<std::pair<int64_t, int64_t>, Group> groups;
  for (const Post& post : posts) {
    const Mention& mention = post.mention;
    Group& group = groups[GroupOf(post, end_ms)];
    group.any[mention.post_hash] = post.id;
    if (mention.sentiment == SentimentClass::kNegative && mention.kind != PostKind::kRepost) {
      group.negative[mention.post_hash] = post.id;
      group.first[{mention.event_time_ms, mention.post_hash}] = post.id;
    }
    if (mention.reach >= 100'000) group.furthest[{-int64_t{mention.reach}, mention.post_hash}] = post.id;
  }
  std::set<std::string> kept;
  const auto take = [&kept](const auto& from, size_t count) {
    for (const auto& [key, id] : from) {
      if (count-- == 0) break;
      kept.insert(id);
    }
  };
  for (const auto& [start, group] : groups) {
    take(group.any, 2);
    take(group.negative, 3);
    take(group.first, 1);
    take(group.furthest, 1);
  }
  return kept;
}

// A store, and what it said of the posts that it was offered.
class Offered {
 public:
  void Offer(const Post& post, uint64_t brand = 3) {
    store.Offer(brand, post.mention, Sample{post.id, "who", "text", "#tag", "url"});
    offered_.emplace_back(brand, post);
  }
  // All that is still found.
  std::set<std::string> Kept() const {
    std::set<std::string> kept;
    for (const auto& [brand, post] : offered_) {
      const Mention& mention = post.mention;
      EXPECT_FALSE(store.Find(brand + 1, mention.event_time_ms, mention.post_hash).has_value());
      EXPECT_FALSE(store.Find(brand, mention.event_time_ms, mention.post_hash + 1).has_value());
      const std::optional<Sample> sample = store.Find(brand, mention.event_time_ms, mention.post_hash);
      if (!sample.has_value()) continue;
      EXPECT_EQ(sample->post_id, post.id);
      EXPECT_EQ(sample->hashtags, "#tag");
      kept.insert(post.id);
    }
    return kept;
  }

  SampleStore store{kSlideMs};

 private:
  std::vector<std::pair<uint64_t, Post>> offered_;
};

TEST(SampleStoreTest, KeepsTheSamePostsInAnyOrderOfArrival) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Post> posts = MakePosts(random, 1 + round % 30, /*seconds=*/10);
    const std::set<std::string> expected = Expected(posts, kEndMs);
    for (int order = 0; order < 3; ++order) {
      std::shuffle(posts.begin(), posts.end(), random);
      Offered offered;
      for (const Post& post : posts) offered.Offer(post);
      ASSERT_THAT(offered.Kept(), ContainerEq(expected));
      EXPECT_EQ(offered.store.size(), expected.size());
    }
  }
}

// Goal: when slides are joined, and what comes late, has no say in what is kept in the end.
TEST(SampleStoreTest, OldSlidesAreJoinedWithTheSameResultWhenever) {
  std::mt19937_64 random(3);
  for (int round = 0; round < Rounds(300, 60); ++round) {
    std::vector<Post> posts = MakePosts(random, 1 + static_cast<int>(random() % 400), /*seconds=*/300);
    const int64_t end_ms = kEndMs + static_cast<int64_t>(random() % 8) * kSlideMs;
    const std::set<std::string> expected = Expected(posts, end_ms);
    size_t advances = 0;
    for (int order = 0; order < 3; ++order) {
      std::shuffle(posts.begin(), posts.end(), random);
      Offered offered;
      int64_t now_ms = kEndMs - 300'000;
      for (const Post& post : posts) {
        offered.Offer(post);
        // From one order to the next more often.
        if (random() % 100 >= static_cast<uint64_t>(order) * 25 || now_ms >= end_ms) continue;
        now_ms = std::min(end_ms, now_ms + static_cast<int64_t>(1 + random() % 4) * kSlideMs);
        offered.store.AdvanceTo(now_ms, now_ms - 3'600'000);
        ++advances;
      }
      offered.store.AdvanceTo(end_ms, end_ms - 3'600'000);
      ASSERT_THAT(offered.Kept(), ContainerEq(expected)) << "round " << round << ", order " << order;
      EXPECT_EQ(offered.store.size(), expected.size());
    }
    if (posts.size() > 200) {
      EXPECT_GT(advances, 20U);
    }
  }
}

TEST(SampleStoreTest, BrandsAreApartAndGroupsGoWhenTheyEnd) {
  Offered offered;
  std::mt19937_64 random(2);
  const std::vector<Post> posts = MakePosts(random, 2'000, /*seconds=*/300);
  for (const Post& post : posts) {
    offered.Offer(post, 1);
    offered.Offer(post, 2);
  }
  offered.store.AdvanceTo(kEndMs, kEndMs - 301'000);
  EXPECT_EQ(offered.store.size(), 2 * Expected(posts, kEndMs).size());
  for (const int64_t seconds : {290, 270, 269, 61, 59, 0}) {
    const int64_t drop_ms = kEndMs - seconds * 1'000;
    offered.store.AdvanceTo(kEndMs, drop_ms);
    std::vector<Post> held;
    for (const Post& post : posts) {
      if (GroupOf(post, kEndMs).second > drop_ms) held.push_back(post);
    }
    EXPECT_EQ(offered.store.size(), 2 * Expected(held, kEndMs).size()) << seconds;
  }
  EXPECT_EQ(offered.store.size(), 0U);
}

}  // namespace
}  // namespace tocsin
