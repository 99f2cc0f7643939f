// Mastodon's statuses as its streaming API sends them: the text is HTML, a boost has the original inside.
#include "app/generate/network_posts.h"

namespace tocsin {
namespace {

void WriteMentionHtml(std::string_view mention, RecordBuffer* out) {
  const std::string_view name = mention.substr(1);
  if (mention[0] == '@') {
    out->Raw("<span class=\\\"h-card\\\" translate=\\\"no\\\"><a href=\\\"https://social.example/@");
    out->Raw(name);
    out->Raw("\\\" class=\\\"u-url mention\\\">@<span>");
  } else {
    out->Raw("<a href=\\\"https://social.example/tags/");
    out->Raw(name);
    out->Raw("\\\" class=\\\"mention hashtag\\\" rel=\\\"tag\\\">#<span>");
  }
  out->Raw(name);
  out->Raw(mention[0] == '@' ? std::string_view("</span></a></span>") : std::string_view("</span></a>"));
}

void WriteContent(const PostFields& post, RecordBuffer* out) {
  const std::string_view text = post.text;
  out->Raw("\"content\":\"<p>");
  const size_t at = post.has_handle() || post.has_hashtag() ? text.find(post.mention) : std::string_view::npos;
  if (at == std::string_view::npos) {
    out->EscapedHtml(text);
  } else {
    out->EscapedHtml(text.substr(0, at));
    WriteMentionHtml(post.mention, out);
    out->EscapedHtml(text.substr(at + post.mention.size()));
  }
  out->Raw("</p>\"");
}

void WriteLists(const PostFields& post, RecordBuffer* out) {
  out->Raw(",\"media_attachments\":[],\"mentions\":[");
  if (post.has_handle()) {
    out->Raw("{\"id\":\"12\",\"username\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"url\":\"https://social.example/@");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"acct\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\"}");
  }
  out->Raw("],\"tags\":[");
  if (post.has_hashtag()) {
    out->Raw("{\"name\":\"");
    out->Raw(post.mention.substr(1));
    out->Raw("\",\"url\":\"https://social.example/tags/");
    out->Raw(post.mention.substr(1));
    out->Raw("\"}");
  }
  out->Raw("],\"emojis\":[],\"card\":null,\"poll\":null");
}

void WriteAccount(uint64_t author, int64_t followers, std::string_view created, RecordBuffer* out) {
  out->Raw(",\"account\":{\"id\":\"");
  out->Number(author + 1'000);
  out->Raw("\",\"username\":\"person");
  out->Number(author);
  out->Raw("\",\"acct\":\"person");
  out->Number(author);
  out->Raw("@social.example\",\"display_name\":\"Person ");
  out->Number(author);
  out->Raw("\",\"locked\":false,\"bot\":false,\"created_at\":\"");
  out->Raw(created);
  out->Raw(".000Z\",\"note\":\"<p></p>\",\"followers_count\":");
  out->Number(followers);
  out->Raw(",\"following_count\":312,\"statuses_count\":4711,\"emojis\":[],\"fields\":[]}");
}

void WriteHead(uint64_t number, int64_t time_ms, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("{\"id\":\"");
  AppendPostId(PostShape::kMastodon, number, &out);
  out.Raw("\",\"created_at\":\"");
  WriteInstant(time_ms, writing);
  out.Raw(
      "\",\"in_reply_to_id\":null,\"in_reply_to_account_id\":null,\"sensitive\":false,\"spoiler_text\":\"\","
      "\"visibility\":\"public\",");
}

void WriteOriginal(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  out.Raw("\"reblog\":");
  WriteHead(post.root, post.event_time_ms, writing);
  out.Raw("\"language\":\"");
  out.Raw(LanguageTag(post.language));
  out.Raw("\",");
  WriteContent(post, &out);
  out.Raw(",\"reblog\":null");
  WriteAccount(7, 2'048, "2017-04-05T10:00:00", &out);
  WriteLists(post, &out);
  out.Raw("},");
}

}  // namespace

void WriteMastodon(const PostFields& post, RecordWriting* writing) {
  RecordBuffer& out = writing->out;
  WriteHead(post.number, post.event_time_ms, writing);
  out.Raw("\"language\":\"");
  out.Raw(LanguageTag(post.language));
  out.Raw("\",\"uri\":\"https://social.example/statuses/");
  AppendPostId(PostShape::kMastodon, post.number, &out);
  out.Raw("\",\"replies_count\":0,\"reblogs_count\":0,\"favourites_count\":0,\"edited_at\":null,");
  if (post.root != 0) {
    WriteOriginal(post, writing);
  } else {
    out.Raw("\"reblog\":null,");
  }
  WriteContent(post, &out);
  WriteAccount(post.author, post.followers, post.account_created, &out);
  WriteLists(post, &out);
  out.Raw('}');
}

}  // namespace tocsin
