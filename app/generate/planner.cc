#include "app/generate/planner.h"

#include <algorithm>
#include <cmath>

#include "absl/log/check.h"
#include "engine/base/time_units.h"

namespace tocsin {
namespace {

constexpr uint64_t kPopularPosts = 1'000;  // of each brand, that everyday reposts are of
constexpr uint64_t kPopularRoot = uint64_t{1} << 40;
constexpr uint64_t kEventRoot = uint64_t{1} << 39;
constexpr int64_t kCatchUp = 10;  // how many times as fast held posts come

// When the last post that a gap holds is delivered, after the gap's begin: then the backlog has been worked off.
int64_t HeldSpan(const ScenarioGap& gap) { return gap.length_ms * kCatchUp / (kCatchUp - 1); }

int64_t LongestDelay(const Scenario& scenario) {
  int64_t longest = 0;
  for (const ScenarioStream& stream : scenario.streams) {
    const DeliveryDefects& defects = stream.defects;
    longest = std::max(longest, defects.disorder_ms + (defects.duplicates > 0 ? defects.duplicate_within_ms : 0) +
                                    (defects.late > 0 ? defects.late_to_ms : 0));
  }
  for (const ScenarioGap& gap : scenario.gaps) {
    if (gap.posts == ScenarioGap::Posts::kHeld) longest += HeldSpan(gap);
  }
  return longest;
}

bool HasSeconds(PostShape shape) { return shape == PostShape::kReddit || shape == PostShape::kReview; }

bool AreCopies(ScenarioEvent::Kind kind) {
  return kind == ScenarioEvent::Kind::kSpam || kind == ScenarioEvent::Kind::kCopied ||
         kind == ScenarioEvent::Kind::kReposts;
}

}  // namespace

Planner::Planner(const Scenario& scenario)
    : scenario_(scenario),
      intensity_(scenario),
      random_(scenario.seed),
      minute_factor_(scenario.brands.size(), 1.0),
      rates_(scenario.brands.size() + 1),
      event_posts_(scenario.events.size()),
      calendar_(static_cast<size_t>(LongestDelay(scenario) / kSecondMs) + 2),
      lost_(scenario.streams.size()) {
  std::vector<double> shares;
  for (const ScenarioStream& stream : scenario.streams) shares.push_back(stream.share);
  any_stream_.Set(shares);
  // Reviews are of brands.
  for (size_t i = 0; i < shares.size(); ++i) {
    if (scenario.streams[i].shape == PostShape::kReview) shares[i] = 0;
  }
  chatter_stream_.Set(shares);
  for (const ScenarioEvent& event : scenario.events) phases_.push_back(PhasesOf(event));
}

void Planner::PlanMinute() {
  const int64_t middle_ms = second_ms_ + kMinuteMs / 2;
  const double cycle = intensity_.Cycle(middle_ms);
  for (size_t i = 0; i < scenario_.brands.size(); ++i) rates_[i] = scenario_.brands[i].per_minute * cycle;
  rates_.back() = chatter_stream_.total() > 0 ? scenario_.unmatched_per_minute * cycle : 0;
  if (scenario_.dispersion > 1) {
    // The factor's variance is (dispersion - 1) / mean, with the mean of all that it will be multiplied with.
    std::vector<double>& means = minute_factor_;
    std::copy(rates_.begin(), rates_.end() - 1, means.begin());
    for (const ScenarioEvent& event : scenario_.events) {
      const double level = Intensity::Level(event, middle_ms);
      if (level == 0) continue;
      for (const size_t brand : event.brands) means[brand] += intensity_.EventPerMinute(event, brand, middle_ms);
    }
    for (double& factor : means) factor = random_.GammaMeanOne(std::max(factor, 1e-3) / (scenario_.dispersion - 1));
    for (size_t i = 0; i < minute_factor_.size(); ++i) rates_[i] *= minute_factor_[i];
  }
  base_.Set(rates_);
}

Mood Planner::PickMood(double negative, double positive) {
  const double u = random_.Unit();
  if (u < negative) return Mood::kNegative;
  return u < negative + positive ? Mood::kPositive : Mood::kNeutral;
}

int16_t Planner::PickPartition(const ScenarioStream& stream, int32_t but_not) {
  const std::vector<double>& weights = stream.partition_weights;
  if (weights.size() == 1) return 0;
  double total = 0;
  for (size_t i = 0; i < weights.size(); ++i) total += static_cast<int32_t>(i) == but_not ? 0 : weights[i];
  double place = random_.Unit() * total;
  size_t last = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (static_cast<int32_t>(i) == but_not) continue;
    last = i;
    if (place < weights[i]) break;
    place -= weights[i];
  }
  return static_cast<int16_t>(last);
}

