// tocsin check: is the configuration, with its watchlist, one that `run` would accept?

#include <cstdio>
#include <memory>

#include "app/command/command.h"
#include "app/command/config_options.h"

namespace tocsin {
namespace {

int RunCheck(const ConfigArguments& arguments) {
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments);
  if (!settings.ok()) return Fail("check", settings.status());
  const PipelineSettings& s = **settings;
  std::printf("ok: %zu sources, %zu brands, %zu routes, version %016llx\n", s.config->sources.size(),
              s.watchlist->brands().size(), s.watchlist->routes().size(),
              static_cast<unsigned long long>(s.config_version));
  return kExitOk;
}

}  // namespace

void AddCheckCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<ConfigArguments>();
  CLI::App* command = app->add_subcommand("check", "Validates a configuration and its watchlist");
  AddConfigOptions(command, arguments.get());
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunCheck(*arguments); }; });
}

}  // namespace tocsin
