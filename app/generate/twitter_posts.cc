// Twitter's statuses: v1.1 as its stream wrote them, v2 as its filtered stream does.
#include "absl/strings/str_cat.h"
#include "app/generate/network_posts.h"

namespace tocsin {
namespace {

// Without a profile's fields a post takes about so much.
constexpr int32_t kBareBytes = 900;

void WriteEntities(const PostFields& post, RecordBuffer* out) {
  out->Raw(",\"entities\":{\"hashtags\":[");
  if (post.has_hashtag()) {
    out->Raw("{\"text\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"indices\":[0,8]}");
  }
  out->Raw("],\"urls\":[],\"user_mentions\":[");
  if (post.has_handle()) {
    out->Raw("{\"screen_name\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"indices\":[0,8]}");
  }
  out->Raw("],\"symbols\":[]}");
}

void WriteUser(const PostFields& post, std::string_view profile, RecordBuffer* out) {
  out->Raw("\"user\":{\"id\":");
  out->Number(post.author + 1'000);
  out->Raw(",\"id_str\":\"");
  out->Number(post.author + 1'000);
  out->Raw("\",\"name\":\"Person ");
  out->Number(post.author);
  out->Raw("\",\"screen_name\":\"person");
  out->Number(post.author);
  out->Raw("\",\"verified\":false,\"followers_count\":");
  out->Number(post.followers);
  out->Raw(",\"friends_count\":312,\"statuses_count\":4711,\"created_at\":\"");
  out->Raw(post.account_created_twitter);
  out->Raw('"');
  out->Raw(profile);
  out->Raw('}');
}

void WriteOriginal(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw(",\"retweeted_status\":{\"created_at\":\"");
  out.Raw(writing->times.Twitter(post.event_time_ms));
  out.Raw("\",\"id_str\":\"");
  AppendPostId(PostShape::kTwitterV1, post.root, &out);
  out.Raw("\",\"text\":\"");
  out.EscapedAscii(post.text);
  out.Raw("\",\"user\":{\"id_str\":\"7\",\"screen_name\":\"someone\",\"followers_count\":2048}");
  WriteEntities(post, &out);
  out.Raw('}');
}

void WriteV2Entities(const PostFields& post, RecordBuffer* out) {
  if (post.has_hashtag()) {
    out->Raw(",\"entities\":{\"hashtags\":[{\"start\":0,\"end\":8,\"tag\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\"}]}");
  } else if (post.has_handle()) {
    out->Raw(",\"entities\":{\"mentions\":[{\"start\":0,\"end\":8,\"username\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"id\":\"12\"}]}");
  }
}

}  // namespace

std::string TwitterProfile(int32_t post_bytes) {
  std::string profile;
  for (int64_t i = 0; static_cast<int64_t>(profile.size()) + kBareBytes < post_bytes; ++i) {
    absl::StrAppend(&profile, ",\"profile_field_", i, "\":\"https:\\/\\/pbs.example.com\\/profile\\/",
                    1'000'003 * (i + 1), "\\/normal.jpeg\",\"profile_color_", i, "\":\"C0DEED\",\"profile_use_", i,
                    "\":true");
  }
  return profile;
}

void WriteTwitterV1(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"created_at\":\"");
  out.Raw(writing->times.Twitter(post.event_time_ms));
  out.Raw("\",\"id\":");
  AppendPostId(PostShape::kTwitterV1, post.number, &out);
  out.Raw(",\"id_str\":\"");
  AppendPostId(PostShape::kTwitterV1, post.number, &out);
  out.Raw("\",\"text\":\"");
  if (post.root != 0) out.Raw("RT @someone: ");
  out.EscapedAscii(post.text);
  out.Raw(
      "\",\"source\":\"\\u003ca href=\\\"https:\\/\\/app.example.com\\\"\\u003eApp\\u003c\\/a\\u003e\","
      "\"truncated\":false,\"in_reply_to_status_id\":null,");
  WriteUser(post, writing->profile, &out);
  out.Raw(",\"geo\":null,\"coordinates\":null,\"place\":null");
  if (post.root != 0) WriteOriginal(post, writing);
  out.Raw(",\"retweet_count\":0,\"favorite_count\":0");
  WriteEntities(post, &out);
  out.Raw(",\"favorited\":false,\"lang\":\"");
  out.Raw(LanguageTag(post.language));
  out.Raw("\",\"timestamp_ms\":\"");
  out.Number(post.event_time_ms);
  out.Raw("\"}");
}

void WriteTwitterV2(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"data\":{\"id\":\"");
  AppendPostId(PostShape::kTwitterV2, post.number, &out);
  out.Raw("\",\"author_id\":\"");
  out.Number(post.author + 1'000);
  out.Raw("\",\"created_at\":\"");
  WriteInstant(post.event_time_ms, writing);
  out.Raw("\",\"edit_history_tweet_ids\":[\"");
  AppendPostId(PostShape::kTwitterV2, post.number, &out);
  out.Raw("\"]");
  WriteV2Entities(post, &out);
  out.Raw(",\"lang\":\"");
  out.Raw(LanguageTag(post.language));
  out.Raw(
      "\",\"public_metrics\":{\"retweet_count\":0,\"reply_count\":0,\"like_count\":0,\"quote_count\":0},"
      "\"possibly_sensitive\":false");
  if (post.root != 0) {
    out.Raw(",\"referenced_tweets\":[{\"type\":\"retweeted\",\"id\":\"");
    AppendPostId(PostShape::kTwitterV2, post.root, &out);
    out.Raw("\"}]");
  }
  out.Raw(",\"text\":\"");
  if (post.root != 0) out.Raw("RT @someone: ");
  out.Escaped(post.text);
  out.Raw("\"},\"includes\":{\"users\":[{\"id\":\"");
  out.Number(post.author + 1'000);
  out.Raw("\",\"name\":\"Person ");
  out.Number(post.author);
  out.Raw("\",\"username\":\"person");
  out.Number(post.author);
  out.Raw("\",\"verified\":false,\"created_at\":\"");
  out.Raw(post.account_created);
  out.Raw(".000Z\",\"public_metrics\":{\"followers_count\":");
  out.Number(post.followers);
  out.Raw(",\"following_count\":312,\"tweet_count\":4711,\"listed_count\":3}}]");
  if (post.root != 0) {
    out.Raw(",\"tweets\":[{\"author_id\":\"7\",\"id\":\"");
    AppendPostId(PostShape::kTwitterV2, post.root, &out);
    out.Raw("\",\"lang\":\"");
    out.Raw(LanguageTag(post.language));
    out.Raw("\",\"text\":\"");
    out.Escaped(post.text);
    out.Raw("\"}]");
  }
  out.Raw("},\"matching_rules\":[{\"id\":\"1166916266197536768\",\"tag\":\"brands\"}]}");
}

}  // namespace tocsin