void Planner::ShapeByEvent(const ScenarioEvent& event, PlannedPost* post) {
  if (event.only_stream >= 0) post->stream = static_cast<uint8_t>(event.only_stream);
  if (!AreCopies(event.kind)) return;
  const auto number = static_cast<uint32_t>(post->event);
  const uint32_t accounts = kAuthors + number * kEventAuthors;
  const bool is_first = event_posts_[number]++ == 0;
  post->text_seed = scenario_.seed + number * 7'919;
  post->mood = event.negative >= event.positive ? Mood::kNegative : Mood::kPositive;
  if (event.kind == ScenarioEvent::Kind::kReposts) {
    // The first is the original.
    if (is_first) {
      post->number = kEventRoot + number;
    } else {
      post->root = kEventRoot + number;
    }
    return;
  }
  post->new_account = true;
  post->author = event.kind == ScenarioEvent::Kind::kSpam && random_.Chance(event.by_one)
                     ? accounts
                     : accounts + 1 + random_.Below(static_cast<uint32_t>(event.accounts));
}

void Planner::PlanPost(int32_t brand, Mood mood, int32_t event) {
  PlannedPost post;
  post.stream = static_cast<uint8_t>((brand < 0 ? chatter_stream_ : any_stream_).Draw(&random_));
  post.event_ms = scenario_.start_ms + second_ms_ + random_.Below(kSecondMs);
  post.number = ++number_;
  post.text_seed = random_.Next();
  post.author = random_.Below(kAuthors);
  post.brand = brand;
  post.event = event;
  post.mood = mood;
  if (event >= 0) ShapeByEvent(scenario_.events[static_cast<size_t>(event)], &post);
  const bool may_repost = event < 0 || !AreCopies(scenario_.events[static_cast<size_t>(event)].kind);
  // An everyday repost's text is the original's, of a small pool.
  if (may_repost && brand >= 0 && random_.Chance(scenario_.repost_share)) {
    post.text_seed %= kPopularPosts;
    post.root = kPopularRoot + static_cast<uint64_t>(brand) * 4 * kPopularPosts +
                static_cast<uint64_t>(post.mood) * kPopularPosts + post.text_seed;
  }
  if (HasSeconds(scenario_.streams[post.stream].shape)) post.event_ms -= post.event_ms % kSecondMs;
  Deliver(post);
}

void Planner::Deliver(const PlannedPost& planned) {
  const ScenarioStream& stream = scenario_.streams[planned.stream];
  const DeliveryDefects& defects = stream.defects;
  PlannedPost post = planned;
  post.delivery_ms = post.event_ms;
  if (defects.disorder_ms > 0) post.delivery_ms += random_.Below(static_cast<uint32_t>(defects.disorder_ms));
  if (defects.late > 0 && random_.Chance(defects.late)) {
    post.late = true;
    const auto span = static_cast<uint32_t>(defects.late_to_ms - defects.late_from_ms);
    post.delivery_ms =
        post.event_ms + defects.disorder_ms + defects.late_from_ms + (span > 0 ? random_.Below(span) : 0);
  }
  post.partition = PickPartition(stream, -1);
  Enqueue(post);
  if (defects.duplicates > 0 && random_.Chance(defects.duplicates)) {
    PlannedPost again = post;
    again.duplicate = true;
    again.late = false;
    again.delivery_ms += random_.Below(static_cast<uint32_t>(defects.duplicate_within_ms) + 1);
    again.partition = PickPartition(stream, -1);
    Enqueue(again);
  }
  if (defects.malformed > 0 && random_.Chance(defects.malformed)) {
    PlannedPost broken = post;
    broken.number = ++number_;
    broken.late = false;
    broken.malformation = static_cast<Malformation>(1 + random_.Below(kMalformations - 1));
    broken.partition = PickPartition(stream, -1);
    Enqueue(broken);
  }
}

