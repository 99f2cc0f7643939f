#include "operators/ingest/ingest_chain.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/ascii.h"
#include "operators/match/mentions_partition.h"
#include "operators/match/type_lexicon.h"
#include "operators/mention/sample_bounds.h"

namespace tocsin {
namespace {

constexpr int64_t kNewAccountMs = 30LL * 24 * 3'600'000;
// About what a row becomes in a block, without its sample.
constexpr size_t kRowBytes = 64;

uint16_t LanguageCode(std::string_view tag) {
  if (tag.size() < 2 || (tag.size() > 2 && tag[2] != '-' && tag[2] != '_')) return 0;
  const char first = absl::ascii_tolower(static_cast<unsigned char>(tag[0]));
  const char second = absl::ascii_tolower(static_cast<unsigned char>(tag[1]));
  if (!absl::ascii_isalpha(static_cast<unsigned char>(first)) ||
      !absl::ascii_isalpha(static_cast<unsigned char>(second))) {
    return 0;
  }
  return static_cast<uint16_t>((static_cast<uint16_t>(first) << 8) | static_cast<uint16_t>(second));
}

uint64_t NetworkHash(Network network, std::string_view id, uint64_t seed) {
  return Hash64(id, seed ^ (static_cast<uint64_t>(network) << 56));
}

// Folded hashtags, each once: records list those of the text a second time.
void AppendHashtags(const Tokenizer& tokenizer, std::vector<std::string_view>* seen, std::string* out) {
  seen->clear();
  for (const Token& token : tokenizer.tokens()) {
    if (token.kind != TokenKind::kHashtag) continue;
    const std::string_view hashtag = tokenizer.Folded(token);
    if (std::find(seen->begin(), seen->end(), hashtag) != seen->end()) continue;
    seen->push_back(hashtag);
    if (!out->empty()) out->push_back(' ');
    out->append(hashtag);
  }
}

// Blanks out what identifies people: handles, URLs and digits.
void MaskInto(std::string_view text, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size();) {
    const bool handle = text[i] == '@';
    const bool url = text.substr(i, 7) == "http://" || text.substr(i, 8) == "https://";
    if (handle || url) {
      out->append(handle ? "@***" : "***");
      ++i;
      while (i < text.size() && !absl::ascii_isspace(static_cast<unsigned char>(text[i]))) ++i;
      continue;
    }
    out->push_back(absl::ascii_isdigit(static_cast<unsigned char>(text[i])) ? '*' : text[i]);
    ++i;
  }
}

}  // namespace

IngestChain::IngestChain(const IngestOptions& options, std::shared_ptr<WatchlistVersions> versions,
                         const SentimentModel* model)
    : options_(options), versions_(std::move(versions)), sentiment_(model) {
  CHECK_GT(options_.mentions_partitions, 0U);
  buffers_.reserve(options_.mentions_partitions);
  for (uint32_t i = 0; i < options_.mentions_partitions; ++i) buffers_.emplace_back(options_.slide_ms, &pool_);
  RefreshVersions();
}

void IngestChain::RefreshVersions() {
  std::shared_ptr<const WatchlistTimeline> timeline = versions_->Timeline();
  if (timeline == timeline_) return;
  timeline_ = std::move(timeline);
  active_from_ms_ = active_until_ms_ = 0;  // until when the active one counts may have changed
}

bool IngestChain::Activate(int64_t event_time_ms) {
  const size_t index = VersionAt(*timeline_, event_time_ms);
  const WatchlistVersion& version = (*timeline_)[index];
  auto held = std::find_if(held_.begin(), held_.end(), [&](const HeldVersion& each) { return each.id == version.id; });
  if (held == held_.end()) {
    absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = versions_->Load(version);
    if (!watchlist.ok()) {
      status_ = watchlist.status();
      return false;
    }
    Hold(version.id, *std::move(watchlist));
    held = std::prev(held_.end());
  }
  active_ = static_cast<size_t>(std::distance(held_.begin(), held));
  active_from_ms_ = index == 0 ? kFromTheBeginning : version.effective_ms;
  active_until_ms_ =
      index + 1 < timeline_->size() ? (*timeline_)[index + 1].effective_ms : std::numeric_limits<int64_t>::max();
  return true;
}

