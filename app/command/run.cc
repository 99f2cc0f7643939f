// tocsin run: the service, until SIGTERM or SIGINT.

#include "app/command/run.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "app/command/config_options.h"
#include "app/command/stop_signals.h"
#include "app/logging/logging.h"
#include "app/pipeline/kafka_logs.h"
#include "app/pipeline/service.h"
#include "engine/metrics/http_server.h"

namespace tocsin {
namespace {

struct RunArguments {
  ConfigArguments config;
  int ordinal = -1;
};

// A StatefulSet's pod is named NAME-N: its number makes the transactional ids stable across restarts.
int OrdinalOfHost() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return 0;
  const std::string_view host(name);
  const size_t dash = host.rfind('-');
  int ordinal = 0;
  if (dash == std::string_view::npos || !absl::SimpleAtoi(host.substr(dash + 1), &ordinal)) return 0;
  return ordinal;
}

absl::StatusOr<std::unique_ptr<HttpServer>> StartHttp(const std::string& listen, const Service& service, Clock* clock,
                                                      AppMetrics* metrics) {
  if (listen.empty()) return std::unique_ptr<HttpServer>();
  HttpServer::Options options;
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos || !absl::SimpleAtoi(listen.substr(colon + 1), &options.port)) {
    return absl::InvalidArgumentError(absl::StrCat("metrics.listen takes HOST:PORT; got=", listen));
  }
  options.host = listen.substr(0, colon);
  options.not_ready = [&service] { return service.NotReady(); };
  options.before_collect = [metrics, clock] { metrics->Update(clock->Now()); };
  return HttpServer::Start(std::move(options), metrics->registry());
}

int RunService(const RunArguments& arguments, const LogsOfConfig& logs) {
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("run", settings.status());
  const Config& config = *(*settings)->config;
  // Before any thread is started, so that none of them takes the signals.
  Service* reloaded = nullptr;  // set before the signals are listened to
  StopSignals stop_signals([&reloaded] { reloaded->RequestReload(); });
  AppMetrics metrics;
  metrics.brands()->Choose(static_cast<size_t>(config.metrics.top_brands), config.metrics.brands);
  SystemClock clock;
  Service::Options options;
  options.ingest_workers = config.ingest ? config.workers.ingest : 0;
  options.detect_workers = config.detect ? config.workers.detect : 0;
  options.ordinal = arguments.ordinal >= 0 ? arguments.ordinal : OrdinalOfHost();
  options.load = [&arguments] { return ReloadSettings(arguments.config); };
  Service service(options, *settings, logs(config), &clock, &metrics);
  reloaded = &service;
  absl::StatusOr<std::unique_ptr<HttpServer>> http = StartHttp(config.metrics.listen, service, &clock, &metrics);
  if (!http.ok()) return Fail("run", http.status());
  if (*http != nullptr) {
    LogEvent(LogLevel::kInfo, "metrics and health",
             {{"listen", absl::StrCat(config.metrics.listen)}, {"port", absl::StrCat((*http)->port())}});
  }
  // Before the start, which waits for a broker.
  stop_signals.OnStop(
      [&service] {
        LogEvent(LogLevel::kInfo, "stopping: draining and committing");
        service.RequestStop();
      },
      config.limits.drain,
      [within = config.limits.drain] {
        LogEvent(LogLevel::kError, "not drained in time, ends as if killed: what was not committed is read again",
                 {{"limits.drain", absl::FormatDuration(within)}});
      });
  if (absl::Status status = service.Start(); !status.ok()) {
    stop_signals.End();  // before the service is gone
    return Fail("run", status);
  }
  LogEvent(LogLevel::kInfo, "started",
           {{"deployment", config.deployment},
            {"ingest_workers", absl::StrCat(options.ingest_workers)},
            {"detect_workers", absl::StrCat(options.detect_workers)},
            {"brands", absl::StrCat((*settings)->watchlist->brands().size())},
            {"config_version", absl::StrCat(absl::Hex((*settings)->config_version, absl::kZeroPad16))}});
  const absl::Status status = service.Wait();
  stop_signals.End();
  if (!status.ok()) return Fail("run", status);
  const AppMetrics::Totals t = metrics.Sum();
  LogEvent(LogLevel::kInfo, "drained",
           {{"input", absl::StrCat(static_cast<int64_t>(t.posts))},
            {"matched", absl::StrCat(static_cast<int64_t>(t.matched))},
            {"unmatched", absl::StrCat(static_cast<int64_t>(t.unmatched))},
            {"dead", absl::StrCat(static_cast<int64_t>(t.dead))},
            {"official", absl::StrCat(static_cast<int64_t>(t.official))},
            {"mentions", absl::StrCat(static_cast<int64_t>(t.mentions))},
            {"counted", absl::StrCat(static_cast<int64_t>(t.applied))},
            {"duplicates", absl::StrCat(static_cast<int64_t>(t.duplicates))},
            {"signals", absl::StrCat(static_cast<int64_t>(t.signals))}});
  return kExitOk;
}

}  // namespace

void AddRunCommand(CLI::App* app, ChosenCommand* chosen) { AddRunCommandOver(KafkaLogs, app, chosen); }

void AddRunCommandOver(LogsOfConfig logs, CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command = app->add_subcommand("run", "The service: reads posts from Kafka, publishes metrics and signals");
  AddConfigOptions(command, &arguments->config);
  command->add_option("--ordinal", arguments->ordinal,
                      "Number of this process in its deployment; by default that at the end of the host's name");
  command->callback([arguments, chosen, logs = std::move(logs)] {
    chosen->run = [arguments, logs] { return RunService(*arguments, logs); };
  });
}

}  // namespace tocsin
