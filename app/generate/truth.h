// What a firehose really delivered: counts of everything that a detector, a counter or a test may be held against.
//
// docs/GENERATE.md has the form of the file. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "app/generate/planned_post.h"
#include "app/generate/scenario.h"

namespace tocsin {

class Truth {
 public:
  explicit Truth(const Scenario& scenario);

  // A record as it is delivered.
  void Count(const PlannedPost& post, PostLanguage language, size_t bytes);
  // Posts that a gap swallowed.
  void SetLost(size_t stream, int64_t posts) { streams_[stream].lost = posts; }

  int64_t records() const { return records_; }
  int64_t bytes() const { return bytes_; }

  // The whole as one JSON object, with a line end. The same for the same scenario and seed.
  std::string Json() const;

 private:
  using MoodCounts = std::array<int64_t, kMoods>;
  struct BrandCounts {
    MoodCounts moods = {};
    int64_t by_events = 0;
  };
  struct EventCounts {
    MoodCounts moods = {};
    int64_t first_ms = 0, last_ms = 0;  // event times
    int64_t by_one = 0;                 // of the spammer
  };
  struct StreamCounts {
    int64_t posts = 0, duplicates = 0, reposts = 0, late = 0, held = 0, lost = 0, bytes = 0, chatter = 0;
    std::array<int64_t, kMalformations> malformed = {};
    std::vector<int64_t> partition_records;
  };

  nlohmann::ordered_json BrandsJson() const;
  nlohmann::ordered_json EventsJson() const;
  nlohmann::ordered_json StreamsJson() const;

  const Scenario& scenario_;
  int64_t records_ = 0, bytes_ = 0;
  std::array<int64_t, kPostLanguages> languages_ = {};
  std::vector<BrandCounts> brands_;
  std::vector<EventCounts> events_;
  std::vector<StreamCounts> streams_;
};

// The reason for which Tocsin drops such a record, as in its dead letters: "not_json".
std::string_view DroppedAs(Malformation malformation);

}  // namespace tocsin
