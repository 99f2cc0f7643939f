#include "operators/parse/post_parser.h"

#include <charconv>
#include <cmath>
#include <new>
#include <system_error>
#include <utility>

#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

constexpr size_t kSchemaPrefixBytes = 5;

std::string_view WithoutSigil(std::string_view name, char sigil) {
  if (!name.empty() && name.front() == sigil) name.remove_prefix(1);
  return name;
}

bool IsAbsent(JsonToken token) { return token.type() == JsonType::kNull; }

bool IsSound(int64_t event_time_ms, int64_t append_time_ms) {
  const bool ahead = append_time_ms >= 0 && event_time_ms > append_time_ms + kMaxAheadMs;
  return event_time_ms >= kEarliestEventMs && event_time_ms < kLatestEventMs && !ahead;
}

std::optional<PostKind> KindFromName(std::string_view name) {
  struct Row {
    std::string_view name;
    PostKind kind;
  };
  static constexpr Row kRows[] = {
      {"original", PostKind::kOriginal}, {"repost", PostKind::kRepost},    {"retweeted", PostKind::kRepost},
      {"retweet", PostKind::kRepost},    {"reblog", PostKind::kRepost},    {"share", PostKind::kRepost},
      {"reply", PostKind::kReply},       {"replied_to", PostKind::kReply}, {"comment", PostKind::kReply},
      {"quote", PostKind::kQuote},       {"quoted", PostKind::kQuote},
  };
  for (const Row& row : kRows) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

// Stars are rounded half up; 0 if they are not from 1 to 5.
int32_t ReadRating(std::string_view digits) {
  if (digits.find_first_not_of("0123456789.") != std::string_view::npos) return 0;
  double stars = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), stars);
  if (error != std::errc() || stop != digits.data() + digits.size() || !(stars >= 0.5 && stars < 5.5)) return 0;
  return static_cast<int32_t>(std::floor(stars + 0.5));
}

}  // namespace

PostParser::PostParser(std::shared_ptr<const Mapping> mapping, const PostParserOptions& options)
    : mapping_(std::move(mapping)), options_(options) {}

DropReason PostParser::Parse(std::string_view record, size_t readable_padding, int64_t append_time_ms, Post* post) {
  culprit_ = {};
  if (options_.schema_registry_prefix && record.size() >= kSchemaPrefixBytes && record.front() == '\0') {
    record.remove_prefix(kSchemaPrefixBytes);
  }
  if (record.empty()) return DropReason::kEmpty;
  if (record.size() > options_.max_record_bytes) return DropReason::kTooLarge;
  DropReason reason = index_.Build(record, readable_padding);
  if (reason != DropReason::kNone) return reason;
  reason = scan_.Run(index_, *mapping_, options_.max_depth);
  if (reason != DropReason::kNone) return reason;

  ResetScratch(record.size());
  malformed_ = false;
  ::new (post) Post;  // in place, and without zeroing it first, as Post() would: `rep stos` takes long to begin
  if (mapping_->has_preliminaries()) {
    reason = Preliminaries(append_time_ms, post);
    if (reason != DropReason::kNone) return reason;
  }
  post->network = mapping_->network();
  reason = Required(append_time_ms, post);
  if (reason == DropReason::kNone) Optional(post);
  if (!malformed_) return reason;
  culprit_ = {};
  return DropReason::kNotJson;
}

void PostParser::ResetScratch(size_t record_bytes) {
  const size_t needed = record_bytes * mapping_->max_uses() + mapping_->literal_bytes();
  scratch_used_ = 0;
  if (scratch_.size() < needed) scratch_.resize(needed);
  if (mapping_->has_selectors()) elements_.fill(kUnresolved);
}

DropReason PostParser::Preliminaries(int64_t append_time_ms, Post* post) {
  for (const Mapping::Condition& condition : mapping_->conditions()) {
    if (!scan_.has(condition.slot)) continue;
    const OptionalText value = String(TokenAt(scan_.position(condition.slot)));
    if (!value.has_value() || *value == condition.value) continue;
    const int64_t time_ms = Time(FirstOf(PostField::kEventTime));
    post->event_time_ms = IsSound(time_ms, append_time_ms) ? time_ms : kUnknownTime;
    return malformed_ ? DropReason::kNotJson : DropReason::kNotAPost;
  }
  if (malformed_) return DropReason::kNotJson;
  const uint8_t envelope = mapping_->envelope();
  return envelope != Mapping::kNoSlot && scan_.has(envelope) ? Unwrap() : DropReason::kNone;
}

