#include "operators/incident/evidence.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "operators/detect/tail.h"
#include "operators/incident/near_copies.h"
#include "operators/incident/top_terms.h"
#include "operators/mention/sample_rule.h"

namespace tocsin {
namespace {

constexpr size_t kTopListSize = 5;
constexpr int64_t kUsualMs = 3'600'000;
// An author with so many rows and such a share of all is suspected of flooding.
constexpr int64_t kFloodRows = 5;
constexpr double kFloodShare = 0.05;

std::string Hex(uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 16; i > 0; --i, value >>= 4) text[i - 1] = kDigits[value & 15];
  return text;
}

// `is_kept`: the row's text is sure to be there, if it travelled.
SignalPost MakePost(const HeldMention& row, const EvidenceSource& source, bool is_kept, std::string why) {
  SignalPost post;
  post.post_hash = row.post_hash;
  post.author_hash = row.author_hash;
  post.network = row.network;
  post.event_time_ms = row.event_time_ms;
  post.kind = row.kind;
  post.sentiment = row.sentiment;
  post.reach = row.reach;
  post.why = std::move(why);
  post.source = source.Source(row.source);
  post.offset = row.offset;
  if (!is_kept) return post;
  if (const std::optional<Sample> sample = source.FindSample(row)) {
    post.id = sample->post_id;
    post.author_handle = sample->author_handle;
    post.text = sample->text;
  }
  return post;
}

using Rows = std::vector<HeldMention>;

// Those of a brand's rows whose texts are kept, by sample_rule.h: of whole groups, as they are at the windows' end.
class GroupWinners {
 public:
  GroupWinners(const BrandWindows& windows, int64_t slide_ms, int64_t from_ms) : from_ms_(from_ms), groups_(slide_ms) {
    groups_.AdvanceTo(windows.end_ms());
    // Of a group that is no longer held as a whole nobody can say who won.
    first_ms_ = groups_.StartOf(std::max(from_ms, windows.held_from_ms()));
    if (first_ms_ < windows.held_from_ms()) first_ms_ += groups_.SizeAt(first_ms_);
  }

  // Event time of the first row that Add needs: a group begins there.
  int64_t first_ms() const { return first_ms_; }

  // Rows come in time order, those of one time by their hashes. After the last one comes Flush.
  void Add(const HeldMention& row) {
    if (row.event_time_ms < first_ms_) return;
    const int64_t group_ms = groups_.StartOf(row.event_time_ms);
    if (group_ms != group_ms_) Flush();
    group_ms_ = group_ms;
    if (row.reach >= kHighReach &&
        (!reach_.has_value() || std::pair(row.reach, reach_->post_hash) > std::pair(reach_->reach, row.post_hash))) {
      reach_ = row;
    }
    Enter(row, kOtherSamples, &lowest_of_all_);
    if (!IsNegativeOriginal(row)) return;
    Enter(row, kNegativeSamples, &lowest_);
    if (!first_.has_value()) first_ = row;
  }

  void Flush() {
    const auto take = [this](const HeldMention& row, Rows* rows) {
      if (row.event_time_ms >= from_ms_) rows->push_back(row);
    };
    for (const HeldMention& row : lowest_) take(row, &negatives_);
    for (const HeldMention& row : lowest_of_all_) take(row, &others_);
    if (first_.has_value()) take(*first_, &alone_);
    if (reach_.has_value()) take(*reach_, &alone_);
    lowest_.clear();
    lowest_of_all_.clear();
    first_.reset();
    reach_.reset();
  }

  // All of event times from from_ms on.
  const Rows& negatives() const { return negatives_; }  // originals with the lowest hashes
  const Rows& others() const { return others_; }        // with the lowest hashes of all, negatives among them

  // Whether the row won anywhere.
  bool Has(const HeldMention& row) const {
    const auto is_row = [&row](const HeldMention& other) {
      return other.post_hash == row.post_hash && other.event_time_ms == row.event_time_ms;
    };
    return std::any_of(negatives_.begin(), negatives_.end(), is_row) ||
           std::any_of(others_.begin(), others_.end(), is_row) || std::any_of(alone_.begin(), alone_.end(), is_row);
  }

