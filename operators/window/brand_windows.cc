#include "operators/window/brand_windows.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "absl/log/check.h"
#include "engine/base/mix_hash.h"
#include "engine/base/time_units.h"
#include "engine/time/slide.h"

namespace tocsin {
namespace {

constexpr int64_t kMinSlideMs = 1'000;
constexpr uint32_t kMaxPane = std::numeric_limits<uint32_t>::max();
// Far above what a minute of 32-bit counts can hold in practice, far below an overflow of the sums.
constexpr uint64_t kMaxReach = uint64_t{1} << 48;
// Entries that no window needs any more are swept when there are this many more than needed, or twice as many.
constexpr size_t kSweepSlack = 32;
// Panes that LastSeen can count, and the bound on how many are held: the rest is how far time goes on until all entries
// are counted anew.
constexpr int64_t kMaxSeen = std::numeric_limits<uint16_t>::max();
constexpr int64_t kMaxHeldPanes = kMaxSeen / 4;

// Adds `sums` `sign` times (1 or -1).
template <typename SumsType>
void AddSums(const SumsType& sums, int64_t sign, WindowCounts* totals) {
  totals->mentions += sign * int64_t{sums.mentions};
  totals->originals += sign * (int64_t{sums.mentions} - sums.reposts);
  totals->reposts += sign * int64_t{sums.reposts};
  totals->negative += sign * int64_t{sums.negative};
  totals->neutral += sign * int64_t{sums.neutral};
  totals->positive += sign * int64_t{sums.positive};
  totals->unclassified += sign * (int64_t{sums.mentions} - sums.negative - sums.neutral - sums.positive);
  totals->reach += sign * static_cast<int64_t>(sums.reach);
  totals->negative_originals += sign * int64_t{sums.negative_originals};
  totals->rated += sign * int64_t{sums.rated};
  totals->rated_negative += sign * int64_t{sums.rated_negative};
  totals->negativity += sign * int64_t{sums.negativity};
}

}  // namespace

void BrandWindows::Sums::Add(const HeldMention& mention) {
  ++mentions;
  if (mention.kind == PostKind::kRepost) ++reposts;
  if (mention.sentiment == SentimentClass::kNegative) ++negative;
  if (mention.sentiment == SentimentClass::kNeutral) ++neutral;
  if (mention.sentiment == SentimentClass::kPositive) ++positive;
  if (IsNegativeOriginal(mention)) ++negative_originals;
  reach += mention.reach;
  if (mention.sentiment == SentimentClass::kUnclassified) return;
  if (IsRated(mention.flags)) {
    ++rated;
    if (mention.sentiment == SentimentClass::kNegative) ++rated_negative;
  } else {
    negativity += NegativityOf(mention.sentiment, mention.flags);
  }
}

void BrandWindows::Sums::Add(const Sums& other) {
  mentions += other.mentions;
  reposts += other.reposts;
  negative += other.negative;
  neutral += other.neutral;
  positive += other.positive;
  negative_originals += other.negative_originals;
  rated += other.rated;
  rated_negative += other.rated_negative;
  negativity += other.negativity;
  reach += other.reach;
}

BrandWindows::BrandWindows(const WindowOptions* options, int64_t evaluated_ms)
    : options_(options), end_ms_(evaluated_ms), windows_(options->sizes_ms.size()) {
  CHECK_GE(options->slide_ms, kMinSlideMs);
  CHECK(!options->sizes_ms.empty());
  CHECK(std::is_sorted(options->sizes_ms.begin(), options->sizes_ms.end()));
  CHECK_GE(options->held_ms, options->sizes_ms.back());
  CHECK_EQ(options->held_ms % options->slide_ms, 0);
  CHECK_LT(options->held_ms / options->slide_ms, kMaxHeldPanes);
}

bool BrandWindows::IsHeld(int64_t event_time_ms) const {
  if (event_time_ms < 0 || event_time_ms >= StartMs(kMaxPane)) return false;
  return end_ms_ == kUnknownTime || event_time_ms >= end_ms_ - options_->held_ms;
}

size_t BrandWindows::PaneNumber(int64_t slide) {
  const auto [number, inserted] = panes_.FindOrInsert(slide);
  if (!inserted || !IsEvaluated(StartMs(slide))) return number;
  ++evaluated_;
  for (size_t i = 0; i < windows_.size(); ++i) {
    if (StartMs(slide) < WindowStart(i)) ++windows_[i].first;
  }
  return number;
}

BrandWindows::AddResult BrandWindows::Add(const HeldMention& mention) {
  if (!IsHeld(mention.event_time_ms)) return AddResult::kTooLate;
  const int64_t slide = SlideNumber(mention.event_time_ms, options_->slide_ms);
  if (!IsEvaluated(mention.event_time_ms)) {
    panes_[PaneNumber(slide)].rows.Append(mention, StartMs(slide));
    return AddResult::kAdded;
  }
  AddEvaluated(mention, slide);
  AddToHistory(slide, 1);
  AddToMinute(mention);
  return AddResult::kAddedLate;
}

BrandWindows::AddResult BrandWindows::Restore(const HeldMention& mention) {
  if (!IsHeld(mention.event_time_ms)) return AddResult::kTooLate;
  if (!IsEvaluated(mention.event_time_ms)) return Add(mention);
  AddEvaluated(mention, SlideNumber(mention.event_time_ms, options_->slide_ms));
  return AddResult::kAdded;
}

void BrandWindows::AddEvaluated(const HeldMention& mention, int64_t slide) {
  const size_t number = PaneNumber(slide);
  panes_[number].rows.Append(mention, StartMs(slide));
  CountInWindows(number, mention);
}

void BrandWindows::CountInWindows(size_t pane_number, const HeldMention& mention) {
  Sums one;
  one.Add(mention);
  panes_[pane_number].sums.Add(mention);
  for (Sliding& window : windows_) {
    if (pane_number >= window.first) AddSums(one, 1, &window.totals);
  }
  CountDistinct(pane_number, mention);
}

int64_t BrandWindows::FirstSlide() const {
  return std::max<int64_t>(0, WindowStart(windows_.size() - 1)) / options_->slide_ms;
}

void BrandWindows::MoveSeenBase(int64_t slide) {
  if (slide > seen_base_ && slide - seen_base_ <= kMaxSeen) return;
  // From here to what can come next is less than kMaxSeen, by the bound on what is held.
  const int64_t base = std::max<int64_t>(0, end_ms_ - options_->held_ms) / options_->slide_ms - 1;
  const int64_t step = base - seen_base_;
  const auto moved = [step](int64_t seen) { return seen > step ? seen - step : 0; };
  authors_.Rewrite([&moved](LastSeen seen) {
    return LastSeen{static_cast<uint16_t>(moved(seen.any)), static_cast<uint16_t>(moved(seen.negative))};
  });
  negative_texts_.Rewrite([&moved](uint32_t seen) { return static_cast<uint32_t>(moved(seen)); });
  seen_base_ = base;
}

void BrandWindows::CountDistinct(size_t pane_number, const HeldMention& mention) {
  const int64_t slide = panes_[pane_number].start;
  // Time has leapt over it: it is in no window, and never will be.
  if (StartMs(slide) < WindowStart(windows_.size() - 1)) return;
  MoveSeenBase(slide);
  const auto pane = static_cast<uint16_t>(slide - seen_base_);
  const int64_t first = FirstSlide() - seen_base_;
  LastSeen& seen = authors_.FindOrInsert(MixHash(mention.author_hash),
                                         [first](const LastSeen& other) { return other.any >= first; });
  if (seen.any < pane) {
    MoveLastSeen(seen.any, pane_number, &Pane::authors, &WindowCounts::unique_authors);
    seen.any = pane;
  }
  if (!IsNegativeOriginal(mention)) return;
  if (seen.negative < pane) {
    MoveLastSeen(seen.negative, pane_number, &Pane::negative_authors, &WindowCounts::negative_authors);
    seen.negative = pane;
  }
  uint32_t& text_seen =
      negative_texts_.FindOrInsert(MixHash(mention.text_hash), [first](uint32_t other) { return other >= first; });
  if (text_seen < pane) {
    MoveLastSeen(text_seen, pane_number, &Pane::negative_texts, &WindowCounts::negative_texts);
    text_seen = pane;
  }
}

void BrandWindows::MoveLastSeen(uint32_t from, size_t pane_number, uint32_t Pane::*in_pane,
                                int64_t WindowCounts::*in_window) {
  const int64_t from_start = from == 0 ? kUnknownTime : StartMs(seen_base_ + from);
  for (size_t i = 0; i < windows_.size(); ++i) {
    const bool had = from_start >= WindowStart(i);
    if (!had && pane_number >= windows_[i].first) ++(windows_[i].totals.*in_window);
  }
  // Beyond the largest window the old pane's counter is never read again.
  if (from_start >= WindowStart(windows_.size() - 1)) --(panes_[panes_.LowerBound(seen_base_ + from)].*in_pane);
  ++(panes_[pane_number].*in_pane);
}

void BrandWindows::AddToHistory(int64_t slide, uint32_t mentions) {
  const auto [number, inserted] = history_.FindOrInsert(slide);
  history_[number].mentions += mentions;
  for (size_t i = 0; i < windows_.size(); ++i) {
    Sliding& window = windows_[i];
    if (StartMs(slide) >= end_ms_ - 2 * options_->sizes_ms[i]) {
      window.twice += mentions;
    } else if (inserted) {
      ++window.twice_first;
    }
  }
}

void BrandWindows::AddToMinute(const HeldMention& mention) {
  minutes_[minutes_.FindOrInsert(FloorToSlide(mention.event_time_ms, kMinuteMs)).first].sums.Add(mention);
}

void BrandWindows::AdvanceTo(int64_t end_ms) {
  DCHECK_EQ(end_ms % options_->slide_ms, 0);
  CHECK(end_ms_ == kUnknownTime || end_ms > end_ms_) << "from " << end_ms_ << " to " << end_ms;
  end_ms_ = end_ms;
  LeaveWindows();
  EnterWindows();
  DropOld();
  DropUnseen();
}

void BrandWindows::LeaveWindows() {
  for (size_t i = 0; i < windows_.size(); ++i) {
    Sliding& window = windows_[i];
    const int64_t start = WindowStart(i);
    for (; window.first < panes_.size() && StartMs(panes_[window.first].start) < start; ++window.first) {
      if (window.first >= evaluated_) continue;
      const Pane& pane = panes_[window.first];
      AddSums(pane.sums, -1, &window.totals);
      window.totals.unique_authors -= pane.authors;
      window.totals.negative_authors -= pane.negative_authors;
      window.totals.negative_texts -= pane.negative_texts;
    }
    const int64_t twice_start = end_ms_ - 2 * options_->sizes_ms[i];
    for (; window.twice_first < history_.size() && StartMs(history_[window.twice_first].start) < twice_start;
         ++window.twice_first) {
      window.twice -= history_[window.twice_first].mentions;
    }
  }
}

void BrandWindows::EnterWindows() {
  for (; evaluated_ < panes_.size() && StartMs(panes_[evaluated_].start) < end_ms_; ++evaluated_) {
    Pane& pane = panes_[evaluated_];
    pane.rows.Shrink();
    const int64_t start = StartMs(pane.start);
    const int64_t minute = FloorToSlide(start, kMinuteMs);
    const bool of_one_minute = start + options_->slide_ms <= minute + kMinuteMs;
    pane.rows.ForEach(start, [&](const HeldMention& mention) {
      pane.sums.Add(mention);
      if (!of_one_minute) AddToMinute(mention);
      CountDistinct(evaluated_, mention);
    });
    if (of_one_minute) minutes_[minutes_.FindOrInsert(minute).first].sums.Add(pane.sums);
    for (Sliding& window : windows_) {
      if (evaluated_ >= window.first) AddSums(pane.sums, 1, &window.totals);
    }
    AddToHistory(pane.start, pane.sums.mentions);
  }
}

void BrandWindows::DropOld() {
  const size_t panes = panes_.DropBefore((end_ms_ - options_->held_ms) / options_->slide_ms);
  evaluated_ -= panes;
  const size_t history = history_.DropBefore((end_ms_ - 2 * options_->sizes_ms.back()) / options_->slide_ms);
  for (Sliding& window : windows_) {
    window.first -= panes;
    window.twice_first -= history;
  }
  minutes_.DropBefore(FloorToSlide(end_ms_, kMinuteMs) - options_->minutes_held * kMinuteMs);
}

void BrandWindows::DropUnseen() {
  if (idle()) {
    authors_.Clear();
    negative_texts_.Clear();
    return;
  }
  const WindowCounts& largest = windows_.back().totals;
  const int64_t first = FirstSlide() - seen_base_;
  if (authors_.size() > 2 * static_cast<size_t>(largest.unique_authors) + kSweepSlack) {
    authors_.MakeRoom([first](const LastSeen& seen) { return seen.any >= first; });
  }
  if (negative_texts_.size() > 2 * static_cast<size_t>(largest.negative_texts) + kSweepSlack) {
    negative_texts_.MakeRoom([first](uint32_t seen) { return seen >= first; });
  }
}

int64_t BrandWindows::NextChangeMs() const {
  int64_t next = std::numeric_limits<int64_t>::max();
  if (evaluated_ < panes_.size()) next = StartMs(panes_[evaluated_].start) + options_->slide_ms;
  for (size_t i = 0; i < windows_.size(); ++i) {
    const size_t first = windows_[i].first;
    if (first >= evaluated_) continue;
    next = std::min(next, StartMs(panes_[first].start) + options_->sizes_ms[i] + options_->slide_ms);
  }
  return next;
}

WindowCounts BrandWindows::CountsSince(int64_t from_ms) const {
  WindowCounts counts;
  if (end_ms_ == kUnknownTime || from_ms >= end_ms_) return counts;
  if (from_ms >= end_ms_ - options_->held_ms) {
    const int64_t from_pane = SlideNumber(from_ms, options_->slide_ms);
    for (size_t i = evaluated_; i > 0 && panes_[i - 1].start >= from_pane; --i) AddSums(panes_[i - 1].sums, 1, &counts);
    return counts;
  }
  const int64_t from_minute = FloorToSlide(from_ms, kMinuteMs);
  for (size_t i = minutes_.size(); i > 0 && minutes_[i - 1].start >= from_minute; --i) {
    AddSums(minutes_[i - 1].sums, 1, &counts);
  }
  return counts;
}

void BrandWindows::ForEachHeld(int64_t from_ms, absl::FunctionRef<void(const HeldMention&)> fn) const {
  std::vector<HeldMention> rows;
  std::vector<const HeldMention*> order;
  const int64_t from_pane = SlideNumber(from_ms, options_->slide_ms);
  for (size_t i = panes_.LowerBound(from_pane); i < evaluated_; ++i) {
    rows.clear();
    panes_[i].rows.ForEach(StartMs(panes_[i].start), [&rows, from_ms](const HeldMention& mention) {
      if (mention.event_time_ms >= from_ms) rows.push_back(mention);
    });
    order.clear();
    for (const HeldMention& mention : rows) order.push_back(&mention);
    std::sort(order.begin(), order.end(), [](const HeldMention* a, const HeldMention* b) {
      return std::tie(a->event_time_ms, a->post_hash) < std::tie(b->event_time_ms, b->post_hash);
    });
    for (const HeldMention* mention : order) fn(*mention);
  }
}

size_t BrandWindows::memory_bytes() const {
  size_t bytes = sizeof(*this) + windows_.capacity() * sizeof(Sliding) + panes_.memory_bytes() +
                 history_.memory_bytes() + minutes_.memory_bytes() + authors_.memory_bytes() +
                 negative_texts_.memory_bytes();
  for (size_t i = 0; i < panes_.size(); ++i) bytes += panes_[i].rows.memory_bytes();
  return bytes;
}

void BrandWindows::Encode(ByteWriter* writer) const {
  writer->Varint(minutes_.size());
  int64_t before = 0;
  for (size_t i = 0; i < minutes_.size(); ++i) {
    const Minute& minute = minutes_[i];
    writer->Varint(static_cast<uint64_t>((minute.start - before) / kMinuteMs));
    before = minute.start;
    writer->Varint(minute.sums.mentions);
    writer->Varint(minute.sums.reposts);
    writer->Varint(minute.sums.negative);
    writer->Varint(minute.sums.neutral);
    writer->Varint(minute.sums.positive);
    writer->Varint(minute.sums.negative_originals);
    writer->Varint(minute.sums.reach);
    writer->Varint(minute.sums.rated);
    writer->Varint(minute.sums.rated_negative);
    writer->Varint(minute.sums.negativity);
  }
  writer->Varint(history_.size());
  before = 0;
  for (size_t i = 0; i < history_.size(); ++i) {
    writer->Varint(static_cast<uint64_t>(history_[i].start - before));
    before = history_[i].start;
    writer->Varint(history_[i].mentions);
  }
}

absl::Status BrandWindows::Decode(ByteReader* reader, bool has_tone) {
  // Starts ascend strictly and stay below `end`, so that sums never overflow and lists stay sorted.
  const auto next_start = [reader](int64_t before, bool first, int64_t step, int64_t end) -> int64_t {
    const uint64_t steps = reader->Varint();
    if (steps > kMaxPane || (!first && steps == 0)) reader->Fail();
    if (!reader->ok()) return before;
    const int64_t start = before + static_cast<int64_t>(steps) * step;
    if (start >= end) reader->Fail();
    return start;
  };
  const auto count = [reader]() -> uint32_t {
    const uint64_t value = reader->Varint();
    if (value > kMaxPane) reader->Fail();
    return static_cast<uint32_t>(value);
  };
  int64_t start = 0;
  const size_t minutes = reader->Count(has_tone ? 11 : 8);
  for (size_t i = 0; i < minutes && reader->ok(); ++i) {
    start = next_start(start, i == 0, kMinuteMs, StartMs(kMaxPane));
    Sums sums;
    sums.mentions = count();
    sums.reposts = count();
    sums.negative = count();
    sums.neutral = count();
    sums.positive = count();
    sums.negative_originals = count();
    sums.reach = reader->Varint();
    if (sums.reach > kMaxReach) reader->Fail();
    if (has_tone) {
      sums.rated = count();
      sums.rated_negative = count();
      sums.negativity = count();
    } else {
      sums.negativity = (kNegativityLevels - 1) * sums.negative;
    }
    if (reader->ok()) minutes_[minutes_.FindOrInsert(start).first].sums = sums;
  }
  int64_t slide = 0;
  const size_t panes = reader->Count(2);
  if (panes > 0 && end_ms_ == kUnknownTime) reader->Fail();
  for (size_t i = 0; i < panes && reader->ok(); ++i) {
    slide = next_start(slide, i == 0, 1, kMaxPane);
    const uint32_t mentions = count();
    if (reader->ok()) AddToHistory(slide, mentions);
  }
  if (!reader->ok()) return absl::DataLossError("minute totals or pane history are malformed");
  if (end_ms_ != kUnknownTime) DropOld();
  return absl::OkStatus();
}

}  // namespace tocsin
