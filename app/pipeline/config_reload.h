// A running service's configuration: publishes what its files say, says what it refuses.
//
// Not thread-safe: Start and Reload are called one after the other.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "app/versions/config_publisher.h"
#include "app/versions/config_versions.h"

namespace tocsin {

class ConfigReload {
 public:
  // Reads the files anew; the errors are those of a start.
  using Load = std::function<absl::StatusOr<std::shared_ptr<const PipelineSettings>>()>;

  // All must outlive this. `load` may be empty: then only Start.
  ConfigReload(std::shared_ptr<const PipelineSettings> settings, Load load, ConfigPublisher* publisher,
               ConfigVersions* versions, AppMetrics* metrics);

  // Publishes the settings that the process was started with, unless its files are the same as at its last start.
  absl::Status Start();
  // Reads the files and publishes their watchlist if it is another one. A bad one is logged, and the old one goes on.
  void Reload(bool asked);
  // Says in log and metrics if another version has been published, by whomever.
  void ReportNewest();

 private:
  absl::StatusOr<PublishResult> Publish(const PipelineSettings& settings, PublishOccasion occasion);

  const std::shared_ptr<const PipelineSettings> settings_;  // the process's own, but for the watchlist
  const Load load_;
  ConfigPublisher* const publisher_;
  ConfigVersions* const versions_;
  AppMetrics* const metrics_;
  uint64_t files_version_ = 0;  // of the files as last read
  uint64_t reported_id_ = 0;
};

}  // namespace tocsin
