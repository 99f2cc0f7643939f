#include "operators/task/sample_store.h"

#include <algorithm>
#include <array>
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

// Start and end of a post's group when windows end at `end_ms`: two minutes of slides, before them half minutes or what
// is nearest below that in slides, but a slide at least.
std::pair<int64_t, int64_t> GroupOf(const Post& post, int64_t end_ms, int64_t slide_ms) {
  const int64_t joined_ms = slide_ms > 30'000 ? slide_ms : 30'000 / slide_ms * slide_ms;
  const int64_t border_ms = (end_ms - 120'000) / joined_ms * joined_ms;
  const int64_t size_ms = post.mention.event_time_ms < border_ms ? joined_ms : slide_ms;
  const int64_t start_ms = post.mention.event_time_ms / size_ms * size_ms;
  return {start_ms, start_ms + size_ms};
}

// The ids that must be kept, each place sought on its own.
std::set<std::string> Expected(const std::vector<Post>& posts, int64_t end_ms, int64_t slide_ms = 5'000) {
  struct Group {
    std::map<uint64_t, std::string> any, negative;
    std::map<std::tuple<int64_t, uint64_t>, std::string> first, furthest;
  };
  std::map<std::pair<int64_t, int64_t>, Group> groups;
  for (const Post& post : posts) {
    const Mention& mention = post.mention;
    Group& group = groups[GroupOf(post, end_ms, slide_ms)];
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

// Of any length, some beyond what one byte says.
struct Texts {
  explicit Texts(const Post& post)
      : handle(post.mention.post_hash % 20, 'h'),
        text(post.mention.post_hash % 501, 't'),
        hashtags(post.mention.post_hash / 7 % 40, '#'),
        url(post.mention.post_hash / 11 % 300, 'u') {}

  std::string handle, text, hashtags, url;
};

// A store, and what it said of the posts that it was offered.
class Offered {
 public:
  explicit Offered(int64_t slide_ms = 5'000) : store(slide_ms) {}

  void Offer(const Post& post, uint64_t brand = 3) {
    const Texts texts(post);
    store.Offer(brand, post.mention, Sample{post.id, texts.handle, texts.text, texts.hashtags, texts.url});
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
      const Texts texts(post);
      EXPECT_EQ(sample->post_id, post.id);
      EXPECT_EQ(sample->author_handle, texts.handle);
      EXPECT_EQ(sample->text, texts.text);
      EXPECT_EQ(sample->hashtags, texts.hashtags);
      EXPECT_EQ(sample->url, texts.url);
      kept.insert(post.id);
    }
    return kept;
  }

  SampleStore store;

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
  size_t advances = 0;
  constexpr std::array<int64_t, 5> kSlidesMs = {5'000, 12'000, 20'000, 30'000, 60'000};
  for (int round = 0; round < Rounds(500, 100); ++round) {
    const int64_t slide_ms = kSlidesMs[static_cast<size_t>(round) % kSlidesMs.size()];
    std::vector<Post> posts = MakePosts(random, 1 + static_cast<int>(random() % 400), /*seconds=*/300);
    const int64_t end_ms = (kEndMs / slide_ms + static_cast<int64_t>(random() % 8)) * slide_ms;
    const std::set<std::string> expected = Expected(posts, end_ms, slide_ms);
    for (int order = 0; order < 3; ++order) {
      std::shuffle(posts.begin(), posts.end(), random);
      Offered offered(slide_ms);
      int64_t now_ms = kEndMs / slide_ms * slide_ms - 300'000;
      for (const Post& post : posts) {
        offered.Offer(post);
        // From one order to the next more often.
        if (random() % 100 >= static_cast<uint64_t>(order) * 25 || now_ms >= end_ms) continue;
        now_ms = std::min(end_ms, now_ms + static_cast<int64_t>(1 + random() % 4) * slide_ms);
        offered.store.AdvanceTo(now_ms, now_ms - 3'600'000);
        ++advances;
      }
      offered.store.AdvanceTo(end_ms, end_ms - 3'600'000);
      ASSERT_THAT(offered.Kept(), ContainerEq(expected)) << "round " << round << ", order " << order;
      EXPECT_EQ(offered.store.size(), expected.size());
    }
  }
  EXPECT_GT(advances, static_cast<size_t>(Rounds(5'000, 1'000)));
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
      if (GroupOf(post, kEndMs, 5'000).second > drop_ms) held.push_back(post);
    }
    EXPECT_EQ(offered.store.size(), 2 * Expected(held, kEndMs).size()) << seconds;
  }
  EXPECT_EQ(offered.store.size(), 0U);
  EXPECT_EQ(offered.store.memory_bytes(), 0U);
}

// Of blocks that were written before ingest kept to the bounds.
TEST(SampleStoreTest, KeepsNoMoreOfASampleThanItsBounds) {
  const std::string long_one(300'000, 'x');
  Mention mention;
  mention.event_time_ms = kEndMs - 1'000;
  mention.post_hash = 7;
  SampleStore store(5'000);
  store.Offer(
      1, mention,
      {.post_id = long_one, .author_handle = long_one, .text = long_one, .hashtags = long_one, .url = long_one});
  EXPECT_LT(store.memory_bytes(), 10'000U);
  const std::optional<Sample> found = store.Find(1, mention.event_time_ms, 7);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->post_id, long_one.substr(0, 256));
  EXPECT_EQ(found->text, long_one.substr(0, 500));
  EXPECT_EQ(found->hashtags, "") << "whole ones only";
  EXPECT_EQ(found->url, "") << "a part of an address leads nowhere";
}

}  // namespace
}  // namespace tocsin
