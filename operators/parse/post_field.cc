#include "operators/parse/post_field.h"

#include <array>

namespace tocsin {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, kPostFieldCount> kFieldNames = {
    "id",           "network",  "event_time",      "text", "language",  "author_id", "author_handle",
    "followers",    "verified", "account_created", "kind", "repost_of", "reply_to",  "quote_of",
    "reference_id", "hashtags", "handles",         "urls", "rating",
};

}  // namespace

std::string_view PostFieldName(PostField field) { return kFieldNames[static_cast<size_t>(field)]; }

std::optional<PostField> PostFieldFromName(std::string_view name) {
  for (size_t i = 0; i < kFieldNames.size(); ++i) {
    if (kFieldNames[i] == name) return static_cast<PostField>(i);
  }
  return std::nullopt;
}

bool IsListField(PostField field) {
  return field == PostField::kHashtags || field == PostField::kHandles || field == PostField::kUrls;
}

}  // namespace tocsin
