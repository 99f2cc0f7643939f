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

namespace tocsin {
namespace {

constexpr int64_t kNewAccountMs = 30LL * 24 * 3'600'000;
// Row with its share of dictionary and sample, as a bound for size_bytes().
constexpr size_t kRowBytes = 64;

int64_t FloorTo(int64_t value, int64_t step) {
  const int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

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

// At most `limit` bytes, cut before the character that would cross it.
std::string_view CutText(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
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
    : options_(options), versions_(std::move(versions)), sentiment_(model), buffers_(options.mentions_partitions) {
  CHECK_GT(options_.mentions_partitions, 0U);
  CHECK_GT(options_.slide_ms, 0);
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
  held_.push_back({id, std::move(watchlist), static_cast<uint32_t>(brands_.size())});
  for (const Brand& brand : held_.back().watchlist->brands()) {
    brands_.push_back(&brand);
    partition_of_.push_back(MentionsPartition(brand, options_.mentions_partitions));
  }
}

IngestChain::Result IngestChain::Process(PostParser& parser, const Record& record, size_t readable_padding,
                                         int32_t source) {
  Result result;
  Post post;
  result.reason = record.has_value ? parser.Parse(record.value, readable_padding, record.append_time_ms, &post)
                                   : DropReason::kEmpty;
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

  const bool mentioned = std::any_of(matches_.begin(), matches_.end(), [](const BrandMatch& m) { return !m.official; });
  sentiment_.Read(*version.watchlist, post, &scratch_, matches_);
  Mention mention = MakeMention(post, sentiment_.whole(), source, record.offset);
  if (const TypeLexicon* const types = version.watchlist->type_lexicon(); types != nullptr) {
    mention.terms |= types->Terms(scratch_.tokenizer(), mention.language);
  }
  const uint8_t flags = mention.flags;
  for (const BrandMatch& match : matches_) {
    const Sentiment own = sentiment_.Of(match);
    mention.brand = version.first_brand + match.brand;
    mention.flags = flags;
    mention.sentiment = own.label;
    if (own.label != SentimentClass::kUnclassified) {
      mention.flags |= post.rating > 0 ? static_cast<uint8_t>(kToneRated << kToneShift) : ToneFlags(own.negativity);
    }
    if (match.official) mention.flags |= kOfficial;
    if (match.ambiguity > 0) mention.flags |= kAmbiguous;
    mention.ambiguity = match.ambiguity;
    mention.reasons = match.reasons;
    AddRow(mention, post);
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
  const uint32_t number = version.first_brand + *brand;
  buffers_[partition_of_[number]].actions.push_back(
      {{.brand = number, .at_ms = action.at_ms, .source = source, .offset = record.offset, .text = {}},
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

void IngestChain::AddRow(const Mention& mention, const Post& post) {
  Buffer& buffer = buffers_[partition_of_[mention.brand]];
  const auto row = static_cast<uint32_t>(buffer.rows.size());
  buffer.rows.push_back(mention);
  buffer.sample_uses.push_back(0);
  bytes_ += kRowBytes;
  if ((mention.flags & kOfficial) != 0) {
    buffer.sample_uses[row] = 1;  // the response itself is always worth its text
    buffer.rows[row].sample = StoreSample(post);
    return;
  }
  ++mention_count_;
  if (Offer(&buffer, row)) buffer.rows[row].sample = StoreSample(post);
}

bool IngestChain::OfferLowest(Buffer* buffer, uint32_t row, uint32_t* places, uint8_t* count, size_t capacity) {
  const uint64_t hash = buffer->rows[row].post_hash;
  size_t place = 0;
  for (; place < *count; ++place) {
    const uint64_t other = buffer->rows[places[place]].post_hash;
    if (other == hash) return false;  // a repeat of a post that is there: the first one read stands for it
    if (hash < other) break;
  }
  if (place == capacity) return false;
  if (*count == capacity) {
    Release(buffer, places[capacity - 1]);
  } else {
    ++*count;
  }
  for (size_t i = *count - 1U; i > place; --i) places[i] = places[i - 1];
  places[place] = row;
  ++buffer->sample_uses[row];
  return true;
}

bool IngestChain::Offer(Buffer* buffer, uint32_t row) {
  const Mention& mention = buffer->rows[row];
  Candidates& candidates = buffer->candidates[{FloorTo(mention.event_time_ms, options_.slide_ms), mention.brand}];
  bool won = false;
  if (mention.sentiment == SentimentClass::kNegative && mention.kind != PostKind::kRepost) {
    won |= OfferLowest(buffer, row, candidates.negative, &candidates.negative_count, kNegativeSamples);
  }
  won |= OfferLowest(buffer, row, candidates.other, &candidates.other_count, kOtherSamples);

  const auto before = [buffer](uint32_t a, uint32_t b) {
    const Mention& x = buffer->rows[a];
    const Mention& y = buffer->rows[b];
    return std::pair(x.event_time_ms, x.post_hash) < std::pair(y.event_time_ms, y.post_hash);
  };
  if (!candidates.has_first || before(row, candidates.first)) {
    if (candidates.has_first) Release(buffer, candidates.first);
    candidates.first = row;
    candidates.has_first = true;
    ++buffer->sample_uses[row];
    won = true;
  }
  if (mention.reach >= kHighReach) {
    const auto reaches_further = [buffer](uint32_t a, uint32_t b) {
      const Mention& x = buffer->rows[a];
      const Mention& y = buffer->rows[b];
      return x.reach != y.reach ? x.reach > y.reach : x.post_hash < y.post_hash;
    };
    if (!candidates.has_reach || reaches_further(row, candidates.reach)) {
      if (candidates.has_reach) Release(buffer, candidates.reach);
      candidates.reach = row;
      candidates.has_reach = true;
      ++buffer->sample_uses[row];
      won = true;
    }
  }
  return won;
}

void IngestChain::Release(Buffer* buffer, uint32_t row) {
  DCHECK_GT(buffer->sample_uses[row], 0);
  if (--buffer->sample_uses[row] > 0) return;
  int32_t& sample = buffer->rows[row].sample;
  // A row that is displaced while it is being offered has stored nothing yet.
  if (sample < 0) return;
  bytes_ -= samples_[static_cast<size_t>(sample)].text.size();
  free_samples_.push_back(sample);
  sample = -1;
}

int32_t IngestChain::StoreSample(const Post& post) {
  int32_t index;
  if (!free_samples_.empty()) {
    index = free_samples_.back();
    free_samples_.pop_back();
  } else {
    if (samples_used_ == samples_.size()) samples_.emplace_back();
    index = static_cast<int32_t>(samples_used_++);
  }
  OwnedSample& sample = samples_[static_cast<size_t>(index)];
  sample.post_id.assign(post.id);
  sample.author_handle.clear();
  sample.text.clear();
  sample.hashtags.clear();
  sample.url.clear();
  const std::string_view text = CutText(post.text, kMaxSampleTextBytes);
  if (options_.texts == TextPolicy::kFull) {
    sample.author_handle.assign(post.author_handle);
    sample.text.assign(text);
    if (!post.urls.empty()) sample.url.assign(post.urls.front());
  } else if (options_.texts == TextPolicy::kMasked) {
    MaskInto(text, &sample.text);
  }
  if (options_.texts != TextPolicy::kNone) {
    AppendHashtags(scratch_.tokenizer(), &hashtags_, &sample.hashtags);
  }
  bytes_ += sample.text.size();
  return index;
}

void IngestChain::Build(uint32_t partition, BlockBuilder* builder) const {
  builder->Clear();
  for (const HeldAction& held : buffers_[partition].actions) {
    BlockAction action = held.action;
    action.text = held.text;
    builder->AddAction(action, brands_[held.action.brand]->id);
  }
  for (const Mention& row : buffers_[partition].rows) {
    const std::string& brand_id = brands_[row.brand]->id;
    if (row.sample < 0) {
      builder->Add(row, brand_id, nullptr);
      continue;
    }
    const OwnedSample& owned = samples_[static_cast<size_t>(row.sample)];
    const Sample sample{owned.post_id, owned.author_handle, owned.text, owned.hashtags, owned.url};
    builder->Add(row, brand_id, &sample);
  }
}

void IngestChain::Clear() {
  // Late posts of before a change go on coming for a while, so a few versions stay at hand.
  constexpr size_t kHeldBetweenFlushes = 4;
  if (held_.size() > kHeldBetweenFlushes) {
    HeldVersion active = std::move(held_[active_]);
    held_.clear();
    brands_.clear();
    partition_of_.clear();
    active_ = 0;
    Hold(active.id, std::move(active.watchlist));
  }
  for (Buffer& buffer : buffers_) {
    buffer.rows.clear();
    buffer.actions.clear();
    buffer.sample_uses.clear();
    buffer.candidates.erase(buffer.candidates.begin(), buffer.candidates.end());  // clear() would give its memory back
  }
  free_samples_.clear();
  samples_used_ = 0;
  bytes_ = 0;
  mention_count_ = 0;
  action_count_ = action_bytes_ = 0;
}

}  // namespace tocsin
