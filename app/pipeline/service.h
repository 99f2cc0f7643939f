// The service: ingest and detect workers over one Kafka, until told to stop.
//
// Thread-safe but for Start and Wait, which belong to one thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/config_reload.h"
#include "app/pipeline/settings.h"
#include "app/versions/reloader.h"
#include "engine/base/clock.h"
#include "engine/log/log.h"
#include "engine/worker/job.h"

namespace tocsin {

class Service {
 public:
  // Opens the log that one worker uses: each has its own clients, since one client's broker thread is what limits a
  // worker.
  using LogFactory = std::function<absl::StatusOr<std::unique_ptr<Log>>(const std::string& worker)>;

  struct Options {
    int ingest_workers = 1;
    int detect_workers = 1;
    int ordinal = 0;  // of this process among those of the deployment: makes transactional ids stable and distinct
    ConfigReload::Load load;  // of the files, for reloads; empty: none
  };

  // `clock` and `metrics` must outlive the service.
  Service(Options options, std::shared_ptr<const PipelineSettings> settings, LogFactory open_log, Clock* clock,
          AppMetrics* metrics);
  ~Service();

  // Creates or checks the topics, then starts the workers.
  absl::Status Start();
  // This and the next may come from any thread, before and during Start too: they take effect after it.
  void RequestStop();
  // Reads the files anew, on a thread of its own.
  void RequestReload();
  absl::Status Wait();

  // Empty when every worker has its partitions; else why the service is not ready.
  std::string NotReady() const;
  bool failed() const { return job_.stopping(); }

 private:
  absl::StatusOr<std::unique_ptr<Worker>> MakeIngest(const std::string& name);
  absl::StatusOr<std::unique_ptr<Worker>> MakeDetect(const std::string& name);

  absl::Status StartVersions();

  const Options options_;
  const std::shared_ptr<const PipelineSettings> settings_;
  const LogFactory open_log_;
  Clock* const clock_;
  AppMetrics* const metrics_;
  LogPublisher publisher_;
  std::unique_ptr<Log> config_log_;
  std::shared_ptr<ConfigVersions> versions_;
  std::unique_ptr<ConfigPublisher> config_publisher_;
  std::unique_ptr<ConfigReload> reload_;
  std::unique_ptr<Reloader> reloader_;
  std::atomic<bool> started_ = false;  // the workers are there, and `reloader_` does not change any more
  std::atomic<bool> reload_asked_ = false;
  Job job_;
};

}  // namespace tocsin
