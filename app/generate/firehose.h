// A synthetic firehose: the records of a scenario, in the order in which they are delivered.
//
// Deterministic: scenario and seed decide every byte. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "app/generate/composer.h"
#include "app/generate/labelled_texts.h"
#include "app/generate/planner.h"
#include "app/generate/scenario.h"
#include "app/generate/truth.h"

namespace tocsin {

// One record as it is delivered. Views are valid until the next call of Next.
struct FirehoseRecord {
  int64_t delivery_time_ms = 0;
  const PlannedPost* post = nullptr;  // of a malformed record: what it was before
  std::string_view id;                // of the post, as its preset reads it
  std::string_view bytes;             // one line of JSON, without the newline
};

class Firehose {
 public:
  // `texts` may be null: then all texts are made of phrases.
  explicit Firehose(Scenario scenario, std::shared_ptr<const LabelledTexts> texts = nullptr);
  Firehose(const Firehose&) = delete;
  Firehose& operator=(const Firehose&) = delete;

  // False at the end.
  bool Next(FirehoseRecord* record);

  const Scenario& scenario() const { return scenario_; }
  // Of what was delivered so far.
  const Truth& truth() const { return truth_; }

 private:
  const Scenario scenario_;
  Planner planner_;
  Composer composer_;
  Truth truth_;
};

}  // namespace tocsin
