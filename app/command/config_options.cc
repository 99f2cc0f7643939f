#include "app/command/config_options.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
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

absl::StatusOr<std::pair<std::string, std::string>> TopicAndPath(const std::string& input, const Config& config) {
  const std::string& first = config.sources.front().topics.front();
  const size_t equals = input.find('=');
  if (equals == std::string::npos) return std::pair(first, input);
  const std::string topic = input.substr(0, equals);
  std::vector<std::string> known;
  for (const SourceConfig& source : config.sources)
    known.insert(known.end(), source.topics.begin(), source.topics.end());
  if (std::find(known.begin(), known.end(), topic) != known.end()) return std::pair(topic, input.substr(equals + 1));
  // A file's name may have one too.
  if (access(input.c_str(), F_OK) == 0) return std::pair(first, input);
  return absl::InvalidArgumentError(
      absl::StrCat("no source has this topic; topic=", topic, " known=", absl::StrJoin(known, ",")));
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
