#include "app/pipeline/kafka_logs.h"

#include <memory>
#include <string>
#include <utility>

#include "app/logging/logging.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

LogLevel LevelOf(KafkaLogLevel level) {
  switch (level) {
    case KafkaLogLevel::kError:
      return LogLevel::kError;
    case KafkaLogLevel::kWarning:
      return LogLevel::kWarning;
    case KafkaLogLevel::kInfo:
      return LogLevel::kInfo;
    case KafkaLogLevel::kDebug:
      return LogLevel::kDebug;
  }
  return LogLevel::kInfo;
}

}  // namespace

KafkaOptions KafkaOptionsOf(const Config& config, const std::string& worker) {
  KafkaOptions options;
  options.properties = config.kafka;
  options.queue_bytes = config.limits.queue_bytes;
  options.log = [worker](KafkaLogLevel level, std::string_view text) {
    LogEvent(LevelOf(level), "kafka client", {{"worker", worker}, {"text", std::string(text)}});
  };
  return options;
}

Service::LogFactory KafkaLogs(const Config& config) {
  return [config](const std::string& worker) -> absl::StatusOr<std::unique_ptr<Log>> {
    return KafkaLog::Create(KafkaOptionsOf(config, worker));
  };
}

}  // namespace tocsin
