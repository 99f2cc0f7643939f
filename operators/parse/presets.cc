// The field mappings that come with Tocsin. A preset is one table; docs/INPUT.md shows the same and a test compares
// them.
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "operators/parse/mapping.h"

namespace tocsin {
namespace {

// Rows of the same field are in order of preference.
struct FieldRow {
  PostField field;
  std::string_view path;
};

struct ConditionRow {
  std::string_view pointer;
  std::string_view value;
};

struct PresetRow {
  std::string_view name;
  Network network;
  absl::Span<const FieldRow> fields;
  absl::Span<const ConditionRow> conditions = {};
  std::string_view envelope = {};
};

// A repost is matched and classified on the original's text, so what stands in retweeted_status comes first; id, time
// and author are the repost's own.
constexpr FieldRow kTwitterV1[] = {
    {PostField::kId, "/id_str"},
    {PostField::kId, "/id"},
    {PostField::kEventTime, "/timestamp_ms"},
    {PostField::kEventTime, "/created_at"},
    {PostField::kText, "/retweeted_status/extended_tweet/full_text"},
    {PostField::kText, "/retweeted_status/full_text"},
    {PostField::kText, "/retweeted_status/text"},
    {PostField::kText, "/extended_tweet/full_text"},
    {PostField::kText, "/full_text"},
    {PostField::kText, "/text"},
    {PostField::kLanguage, "/retweeted_status/lang"},
    {PostField::kLanguage, "/lang"},
    {PostField::kAuthorId, "/user/id_str"},
    {PostField::kAuthorId, "/user/id"},
    {PostField::kAuthorHandle, "/user/screen_name"},
    {PostField::kFollowers, "/user/followers_count"},
    {PostField::kVerified, "/user/verified"},
    {PostField::kAccountCreated, "/user/created_at"},
    {PostField::kRepostOf, "/retweeted_status/id_str"},
    {PostField::kRepostOf, "/retweeted_status/id"},
    {PostField::kRepostOf, "/retweeted_status"},
    {PostField::kReplyTo, "/in_reply_to_status_id_str"},
    {PostField::kReplyTo, "/in_reply_to_status_id"},
    {PostField::kQuoteOf, "/quoted_status_id_str"},
    {PostField::kQuoteOf, "/quoted_status_id"},
    {PostField::kQuoteOf, "/quoted_status/id_str"},
    {PostField::kQuoteOf, "/quoted_status"},
    {PostField::kHashtags, "/retweeted_status/extended_tweet/entities/hashtags/*/text"},
    {PostField::kHashtags, "/retweeted_status/entities/hashtags/*/text"},
    {PostField::kHashtags, "/extended_tweet/entities/hashtags/*/text"},
    {PostField::kHashtags, "/entities/hashtags/*/text"},
    {PostField::kHandles, "/retweeted_status/extended_tweet/entities/user_mentions/*/screen_name"},
    {PostField::kHandles, "/retweeted_status/entities/user_mentions/*/screen_name"},
    {PostField::kHandles, "/extended_tweet/entities/user_mentions/*/screen_name"},
    {PostField::kHandles, "/entities/user_mentions/*/screen_name"},
    {PostField::kUrls, "/retweeted_status/extended_tweet/entities/urls/*/expanded_url"},
    {PostField::kUrls, "/retweeted_status/entities/urls/*/expanded_url"},
    {PostField::kUrls, "/extended_tweet/entities/urls/*/expanded_url"},
    {PostField::kUrls, "/entities/urls/*/expanded_url"},
};

constexpr FieldRow kGeneric[] = {
    {PostField::kId, "/id"},
    {PostField::kNetwork, "/network"},
    {PostField::kEventTime, "/time"},
    {PostField::kEventTime, "/event_time"},
    {PostField::kEventTime, "/created_at"},
    {PostField::kText, "/text"},
    {PostField::kLanguage, "/lang"},
    {PostField::kLanguage, "/language"},
    {PostField::kAuthorId, "/author_id"},
    {PostField::kAuthorId, "/author/id"},
    {PostField::kAuthorHandle, "/author"},
    {PostField::kAuthorHandle, "/author/handle"},
    {PostField::kFollowers, "/followers"},
    {PostField::kFollowers, "/author/followers"},
    {PostField::kVerified, "/verified"},
    {PostField::kVerified, "/author/verified"},
    {PostField::kAccountCreated, "/account_created"},
    {PostField::kAccountCreated, "/author/account_created"},
    {PostField::kKind, "/kind"},
    {PostField::kReferenceId, "/reference_id"},
    {PostField::kHashtags, "/hashtags"},
    {PostField::kHandles, "/handles"},
    {PostField::kUrls, "/urls"},
    {PostField::kRating, "/rating"},
};

// The stream's objects. Of a repost `data` has a text that is cut: its original stands among the included tweets, if it
// was asked for, and so does the author among the included users.
constexpr FieldRow kTwitterV2[] = {
    {PostField::kId, "/data/id"},
    {PostField::kEventTime, "/data/created_at"},
    {PostField::kText, "/includes/tweets/[id=$repost_of]/note_tweet/text"},
    {PostField::kText, "/includes/tweets/[id=$repost_of]/text"},
    {PostField::kText, "/data/note_tweet/text"},
    {PostField::kText, "/data/text"},
    {PostField::kLanguage, "/includes/tweets/[id=$repost_of]/lang"},
    {PostField::kLanguage, "/data/lang"},
    {PostField::kAuthorId, "/data/author_id"},
    {PostField::kAuthorHandle, "/includes/users/[id=$author_id]/username"},
    {PostField::kFollowers, "/includes/users/[id=$author_id]/public_metrics/followers_count"},
    {PostField::kVerified, "/includes/users/[id=$author_id]/verified"},
    {PostField::kAccountCreated, "/includes/users/[id=$author_id]/created_at"},
    {PostField::kRepostOf, "/data/referenced_tweets/[type=retweeted]/id"},
    {PostField::kReplyTo, "/data/referenced_tweets/[type=replied_to]/id"},
    {PostField::kQuoteOf, "/data/referenced_tweets/[type=quoted]/id"},
    {PostField::kHashtags,
     "{/includes/tweets/[id=$repost_of]/note_tweet/entities/hashtags/*/tag}"
     "{/includes/tweets/[id=$repost_of]/entities/hashtags/*/tag}"},
    {PostField::kHashtags, "{/data/note_tweet/entities/hashtags/*/tag}{/data/entities/hashtags/*/tag}"},
    {PostField::kHandles,
     "{/includes/tweets/[id=$repost_of]/note_tweet/entities/mentions/*/username}"
     "{/includes/tweets/[id=$repost_of]/entities/mentions/*/username}"},
    {PostField::kHandles, "{/data/note_tweet/entities/mentions/*/username}{/data/entities/mentions/*/username}"},
    {PostField::kUrls,
     "{/includes/tweets/[id=$repost_of]/note_tweet/entities/urls/*/expanded_url}"
     "{/includes/tweets/[id=$repost_of]/entities/urls/*/expanded_url}"},
    {PostField::kUrls, "{/data/note_tweet/entities/urls/*/expanded_url}{/data/entities/urls/*/expanded_url}"},
};

// Jetstream. Its own time is the event time: createdAt is whatever the author's program wrote, years off for imported
// posts. Records carry no handles but the author's DID, which stands in for one.
constexpr FieldRow kBluesky[] = {
    {PostField::kId, "at://{/did}/{/commit/collection}/{/commit/rkey}"},
    {PostField::kEventTime, "/time_us"},
    {PostField::kText, "/commit/record/text"},
    {PostField::kLanguage, "/commit/record/langs/0"},
    {PostField::kAuthorId, "/did"},
    {PostField::kAuthorHandle, "/did"},
    {PostField::kReplyTo, "/commit/record/reply/parent/uri"},
    {PostField::kQuoteOf, "/commit/record/embed/record/uri"},
    {PostField::kQuoteOf, "/commit/record/embed/record/record/uri"},
    {PostField::kHashtags, "{/commit/record/facets/*/features/*/tag}{/commit/record/tags}"},
    {PostField::kHandles, "{/commit/record/facets/*/index|slice}"},
    {PostField::kUrls,
     "{/commit/record/facets/*/features/*/uri}{/commit/record/embed/external/uri}"
     "{/commit/record/embed/media/external/uri}"},
};
constexpr ConditionRow kBlueskyConditions[] = {
    {"/kind", "commit"},
    {"/commit/operation", "create"},
    {"/commit/collection", "app.bsky.feed.post"},
};

// A boost is a status around the original.
constexpr FieldRow kMastodon[] = {
    {PostField::kId, "/id"},
    {PostField::kEventTime, "/created_at"},
    {PostField::kText, "{/reblog/spoiler_text|optional} {/reblog/content|html}"},
    {PostField::kText, "{/spoiler_text|optional} {/content|html}"},
    {PostField::kLanguage, "/reblog/language"},
    {PostField::kLanguage, "/language"},
    {PostField::kAuthorId, "/account/id"},
    {PostField::kAuthorHandle, "/account/acct"},
    {PostField::kFollowers, "/account/followers_count"},
    {PostField::kAccountCreated, "/account/created_at"},
    {PostField::kRepostOf, "/reblog/id"},
    {PostField::kRepostOf, "/reblog"},
    {PostField::kReplyTo, "/in_reply_to_id"},
    {PostField::kQuoteOf, "/quote/quoted_status/id"},
    {PostField::kQuoteOf, "/quote/quoted_status_id"},
    {PostField::kQuoteOf, "/quote"},
    {PostField::kHashtags, "/reblog/tags/*/name"},
    {PostField::kHashtags, "/tags/*/name"},
    {PostField::kHandles, "/reblog/mentions/*/acct"},
    {PostField::kHandles, "/mentions/*/acct"},
    {PostField::kUrls, "{/reblog/content|links}"},
    {PostField::kUrls, "{/content|links}"},
};
constexpr ConditionRow kMastodonConditions[] = {{"/event", "update"}};

// Submissions and comments; the fullname tells them apart. A crosspost keeps the title (Reddit proposes the original's)
// and has its body in the original.
constexpr FieldRow kReddit[] = {
    {PostField::kId, "/name"},
    {PostField::kId, "/id"},
    {PostField::kEventTime, "/created_utc"},
    {PostField::kText, "{/body|entities}"},
    {PostField::kText,
     "{/title|entities} {/selftext|optional|not_deleted|entities} "
     "{/crosspost_parent_list/0/selftext|optional|not_deleted|entities}"},
    {PostField::kAuthorId, "/author_fullname"},
    {PostField::kAuthorId, "{/author|not_deleted}"},
    {PostField::kAuthorHandle, "{/author|not_deleted}"},
    {PostField::kAccountCreated, "/author_created_utc"},
    {PostField::kRepostOf, "/crosspost_parent"},
    {PostField::kReplyTo, "/parent_id"},
    {PostField::kReplyTo, "/link_id"},
    {PostField::kUrls, "/url_overridden_by_dest"},
    {PostField::kUrls, "/url"},
};

// Reviews as Yelp publishes them. A review does not say the name of what it reviews: the business stands in the place
// of a mentioned account, so that a query can name it.
constexpr FieldRow kReview[] = {
    {PostField::kId, "/review_id"},     {PostField::kEventTime, "/date"},      {PostField::kText, "/text"},
    {PostField::kAuthorId, "/user_id"}, {PostField::kHandles, "/business_id"}, {PostField::kRating, "/stars"},
};

const PresetRow kPresets[] = {
    {"twitter_v1", Network::kTwitter, kTwitterV1},
    {"twitter_v2", Network::kTwitter, kTwitterV2},
    {"bluesky", Network::kBluesky, kBluesky, kBlueskyConditions},
    {"mastodon", Network::kMastodon, kMastodon, kMastodonConditions, "/payload"},
    {"reddit", Network::kReddit, kReddit},
    {"review", Network::kReview, kReview},
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

MappingSpec Mapping::PresetSpec(std::string_view name) {
  MappingSpec spec;
  const PresetRow* preset = FindPreset(name);
  if (preset == nullptr) return spec;
  for (const FieldRow& row : preset->fields) spec.fields[row.field].emplace_back(row.path);
  spec.network = preset->network;
  for (const ConditionRow& row : preset->conditions) {
    spec.conditions.push_back({.pointer = std::string(row.pointer), .value = std::string(row.value)});
  }
  spec.envelope = preset->envelope;
  return spec;
}

absl::StatusOr<std::shared_ptr<const Mapping>> Mapping::Preset(std::string_view name, std::optional<Network> network) {
  MappingSpec spec = PresetSpec(name);
  if (spec.fields.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no such preset; known=", absl::StrJoin(PresetNames(), ","), " given=", name));
  }
  spec.network = network.value_or(spec.network);
  return FromSpec(spec);
}

}  // namespace tocsin
