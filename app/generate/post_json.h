// Synthetic posts as JSON, in Twitter's (v1) and the generic form, and ways to spoil them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/generate/texts.h"

namespace tocsin {

struct PostFields {
  uint64_t id = 0;
  int64_t event_time_ms = 0;
  std::string text;
  PostLanguage language = PostLanguage::kEnglish;
  std::string_view handle;   // mentioned in the text, without '@'; empty: none
  std::string_view hashtag;  // likewise
  uint64_t author = 0;
  int64_t followers = 0;
  bool repost = false;
  uint64_t root = 0;  // id of what is reposted
};

// Profile fields that bring a Twitter-shaped post to about `post_bytes`.
std::string ProfileFiller(int32_t post_bytes);

void AppendTwitterPost(const PostFields& post, std::string_view filler, std::string* out);
void AppendGenericPost(const PostFields& post, std::string* out);

inline constexpr uint32_t kMalformedKinds = 6;
// 1 truncated, 2 invalid UTF-8, 3 no id, 4 text is a number, 5 an absurd date, 6 not JSON.
void Malform(uint8_t kind, std::string* record);

}  // namespace tocsin
