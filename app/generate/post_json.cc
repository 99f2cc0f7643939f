#include "app/generate/post_json.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace tocsin {
namespace {

// Without filler a Twitter-shaped post takes about so much.
constexpr int32_t kBareTwitterBytes = 900;

// Escapes for JSON; non-ASCII characters of the basic plane as \uXXXX, the way Twitter's stream wrote them.
void AppendEscaped(std::string_view text, bool escape_unicode, std::string* out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(static_cast<char>(c));
    } else if (c == '/' && escape_unicode) {
      out->append("\\/");
    } else if (c < 0x80 || !escape_unicode) {
      out->push_back(static_cast<char>(c));
    } else if (c < 0xE0) {
      const auto next = static_cast<unsigned char>(text[++i]);
      absl::StrAppend(out, "\\u", absl::Hex(((c & 0x1FU) << 6) | (next & 0x3FU), absl::kZeroPad4));
    } else {
      const auto second = static_cast<unsigned char>(text[++i]);
      const auto third = static_cast<unsigned char>(text[++i]);
      absl::StrAppend(out, "\\u",
                      absl::Hex(((c & 0x0FU) << 12) | ((second & 0x3FU) << 6) | (third & 0x3FU), absl::kZeroPad4));
    }
  }
}

// The last second's text is kept: thousands of posts share it.
std::string_view TwitterTime(int64_t ms) {
  thread_local int64_t cached_second = INT64_MIN;
  thread_local std::string cached;
  const int64_t second = ms / 1'000;
  if (second != cached_second) {
    cached_second = second;
    cached = absl::FormatTime("%a %b %d %H:%M:%S +0000 %Y", absl::FromUnixSeconds(second), absl::UTCTimeZone());
  }
  return cached;
}

std::string_view Rfc3339Second(int64_t ms) {
  thread_local int64_t cached_second = INT64_MIN;
  thread_local std::string cached;
  const int64_t second = ms / 1'000;
  if (second != cached_second) {
    cached_second = second;
    cached = absl::FormatTime("%Y-%m-%dT%H:%M:%S", absl::FromUnixSeconds(second), absl::UTCTimeZone());
  }
  return cached;
}

void AppendEntities(const PostFields& post, std::string* out) {
  out->append(",\"entities\":{\"hashtags\":[");
  if (!post.hashtag.empty()) absl::StrAppend(out, "{\"text\":\"", post.hashtag, "\",\"indices\":[0,8]}");
  out->append("],\"urls\":[],\"user_mentions\":[");
  if (!post.handle.empty()) absl::StrAppend(out, "{\"screen_name\":\"", post.handle, "\",\"indices\":[0,8]}");
  out->append("],\"symbols\":[]}");
}

}  // namespace

std::string ProfileFiller(int32_t post_bytes) {
  std::string filler;
  for (int i = 0; static_cast<int32_t>(filler.size()) + kBareTwitterBytes < post_bytes; ++i) {
    absl::StrAppend(&filler, ",\"profile_field_", i, "\":\"https:\\/\\/pbs.example.com\\/profile\\/",
                    1'000'003 * (i + 1), "\\/normal.jpeg\",\"profile_color_", i, "\":\"C0DEED\",\"profile_use_", i,
                    "\":true");
  }
  return filler;
}

void AppendTwitterPost(const PostFields& post, std::string_view filler, std::string* out) {
  const uint64_t id = 1'790'000'000'000'000'000ULL + post.id;
  absl::StrAppend(out, "{\"created_at\":\"", TwitterTime(post.event_time_ms), "\",\"id\":", id, ",\"id_str\":\"", id,
                  "\",\"text\":\"");
  if (post.repost) absl::StrAppend(out, "RT @someone: ");
  AppendEscaped(post.text, true, out);
  absl::StrAppend(out,
                  "\",\"source\":\"\\u003ca href=\\\"https:\\/\\/app.example.com\\\"\\u003eApp\\u003c\\/a\\u003e\","
                  "\"truncated\":false,\"in_reply_to_status_id\":null,\"user\":{\"id\":",
                  post.author + 1'000, ",\"id_str\":\"", post.author + 1'000, "\",\"name\":\"Person ", post.author,
                  "\",\"screen_name\":\"person", post.author,
                  "\",\"verified\":false,\"followers_count\":", post.followers,
                  ",\"friends_count\":312,\"statuses_count\":4711,\"created_at\":\"Tue Mar 21 20:50:14 +0000 2017\"",
                  filler, "},\"geo\":null,\"coordinates\":null,\"place\":null");
  if (post.repost) {
    absl::StrAppend(out, ",\"retweeted_status\":{\"created_at\":\"", TwitterTime(post.event_time_ms - 600'000),
                    "\",\"id_str\":\"", post.root, "\",\"text\":\"");
    AppendEscaped(post.text, true, out);
    absl::StrAppend(out, "\",\"user\":{\"id_str\":\"7\",\"screen_name\":\"someone\",\"followers_count\":2048}");
    AppendEntities(post, out);
    out->push_back('}');
  }
  absl::StrAppend(out, ",\"retweet_count\":0,\"favorite_count\":0");
  AppendEntities(post, out);
  absl::StrAppend(out, ",\"favorited\":false,\"lang\":\"", LanguageTag(post.language), "\",\"timestamp_ms\":\"",
                  post.event_time_ms, "\"}");
}

void AppendGenericPost(const PostFields& post, std::string* out) {
  absl::StrAppend(out, "{\"id\":\"m", post.id, "\",\"network\":\"mastodon\",\"time\":\"",
                  Rfc3339Second(post.event_time_ms), ".", absl::Dec(post.event_time_ms % 1'000, absl::kZeroPad3),
                  "Z\",\"text\":\"");
  AppendEscaped(post.text, false, out);
  absl::StrAppend(out, "\",\"lang\":\"", LanguageTag(post.language), "\",\"author_id\":\"", post.author,
                  "\",\"author\":\"person", post.author, "\",\"followers\":", post.followers, ",\"kind\":\"",
                  post.repost ? "repost" : "original", "\"");
  if (post.repost) absl::StrAppend(out, ",\"reference_id\":\"m", post.root, "\"");
  out->push_back('}');
}

void Malform(uint8_t kind, std::string* record) {
  const auto replace = [record](std::string_view from, std::string_view to) {
    if (const size_t at = record->find(from); at != std::string::npos) record->replace(at, from.size(), to);
  };
  switch (kind) {
    case 1:
      record->resize(record->size() / 2);
      break;
    case 2:
      replace("\"text\":\"", "\"text\":\"\xC3\x28");
      break;
    case 3:
      replace("\"id\":", "\"ix\":");
      replace("\"id_str\":", "\"ix_str\":");
      break;
    case 4:
      replace("\"text\":\"", "\"text\":17,\"was\":\"");
      break;
    case 5:
      replace("\"time\":\"", "\"time\":\"1861-01-01T00:00:00Z\",\"was\":\"");
      replace("\"timestamp_ms\":\"", "\"timestamp_ms\":\"86400000\",\"was\":\"");
      break;
    default:
      *record = "<html>504 Gateway Time-out</html>";
      break;
  }
}

}  // namespace tocsin
