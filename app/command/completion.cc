// tocsin completion: completions for bash, zsh and fish, made from the command line itself.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "app/command/command.h"
#include "app/command/command_tree.h"

namespace tocsin {
namespace {

std::string LastWord(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

std::string ParentOf(const std::string& path) {
  const size_t space = path.rfind(' ');
  return space == std::string::npos ? "" : path.substr(0, space);
}

// For a single-quoted string of a shell.
std::string Quoted(std::string_view text) { return absl::StrReplaceAll(text, {{"'", "'\\''"}}); }

const std::string& DescriptionOf(const std::vector<CommandEntry>& commands, const std::string& path) {
  static const std::string kNone;
  for (const CommandEntry& command : commands) {
    if (command.path == path) return command.description;
  }
  return kNone;
}

std::string Join(const std::string& path, const std::string& name) {
  return path.empty() ? name : absl::StrCat(path, " ", name);
}

void AppendBashCase(const CommandEntry& command, std::string* out) {
  std::vector<std::string> words = command.subcommands;
  for (const CommandOption& argument : command.arguments) {
    words.insert(words.end(), argument.choices.begin(), argument.choices.end());
  }
  absl::StrAppend(out, "    '", command.path, "')\n      case \"$previous\" in\n");
  for (const CommandOption& option : command.options) {
    words.insert(words.end(), option.names.begin(), option.names.end());
    if (option.value.empty()) continue;
    absl::StrAppend(out, "        ", absl::StrJoin(option.names, " | "), ") ");
    if (!option.choices.empty()) {
      absl::StrAppend(out, "words='", absl::StrJoin(option.choices, " "), "' ;;\n");
    } else {
      absl::StrAppend(out, option.takes_path ? "_tocsin_paths" : ":", "; return ;;\n");
    }
  }
  absl::StrAppend(out, "        *) words='", absl::StrJoin(words, " "), "' ;;\n      esac\n      ;;\n");
}

std::string Bash(const std::vector<CommandEntry>& commands) {
  std::string out = R"(# Completion of tocsin for bash, made by `tocsin completion bash`.
_tocsin_paths() {
  local line
  compopt -o filenames 2>/dev/null
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
}
_tocsin() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}" command='' words='' line i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${COMP_WORDS[i]}" in
)";
  for (const CommandEntry& command : commands) {
    if (command.path.empty()) continue;
    absl::StrAppend(&out, "      '", ParentOf(command.path), " ", LastWord(command.path), "') command='", command.path,
                    "' ;;\n");
  }
  absl::StrAppend(&out, "    esac\n  done\n  case \"$command\" in\n");
  for (const CommandEntry& command : commands) AppendBashCase(command, &out);
  absl::StrAppend(&out, R"(  esac
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -W "$words" -- "$current")
}
complete -F _tocsin tocsin
)");
  return out;
}

// Colons and brackets part the fields of what _arguments takes.
std::string ZshText(std::string_view text) {
  return Quoted(absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"[", "\\["}, {"]", "\\]"}, {":", "\\:"}}));
}

std::string ZshValue(const CommandOption& option) {
  if (option.value.empty()) return "";
  const std::string action = !option.choices.empty() ? absl::StrCat("(", absl::StrJoin(option.choices, " "), ")")
                             : option.value == "DIR" ? "_files -/"
                             : option.takes_path     ? "_files"
                                                     : " ";
  return absl::StrCat(":", ZshText(option.value), ":", action);
}

