// Records that are one level of fields: the generic form, and reviews as Yelp's data set has them.
#include "app/generate/network_posts.h"

namespace tocsin {

void WriteGeneric(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"id\":\"");
  AppendPostId(PostShape::kGeneric, post.number, &out);
  out.Raw("\",\"network\":\"forum\",\"time\":\"");
  WriteInstant(post.event_time_ms, writing);
  out.Raw("\",\"text\":\"");
  out.Escaped(post.text);
  out.Raw("\",\"lang\":\"");
  out.Raw(LanguageTag(post.language));
  out.Raw("\",\"author_id\":\"");
  out.Number(post.author);
  out.Raw("\",\"author\":\"person");
  out.Number(post.author);
  out.Raw("\",\"followers\":");
  out.Number(post.followers);
  out.Raw(",\"account_created\":\"");
  out.Raw(post.account_created);
  if (post.root == 0) {
    out.Raw("Z\",\"kind\":\"original\"}");
    return;
  }
  out.Raw("Z\",\"kind\":\"repost\",\"reference_id\":\"");
  AppendPostId(PostShape::kGeneric, post.root, &out);
  out.Raw("\"}");
}

void WriteReview(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"review_id\":\"");
  AppendPostId(PostShape::kReview, post.number, &out);
  out.Raw("\",\"user_id\":\"u");
  out.Number(post.author);
  out.Raw("\",\"business_id\":\"b17\",\"stars\":");
  out.Number(post.stars);
  out.Raw(".0,\"useful\":0,\"funny\":0,\"cool\":0,\"text\":\"");
  out.Escaped(post.text);
  out.Raw("\",\"date\":\"");
  out.Raw(writing->times.Plain(post.event_time_ms));
  out.Raw("\"}");
}

}  // namespace tocsin
