#include "app/command/command.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/config/yaml_reader.h"
#include "app/version.h"

namespace tocsin {

void AddAllCommands(CLI::App* app, ChosenCommand* chosen) {
  app->set_version_flag("--version", std::string("tocsin ") + kVersion);
  app->require_subcommand(1);
  app->failure_message([](const CLI::App* failed, const CLI::Error& error) {
    // What is missing is told before what is there and not known, which mostly is the same word, misspelt.
    const std::vector<std::string> unknown = failed->remaining(true);
    const bool is_told = unknown.empty() || error.get_name() != "RequiredError";
    return absl::StrCat(is_told ? "" : absl::StrCat("ERROR: not known here: ", unknown.front(), "\n"),
                        CLI::FailureMessage::help(failed, error));
  });
  AddDemoCommand(app, chosen);
  AddRunCommand(app, chosen);
  AddCheckCommand(app, chosen);
  AddTopicsCommand(app, chosen);
  AddAuditCommand(app, chosen);
  AddReplayCommand(app, chosen);
  AddBackfillCommand(app, chosen);
  AddGenerateCommand(app, chosen);
  AddSourceCommand(app, chosen);
  AddWatchCommand(app, chosen);
  AddActionCommands(app, chosen);
  AddHealthCommand(app, chosen);
  AddTrainCommand(app, chosen);
  AddCompletionCommand(app, chosen);
  AddManualCommand(app, chosen);
}

CLI::Option* AddDurationOption(CLI::App* command, const char* name, absl::Duration* value, const char* help,
                               absl::Duration least, absl::Duration most) {
  return command
      ->add_option_function<std::string>(
          name,
          [value, name, least, most](const std::string& text) {
            const std::optional<absl::Duration> parsed = ParseDurationText(text);
            if (!parsed.has_value() || *parsed < least || *parsed > most) {
              throw CLI::ValidationError(
                  name, absl::StrCat("\"", text, "\" is no duration from ",
                                     least == absl::ZeroDuration() ? "0s" : DurationText(least), " to ",
                                     DurationText(most), "; write for example 90s, 5m, 1h30m or 2d"));
            }
            *value = *parsed;
          },
          help)
      ->type_name("DURATION");
}

CLI::Validator NumberBetween(double least, double most) {
  const std::string range = absl::StrFormat("%.15g to %.15g", least, most);
  return CLI::Validator(
      [least, most, range](std::string& text) {
        double value = 0;
        // What is not a number is on neither side of a bound.
        const bool fits = absl::SimpleAtod(text, &value) && value >= least && value <= most;
        return fits ? std::string() : absl::StrCat("\"", text, "\" is no number from ", range);
      },
      "from " + range);
}

}  // namespace tocsin
