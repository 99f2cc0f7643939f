#include "app/command/config_options.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "app/command/command.h"
#include "app/logging/logging.h"

namespace tocsin {
namespace {

LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "warning") return LogLevel::kWarning;
  if (name == "error") return LogLevel::kError;
  return LogLevel::kInfo;
}

}  // namespace

void AddConfigOptions(CLI::App* command, ConfigArguments* arguments) {
  command->add_option("--config,-c", arguments->path, "Configuration (YAML)")->required()->type_name("FILE");
  command->add_option("--set", arguments->set, "Overrides a key: --set windows.slide=10s")->type_name("KEY=VALUE");
}

ConfigSources SourcesOf(const ConfigArguments& arguments) {
  ConfigSources sources;
  sources.set = arguments.set;
  sources.environment = [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
  return sources;
}

std::pair<std::string, std::string> TopicAndPath(const std::string& input, const Config& config) {
  const size_t equals = input.find('=');
  if (equals != std::string::npos) {
    const std::string topic = input.substr(0, equals);
    for (const SourceConfig& source : config.sources) {
      for (const std::string& known : source.topics) {
        if (known == topic) return {topic, input.substr(equals + 1)};
      }
    }
  }
  return {config.sources.front().topics.front(), input};
}

absl::StatusOr<std::shared_ptr<const PipelineSettings>> LoadSettings(const ConfigArguments& arguments) {
  absl::StatusOr<Config> config = LoadConfig(arguments.path, SourcesOf(arguments));
  if (!config.ok()) return config.status();
  InitLogging(config->log.json ? LogFormat::kJson : LogFormat::kText, LevelOf(config->log.level));
  return MakeSettings(*std::move(config));
}

absl::StatusOr<std::shared_ptr<const PipelineSettings>> ReloadSettings(const ConfigArguments& arguments) {
  absl::StatusOr<Config> config = LoadConfig(arguments.path, SourcesOf(arguments));
  if (!config.ok()) return config.status();
  return MakeSettings(*std::move(config));
}

int Fail(const char* command, const absl::Status& status) {
  const std::string message(status.message());
  std::fprintf(stderr, "tocsin %s: %s\n", command, message.c_str());
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ? kExitUsage : kExitFailed;
}

}  // namespace tocsin