void IngestChain::Hold(uint64_t id, std::shared_ptr<const Watchlist> watchlist) {
  const auto first_brand = static_cast<uint32_t>(brands_.size());
  for (const Brand& brand : watchlist->brands()) {
    auto row_number = static_cast<uint32_t>(brands_.size());
    // Mostly the version before has it, and what that has is the least number already.
    for (size_t i = held_.size(); i-- > 0;) {
      const HeldVersion& each = held_[i];
      const std::optional<uint32_t> found = each.watchlist->Find(brand.id);
      if (!found.has_value()) continue;
      row_number = brands_[each.first_brand + *found].row_number;
      break;
    }
    brands_.push_back({&brand, MentionsPartition(brand, options_.mentions_partitions), row_number});
  }
  held_.push_back({id, std::move(watchlist), first_brand});
}

IngestChain::Result IngestChain::Process(PostParser& parser, const Record& record, size_t readable_padding,
                                         int32_t source) {
  Result result;
  Post& post = post_;
  // A record without a value is one without a byte: the parser says so, and forgets whom it blamed before.
  const std::string_view value = record.has_value ? record.value : std::string_view();
  result.reason = parser.Parse(value, readable_padding, record.append_time_ms, &post);
  if (result.reason == DropReason::kNotAPost) {
    result.reason = DropReason::kNone;
    result.event_time_ms = post.event_time_ms;
    return result;
  }
  if (result.reason != DropReason::kNone) {
    result.outcome = Outcome::kDead;
    return result;
  }
  result.event_time_ms = post.event_time_ms;
  const bool active = post.event_time_ms >= active_from_ms_ && post.event_time_ms < active_until_ms_;
  if (!active && !Activate(post.event_time_ms)) return result;
  const HeldVersion& version = held_[active_];
  matches_.clear();
  version.watchlist->Match(post, &scratch_, &matches_);
  if (matches_.empty()) return result;
  for (const BrandMatch& match : matches_) {
    const NumberedBrand& brand = BrandOf(version, match);
    buffers_[brand.partition].rows.Prefetch(post.event_time_ms, brand.row_number);
  }

  const bool mentioned = std::any_of(matches_.begin(), matches_.end(), [](const BrandMatch& m) { return !m.official; });
  sentiment_.Read(*version.watchlist, post, &scratch_, matches_);
  for (const BrandMatch& match : matches_) {
    const NumberedBrand& brand = BrandOf(version, match);
    buffers_[brand.partition].rows.PrefetchWinners(post.event_time_ms, brand.row_number);
  }
  Mention mention = MakeMention(post, sentiment_.whole(), source, record.offset);
  if (const TypeLexicon* const types = version.watchlist->type_lexicon(); types != nullptr) {
    mention.terms |= types->Terms(scratch_.tokenizer(), mention.language);
  }
  const uint8_t flags = mention.flags;
  for (const BrandMatch& match : matches_) {
    const Sentiment own = sentiment_.Of(match);
    const NumberedBrand& brand = BrandOf(version, match);
    mention.brand = brand.row_number;
    mention.flags = flags;
    mention.sentiment = own.label;
    if (own.label != SentimentClass::kUnclassified) {
      mention.flags |= post.rating > 0 ? static_cast<uint8_t>(kToneRated << kToneShift) : ToneFlags(own.negativity);
    }
    if (match.official) mention.flags |= kOfficial;
    if (match.ambiguity > 0) mention.flags |= kAmbiguous;
    mention.ambiguity = match.ambiguity;
    mention.reasons = match.reasons;
    AddRow(mention, brand.partition, post);
    if (!match.official) ++result.classified;
  }
  result.outcome = mentioned ? Outcome::kMatched : Outcome::kOfficial;
  return result;
}

ActionError IngestChain::ProcessAction(const Record& record, int32_t source, int64_t* at_ms, std::string_view* field) {
  *at_ms = kUnknownTime;
  Action action;
  const ActionError error =
      ParseAction(record.has_value ? record.value : std::string_view(), record.append_time_ms, &action, field);
  if (error != ActionError::kNone) return error;
  const bool active = action.at_ms >= active_from_ms_ && action.at_ms < active_until_ms_;
  if (!active && !Activate(action.at_ms)) return ActionError::kNone;
  const HeldVersion& version = held_[active_];
  const std::optional<uint32_t> brand = version.watchlist->Find(action.brand_id);
  if (!brand.has_value()) {
    *field = "brand_id";
    return ActionError::kUnknownBrand;
  }
  *at_ms = action.at_ms;
  const NumberedBrand& numbered = brands_[version.first_brand + *brand];
  buffers_[numbered.partition].actions.push_back(
      {{.brand = numbered.row_number, .at_ms = action.at_ms, .source = source, .offset = record.offset, .text = {}},
       std::string(record.value)});
  ++action_count_;
  action_bytes_ += record.value.size();
  bytes_ += record.value.size() + kRowBytes;
  return ActionError::kNone;
}

