#include "app/generate/firehose.h"

#include <utility>

namespace tocsin {

Firehose::Firehose(Scenario scenario, std::shared_ptr<const LabelledTexts> texts)
    : scenario_(std::move(scenario)), planner_(scenario_), composer_(scenario_, std::move(texts)), truth_(scenario_) {}

bool Firehose::Next(FirehoseRecord* record) {
  const PlannedPost* const post = planner_.Next();
  if (post == nullptr) {
    for (size_t i = 0; i < scenario_.streams.size(); ++i) truth_.SetLost(i, planner_.lost(i));
    return false;
  }
  record->delivery_time_ms = post->delivery_ms;
  record->post = post;
  record->bytes = composer_.Compose(*post);
  record->id = composer_.Id(*post);
  truth_.Count(*post, composer_.language(), record->bytes.size());
  return true;
}

}  // namespace tocsin