// REQUIRES: something stands where the mapping's envelope is.
DropReason PostParser::Unwrap() {
  const JsonToken token = TokenAt(scan_.position(mapping_->envelope()));
  if (token.type() != JsonType::kString) return DropReason::kNone;
  if (unwrapped_.size() < token.text().size() + JsonIndex::kPadding) {
    unwrapped_.resize(token.text().size() + JsonIndex::kPadding);
  }
  const OptionalText record = Unescape(token.text(), unwrapped_.data());
  if (!record.has_value()) return DropReason::kNotJson;
  if (record->empty()) return DropReason::kEmpty;
  DropReason reason = index_.Build(*record, JsonIndex::kPadding);
  if (reason == DropReason::kNone) reason = scan_.Run(index_, *mapping_, options_.max_depth);
  ResetScratch(record->size());
  return reason;
}

inline JsonToken PostParser::Find(const Mapping::Alternative& alternative) {
  if (alternative.recipe != Mapping::kNoRecipe) [[unlikely]] {
    JsonToken composed(JsonType::kNull);
    return Compose(mapping_->recipe(alternative.recipe), &composed) ? composed : JsonToken(JsonType::kNull);
  }
  return scan_.has(alternative.slot) ? TokenAt(scan_.position(alternative.slot)) : JsonToken(JsonType::kNull);
}

template <typename Read>
void PostParser::FirstUsable(PostField field, Read read) {
  if ((scan_.present() & mapping_->slots(field)) == 0) return;
  for (const Mapping::Alternative& alternative : mapping_->alternatives(field)) {
    const JsonToken token = Find(alternative);
    if (!IsAbsent(token) && read(token)) return;
  }
}

JsonToken PostParser::FirstOf(PostField field) {
  JsonToken first(JsonType::kNull);
  FirstUsable(field, [&first](JsonToken token) {
    first = token;
    return true;
  });
  return first;
}

OptionalText PostParser::WithoutEscapes(std::string_view raw) {
  const OptionalText plain = Unescape(raw, scratch_.data() + scratch_used_);
  if (plain.has_value()) {
    scratch_used_ += plain->size();
  } else {
    malformed_ = true;
  }
  return plain;
}

