// What all commands with a configuration share: its flags, loading it, saying what is wrong with it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "app/pipeline/settings.h"

namespace tocsin {

struct ConfigArguments {
  std::string path;
  std::vector<std::string> set;
};

void AddConfigOptions(CLI::App* command, ConfigArguments* arguments);

// The flags, and the process's environment.
ConfigSources SourcesOf(const ConfigArguments& arguments);

// "TOPIC=FILE", or a file of the first source's first topic. InvalidArgument: no source has the topic, nor is there a
// file of that whole name.
absl::StatusOr<std::pair<std::string, std::string>> TopicAndPath(const std::string& input, const Config& config);

// Loads configuration, watchlist and model, and sets up the logs. With the process's environment.
absl::StatusOr<std::shared_ptr<const PipelineSettings>> LoadSettings(const ConfigArguments& arguments);

// The same while the process runs: the logs stay as they are.
absl::StatusOr<std::shared_ptr<const PipelineSettings>> ReloadSettings(const ConfigArguments& arguments);

// Prints the error of `command`; returns the exit code for it: usage for InvalidArgument and NotFound, else failed.
int Fail(const char* command, const absl::Status& status);

}  // namespace tocsin
