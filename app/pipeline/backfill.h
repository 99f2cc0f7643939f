// Learns the brands' baselines from history, before a deployment's first start, so that it does not begin as a
// stranger.
//
// The history runs through the same workers as a replay, over the log in memory, with all output thrown away. What is
// kept of it is each brand's baseline and nothing else: no windows, no incidents, no places in topics. Each mentions
// partition gets it as a snapshot, with the offset 0 beside it, so that the first start is an ordinary recovery. Since
// nothing else is known, the live topics are read from where `sources.start` says, and their audit chain begins there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/replay.h"
#include "app/pipeline/settings.h"
#include "app/worker/recovery.h"
#include "engine/log/log.h"

namespace tocsin {

struct LearntHistory {
  std::vector<std::string> payloads;  // by mentions partition, for DetectTask::Decode
  int64_t ready = 0;                  // brands
  int64_t learning = 0;
  int64_t end_ms = 0;  // of event time
};

// `inputs` as of ReplayOptions. NotFound: no brand is mentioned in it.
absl::StatusOr<LearntHistory> LearnHistory(const std::vector<std::pair<std::string, std::string>>& inputs,
                                           std::shared_ptr<const PipelineSettings> settings, AppMetrics* metrics,
                                           const std::function<void(const ReplayProgress&)>& progress);

// FailedPrecondition: the deployment has run, so it has baselines of its own. NotFound: there is no mentions topic.
absl::Status CheckHasNeverRun(const RecoveryOptions& topics, Log* log);

// Makes `payloads` what the deployment begins with, in place of what an earlier backfill has left, in one transaction
// with the offsets. Joins the group for that, so whoever starts meanwhile undoes it or is waited for. Errors as of
// CheckHasNeverRun, and FailedPrecondition: the group has other members, or the topic another number of partitions.
// After an error nothing was written, or, if it is Unavailable, all or nothing: call it again.
absl::Status WriteBaselines(const std::vector<std::string>& payloads, const RecoveryOptions& topics,
                            const std::string& transactional_id, Log* log);

}  // namespace tocsin
