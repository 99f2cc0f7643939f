#include "app/pipeline/service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "app/logging/logging.h"
#include "app/worker/offset_metadata.h"
#include "engine/base/heap.h"

namespace tocsin {
namespace {

// A worker together with the log that only it uses.
class OwningWorker : public Worker {
 public:
  OwningWorker(std::unique_ptr<Log> log, std::unique_ptr<Worker> worker)
      : log_(std::move(log)), worker_(std::move(worker)) {}
  absl::Status Step(absl::Duration max_wait) override { return worker_->Step(max_wait); }
  absl::Status Drain() override { return worker_->Drain(); }
  bool ready() const override { return worker_->ready(); }

 private:
  std::unique_ptr<Log> log_;  // outlives the worker
  std::unique_ptr<Worker> worker_;
};

Job::Options JobOptions(AppMetrics* metrics) {
  Job::Options options;
  options.on_error = [metrics](std::string_view worker, const absl::Status& error, bool restarts) {
    metrics->worker_restarts()->Increment();
    LogEvent(restarts ? LogLevel::kWarning : LogLevel::kError,
             restarts ? "worker failed and is started again" : "worker failed, the service stops",
             {{"worker", std::string(worker)}, {"error", error.ToString()}});
    // The worker is gone by now; the next one starts with state and queues of its own.
    TrimHeap();
  };
  return options;
}

}  // namespace

Service::Service(Options options, std::shared_ptr<const PipelineSettings> settings, LogFactory open_log, Clock* clock,
                 AppMetrics* metrics)
    : options_(std::move(options)),
      settings_(std::move(settings)),
      open_log_(std::move(open_log)),
      clock_(clock),
      metrics_(metrics),
      publisher_(settings_->topics, clock),
      job_(JobOptions(metrics)) {}

Service::~Service() = default;

absl::Status Service::StartVersions() {
  absl::StatusOr<std::unique_ptr<Log>> log = open_log_("config");
  if (!log.ok()) return log.status();
  config_log_ = *std::move(log);
  const Config& config = *settings_->config;
  absl::StatusOr<std::unique_ptr<ConfigVersions>> versions =
      ConfigVersions::Open(config_log_.get(), config.topics.config);
  if (!versions.ok()) return versions.status();
  versions_ = *std::move(versions);
  PublisherOptions options;
  options.topic = config.topics.config;
  options.transactional_id = absl::StrCat(config.deployment, "-config");
  options.process = absl::StrCat(options_.ordinal);
  options.slide_ms = absl::ToInt64Milliseconds(config.windows.slide);
  options.margin = config.reload.margin;
  options.highest_event_time_ms = [this] {
    std::vector<std::string> topics;
    for (const SourceConfig& source : settings_->config->sources) {
      topics.insert(topics.end(), source.topics.begin(), source.topics.end());
    }
    return HighestCommittedEventTime(config_log_.get(), absl::StrCat(settings_->config->deployment, "-ingest"), topics);
  };
  config_publisher_ = std::make_unique<ConfigPublisher>(std::move(options), config_log_.get(), versions_.get(), clock_);
  reload_ =
      std::make_unique<ConfigReload>(settings_, options_.load, config_publisher_.get(), versions_.get(), metrics_);
  if (absl::Status status = reload_->Start(); !status.ok()) return status;
  if (!options_.load) return absl::OkStatus();
  Reloader::Options reloader;
  reloader.every = config.reload.every;
  reloader.paths = {config.path, config.watchlist};
  reloader.reload = [this](bool asked) { reload_->Reload(asked); };
  reloader.at_each_look = [this] {
    // A broker that can't be reached shows in the workers.
    if (versions_->CatchUp().ok()) reload_->ReportNewest();
  };
  reloader_ = std::make_unique<Reloader>(std::move(reloader));
  reloader_->Start();
  return absl::OkStatus();
}

absl::Status Service::Start() {
  absl::StatusOr<std::unique_ptr<Log>> log = open_log_("setup");
  if (!log.ok()) return log.status();
  if (absl::Status status = (*log)->EnsureTopics(settings_->topic_specs, settings_->config->topics.create);
      !status.ok()) {
    return status;
  }
  if (absl::Status status = StartVersions(); !status.ok()) return status;
  for (int i = 0; i < options_.ingest_workers; ++i) {
    std::string name = absl::StrCat("ingest-", options_.ordinal, "-", i);
    job_.Add(name, [this, name] { return MakeIngest(name); });
  }
  for (int i = 0; i < options_.detect_workers; ++i) {
    std::string name = absl::StrCat("detect-", options_.ordinal, "-", i);
    job_.Add(name, [this, name] { return MakeDetect(name); });
  }
  job_.Start();
  started_.store(true);
  if (reload_asked_.load() && reloader_ != nullptr) reloader_->Ask();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Worker>> Service::MakeIngest(const std::string& name) {
  absl::StatusOr<std::unique_ptr<Log>> log = open_log_(name);
  if (!log.ok()) return log.status();
  IngestWorkerOptions options = settings_->ingest;
  const std::string& deployment = settings_->config->deployment;
  options.transactional_id = options.member = absl::StrCat(deployment, "-", name);
  options.group = absl::StrCat(deployment, "-ingest");
  absl::StatusOr<std::unique_ptr<IngestWorker>> worker = IngestWorker::Create(
      options, log->get(), log->get(), clock_, versions_, settings_->model, metrics_->Ingest(name));
  if (!worker.ok()) return worker.status();
  return std::make_unique<OwningWorker>(*std::move(log), *std::move(worker));
}

absl::StatusOr<std::unique_ptr<Worker>> Service::MakeDetect(const std::string& name) {
  absl::StatusOr<std::unique_ptr<Log>> log = open_log_(name);
  if (!log.ok()) return log.status();
  DetectWorkerOptions options = settings_->detect;
  const std::string& deployment = settings_->config->deployment;
  options.transactional_id = options.member = absl::StrCat(deployment, "-", name);
  options.group = absl::StrCat(deployment, "-detect");
  const auto make_task = [settings = settings_, versions = versions_](int32_t partition) {
    DetectTaskOptions task = settings->task;
    task.partition = partition;
    return std::make_unique<DetectTask>(task, std::shared_ptr<WatchlistVersions>(versions));
  };
  absl::StatusOr<std::unique_ptr<DetectWorker>> worker =
      DetectWorker::Create(options, log->get(), clock_, make_task, &publisher_, metrics_->Detect(name));
  if (!worker.ok()) return worker.status();
  return std::make_unique<OwningWorker>(*std::move(log), *std::move(worker));
}

void Service::RequestStop() {
  job_.RequestStop();
  // Its looks wait for the broker, and for each other with the workers.
  if (started_.load() && reloader_ != nullptr) reloader_->RequestStop();
}

void Service::RequestReload() {
  reload_asked_.store(true);
  if (started_.load() && reloader_ != nullptr) reloader_->Ask();
}

absl::Status Service::Wait() {
  absl::Status status = job_.Wait();
  if (reloader_ != nullptr) reloader_->Stop();
  return status;
}

std::string Service::NotReady() const {
  if (job_.stopping()) return "draining";
  // Before it has workers all of them are ready.
  if (!started_.load()) return "starting";
  return job_.ready() ? "" : "waiting for partitions";
}

}  // namespace tocsin
