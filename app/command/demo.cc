// tocsin demo: the whole engine on an embedded Kafka; nothing to install or configure.

#include "app/demo/demo.h"

#include <memory>

#include "app/command/command.h"

namespace tocsin {

void AddDemoCommand(CLI::App* app, ChosenCommand* chosen) {
  auto options = std::make_shared<DemoOptions>();
  CLI::App* command =
      app->add_subcommand("demo", "Embedded Kafka, synthetic firehose, the whole engine: nothing to configure");
  command->add_option("--seed", options->seed, "Varies brand, onset and shape of the events")->capture_default_str();
  AddDurationOption(command, "--duration", &options->duration,
                    "Wall-clock time from the history's end to the crisis' resolution (default 1m)", absl::Seconds(1));
  command->add_option("--rate", options->rate, "Posts a second in that part")
      ->check(NumberBetween(500, 50'000))
      ->capture_default_str();
  command->add_flag("--keep-running", options->keep_running, "Go on serving metrics after the summary");
  command->callback([options, chosen] { chosen->run = [options] { return RunDemo(*options); }; });
}

}  // namespace tocsin
