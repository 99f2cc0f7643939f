// The command line as data: what completions and the manual are made from, so that they can't differ from what is
// parsed.
//
// Functions only, safe to call from any thread.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace tocsin {

struct CommandOption {
  std::vector<std::string> names;    // -c, --config
  std::string value;                 // what stands for its value; empty: it takes none
  std::vector<std::string> choices;  // the only values; empty: any
  std::string range;                 // of a number, such as [0 - 5]; empty: any
  std::string otherwise;             // default; empty: none to tell
  std::string description;
  bool takes_path = false;
  bool required = false;
  bool repeated = false;
};

struct CommandEntry {
  std::string path;  // "run", "source reset"
  std::string description;
  std::vector<CommandOption> options;
  std::vector<CommandOption> arguments;  // those without a name of their own; `names` has one word
  std::vector<std::string> subcommands;  // last words of their paths
};

// Every command, in the order of --help; first the binary itself, with an empty path.
std::vector<CommandEntry> DescribeCommands(const CLI::App& app);

}  // namespace tocsin
