// bench_plain_run: `tocsin run` without transactions, for throughput.py --plain and peers.py. It can lose and double
// posts.

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "app/command/run.h"
#include "app/pipeline/kafka_logs.h"
#include "bench/kafka/plain_run/plain_log.h"
#include "engine/base/heap.h"

namespace tocsin {
namespace {

Service::LogFactory PlainLogs(const Config& config) {
  return [config](const std::string& worker) -> absl::StatusOr<std::unique_ptr<Log>> {
    return PlainLog::Create(KafkaOptionsOf(config, worker));
  };
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  tocsin::LimitHeapCaches();
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kWarning);
  absl::InitializeLog();
  CLI::App app{"tocsin run without transactions, for measurements only"};
  tocsin::ChosenCommand chosen;
  tocsin::AddRunCommandOver(tocsin::PlainLogs, &app, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 has no other way to say so
    return app.exit(error) == 0 ? tocsin::kExitOk : tocsin::kExitUsage;
  }
  return chosen.run ? chosen.run() : tocsin::kExitUsage;
}