std::string Zsh(const std::vector<CommandEntry>& commands) {
  std::string out = "#compdef tocsin\n# Completion of tocsin for zsh, made by `tocsin completion zsh`.\n";
  for (const CommandEntry& command : commands) {
    const std::string function =
        absl::StrCat("_tocsin", command.path.empty() ? "" : "_", absl::StrReplaceAll(command.path, {{" ", "_"}}));
    absl::StrAppend(&out, function, "() {\n  local context state state_descr line\n  typeset -A opt_args\n",
                    "  _arguments -s -C");
    for (const CommandOption& option : command.options) {
      for (const std::string& name : option.names) {
        absl::StrAppend(&out, " \\\n    '", option.repeated ? "*" : "", name, "[", ZshText(option.description), "]",
                        ZshValue(option), "'");
      }
    }
    for (const CommandOption& argument : command.arguments) {
      absl::StrAppend(&out, " \\\n    '1", ZshValue(argument), "'");
    }
    if (!command.subcommands.empty()) {
      absl::StrAppend(&out, " \\\n    '1:command:->command' \\\n    '*::argument:->argument'");
    }
    absl::StrAppend(&out, "\n");
    if (!command.subcommands.empty()) {
      absl::StrAppend(&out, "  case $state in\n    command)\n      local -a commands=(\n");
      for (const std::string& name : command.subcommands) {
        absl::StrAppend(&out, "        '", name, ":", Quoted(DescriptionOf(commands, Join(command.path, name))), "'\n");
      }
      absl::StrAppend(&out, "      )\n      _describe command commands ;;\n    argument)\n      case $line[1] in\n");
      for (const std::string& name : command.subcommands) {
        absl::StrAppend(&out, "        ", name, ") ", function, "_", name, " ;;\n");
      }
      absl::StrAppend(&out, "      esac ;;\n  esac\n");
    }
    absl::StrAppend(&out, "}\n");
  }
  // Sourced by hand, or found in the function path.
  absl::StrAppend(&out, "if [ \"$funcstack[1]\" = _tocsin ]; then _tocsin \"$@\"; else compdef _tocsin tocsin; fi\n");
  return out;
}

// When a command, and none below it, has been given.
std::string FishCondition(const CommandEntry& command) {
  if (command.path.empty()) return "__fish_use_subcommand";
  std::string condition =
      absl::StrCat("__fish_seen_subcommand_from ",
                   absl::StrJoin(absl::StrSplit(command.path, ' '), "; and __fish_seen_subcommand_from "));
  if (!command.subcommands.empty()) {
    absl::StrAppend(&condition, "; and not __fish_seen_subcommand_from ", absl::StrJoin(command.subcommands, " "));
  }
  return condition;
}

std::string FishText(std::string_view text) { return absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}); }

std::string Fish(const std::vector<CommandEntry>& commands) {
  std::string out = "# Completion of tocsin for fish, made by `tocsin completion fish`.\ncomplete -c tocsin -f\n";
  for (const CommandEntry& command : commands) {
    const std::string start = absl::StrCat("complete -c tocsin -n '", FishCondition(command), "'");
    for (const std::string& name : command.subcommands) {
      absl::StrAppend(&out, start, " -a ", name, " -d '", FishText(DescriptionOf(commands, Join(command.path, name))),
                      "'\n");
    }
    for (const CommandOption& argument : command.arguments) {
      absl::StrAppend(&out, start, " -a '", absl::StrJoin(argument.choices, " "), "'\n");
    }
    for (const CommandOption& option : command.options) {
      absl::StrAppend(&out, start);
      for (const std::string& name : option.names) {
        const bool is_long = name.substr(0, 2) == "--";
        absl::StrAppend(&out, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
      }
      if (!option.choices.empty()) {
        absl::StrAppend(&out, " -x -a '", absl::StrJoin(option.choices, " "), "'");
      } else if (!option.value.empty()) {
        absl::StrAppend(&out, option.takes_path ? " -r -F" : " -x");
      }
      absl::StrAppend(&out, " -d '", FishText(option.description), "'\n");
    }
  }
  return out;
}

}  // namespace

void AddCompletionCommand(CLI::App* app, ChosenCommand* chosen) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app->add_subcommand("completion", "Writes a shell's completions of this command line");
  command->add_option("SHELL", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"bash", "fish", "zsh"}));
  command->callback([app, shell, chosen] {
    chosen->run = [app, shell] {
      const std::vector<CommandEntry> commands = DescribeCommands(*app);
      const std::string script = *shell == "bash" ? Bash(commands) : *shell == "zsh" ? Zsh(commands) : Fish(commands);
      return std::fputs(script.c_str(), stdout) < 0 ? kExitFailed : kExitOk;
    };
  });
}

}  // namespace tocsin
