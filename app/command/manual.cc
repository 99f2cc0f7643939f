// tocsin manual: the manual page tocsin(1), made from the command line itself.

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "app/command/command.h"
#include "app/command/command_tree.h"
#include "app/version.h"

namespace tocsin {
namespace {

constexpr std::string_view kEnd = R"(.SH EXIT STATUS
.TP
0
Done; of
.BR run :
drained and committed.
.TP
1
Failed; the last line on standard error says why and what to do.
.TP
2
Wrong usage, or an invalid configuration or watchlist.
.SH SIGNALS
Of
.BR run :
.TP
SIGTERM, SIGINT
Stops reading, commits what was read with everything that it caused, and ends with 0. Where that takes
longer than limits.drain, it ends with 1, as if killed. A second one ends it at once.
.TP
SIGHUP
Reads the watchlist again. A bad one is refused, and the old one goes on.
.SH ENVIRONMENT
.TP
TOCSIN_*
Keys of the configuration, in capitals, dots as _: TOCSIN_WINDOWS_SLIDE for windows.slide. Flags go before them, they go before
the file.
.SH FILES
.TP
/etc/tocsin/tocsin.yaml
Configuration of the service that the package brings.
.TP
/etc/tocsin/watchlist.yaml
Its brands and routes.
.TP
/etc/default/tocsin
Its environment, for secrets: readable by root alone.
)";

// Text that begins no request and has no escapes of its own.
std::string Roff(std::string_view text) {
  std::string escaped = absl::StrReplaceAll(text, {{"\\", "\\e"}, {"-", "\\-"}});
  if (absl::StartsWith(escaped, ".") || absl::StartsWith(escaped, "'")) escaped.insert(0, "\\&");
  return escaped;
}

void AppendOption(const CommandOption& option, bool named, std::string* out) {
  std::vector<std::string> names;
  names.reserve(option.names.size());
  for (const std::string& name : option.names) names.push_back(absl::StrCat("\\fB", Roff(name), "\\fR"));
  absl::StrAppend(out, ".TP\n", absl::StrJoin(names, ", "));
  if (named && !option.value.empty()) {
    const std::string value = option.choices.empty() ? option.value : absl::StrJoin(option.choices, "|");
    absl::StrAppend(out, " \\fI", Roff(value), "\\fR");
  }
  absl::StrAppend(out, "\n", Roff(option.description));
  if (!named && !option.choices.empty()) absl::StrAppend(out, ": ", Roff(absl::StrJoin(option.choices, ", ")));
  absl::StrAppend(out, ".\n");
  if (option.required && named) absl::StrAppend(out, "Required.\n");
  if (!option.range.empty()) absl::StrAppend(out, "In ", Roff(option.range), ".\n");
  if (!option.otherwise.empty()) absl::StrAppend(out, "Default: ", Roff(option.otherwise), ".\n");
}

std::string Manual(const std::vector<CommandEntry>& commands) {
  // No date: the page is made with the binary, and equal binaries have equal pages.
  std::string out = absl::StrCat(".TH TOCSIN 1 \"\" \"tocsin ", kVersion, "\" \"User Commands\"\n");
  absl::StrAppend(&out, ".SH NAME\ntocsin \\- watches the social\\-media firehose for brands in trouble\n",
                  ".SH SYNOPSIS\n.B tocsin\n.I COMMAND\n.RI [ OPTION ...]\n.SH DESCRIPTION\n",
                  Roff(commands.front().description), ".\nPosts come from Kafka; crisis signals go to a topic there: ",
                  "early, explained, exactly once. All keys of the configuration are in docs/CONFIG.md.\n",
                  ".SH COMMANDS\n");
  for (const CommandEntry& command : commands) {
    if (!command.subcommands.empty()) continue;
    absl::StrAppend(&out, ".SS tocsin ", Roff(command.path));
    for (const CommandOption& argument : command.arguments) {
      absl::StrAppend(&out, " ", Roff(argument.names.front()));
    }
    absl::StrAppend(&out, "\n", Roff(command.description), ".\n");
    for (const CommandOption& argument : command.arguments) AppendOption(argument, false, &out);
    for (const CommandOption& option : command.options) {
      if (option.names.back() != "--help") AppendOption(option, true, &out);
    }
  }
  absl::StrAppend(&out, kEnd);
  return out;
}

}  // namespace

void AddManualCommand(CLI::App* app, ChosenCommand* chosen) {
  CLI::App* command = app->add_subcommand("manual", "Writes the manual page, for man(1)");
  command->callback([app, chosen] {
    chosen->run = [app] {
      return std::fputs(Manual(DescribeCommands(*app)).c_str(), stdout) < 0 ? kExitFailed : kExitOk;
    };
  });
}

}  // namespace tocsin
