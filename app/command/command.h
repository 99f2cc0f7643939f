// The commands of the tocsin binary: each file of this folder adds one to the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/time/time.h"
#include "app/config/yaml_reader.h"

namespace tocsin {

// Exit codes of the binary.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  // wrong usage or invalid configuration

// What parsing the command line leaves behind: the chosen command, ready to be run.
struct ChosenCommand {
  std::function<int()> run;
};

// The whole command line: every command, with its options.
void AddAllCommands(CLI::App* app, ChosenCommand* chosen);

// ack, silence, drill, close and note.
void AddActionCommands(CLI::App* app, ChosenCommand* chosen);
void AddAuditCommand(CLI::App* app, ChosenCommand* chosen);
void AddBackfillCommand(CLI::App* app, ChosenCommand* chosen);
void AddCheckCommand(CLI::App* app, ChosenCommand* chosen);
void AddCompletionCommand(CLI::App* app, ChosenCommand* chosen);
void AddDemoCommand(CLI::App* app, ChosenCommand* chosen);
void AddGenerateCommand(CLI::App* app, ChosenCommand* chosen);
void AddHealthCommand(CLI::App* app, ChosenCommand* chosen);
void AddManualCommand(CLI::App* app, ChosenCommand* chosen);
void AddReplayCommand(CLI::App* app, ChosenCommand* chosen);
void AddRunCommand(CLI::App* app, ChosenCommand* chosen);
void AddSourceCommand(CLI::App* app, ChosenCommand* chosen);
void AddTopicsCommand(CLI::App* app, ChosenCommand* chosen);
void AddTrainCommand(CLI::App* app, ChosenCommand* chosen);
void AddWatchCommand(CLI::App* app, ChosenCommand* chosen);

// Adds an option that takes a duration ("90s", "5m", "1h30m", "2d") from `least` to `most`.
CLI::Option* AddDurationOption(CLI::App* command, const char* name, absl::Duration* value, const char* help,
                               absl::Duration least = absl::ZeroDuration(), absl::Duration most = kLongestDuration);

// A check of a number's bounds, which are in. Unlike CLI11's it refuses what is no number (nan), and says the bounds as
// people write them.
CLI::Validator NumberBetween(double least, double most);

}  // namespace tocsin