// Numbers stand for their digits: an id is a name, not a quantity.
OptionalText PostParser::Identifier(JsonToken token) {
  if (token.type() != JsonType::kNumber) return String(token);
  if (token.text().find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return token.text();
}

// What a number or a string of digits says; empty for anything else.
std::string_view PostParser::Digits(JsonToken token) {
  return token.type() == JsonType::kNumber ? token.text() : String(token).value_or_empty();
}

int64_t PostParser::Time(JsonToken token) { return ReadEventTime(Digits(token)); }

DropReason PostParser::Blame(DropReason reason, PostField field) {
  culprit_ = PostFieldName(field);
  return reason;
}

DropReason PostParser::Required(int64_t append_time_ms, Post* post) {
  const JsonToken id_token = FirstOf(PostField::kId);
  if (IsAbsent(id_token)) return Blame(DropReason::kMissingField, PostField::kId);
  const OptionalText id = Identifier(id_token);
  if (!id.has_value()) return Blame(DropReason::kWrongType, PostField::kId);
  if (id->empty()) return Blame(DropReason::kMissingField, PostField::kId);
  post->id = *id;

  const JsonToken time_token = FirstOf(PostField::kEventTime);
  if (IsAbsent(time_token)) return Blame(DropReason::kMissingField, PostField::kEventTime);
  const int64_t time_ms = Time(time_token);
  if (time_ms == kUnknownTime) return Blame(DropReason::kWrongType, PostField::kEventTime);
  if (!IsSound(time_ms, append_time_ms)) return Blame(DropReason::kAbsurdTime, PostField::kEventTime);
  post->event_time_ms = time_ms;

  const JsonToken text_token = FirstOf(PostField::kText);
  if (IsAbsent(text_token)) return Blame(DropReason::kMissingField, PostField::kText);
  const OptionalText text = String(text_token);
  if (!text.has_value()) return Blame(DropReason::kWrongType, PostField::kText);
  post->text = *text;
  return DropReason::kNone;
}

void PostParser::FirstString(PostField field, std::string_view* text) {
  FirstUsable(field, [&](JsonToken token) {
    const OptionalText value = String(token);
    if (value.has_value()) *text = *value;
    return value.has_value();
  });
}

void PostParser::FirstIdentifier(PostField field, std::string_view* id) {
  FirstUsable(field, [&](JsonToken token) {
    const OptionalText value = Identifier(token);
    if (value.has_value()) *id = *value;
    return value.has_value();
  });
}

std::string_view PostParser::FirstNamedId(PostField field) {
  std::string_view id;
  FirstUsable(field, [&](JsonToken token) {
    id = Identifier(token).value_or_empty();
    return !id.empty();
  });
  return id;
}

void PostParser::Optional(Post* post) {
  FirstUsable(PostField::kNetwork, [&](JsonToken token) {
    const std::string_view name = String(token).value_or_empty();
    if (!name.empty()) post->network = NetworkFromName(name);
    return token.type() == JsonType::kString;
  });
  FirstString(PostField::kLanguage, &post->language);
  FirstIdentifier(PostField::kAuthorId, &post->author_id);
  FirstString(PostField::kAuthorHandle, &post->author_handle);
  post->author_handle = WithoutSigil(post->author_handle, '@');
  FirstUsable(PostField::kFollowers, [&](JsonToken token) {
    const std::optional<int64_t> count = ReadWhole(Digits(token));
    if (!count.has_value() || *count < 0) return false;
    post->followers = *count;
    return true;
  });
  FirstUsable(PostField::kVerified, [&](JsonToken token) {
    malformed_ |= token.type() == JsonType::kInvalid;
    post->verified = token.type() == JsonType::kTrue;
    return token.type() == JsonType::kTrue || token.type() == JsonType::kFalse;
  });
  FirstUsable(PostField::kAccountCreated, [&](JsonToken token) {
    post->account_created_ms = Time(token);
    return post->account_created_ms != kUnknownTime;
  });
  FirstUsable(PostField::kRating, [&](JsonToken token) {
    post->rating = ReadRating(Digits(token));
    return post->rating != 0;
  });
  Kind(post);
  List(PostField::kHashtags, post->text, &hashtags_);
  List(PostField::kHandles, post->text, &handles_);
  List(PostField::kUrls, post->text, &urls_);
  post->hashtags = hashtags_;
  post->handles = handles_;
  post->urls = urls_;
}

// Whether the post refers to another in the way of `field`. An id is taken as the reference; an object or `true` says
// that there is one without naming it.
bool PostParser::Reference(PostField field, Post* post) {
  bool refers = false;
  FirstUsable(field, [&](JsonToken token) {
    refers |= token.type() == JsonType::kObject || token.type() == JsonType::kTrue;
    const OptionalText id = Identifier(token);
    if (!id.has_value() || id->empty()) return false;
    post->reference_id = *id;
    refers = true;
    return true;
  });
  return refers;
}

void PostParser::Kind(Post* post) {
  std::optional<PostKind> named;
  FirstUsable(PostField::kKind, [&](JsonToken token) {
    named = KindFromName(String(token).value_or_empty());
    return named.has_value();
  });
  if (named.has_value()) {
    post->kind = *named;
  } else if (Reference(PostField::kRepostOf, post)) {
    post->kind = PostKind::kRepost;
  } else if (Reference(PostField::kReplyTo, post)) {
    post->kind = PostKind::kReply;
  } else if (Reference(PostField::kQuoteOf, post)) {
    post->kind = PostKind::kQuote;
  }
  if (post->reference_id.empty()) FirstIdentifier(PostField::kReferenceId, &post->reference_id);
}

void PostParser::ListEntry(uint32_t position, char sigil, std::vector<std::string_view>* list) {
  const OptionalText text = String(TokenAt(position));
  if (!text.has_value()) return;
  const std::string_view entry = sigil == 0 ? *text : WithoutSigil(*text, sigil);
  if (!entry.empty() && list->size() < kMaxListed) list->push_back(entry);
}

void PostParser::List(PostField field, std::string_view text, std::vector<std::string_view>* list) {
  list->clear();
  const char sigil = field == PostField::kHashtags ? '#' : field == PostField::kHandles ? '@' : '\0';
  if ((scan_.present() & mapping_->slots(field)) == 0) return;
  for (const Mapping::Alternative& alternative : mapping_->alternatives(field)) {
    if (alternative.recipe != Mapping::kNoRecipe) {
      if (ComposeList(mapping_->recipe(alternative.recipe), text, sigil, list)) return;
      continue;
    }
    if (!scan_.has(alternative.slot)) continue;
    const uint32_t position = scan_.position(alternative.slot);
    const JsonToken token = TokenAt(position);
    malformed_ |= token.type() == JsonType::kInvalid;
    if (token.type() == JsonType::kString) {
      ListEntry(position, sigil, list);
      return;
    }
    if (token.type() != JsonType::kArray) continue;
    for (const RecordScan::Entry& entry : scan_.entries()) {
      if (entry.slot == alternative.entries) ListEntry(entry.position, sigil, list);
    }
    return;
  }
}

}  // namespace tocsin
