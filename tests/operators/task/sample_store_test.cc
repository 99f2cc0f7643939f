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

namespace tocsin {
namespace {

using ::testing::ContainerEq;

struct Post {
  Mention mention;
  std::string id;
};

std::vector<Post> MakePosts(std::mt19937_64& random, int count) {
  std::vector<Post> posts;
  for (int i = 0; i < count; ++i) {
    Post& post = posts.emplace_back();
    post.id = std::to_string(i);
    post.mention.post_hash = random();
    post.mention.event_time_ms = static_cast<int64_t>(random() % 50);
    post.mention.reach = random() % 4 == 0 ? 100'000 + static_cast<uint32_t>(random() % 2) : 5;
    post.mention.sentiment = static_cast<SentimentClass>(random() % 4);
    post.mention.kind = static_cast<PostKind>(random() % 4);
  }
  return posts;
}

// The ids that must be kept, each place sought on its own.
std::set<std::string> Expected(const std::vector<Post>& posts) {
  std::map<uint64_t, std::string> any, negative;
  std::map<std::tuple<int64_t, uint64_t>, std::string> first, furthest;
  for (const Post& post : posts) {
    const Mention& mention = post.mention;
    any[mention.post_hash] = post.id;
    if (mention.sentiment == SentimentClass::kNegative && mention.kind != PostKind::kRepost) {
      negative[mention.post_hash] = post.id;
    }
    first[{mention.event_time_ms, mention.post_hash}] = post.id;
    if (mention.reach >= SampleStore::kHighReach) furthest[{-int64_t{mention.reach}, mention.post_hash}] = post.id;
  }
  std::set<std::string> kept;
  const auto take = [&kept](const auto& from, size_t count) {
    for (const auto& [key, id] : from) {
      if (count-- == 0) break;
      kept.insert(id);
    }
  };
  take(any, SampleStore::kAny);
  take(negative, SampleStore::kNegative);
  take(first, 1);
  take(furthest, 1);
  return kept;
}

TEST(SampleStoreTest, KeepsTheSamePostsInAnyOrderOfArrival) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Post> posts = MakePosts(random, 1 + round % 30);
    const std::set<std::string> expected = Expected(posts);
    for (int order = 0; order < 3; ++order) {
      std::shuffle(posts.begin(), posts.end(), random);
      SampleStore store;
      std::vector<std::pair<int32_t, std::string>> handles;
      for (const Post& post : posts) {
        const int32_t handle = store.Offer(3, 1'000, post.mention, Sample{post.id, "who", "text", "#tag", "url"});
        if (handle >= 0) handles.emplace_back(handle, post.id);
      }
      std::set<std::string> kept;
      for (const auto& [handle, id] : handles) {
        const std::optional<Sample> sample = store.Find(handle);
        if (!sample.has_value()) continue;
        EXPECT_EQ(sample->post_id, id);
        EXPECT_EQ(sample->hashtags, "#tag");
        kept.insert(id);
      }
      ASSERT_THAT(kept, ContainerEq(expected));
      EXPECT_EQ(store.size(), expected.size());
    }
  }
}

TEST(SampleStoreTest, BrandsAndPanesAreApart) {
  SampleStore store;
  std::mt19937_64 random(2);
  for (const Post& post : MakePosts(random, 100)) {
    const Sample sample{post.id, "", "", "", ""};
    store.Offer(1, 1'000, post.mention, sample);
    store.Offer(2, 1'000, post.mention, sample);
    store.Offer(1, 2'000, post.mention, sample);
  }
  const size_t all = store.size();
  EXPECT_EQ(all % 3, 0u);
  store.DropBefore(1'000);
  EXPECT_EQ(store.size(), all);
  store.DropBefore(2'000);
  EXPECT_EQ(store.size(), all / 3);
  store.DropBefore(2'001);
  EXPECT_EQ(store.size(), 0u);
}

}  // namespace
}  // namespace tocsin
