#include "app/command/command.h"

#include <string>

#include "app/version.h"

namespace tocsin {

void AddAllCommands(CLI::App* app, ChosenCommand* chosen) {
  app->set_version_flag("--version", std::string("tocsin ") + kVersion);
  app->require_subcommand(1);
  app->failure_message(CLI::FailureMessage::help);
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

CLI::Option* AddDurationOption(CLI::App* command, const char* name, absl::Duration* value, const char* help) {
  return command
      ->add_option_function<std::string>(
          name,
          [value, name](const std::string& text) {
            absl::Duration parsed;
            if (!absl::ParseDuration(text, &parsed) || parsed < absl::ZeroDuration()) {
              throw CLI::ValidationError(name, "not a duration: \"" + text + "\"; write for example 90s, 5m or 1h30m");
            }
            *value = parsed;
          },
          help)
      ->type_name("DURATION");
}

}  // namespace tocsin
