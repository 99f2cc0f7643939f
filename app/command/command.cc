#include "app/command/command.h"

#include <string>

namespace tocsin {

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
