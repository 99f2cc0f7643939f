// A configuration, loaded and resolved: what the pipelines are built from.
//
// Immutable once built, so thread-safe; shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "app/config/config.h"
#include "app/worker/detect_worker.h"
#include "app/worker/ingest_worker.h"
#include "operators/match/watchlist.h"
#include "operators/sentiment/sentiment_model.h"
#include "operators/task/detect_task.h"

namespace tocsin {

struct PipelineSettings {
  std::shared_ptr<const Config> config;
  std::shared_ptr<const Watchlist> watchlist;
  std::unique_ptr<SentimentModel> own_model;  // null: the shipped one
  const SentimentModel* model = nullptr;
  uint64_t config_version = 0;  // of configuration, watchlist and model together
  IngestWorkerOptions ingest;   // without names
  DetectWorkerOptions detect;   // likewise
  DetectTaskOptions task;
  OutputTopics topics;
  std::vector<TopicSpec> topic_specs;  // of everything that Tocsin writes
};

// Reads watchlist, model and key file and puts the options together. InvalidArgument names file, line and column.
absl::StatusOr<std::shared_ptr<const PipelineSettings>> MakeSettings(Config config);
// The same with the text of a watchlist instead of the file that the configuration names.
absl::StatusOr<std::shared_ptr<const PipelineSettings>> MakeSettings(Config config, std::string_view watchlist_yaml);

// Of configuration, watchlist, model and calibration together: what blocks and signals name.
uint64_t ConfigVersion(const Config& config, const Watchlist& watchlist, const SentimentModel& model,
                       const RatioCalibration& calibration);

}  // namespace tocsin