Mention IngestChain::MakeMention(const Post& post, const Sentiment& sentiment, int32_t source, Offset offset) const {
  Mention mention;
  mention.event_time_ms = post.event_time_ms;
  mention.post_hash = NetworkHash(post.network, post.id, kHashSeed);
  mention.text_hash = scratch_.TextFingerprint();
  if (post.author_id.empty()) {
    mention.author_hash = mention.text_hash;
    mention.flags |= kNoAuthor;
  } else {
    mention.author_hash = NetworkHash(post.network, post.author_id, options_.author_key);
  }
  if (!post.reference_id.empty() && post.kind != PostKind::kOriginal) {
    mention.root_hash = NetworkHash(post.network, post.reference_id, kHashSeed);
  }
  mention.kind = post.kind;
  mention.network = post.network;
  if (post.verified) mention.flags |= kVerified;
  if (post.account_created_ms != kUnknownTime && post.event_time_ms - post.account_created_ms < kNewAccountMs) {
    mention.flags |= kNewAccount;
  }
  mention.language = LanguageCode(post.language);
  if (mention.language == 0) mention.language = LanguageCode(sentiment.language);
  mention.reach = static_cast<uint32_t>(std::clamp<int64_t>(post.followers, 0, UINT32_MAX));
  mention.terms = scratch_.Terms(mention.language);
  mention.source = source;
  mention.offset = offset;
  return mention;
}

void IngestChain::AddRow(const Mention& mention, uint32_t partition, const Post& post) {
  RowBuffer& rows = buffers_[partition].rows;
  bytes_ += kRowBytes;
  if ((mention.flags & kOfficial) == 0) ++mention_count_;
  if (rows.Add(mention)) bytes_ += rows.SetSample(MakeSample(post));
}

Sample IngestChain::MakeSample(const Post& post) {
  Sample sample;
  sample.post_id = post.id;
  if (options_.texts == TextPolicy::kNone) return BoundedSample(sample);
  sample.text = CutText(post.text, kMaxSampleTextBytes);
  if (options_.texts == TextPolicy::kFull) {
    sample.author_handle = post.author_handle;
    if (!post.urls.empty()) sample.url = post.urls.front();
  } else {
    MaskInto(sample.text, &masked_text_);
    sample.text = masked_text_;
  }
  joined_hashtags_.clear();
  AppendHashtags(scratch_.tokenizer(), &hashtags_, &joined_hashtags_);
  sample.hashtags = joined_hashtags_;
  return BoundedSample(sample);
}

void IngestChain::Build(uint32_t partition, BlockBuilder* builder) {
  builder->Clear();
  Buffer& buffer = buffers_[partition];
  for (const HeldAction& held : buffer.actions) {
    BlockAction action = held.action;
    action.text = held.text;
    builder->AddAction(action, brands_[held.action.brand].brand->id);
  }
  std::string scratch;
  for (size_t i = 0; i < buffer.rows.size(); ++i) {
    const Mention& row = buffer.rows[i];
    builder->AddEncoded(row, brands_[row.brand].brand->id, buffer.rows.SampleBytes(row, &scratch));
  }
  buffer.rows.Clear();
  buffer.actions.clear();
}

void IngestChain::Clear() {
  // Late posts of before a change go on coming for a while, so a few versions stay at hand.
  constexpr size_t kHeldBetweenFlushes = 4;
  if (held_.size() > kHeldBetweenFlushes) {
    HeldVersion active = std::move(held_[active_]);
    held_.clear();
    brands_.clear();
    active_ = 0;
    Hold(active.id, std::move(active.watchlist));
  }
  for (Buffer& buffer : buffers_) {
    buffer.rows.Clear();
    buffer.actions.clear();
  }
  bytes_ = 0;
  mention_count_ = 0;
  action_count_ = action_bytes_ = 0;
}

}  // namespace tocsin
