// Makes posts in the shape of Twitter's v1.1 stream: seeded, about 2.5 KB each, with \uXXXX and \/ escapes and
// timestamp_ms last, as the real stream had them.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace tocsin {

// Not thread-safe. The same seed gives the same posts.
class TweetMaker {
 public:
  explicit TweetMaker(uint64_t seed) : random_(seed) {}

  // An original, reply or quote of about 2.5 KB.
  std::string Original();
  // A repost: the whole original stands inside it, so about 4.5 KB.
  std::string Repost();

 private:
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(random_() % limit); }
  std::string Text();
  std::string User();
  std::string Entities();
  std::string Head(const std::string& text);
  std::string Tail();

  std::mt19937_64 random_;
  uint64_t next_id_ = 1'060'000'000'000'000'000;
  int64_t next_time_ms_ = 1'540'000'000'000;
};

}  // namespace tocsin
