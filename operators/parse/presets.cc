// The field mappings that come with Tocsin. A preset is one table; docs/INPUT.md shows the same and a test compares
// them.
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "operators/parse/mapping.h"

namespace tocsin {
namespace {

struct FieldRow {
  PostField field;
  std::string_view pointers;  // in order of preference, separated by spaces
};

struct PresetRow {
  std::string_view name;
  Network network;
  absl::Span<const FieldRow> fields;
};

// A repost is matched and classified on the original's text, so what stands in retweeted_status comes first; id, time
// and author are the repost's own.
constexpr FieldRow kTwitterV1[] = {
    {PostField::kId, "/id_str /id"},
    {PostField::kEventTime, "/timestamp_ms /created_at"},
    {PostField::kText,
     "/retweeted_status/extended_tweet/full_text /retweeted_status/full_text /retweeted_status/text "
     "/extended_tweet/full_text /full_text /text"},
    {PostField::kLanguage, "/retweeted_status/lang /lang"},
    {PostField::kAuthorId, "/user/id_str /user/id"},
    {PostField::kAuthorHandle, "/user/screen_name"},
    {PostField::kFollowers, "/user/followers_count"},
    {PostField::kVerified, "/user/verified"},
    {PostField::kAccountCreated, "/user/created_at"},
    {PostField::kRepostOf, "/retweeted_status/id_str /retweeted_status/id /retweeted_status"},
    {PostField::kReplyTo, "/in_reply_to_status_id_str /in_reply_to_status_id"},
    {PostField::kQuoteOf, "/quoted_status_id_str /quoted_status_id /quoted_status/id_str /quoted_status"},
    {PostField::kHashtags,
     "/retweeted_status/extended_tweet/entities/hashtags/*/text /retweeted_status/entities/hashtags/*/text "
     "/extended_tweet/entities/hashtags/*/text /entities/hashtags/*/text"},
    {PostField::kHandles,
     "/retweeted_status/extended_tweet/entities/user_mentions/*/screen_name "
     "/retweeted_status/entities/user_mentions/*/screen_name "
     "/extended_tweet/entities/user_mentions/*/screen_name /entities/user_mentions/*/screen_name"},
    {PostField::kUrls,
     "/retweeted_status/extended_tweet/entities/urls/*/expanded_url /retweeted_status/entities/urls/*/expanded_url "
     "/extended_tweet/entities/urls/*/expanded_url /entities/urls/*/expanded_url"},
};

constexpr FieldRow kGeneric[] = {
    {PostField::kId, "/id"},
    {PostField::kNetwork, "/network"},
    {PostField::kEventTime, "/time /event_time /created_at"},
    {PostField::kText, "/text"},
    {PostField::kLanguage, "/lang /language"},
    {PostField::kAuthorId, "/author_id /author/id"},
    {PostField::kAuthorHandle, "/author /author/handle"},
    {PostField::kFollowers, "/followers /author/followers"},
    {PostField::kVerified, "/verified /author/verified"},
    {PostField::kAccountCreated, "/account_created /author/account_created"},
    {PostField::kKind, "/kind"},
    {PostField::kReferenceId, "/reference_id"},
    {PostField::kHashtags, "/hashtags"},
    {PostField::kHandles, "/handles"},
    {PostField::kUrls, "/urls"},
    {PostField::kRating, "/rating"},
};

const PresetRow kPresets[] = {
    {"twitter_v1", Network::kTwitter, kTwitterV1},
    {"generic", Network::kOther, kGeneric},
};

const PresetRow* FindPreset(std::string_view name) {
  for (const PresetRow& preset : kPresets) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string_view> Mapping::PresetNames() {
  std::vector<std::string_view> names;
  for (const PresetRow& preset : kPresets) names.push_back(preset.name);
  return names;
}

FieldPointers Mapping::PresetFields(std::string_view name) {
  FieldPointers fields;
  const PresetRow* preset = FindPreset(name);
  if (preset == nullptr) return fields;
  for (const FieldRow& row : preset->fields) {
    for (std::string_view pointer : absl::StrSplit(row.pointers, ' ')) fields[row.field].emplace_back(pointer);
  }
  return fields;
}

absl::StatusOr<std::shared_ptr<const Mapping>> Mapping::Preset(std::string_view name, std::optional<Network> network) {
  const PresetRow* preset = FindPreset(name);
  if (preset == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("no such preset; known=", absl::StrJoin(PresetNames(), ","), " given=", name));
  }
  return FromFields(PresetFields(name), network.value_or(preset->network));
}

}  // namespace tocsin