 private:
  static void Enter(const HeldMention& row, size_t size, Rows* lowest) {
    if (lowest->size() == size && row.post_hash >= lowest->back().post_hash) return;
    const auto place = std::find_if(lowest->begin(), lowest->end(),
                                    [&row](const HeldMention& other) { return row.post_hash < other.post_hash; });
    lowest->insert(place, row);
    if (lowest->size() > size) lowest->pop_back();
  }

  const int64_t from_ms_;
  SampleGroups groups_;
  int64_t first_ms_ = 0;
  int64_t group_ms_ = INT64_MIN;
  Rows lowest_;
  Rows lowest_of_all_;
  std::optional<HeldMention> first_;
  std::optional<HeldMention> reach_;
  Rows negatives_;
  Rows others_;
  Rows alone_;  // first in time, and of furthest reach
};

// Most mentions first, ties by name.
std::vector<CountedName> TopOf(const std::map<std::string, int64_t>& counts) {
  std::vector<CountedName> list;
  list.reserve(counts.size());
  for (const auto& [name, mentions] : counts) list.push_back({name, mentions});
  std::stable_sort(list.begin(), list.end(),
                   [](const CountedName& a, const CountedName& b) { return a.mentions > b.mentions; });
  if (list.size() > kTopListSize) list.resize(kTopListSize);
  return list;
}

// Negative originals whose text resembles an earlier one of them, as a share of those whose text travelled.
void FillNearCopies(const Rows& negatives, const EvidenceSource& source, Signal* signal) {
  NearCopies near_copies;
  for (const HeldMention& row : negatives) {
    const std::optional<Sample> sample = source.FindSample(row);
    if (sample.has_value()) near_copies.Add(sample->text);
  }
  if (near_copies.texts() == 0) return;
  signal->coordination.near_duplicate_share = ShareOf(near_copies.copies(), near_copies.texts());
}

void FillSamples(const Rows& candidates, const EvidenceSource& source, Signal* signal) {
  std::map<std::string, int64_t> hashtags;
  std::map<std::string, int64_t> urls;
  for (const HeldMention& row : candidates) {
    const std::optional<Sample> sample = source.FindSample(row);
    if (!sample.has_value()) continue;
    std::string_view rest = sample->hashtags;
    while (!rest.empty()) {
      const size_t space = std::min(rest.find(' '), rest.size());
      if (space > 0) ++hashtags[std::string(rest.substr(0, space))];
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
    if (!sample->url.empty()) ++urls[std::string(sample->url)];
  }
  signal->evidence.top_hashtags = TopOf(hashtags);
  signal->evidence.top_urls = TopOf(urls);

  Rows lowest = candidates;
  std::sort(lowest.begin(), lowest.end(),
            [](const HeldMention& a, const HeldMention& b) { return a.post_hash < b.post_hash; });
  absl::flat_hash_set<uint64_t> texts;
  absl::flat_hash_set<uint64_t> authors;
  for (const HeldMention& row : lowest) {
    if (signal->evidence.samples.size() == kSamplesOfSignal) break;
    if (!texts.insert(row.text_hash).second || !authors.insert(row.author_hash).second) continue;
    signal->evidence.samples.push_back(
        MakePost(row, source, /*is_kept=*/true, "negative; drawn by hash, one per author and text"));
  }
}

// The negative originals of [from_ms, end) against the other posts of the last hour, each text once.
void FillTopTerms(const BrandWindows& windows, int64_t from_ms, int64_t slide_ms, const EvidenceSource& source,
                  Signal* signal) {
  GroupWinners winners(windows, slide_ms, windows.end_ms() - kUsualMs);
  windows.ForEachHeld(winners.first_ms(), [&winners](const HeldMention& row) { winners.Add(row); });
  winners.Flush();
  TopTerms terms;
  absl::flat_hash_set<uint64_t> texts;
  const auto add = [&](const HeldMention& row, TopTerms::Kind kind) {
    const std::optional<Sample> sample = source.FindSample(row);
    if (!sample.has_value() || sample->text.empty() || !texts.insert(row.text_hash).second) return;
    terms.Add(sample->text, kind);
  };
  for (const HeldMention& row : winners.negatives()) {
    if (row.event_time_ms >= from_ms) add(row, TopTerms::Kind::kCrisis);
  }
  for (const HeldMention& row : winners.others()) {
    if (row.event_time_ms < from_ms || !IsNegativeOriginal(row)) add(row, TopTerms::Kind::kUsual);
  }
  signal->evidence.top_terms = terms.Find(kTopListSize, signal->brand_name);
}

struct AuthorRows {
  int64_t mentions = 0;
};

// Sums over all rows that need no order.
struct Tally {
  absl::flat_hash_map<uint64_t, AuthorRows> authors;
  absl::flat_hash_set<uint64_t> negative_authors;
  absl::flat_hash_map<uint64_t, int64_t> original_texts;
  int64_t new_accounts = 0;
  int64_t ambiguous = 0;
  std::array<int64_t, kMatchReasonBits> reasons = {};
  std::array<int64_t, kTermBits> terms = {};  // among negative originals
  int64_t negative_originals = 0;
  int64_t responsibility = 0;          // likewise
  int64_t first_person = 0;            // likewise, where the language has words for it
  int64_t first_person_languages = 0;  // negative originals in those

  void Add(const HeldMention& row, Signal* signal) {
    Signal::Volume& volume = signal->volume;
    ++volume.mentions;
    ++(row.kind == PostKind::kRepost ? volume.reposts : volume.originals);
    volume.reach += row.reach;
    ++authors[row.author_hash].mentions;
    if ((row.flags & kNewAccount) != 0) ++new_accounts;
    if ((row.flags & kAmbiguous) != 0) ++ambiguous;
    for (size_t bit = 0; bit < kMatchReasonBits; ++bit) {
      if ((row.reasons >> bit & 1) != 0) ++reasons[bit];
    }
    if (row.kind != PostKind::kRepost) ++original_texts[row.text_hash];
    switch (row.sentiment) {
      case SentimentClass::kNegative:
        ++signal->sentiment.negative;
        break;
      case SentimentClass::kNeutral:
        ++signal->sentiment.neutral;
        break;
      case SentimentClass::kPositive:
        ++signal->sentiment.positive;
        break;
      case SentimentClass::kUnclassified:
        ++signal->sentiment.unclassified;
        break;
    }
    if (row.sentiment != SentimentClass::kUnclassified) {
      if (!IsRated(row.flags)) {
        signal->sentiment.negativity += NegativityOf(row.sentiment, row.flags);
      } else {
        ++signal->sentiment.rated;
        if (row.sentiment == SentimentClass::kNegative) ++signal->sentiment.rated_negative;
      }
    }
    if (!IsNegativeOriginal(row)) return;
    ++negative_originals;
    negative_authors.insert(row.author_hash);
    for (size_t bit = 0; bit < kTermBits; ++bit) {
      if ((row.terms >> bit & 1) != 0) ++terms[bit];
    }
    if ((row.terms & kResponsibilityTerm) != 0) ++responsibility;
    if (FirstPersonLanguage(row.language) == kFirstPersonLanguages.size()) return;
    ++first_person_languages;
    if ((row.terms & kFirstPersonTerm) != 0) ++first_person;
  }
};

void FillTopAuthors(const Tally& tally, Signal* signal) {
  std::vector<std::pair<int64_t, uint64_t>> list;
  for (const auto& [author, rows] : tally.authors) list.emplace_back(-rows.mentions, author);
  const size_t size = std::min(kTopListSize, list.size());
  std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(size), list.end());
  for (size_t i = 0; i < size; ++i) signal->evidence.top_authors.push_back({Hex(list[i].second), -list[i].first});
  if (signal->volume.mentions > 0) {
    signal->coordination.author_concentration = ShareOf(-list.front().first, signal->volume.mentions);
  }
}

void FillWording(const Tally& tally, Signal* signal) {
  Signal::Wording& wording = signal->wording;
  wording.posts = tally.negative_originals;
  if (wording.posts == 0) return;
  static_assert(kAngerTerm == 1 << 3 && kCallToAction == 1 << 2);
  wording.anger_share = ShareOf(tally.terms[3], wording.posts);
  wording.call_to_action_share = ShareOf(tally.terms[2], wording.posts);
  wording.responsibility_share = ShareOf(tally.responsibility, wording.posts);
  if (tally.first_person_languages > 0) {
    wording.first_person_share = ShareOf(tally.first_person, tally.first_person_languages);
  }
}

// The negative ratio without copies of a text (all but the first), new accounts and authors who flood.
std::optional<double> RatioWithoutSuspects(const BrandWindows& windows, int64_t from_ms, const Tally& tally,
                                           int64_t mentions) {
  absl::flat_hash_set<uint64_t> texts;
  int64_t negative = 0;
  int64_t classified = 0;
  windows.ForEachHeld(from_ms, [&](const HeldMention& row) {
    if (row.sentiment == SentimentClass::kUnclassified || (row.flags & kNewAccount) != 0) return;
    if (!texts.insert(row.text_hash).second) return;
    const int64_t rows = tally.authors.find(row.author_hash)->second.mentions;
    if (rows >= kFloodRows && ShareOf(rows, mentions) > kFloodShare) return;
    ++classified;
    if (row.sentiment == SentimentClass::kNegative) ++negative;
  });
  if (classified == 0) return std::nullopt;
  return ShareOf(negative, classified);
}

}  // namespace

