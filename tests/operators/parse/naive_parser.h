// The rules of docs/INPUT.md written the slow and plain way, over a tree of the whole record: what PostParser is held
// against, in tests and before a benchmark times anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "operators/parse/mapping.h"
#include "operators/parse/post.h"

namespace tocsin {

// A Post that owns its strings.
struct NaivePost {
  std::string id;
  Network network = Network::kOther;
  int64_t event_time_ms = 0;
  std::string text;
  std::string language;
  std::string author_id;
  std::string author_handle;
  int64_t followers = kUnknownCount;
  bool verified = false;
  int64_t account_created_ms = kUnknownTime;
  PostKind kind = PostKind::kOriginal;
  std::string reference_id;
  std::vector<std::string> hashtags;
  std::vector<std::string> handles;
  std::vector<std::string> urls;
  int32_t rating = 0;

  friend bool operator==(const NaivePost&, const NaivePost&) = default;
};

NaivePost Own(const Post& post);
std::string Describe(const NaivePost& post);

// Never kTooLarge or kTooDeep.
DropReason NaiveParse(std::string_view record, const MappingSpec& spec, int64_t append_time_ms, NaivePost* post);

}  // namespace tocsin
