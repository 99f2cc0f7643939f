#include "app/generate/network_posts.h"

#include <array>

namespace tocsin {
namespace {

constexpr uint64_t kTwitterBase = 1'790'000'000'000'000'000;
constexpr uint64_t kMastodonBase = 112'000'000'000'000'000;
constexpr uint64_t kBlueskyBase = uint64_t{3} << 59;  // of 64 bits, as record keys of these years begin

template <size_t Length>
void AppendDigits(uint64_t value, std::string_view digits, RecordBuffer* out) {
  std::array<char, Length> text;
  for (size_t i = Length; i-- > 0; value /= digits.size()) text[i] = digits[value % digits.size()];
  out->Raw(std::string_view(text.data(), text.size()));
}

}  // namespace

void AppendPostId(PostShape shape, uint64_t number, RecordBuffer* out) {
  constexpr std::string_view kBase32Sortable = "234567abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kBase36 = "0123456789abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  switch (shape) {
    case PostShape::kTwitterV1:
    case PostShape::kTwitterV2:
      return out->Number(kTwitterBase + number);
    case PostShape::kBluesky:
      return AppendDigits<13>(kBlueskyBase + number, kBase32Sortable, out);
    case PostShape::kMastodon:
      return out->Number(kMastodonBase + number);
    case PostShape::kReddit:
      out->Raw('l');
      return AppendDigits<8>(number, kBase36, out);
    case PostShape::kReview:
      AppendDigits<11>(number * 0x9E3779B97F4A7C15ULL, kBase64Url, out);  // odd, so no two numbers give the same
      return AppendDigits<11>(number, kBase64Url, out);
    case PostShape::kGeneric:
      out->Raw('m');
      return out->Number(number);
  }
}

void AppendRecordId(PostShape shape, const PlannedPost& post, RecordBuffer* out) {
  if (shape == PostShape::kBluesky) {
    out->Raw("at://");
    AppendBlueskyDid(post.author, out);
    out->Raw("/app.bsky.feed.post/");
  } else if (shape == PostShape::kReddit) {
    out->Raw(IsRedditSubmission(post.number, post.root) ? std::string_view("t3_") : std::string_view("t1_"));
  }
  AppendPostId(shape, post.number, out);
}

void WriteInstant(int64_t ms, RecordWriting* writing) {
  writing->out.Raw(writing->times.Rfc3339(ms));
  writing->out.Raw('.');
  writing->out.ThreeDigits(static_cast<uint32_t>(ms % 1'000));
  writing->out.Raw('Z');
}

void WritePost(PostShape shape, const PostFields& post, RecordWriting* writing) {
  switch (shape) {
    case PostShape::kTwitterV1:
      return WriteTwitterV1(post, writing);
    case PostShape::kTwitterV2:
      return WriteTwitterV2(post, writing);
    case PostShape::kBluesky:
      return WriteBluesky(post, writing);
    case PostShape::kMastodon:
      return WriteMastodon(post, writing);
    case PostShape::kReddit:
      return WriteReddit(post, writing);
    case PostShape::kReview:
      return WriteReview(post, writing);
    case PostShape::kGeneric:
      return WriteGeneric(post, writing);
  }
}

}  // namespace tocsin
