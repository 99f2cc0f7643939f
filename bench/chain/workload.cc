#include "bench/chain/workload.h"

#include <algorithm>
#include <charconv>

#include "absl/log/check.h"
#include "app/generate/built_in_scenarios.h"
#include "app/generate/firehose.h"

namespace tocsin {
namespace {

constexpr size_t kIdDigits = 19;
constexpr size_t kTimeDigits = 13;
constexpr int64_t kFirstId = 2'000'000'000'000'000'000;

size_t Behind(std::string_view text, std::string_view what) {
  const size_t at = text.find(what);
  CHECK_NE(at, std::string_view::npos) << what;
  return at + what.size();
}

}  // namespace

ChainWorkload::ChainWorkload(int32_t brands, int32_t matched_percent) {
  constexpr int64_t kMany = 10;  // so that kPosts are there whatever chance says
  Firehose firehose(MixedScenario(/*seed=*/1, kPosts * kMany, kRoundMs * kMany, brands, matched_percent / 100.0));
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist =
      Watchlist::Parse(WatchlistYaml(firehose.scenario()), "watchlist.yaml");
  CHECK_OK(watchlist.status());
  watchlist_ = *std::move(watchlist);
  std::vector<std::pair<size_t, size_t>> bounds;
  FirehoseRecord record;
  for (int64_t i = 0; i < kPosts; ++i) {
    CHECK(firehose.Next(&record));
    const size_t begin = bytes_.size();
    bytes_ += record.bytes;
    mentions_ += record.post->brand >= 0 ? 1 : 0;
    constexpr std::string_view kTime = R"("timestamp_ms":")";
    Places places;
    places.id = begin + Behind(record.bytes, R"("id":)");
    places.id_text = begin + Behind(record.bytes, R"("id_str":")");
    places.time = begin + record.bytes.rfind(kTime) + kTime.size();
    places.time_ms = record.post->event_ms;
    CHECK_EQ(bytes_.substr(places.time, kTimeDigits), std::to_string(places.time_ms));
    CHECK_EQ(bytes_.substr(places.id, kIdDigits), bytes_.substr(places.id_text, kIdDigits));
    places_.push_back(places);
    bounds.emplace_back(begin, bytes_.size() - begin);
  }
  bytes_.append(kPadding, ' ');
  for (size_t i = 0; i < bounds.size(); ++i) {
    Record& made = records_.emplace_back();
    made.value = std::string_view(bytes_).substr(bounds[i].first, bounds[i].second);
    made.has_value = true;
    made.offset = static_cast<Offset>(i);
  }
}

void ChainWorkload::NextRound() {
  ++round_;
  for (size_t i = 0; i < places_.size(); ++i) {
    const Places& places = places_[i];
    const int64_t id = kFirstId + round_ * kPosts + static_cast<int64_t>(i);
    const int64_t time_ms = places.time_ms + round_ * kRoundMs;
    std::to_chars(bytes_.data() + places.id, bytes_.data() + places.id + kIdDigits, id);
    std::to_chars(bytes_.data() + places.id_text, bytes_.data() + places.id_text + kIdDigits, id);
    std::to_chars(bytes_.data() + places.time, bytes_.data() + places.time + kTimeDigits, time_ms);
    records_[i].offset += kPosts;
    records_[i].append_time_ms = time_ms;
    highest_event_time_ms_ = std::max(highest_event_time_ms_, time_ms);
  }
}

}  // namespace tocsin
