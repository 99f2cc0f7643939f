// Reddit's comments and submissions as its API lists them, without the envelope, '&', '<' and '>' as entities. Reddit
// says neither language nor followers. Every fourth post is a submission, and so is what others repost: a crosspost.
#include "app/generate/network_posts.h"

namespace tocsin {
namespace {

void WriteAuthor(const PostFields& post, RecordBuffer* out) {
  out->Raw("\"author\":\"person");
  out->Number(post.author);
  out->Raw("\",\"author_fullname\":\"t2_p");
  out->Number(post.author);
  out->Raw("\",\"created_utc\":");
  out->Number(post.event_time_ms / 1'000);
  out->Raw(".0,\"subreddit\":\"news\",\"subreddit_id\":\"t5_2qh3l\",\"score\":1,\"gilded\":0,\"distinguished\":null,");
}

}  // namespace

bool IsRedditSubmission(uint64_t number, uint64_t root) {
  constexpr uint64_t kSubmissionEvery = 4;
  return root != 0 || number % kSubmissionEvery == 0;
}

void WriteReddit(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  const bool is_submission = IsRedditSubmission(post.number, post.root);
  out.Raw("{\"id\":\"");
  AppendPostId(PostShape::kReddit, post.number, &out);
  out.Raw(is_submission ? std::string_view("\",\"name\":\"t3_") : std::string_view("\",\"name\":\"t1_"));
  AppendPostId(PostShape::kReddit, post.number, &out);
  out.Raw("\",");
  WriteAuthor(post, &out);
  if (post.root != 0) {
    out.Raw("\"crosspost_parent\":\"t3_");
    AppendPostId(PostShape::kReddit, post.root, &out);
    out.Raw("\",");
  }
  if (is_submission) {
    out.Raw("\"is_self\":true,\"num_comments\":0,\"over_18\":false,\"selftext\":\"\",\"title\":\"");
  } else {
    out.Raw("\"link_id\":\"t3_1abcde\",\"parent_id\":\"t3_1abcde\",\"controversiality\":0,\"body\":\"");
  }
  out.EscapedHtml(post.text);
  out.Raw("\",\"permalink\":\"/r/news/comments/1abcde/_/");
  AppendPostId(PostShape::kReddit, post.number, &out);
  out.Raw("/\"}");
}

}  // namespace tocsin
