// One post of the firehose, normalised: what every preset maps its JSON to.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/types/span.h"

namespace tocsin {

enum class PostKind : uint8_t { kOriginal = 0, kRepost = 1, kReply = 2, kQuote = 3 };

// Where a post was published. Values are part of the block format: never renumber.
enum class Network : uint8_t {
  kOther = 0,
  kTwitter = 1,
  kBluesky = 2,
  kMastodon = 3,
  kReddit = 4,
  kReview = 5,
  kFacebook = 6,
  kInstagram = 7,
  kYoutube = 8,
  kTiktok = 9,
  kLinkedin = 10,
  kNews = 11,
  kForum = 12,
  kThreads = 13,
};
std::string_view NetworkName(Network network);   // "twitter"
Network NetworkFromName(std::string_view name);  // kOther when unknown; ASCII case is ignored

inline constexpr int64_t kUnknownCount = -1;
inline constexpr int64_t kUnknownTime = INT64_MIN;

// Views borrow from the record and from the parser's scratch memory: valid until the parser's next call.
// Empty strings, kUnknownCount and kUnknownTime stand for "absent". Every member has an initialiser or a constructor,
// on which the parser relies: it makes posts where others were.
struct Post {
  std::string_view id;
  Network network = Network::kOther;
  int64_t event_time_ms = 0;  // epoch milliseconds
  std::string_view text;      // what is matched and classified; of a repost, the original's text
  std::string_view language;  // as given, e.g. "en", "pt-BR", "und"
  std::string_view author_id;
  std::string_view author_handle;  // without '@'
  int64_t followers = kUnknownCount;
  bool verified = false;
  int64_t account_created_ms = kUnknownTime;
  PostKind kind = PostKind::kOriginal;
  std::string_view reference_id;                // of the post that is reposted, quoted or replied to
  absl::Span<const std::string_view> hashtags;  // without '#', where the record lists them apart from the text
  absl::Span<const std::string_view> handles;   // without '@', likewise
  absl::Span<const std::string_view> urls;      // expanded form where given
  int32_t rating = 0;                           // stars 1..5; 0: none
};

// Why a record can't be used. Values are part of headers and metrics through DropReasonName.
enum class DropReason : uint8_t {
  kNone = 0,
  kEmpty,
  kTooLarge,
  kNotJson,
  kNotUtf8,
  kTooDeep,
  kMissingField,
  kWrongType,
  kAbsurdTime,
  // Last, and no reason to be dead: a record of another kind, such as a like, which the mapping passes over.
  kNotAPost,
};
std::string_view DropReasonName(DropReason reason);  // "not_json"

}  // namespace tocsin
