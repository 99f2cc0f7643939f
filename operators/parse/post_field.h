// The fields that a mapping finds in a record, by the names that `fields:` in a configuration uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

enum class PostField : uint8_t {
  kId,
  kNetwork,
  kEventTime,
  kText,
  kLanguage,
  kAuthorId,
  kAuthorHandle,
  kFollowers,
  kVerified,
  kAccountCreated,
  kKind,
  kRepostOf,
  kReplyTo,
  kQuoteOf,
  kReferenceId,
  kHashtags,
  kHandles,
  kUrls,
  kRating,
};
inline constexpr size_t kPostFieldCount = 19;

std::string_view PostFieldName(PostField field);  // "event_time", as in `fields:`
std::optional<PostField> PostFieldFromName(std::string_view name);
bool IsListField(PostField field);  // hashtags, handles, urls

}  // namespace tocsin
