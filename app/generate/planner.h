// Decides by chance which posts there are, and in which order they are delivered.
//
// Plans a second of event time at a time. The posts of brands and the chatter are one Poisson process whose rates are
// set anew every minute, each brand's by a gamma factor of its own, so that a brand's posts per minute have the stated
// ratio of variance to mean (gamma-Poisson, that is negative binomial); events are Poisson processes beside it that
// bear their brand's factor. Planned posts wait in a calendar of seconds until their delivery.
//
// Not thread-safe. Keeps a reference to the scenario.
#pragma once

#include <cstdint>
#include <vector>

#include "app/generate/intensity.h"
#include "app/generate/planned_post.h"
#include "app/generate/random.h"
#include "app/generate/scenario.h"
#include "app/generate/weighted_choice.h"

namespace tocsin {

// Authors above this number are those of events.
inline constexpr uint32_t kAuthors = 2'000'000;
// Each event has so many numbers of its own; the first is that of its one author.
inline constexpr uint32_t kEventAuthors = 1'000'000;

class Planner {
 public:
  explicit Planner(const Scenario& scenario);

  // The next in order of delivery, valid until the next call; nullptr at the end.
  const PlannedPost* Next();

  // Posts of the stream that gaps have swallowed so far.
  int64_t lost(size_t stream) const { return lost_[stream]; }

 private:
  void PlanMinute();
  void PlanSecond();
  void PlanEvent(size_t event);
  void PlanPost(int32_t brand, Mood mood, int32_t event);
  void ShapeByEvent(const ScenarioEvent& event, PlannedPost* post);
  // Delivers the post, a duplicate and a malformed record of it, as the stream's defects have it.
  void Deliver(const PlannedPost& post);
  // Through gaps, into the calendar.
  void Enqueue(PlannedPost post);
  int16_t PickPartition(const ScenarioStream& stream, int32_t but_not);
  Mood PickMood(double negative, double positive);
  void SortDue();

  const Scenario& scenario_;
  const Intensity intensity_;
  Random random_;
  int64_t second_ms_ = -1'000;  // since the start; the second that was planned last
  uint64_t number_ = 0;

  std::vector<double> minute_factor_;  // over-dispersion of each brand in this minute
  std::vector<double> rates_;          // posts a minute of each brand, and of the chatter behind them
  WeightedChoice base_;                // by rates_
  WeightedChoice any_stream_, chatter_stream_;
  std::vector<EventPhases> phases_;
  std::vector<uint64_t> event_posts_;  // planned so far

  // The posts to be delivered in each of the seconds to come, as a ring: the one at `now_` is being handed out.
  std::vector<std::vector<PlannedPost>> calendar_;
  size_t now_ = 0;
  int64_t waiting_ = 0;        // in the whole calendar
  std::vector<uint64_t> due_;  // millisecond << 32 | index into calendar_[now_], sorted
  size_t next_ = 0;            // into due_
  std::vector<int64_t> lost_;
};

}  // namespace tocsin
