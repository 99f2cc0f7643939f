// Bluesky's posts as Jetstream delivers them: commits of app.bsky.feed.post. What others repost is written as a post
// that embeds the original, since a repost of Bluesky has no text.
#include "app/generate/network_posts.h"

namespace tocsin {
namespace {

// Content ids differ for every post; they are no hashes of it.
void AppendCid(uint64_t number, RecordBuffer* out) {
  constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
  out->Raw("bafyreidtocsinfirehosesyntheticcontentidentifieraaaa");
  for (int shift = 60; shift >= 0; shift -= 5) out->Raw(kBase32[number >> shift & 31U]);
}

}  // namespace

// "did:plc:" and 24 characters, of which the last tell the author.
void AppendBlueskyDid(uint64_t author, RecordBuffer* out) {
  constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
  out->Raw("did:plc:tocsinfirehose");
  for (int shift = 45; shift >= 0; shift -= 5) out->Raw(kBase32[author >> shift & 31U]);
}

void WriteBluesky(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"did\":\"");
  AppendBlueskyDid(post.author, &out);
  out.Raw("\",\"time_us\":");
  out.Number(post.event_time_ms * 1'000);
  out.Raw(",\"kind\":\"commit\",\"commit\":{\"rev\":\"");
  AppendPostId(PostShape::kBluesky, post.number + 1, &out);
  out.Raw("\",\"operation\":\"create\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"");
  AppendPostId(PostShape::kBluesky, post.number, &out);
  out.Raw("\",\"record\":{\"$type\":\"app.bsky.feed.post\",\"createdAt\":\"");
  WriteInstant(post.event_time_ms, writing);
  out.Raw('"');
  if (post.root != 0) {
    out.Raw(",\"embed\":{\"$type\":\"app.bsky.embed.record\",\"record\":{\"cid\":\"");
    AppendCid(post.root, &out);
    out.Raw("\",\"uri\":\"at://");
    AppendBlueskyDid(7, &out);
    out.Raw("/app.bsky.feed.post/");
    AppendPostId(PostShape::kBluesky, post.root, &out);
    out.Raw("\"}}");
  }
  if (post.has_hashtag()) {
    out.Raw(",\"facets\":[{\"features\":[{\"$type\":\"app.bsky.richtext.facet#tag\",\"tag\":\"");
    out.Raw(post.mention.substr(1));
    out.Raw("\"}],\"index\":{\"byteEnd\":8,\"byteStart\":0}}]");
  }
  out.Raw(",\"langs\":[\"");
  out.Raw(LanguageTag(post.language));
  out.Raw("\"],\"text\":\"");
  out.Escaped(post.text);
  out.Raw("\"},\"cid\":\"");
  AppendCid(post.number, &out);
  out.Raw("\"}}");
}

}  // namespace tocsin
