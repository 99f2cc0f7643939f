#include "tests/operators/parse/naive_parser.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "operators/parse/event_time.h"
#include "operators/parse/post_parser.h"
#include "tests/operators/parse/naive_json.h"
#include "tests/operators/parse/naive_path.h"

namespace tocsin {
namespace {

std::optional<std::string> AsDigits(const Tree& tree) {
  if (tree.type == Tree::Type::kNumber || tree.type == Tree::Type::kString) return tree.text;
  return std::nullopt;
}

std::optional<int64_t> AsTime(const Tree& tree) {
  const std::optional<std::string> digits = AsDigits(tree);
  return digits.has_value() ? ParseEventTime(*digits) : std::nullopt;
}

std::string First(const std::vector<Tree>& candidates, std::optional<std::string> (*read)(const Tree&)) {
  for (const Tree& candidate : candidates) {
    if (const auto value = read(candidate)) return *value;
  }
  return "";
}

// The value at a plain pointer, if there is one.
std::vector<Tree> ValuesAt(const Tree& root, const std::string& pointer) {
  return Candidates(root, {{PostField::kText, {pointer}}}, PostField::kText);
}

void FillKind(const Tree& root, const FieldPointers& fields, NaivePost* post) {
  const std::string reference = First(Candidates(root, fields, PostField::kReferenceId), AsIdentifier);
  for (const Tree& candidate : Candidates(root, fields, PostField::kKind)) {
    const std::string name = AsString(candidate).value_or("");
    const bool repost =
        name == "repost" || name == "retweet" || name == "retweeted" || name == "reblog" || name == "share";
    const bool reply = name == "reply" || name == "replied_to" || name == "comment";
    const bool quote = name == "quote" || name == "quoted";
    if (!repost && !reply && !quote && name != "original") continue;
    post->kind = repost ? PostKind::kRepost : reply ? PostKind::kReply : quote ? PostKind::kQuote : PostKind::kOriginal;
    post->reference_id = reference;
    return;
  }
  const std::pair<PostField, PostKind> kWays[] = {{PostField::kRepostOf, PostKind::kRepost},
                                                  {PostField::kReplyTo, PostKind::kReply},
                                                  {PostField::kQuoteOf, PostKind::kQuote}};
  for (const auto& [field, kind] : kWays) {
    bool refers = false;
    for (const Tree& candidate : Candidates(root, fields, field)) {
      const std::string id = AsIdentifier(candidate).value_or("");
      refers |= !id.empty() || candidate.type == Tree::Type::kObject || candidate.truth;
      if (post->reference_id.empty()) post->reference_id = id;
    }
    if (!refers) continue;
    post->kind = kind;
    break;
  }
  if (post->reference_id.empty()) post->reference_id = reference;
}

void FillOptional(const Tree& root, const FieldPointers& fields, NaivePost* post) {
  const auto candidates = [&](PostField field) { return Candidates(root, fields, field); };
  const std::string network = First(candidates(PostField::kNetwork), AsString);
  if (!network.empty()) post->network = NetworkFromName(network);
  post->language = First(candidates(PostField::kLanguage), AsString);
  post->author_id = First(candidates(PostField::kAuthorId), AsIdentifier);
  post->author_handle = absl::StripPrefix(First(candidates(PostField::kAuthorHandle), AsString), "@");
  for (const Tree& candidate : candidates(PostField::kFollowers)) {
    int64_t count = 0;
    const std::string digits = AsDigits(candidate).value_or("");
    if (digits.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(digits, &count)) continue;
    post->followers = count;
    break;
  }
  for (const Tree& candidate : candidates(PostField::kVerified)) {
    if (candidate.type != Tree::Type::kBool) continue;
    post->verified = candidate.truth;
    break;
  }
  for (const Tree& candidate : candidates(PostField::kAccountCreated)) {
    if (const auto time = AsTime(candidate)) {
      post->account_created_ms = *time;
      break;
    }
  }
  for (const Tree& candidate : candidates(PostField::kRating)) {
    double stars = 0;
    const std::string digits = AsDigits(candidate).value_or("");
    if (digits.find_first_not_of("0123456789.") != std::string::npos || !absl::SimpleAtod(digits, &stars)) continue;
    const double rounded = std::floor(stars + 0.5);
    if (!(rounded >= 1 && rounded <= 5)) continue;
    post->rating = static_cast<int32_t>(rounded);
    break;
  }
  FillKind(root, fields, post);
  post->hashtags = ListOf(root, fields, PostField::kHashtags, post->text);
  post->handles = ListOf(root, fields, PostField::kHandles, post->text);
  post->urls = ListOf(root, fields, PostField::kUrls, post->text);
}

}  // namespace

NaivePost Own(const Post& post) {
  NaivePost own = {.id = std::string(post.id),
                   .network = post.network,
                   .event_time_ms = post.event_time_ms,
                   .text = std::string(post.text),
                   .language = std::string(post.language),
                   .author_id = std::string(post.author_id),
                   .author_handle = std::string(post.author_handle),
                   .followers = post.followers,
                   .verified = post.verified,
                   .account_created_ms = post.account_created_ms,
                   .kind = post.kind,
                   .reference_id = std::string(post.reference_id),
                   .hashtags = {post.hashtags.begin(), post.hashtags.end()},
                   .handles = {post.handles.begin(), post.handles.end()},
                   .urls = {post.urls.begin(), post.urls.end()},
                   .rating = post.rating};
  return own;
}

std::string Describe(const NaivePost& post) {
  return absl::StrCat(
      "id=", post.id, " network=", NetworkName(post.network), " time=", post.event_time_ms, " text=", post.text,
      " language=", post.language, " author=", post.author_id, "/", post.author_handle, " followers=", post.followers,
      " verified=", post.verified, " created=", post.account_created_ms, " kind=", static_cast<int>(post.kind),
      " reference=", post.reference_id, " hashtags=", absl::StrJoin(post.hashtags, ","),
      " handles=", absl::StrJoin(post.handles, ","), " urls=", absl::StrJoin(post.urls, ","), " rating=", post.rating);
}

DropReason NaiveParse(std::string_view record, const MappingSpec& spec, int64_t append_time_ms, NaivePost* post) {
  *post = {};
  if (record.empty()) return DropReason::kEmpty;
  std::optional<Tree> outer = ParseTree(record);
  if (!outer.has_value() || outer->type != Tree::Type::kObject) return DropReason::kNotJson;
  const auto is_sound = [&](int64_t time) {
    return time >= kEarliestEventMs && time < kLatestEventMs &&
           !(append_time_ms >= 0 && time > append_time_ms + kMaxAheadMs);
  };
  for (const PostCondition& condition : spec.conditions) {
    const std::string value = First(ValuesAt(*outer, condition.pointer), AsString);
    if (ValuesAt(*outer, condition.pointer).empty() || value == condition.value) continue;
    if (ValuesAt(*outer, condition.pointer).front().type != Tree::Type::kString) continue;
    const auto times = Candidates(*outer, spec.fields, PostField::kEventTime);
    const auto time = times.empty() ? std::nullopt : AsTime(times.front());
    post->event_time_ms = time.has_value() && is_sound(*time) ? *time : kUnknownTime;
    return DropReason::kNotAPost;
  }
  if (!spec.envelope.empty()) {
    const std::vector<Tree> payloads = ValuesAt(*outer, spec.envelope);
    if (!payloads.empty() && payloads.front().type == Tree::Type::kString) {
      const std::string payload = payloads.front().text;
      if (payload.find_first_not_of(" \n\r\t") == std::string::npos) return DropReason::kEmpty;
      outer = ParseTree(payload);
      if (!outer.has_value() || outer->type != Tree::Type::kObject) return DropReason::kNotJson;
    }
  }
  const Tree& root = *outer;
  const FieldPointers& fields = spec.fields;
  post->network = spec.network;

  const auto ids = Candidates(root, fields, PostField::kId);
  if (ids.empty()) return DropReason::kMissingField;
  const auto id = AsIdentifier(ids.front());
  if (!id.has_value()) return DropReason::kWrongType;
  if (id->empty()) return DropReason::kMissingField;
  post->id = *id;

  const auto times = Candidates(root, fields, PostField::kEventTime);
  if (times.empty()) return DropReason::kMissingField;
  const auto time = AsTime(times.front());
  if (!time.has_value()) return DropReason::kWrongType;
  if (!is_sound(*time)) return DropReason::kAbsurdTime;
  post->event_time_ms = *time;

  const auto texts = Candidates(root, fields, PostField::kText);
  if (texts.empty()) return DropReason::kMissingField;
  const auto text = AsString(texts.front());
  if (!text.has_value()) return DropReason::kWrongType;
  post->text = *text;
  FillOptional(root, fields, post);
  return DropReason::kNone;
}

}  // namespace tocsin