void Planner::Enqueue(PlannedPost post) {
  for (const ScenarioGap& gap : scenario_.gaps) {
    const int64_t into_ms = post.delivery_ms - scenario_.start_ms - gap.from_ms;
    if (gap.stream != post.stream || into_ms < 0) continue;
    if (gap.partition >= 0 && gap.partition != post.partition) continue;
    if (gap.posts == ScenarioGap::Posts::kHeld) {
      if (into_ms >= HeldSpan(gap)) continue;
      post.held = true;
      post.delivery_ms += gap.length_ms + into_ms / kCatchUp - into_ms;
    } else if (into_ms < gap.length_ms) {
      if (gap.posts == ScenarioGap::Posts::kLost) {
        ++lost_[post.stream];
        return;
      }
      post.partition = PickPartition(scenario_.streams[post.stream], gap.partition);
    }
  }
  const auto ahead = static_cast<size_t>((post.delivery_ms - scenario_.start_ms - second_ms_) / kSecondMs);
  DCHECK_LT(ahead, calendar_.size());
  calendar_[(now_ + ahead) % calendar_.size()].push_back(post);
  ++waiting_;
}

void Planner::PlanEvent(size_t number) {
  const ScenarioEvent& event = scenario_.events[number];
  const int64_t at_ms = second_ms_ + kSecondMs / 2;
  if (at_ms < phases_[number].onset_ms || at_ms > phases_[number].end_ms) return;
  for (const size_t brand : event.brands) {
    const double mean = intensity_.EventPerMinute(event, brand, at_ms) / 60 * minute_factor_[brand];
    for (uint32_t n = random_.Poisson(mean); n > 0; --n) {
      PlanPost(static_cast<int32_t>(brand), PickMood(event.negative, event.positive), static_cast<int32_t>(number));
    }
  }
}

void Planner::PlanSecond() {
  if (second_ms_ % kMinuteMs == 0) PlanMinute();
  const auto chatter = static_cast<uint32_t>(scenario_.brands.size());
  for (uint32_t n = base_.total() > 0 ? random_.Poisson(base_.total() / 60) : 0; n > 0; --n) {
    const uint32_t drawn = base_.Draw(&random_);
    if (drawn == chatter) {
      PlanPost(-1, Mood::kNeutral, -1);
      continue;
    }
    const ScenarioBrand& brand = scenario_.brands[drawn];
    PlanPost(static_cast<int32_t>(drawn), PickMood(brand.negative, brand.positive), -1);
  }
  for (size_t i = 0; i < scenario_.events.size(); ++i) PlanEvent(i);
}

void Planner::SortDue() {
  const std::vector<PlannedPost>& posts = calendar_[now_];
  due_.clear();
  for (size_t i = 0; i < posts.size(); ++i) {
    const auto ms = static_cast<uint64_t>(posts[i].delivery_ms - scenario_.start_ms - second_ms_);
    due_.push_back(ms << 32 | i);
  }
  // Of those with the same millisecond, the one that was planned first comes first.
  std::sort(due_.begin(), due_.end());
  next_ = 0;
}

const PlannedPost* Planner::Next() {
  constexpr uint64_t kIndexMask = 0xFFFF'FFFF;
  while (next_ == due_.size()) {
    waiting_ -= static_cast<int64_t>(due_.size());
    calendar_[now_].clear();
    now_ = (now_ + 1) % calendar_.size();
    second_ms_ += kSecondMs;
    if (second_ms_ < scenario_.duration_ms) {
      PlanSecond();
    } else if (waiting_ == 0) {
      return nullptr;
    }
    SortDue();
  }
  return &calendar_[now_][due_[next_++] & kIndexMask];
}

}  // namespace tocsin
