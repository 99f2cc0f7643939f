// Where the outputs of detect go: topics of the log in the service, files in a replay.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "operators/task/detect_task.h"

namespace tocsin {

// Called by a detect worker with the outputs of one mentions partition, in their order, within the worker's open
// transaction. Not thread-safe: one worker, one publisher.
class Publisher {
 public:
  virtual ~Publisher() = default;
  virtual absl::Status Publish(const DetectOutput& output, Writer* writer) = 0;
};

struct OutputTopics {
  std::string brand_metrics = "tocsin.brand-metrics";
  std::string signals = "tocsin.signals";
  std::string incidents = "tocsin.incidents";
  std::string post_crisis = "tocsin.post-crisis";
  std::string dead_letters = "tocsin.dead-letters";  // actions that detect refuses
};

// Writes the dead letter of an action that detect refuses, as ingest writes its own.
absl::Status WriteRefusedAction(const RefusedAction& refused, std::string_view topic, Writer* writer);

// CloudEvents in Kafka's binary content mode, keyed by brand; the wall clock goes into `emitted_at` only.
class LogPublisher : public Publisher {
 public:
  LogPublisher(OutputTopics topics, Clock* clock) : topics_(std::move(topics)), clock_(clock) {}
  absl::Status Publish(const DetectOutput& output, Writer* writer) override;

 private:
  const OutputTopics topics_;
  Clock* const clock_;
};

}  // namespace tocsin
