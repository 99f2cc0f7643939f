// A synthetic firehose: the posts of a scenario, in the order in which they are delivered.
//
// Deterministic by seed. Works a second of event time at a time, so memory follows the rate and the disorder, not the
// length. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/generate/random.h"
#include "app/generate/scenario.h"
#include "app/generate/texts.h"

namespace tocsin {

// One record as it is delivered. Views are valid until the next call of Next.
struct FirehoseRecord {
  int64_t event_time_ms = 0;  // of a malformed record: when it is delivered
  int64_t delivery_time_ms = 0;
  int32_t partition = 0;
  bool second_network = false;  // generic form instead of Twitter's
  bool malformed = false;
  bool duplicate = false;
  int32_t brand = -1;  // into Scenario::brands; -1: none
  Mood mood = Mood::kNeutral;
  std::string_view bytes;  // one line of JSON, without the newline
};

class Firehose {
 public:
  explicit Firehose(Scenario scenario);
  ~Firehose();
  Firehose(const Firehose&) = delete;
  Firehose& operator=(const Firehose&) = delete;

  // False at the end.
  bool Next(FirehoseRecord* record);

  const Scenario& scenario() const { return scenario_; }

  // Mentions per minute that the scenario means for the brand at this time, events included.
  double ExpectedPerMinute(size_t brand, int64_t since_start_ms) const;

 private:
  struct Planned;  // a post that is due, not yet written

  double DailyFactor(int64_t since_start_ms) const;
  double EventPerMinute(const ScenarioEvent& event, int64_t since_start_ms) const;
  void PlanSecond();
  void PlanBrand(size_t brand);
  void PlanEvent(const ScenarioEvent& event);
  void PlanPost(int32_t brand, Mood mood, int32_t event);
  int32_t PickPartition(int64_t since_start_ms);
  void Write(const Planned& planned, std::string* out);

  const Scenario scenario_;
  Random random_;
  int64_t second_ms_ = 0;         // since the start; the second to be planned next
  std::vector<Planned> waiting_;  // sorted by delivery time from `next_` on
  size_t next_ = 0;
  uint64_t sequence_ = 0;
  std::vector<double> minute_factor_;  // over-dispersion of each brand in this minute
  std::vector<double> weight_sums_;
  std::string line_;
  std::string filler_;
};

// The truth about a scenario as one JSON object: brands, events with onsets, seeds.
std::string TruthJson(const Scenario& scenario);

}  // namespace tocsin
