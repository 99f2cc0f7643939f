#include "app/generate/firehose.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "app/generate/post_json.h"

namespace tocsin {
namespace {

constexpr int64_t kSecondMs = 1'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr double kDayMs = 86'400'000.0;
constexpr double kPi = 3.14159265358979323846;
constexpr int64_t kDuplicateDelayMs = 20'000;
constexpr uint32_t kAuthors = 2'000'000;
constexpr uint32_t kCopyingAccounts = 60;

}  // namespace

struct Firehose::Planned {
  int64_t event_ms = 0;     // epoch
  int64_t delivery_ms = 0;  // epoch
  uint64_t sequence = 0;    // of the post; a duplicate has the same
  uint64_t text_seed = 0;
  uint32_t author = 0;
  int32_t brand = -1;
  int32_t event = -1;
  int32_t partition = 0;
  Mood mood = Mood::kNeutral;
  bool repost = false;
  bool second_network = false;
  bool duplicate = false;
  uint8_t malformed = 0;  // 1..kMalformedKinds
};

Firehose::~Firehose() = default;

Firehose::Firehose(Scenario scenario)
    : scenario_(std::move(scenario)),
      random_(scenario_.seed),
      minute_factor_(scenario_.brands.size(), 1.0),
      filler_(ProfileFiller(scenario_.post_bytes)) {
  weight_sums_.resize(scenario_.partition_weights.size());
  std::partial_sum(scenario_.partition_weights.begin(), scenario_.partition_weights.end(), weight_sums_.begin());
}

double Firehose::DailyFactor(int64_t since_start_ms) const {
  const double day = std::fmod(static_cast<double>(scenario_.start_ms + since_start_ms), kDayMs) / kDayMs;
  return 1.0 + scenario_.daily_amplitude * std::sin(2 * kPi * (day - 10.0 / 24));
}

double Firehose::EventPerMinute(const ScenarioEvent& event, int64_t since_start_ms) const {
  const int64_t t = since_start_ms - event.onset_ms;
  if (t < 0) return 0;
  double level = 1;
  if (t < event.rise_ms) {
    level = static_cast<double>(t) / static_cast<double>(event.rise_ms);
  } else if (t > event.rise_ms + event.hold_ms) {
    const auto fading = static_cast<double>(t - event.rise_ms - event.hold_ms);
    level = std::exp2(-fading / static_cast<double>(event.half_life_ms));
    if (level < 0.01) return 0;
  }
  return level * (event.factor - 1) * scenario_.brands[event.brand].per_minute;
}

double Firehose::ExpectedPerMinute(size_t brand, int64_t since_start_ms) const {
  double rate = scenario_.brands[brand].per_minute * DailyFactor(since_start_ms);
  for (const ScenarioEvent& event : scenario_.events) {
    if (event.brand == brand) rate += EventPerMinute(event, since_start_ms);
  }
  return rate;
}

int32_t Firehose::PickPartition(int64_t since_start_ms) {
  if (weight_sums_.size() == 1) return 0;
  const bool silent = scenario_.silent_partition >= 0 && since_start_ms >= scenario_.silent_from_ms &&
                      since_start_ms < scenario_.silent_from_ms + scenario_.silent_for_ms;
  while (true) {
    const double place = random_.Unit() * weight_sums_.back();
    const auto at = std::upper_bound(weight_sums_.begin(), weight_sums_.end() - 1, place);
    const auto partition = static_cast<int32_t>(at - weight_sums_.begin());
    if (!silent || partition != scenario_.silent_partition) return partition;
  }
}

void Firehose::PlanPost(int32_t brand, Mood mood, int32_t event) {
  Planned post;
  const int64_t since_start = second_ms_ + random_.Below(kSecondMs);
  post.event_ms = scenario_.start_ms + since_start;
  post.delivery_ms = post.event_ms;
  if (scenario_.disorder_ms > 0) post.delivery_ms += random_.Below(static_cast<uint32_t>(scenario_.disorder_ms));
  post.sequence = sequence_++;
  post.text_seed = random_.Next();
  post.author = random_.Below(kAuthors);
  post.brand = brand;
  post.event = event;
  post.mood = mood;
  post.second_network = random_.Chance(scenario_.second_network);
  if (event >= 0) {
    const ScenarioEvent& cause = scenario_.events[static_cast<size_t>(event)];
    if (cause.kind == ScenarioEvent::Kind::kSpam) {
      post.text_seed = scenario_.seed;
      // Half by one author, half by a handful of accounts that copy the text.
      post.author = random_.Chance(0.5) ? kAuthors : kAuthors + 1 + random_.Below(kCopyingAccounts);
      post.second_network = false;
    } else if (cause.kind == ScenarioEvent::Kind::kReposts) {
      post.text_seed = scenario_.seed;
      post.repost = true;
      post.second_network = false;
    }
  }
  // A repost of a post that was not planned as such: its text is the original's, drawn from a small pool.
  if (!post.repost && brand >= 0 && random_.Chance(scenario_.repost_share)) {
    post.repost = true;
    post.text_seed %= 1'000;
  }
  post.partition = PickPartition(since_start);
  waiting_.push_back(post);
  if (scenario_.duplicates > 0 && random_.Chance(scenario_.duplicates)) {
    Planned again = post;
    again.duplicate = true;
    again.delivery_ms += random_.Below(kDuplicateDelayMs);
    again.partition = PickPartition(again.delivery_ms - scenario_.start_ms);
    waiting_.push_back(again);
  }
  if (scenario_.malformed > 0 && random_.Chance(scenario_.malformed)) {
    Planned broken = post;
    broken.sequence = sequence_++;
    broken.malformed = static_cast<uint8_t>(1 + random_.Below(kMalformedKinds));
    broken.partition = PickPartition(since_start);
    waiting_.push_back(broken);
  }
}

void Firehose::PlanBrand(size_t index) {
  const ScenarioBrand& brand = scenario_.brands[index];
  const double mean = brand.per_minute / 60 * DailyFactor(second_ms_) * minute_factor_[index];
  for (uint32_t n = random_.Poisson(mean); n > 0; --n) {
    const double u = random_.Unit();
    const Mood mood =
        u < brand.negative ? Mood::kNegative : (u < brand.negative + brand.positive ? Mood::kPositive : Mood::kNeutral);
    PlanPost(static_cast<int32_t>(index), mood, -1);
  }
}

void Firehose::PlanEvent(const ScenarioEvent& event) {
  const double mean = EventPerMinute(event, second_ms_) / 60 * minute_factor_[event.brand];
  const auto number = static_cast<int32_t>(&event - scenario_.events.data());
  for (uint32_t n = random_.Poisson(mean); n > 0; --n) {
    Mood mood = random_.Chance(event.negative) ? Mood::kNegative : Mood::kNeutral;
    if (event.kind == ScenarioEvent::Kind::kSurge)
      mood = random_.Chance(event.negative) ? Mood::kPositive : Mood::kNeutral;
    if (event.kind == ScenarioEvent::Kind::kSpam || event.kind == ScenarioEvent::Kind::kReposts) mood = Mood::kNegative;
    PlanPost(static_cast<int32_t>(event.brand), mood, number);
  }
}

void Firehose::PlanSecond() {
  if (second_ms_ % kMinuteMs == 0) {
    for (size_t i = 0; i < minute_factor_.size(); ++i) {
      const double mean = scenario_.brands[i].per_minute;
      minute_factor_[i] =
          scenario_.dispersion > 1 ? random_.GammaMeanOne(std::max(mean, 0.1) / (scenario_.dispersion - 1)) : 1;
    }
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(next_));
  next_ = 0;
  for (size_t i = 0; i < scenario_.brands.size(); ++i) PlanBrand(i);
  for (const ScenarioEvent& event : scenario_.events) PlanEvent(event);
  const double chatter = scenario_.unmatched_per_minute / 60 * DailyFactor(second_ms_);
  for (uint32_t n = random_.Poisson(chatter); n > 0; --n) PlanPost(-1, Mood::kNeutral, -1);
  second_ms_ += kSecondMs;
  std::sort(waiting_.begin(), waiting_.end(), [](const Planned& a, const Planned& b) {
    return std::tuple(a.delivery_ms, a.sequence, a.duplicate) < std::tuple(b.delivery_ms, b.sequence, b.duplicate);
  });
}

bool Firehose::Next(FirehoseRecord* record) {
  while (true) {
    const bool planned_all = second_ms_ >= scenario_.duration_ms;
    if (next_ < waiting_.size() && (planned_all || waiting_[next_].delivery_ms < scenario_.start_ms + second_ms_))
      break;
    if (planned_all) return false;
    PlanSecond();
  }
  const Planned& planned = waiting_[next_++];
  line_.clear();
  Write(planned, &line_);
  record->event_time_ms = planned.event_ms;
  record->delivery_time_ms = planned.delivery_ms;
  record->partition = planned.partition;
  record->second_network = planned.second_network;
  record->malformed = planned.malformed != 0;
  record->duplicate = planned.duplicate;
  record->brand = planned.brand;
  record->mood = planned.mood;
  record->bytes = line_;
  return true;
}

void Firehose::Write(const Planned& planned, std::string* out) {
  Random random(planned.text_seed + static_cast<uint64_t>(planned.brand + 1) * uint64_t{0x9E3779B97F4A7C15});
  PostFields post;
  const double speaks = random.Unit();
  post.language = speaks < scenario_.french ? PostLanguage::kFrench
                                            : (speaks < scenario_.french + scenario_.italian ? PostLanguage::kItalian
                                                                                             : PostLanguage::kEnglish);
  if (planned.brand >= 0) {
    const ScenarioBrand& brand = scenario_.brands[static_cast<size_t>(planned.brand)];
    const uint32_t form = random.Below(3);
    std::string mention = form == 0 ? brand.name : (form == 1 ? "@" : "#") + brand.handle;
    if (form == 1) post.handle = brand.handle;
    if (form == 2) post.hashtag = brand.handle;
    AppendBrandText(post.language, planned.mood, mention, &random, &post.text);
  } else {
    AppendChatter(post.language, &random, &post.text);
  }
  post.event_time_ms = planned.event_ms;
  post.id = planned.sequence + 1;
  post.author = planned.author;
  post.repost = planned.repost;
  post.root = planned.repost ? planned.text_seed + 1'000'000'000'000ULL : 0;
  // Followers: log-normal, as in the field; a few accounts reach many.
  Random by_author(planned.author);
  post.followers = static_cast<int64_t>(std::min(3e6, std::exp(5.0 + 2.0 * by_author.Normal())));
  if (planned.author >= kAuthors) post.followers = 3;
  if (planned.second_network) {
    AppendGenericPost(post, out);
  } else {
    AppendTwitterPost(post, filler_, out);
  }
  if (planned.malformed != 0) Malform(planned.malformed, out);
}

}  // namespace tocsin
