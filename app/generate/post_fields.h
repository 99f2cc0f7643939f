// A synthetic post as its network's writer gets it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/generate/scenario.h"

namespace tocsin {

struct PostFields {
  uint64_t number = 0;  // of which its id is made
  uint64_t root = 0;    // number of the post that it reposts; 0: none
  int64_t event_time_ms = 0;
  std::string text;
  std::string_view mention;  // the brand as it stands in the text, with '@' or '#'; empty: none
  PostLanguage language = PostLanguage::kEnglish;
  uint64_t author = 0;
  int64_t followers = 0;
  std::string_view account_created;  // of the author, as RFC 3339 in whole seconds without zone
  std::string_view account_created_twitter;
  int32_t stars = 3;  // of reviews

  bool has_handle() const { return !mention.empty() && mention[0] == '@'; }
  bool has_hashtag() const { return !mention.empty() && mention[0] == '#'; }
};

}  // namespace tocsin