std::string LanguageName(uint16_t language) {
  if (language == 0) return "und";
  return {static_cast<char>(language >> 8), static_cast<char>(language & 0xFF)};
}

void FillEvidence(const BrandWindows& windows, int64_t from_ms, int64_t slide_ms, const EvidenceSource& source,
                  Signal* signal) {
  Tally tally;
  GroupWinners winners(windows, slide_ms, from_ms);
  windows.ForEachHeld(std::min(from_ms, winners.first_ms()), [&](const HeldMention& row) {
    if (row.event_time_ms >= from_ms) tally.Add(row, signal);
    winners.Add(row);
  });
  winners.Flush();
  Signal::Volume& volume = signal->volume;
  volume.unique_authors = static_cast<int64_t>(tally.authors.size());
  volume.negative_authors = static_cast<int64_t>(tally.negative_authors.size());
  if (volume.mentions == 0) return;
  signal->coordination.new_account_share = ShareOf(tally.new_accounts, volume.mentions);
  signal->matching.ambiguous_share = ShareOf(tally.ambiguous, volume.mentions);
  for (size_t bit = 0; bit < kMatchReasonBits; ++bit) {
    if (tally.reasons[bit] == 0) continue;
    signal->matching.reasons.push_back({std::string(kMatchReasonNames[bit]), tally.reasons[bit]});
  }
  if (volume.originals > 0) {
    signal->coordination.duplicate_text_share =
        ShareOf(volume.originals - static_cast<int64_t>(tally.original_texts.size()), volume.originals);
  }
  signal->coordination.negative_ratio_without_suspects = RatioWithoutSuspects(windows, from_ms, tally, volume.mentions);
  FillTopAuthors(tally, signal);
  FillNearCopies(winners.negatives(), source, signal);
  FillSamples(winners.negatives(), source, signal);
  FillTopTerms(windows, from_ms, slide_ms, source, signal);
  FillWording(tally, signal);
}

void FindFirstPosts(const BrandWindows& windows, int64_t from_ms, int64_t slide_ms, const EvidenceSource& source,
                    Incident* incident) {
  if (incident->first_post && incident->first_high_reach_post) return;
  std::optional<HeldMention> negative;
  std::optional<HeldMention> reach;
  GroupWinners winners(windows, slide_ms, from_ms);
  windows.ForEachHeld(std::min(from_ms, winners.first_ms()), [&](const HeldMention& row) {
    winners.Add(row);
    if (row.event_time_ms < from_ms) return;
    if (!negative.has_value() && IsNegativeOriginal(row)) negative = row;
    if (!reach.has_value() && row.reach >= kHighReach) reach = row;
  });
  winners.Flush();
  if (!incident->first_post && negative.has_value()) {
    incident->first_post = MakePost(*negative, source, winners.Has(*negative), "first negative post since onset");
  }
  if (!incident->first_high_reach_post && reach.has_value()) {
    incident->first_high_reach_post = MakePost(*reach, source, winners.Has(*reach), "first post with high reach");
  }
}

}  // namespace tocsin
