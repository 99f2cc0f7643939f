// tocsin health: asks a running process how it is. Needs no shell, so that a container's HEALTHCHECK can be this.

#include <httplib.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "app/command/command.h"
#include "app/command/config_options.h"

namespace tocsin {
namespace {

struct HealthArguments {
  std::string url;
  int port = 0;
  ConfigArguments config;
  bool live = false;
  bool quiet = false;
  absl::Duration timeout = absl::Seconds(3);
};

// "http://host:port" of what was given. A process that listens on every address is asked on this machine's own.
absl::StatusOr<std::string> AddressOf(const HealthArguments& arguments) {
  if (!arguments.url.empty()) {
    if (!absl::StartsWith(arguments.url, "http://")) {
      return absl::InvalidArgumentError(
          absl::StrCat("--url takes http://host:port, as metrics.listen has it; got=", arguments.url));
    }
    return std::string(absl::StripSuffix(arguments.url, "/"));
  }
  if (arguments.port != 0) return absl::StrCat("http://127.0.0.1:", arguments.port);
  Config config;
  if (!arguments.config.path.empty()) {
    absl::StatusOr<Config> loaded = LoadConfig(arguments.config.path, SourcesOf(arguments.config));
    if (!loaded.ok()) return loaded.status();
    config = *std::move(loaded);
  }
  std::string listen = config.metrics.listen;
  if (listen.empty() || absl::EndsWith(listen, ":0")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metrics.listen names no port that could be asked; give --url or --port; listen=\"", listen, "\""));
  }
  for (const std::string_view any : {"0.0.0.0:", "[::]:", "*:"}) {
    if (absl::StartsWith(listen, any)) listen = absl::StrCat("127.0.0.1:", listen.substr(any.size()));
  }
  return absl::StrCat("http://", listen);
}

// httplib's own words for the commonest are "Connection" and "Read".
std::string NameOf(httplib::Error error) {
  if (error == httplib::Error::Connection) return "no connection";
  if (error == httplib::Error::Read) return "none in time";
  return httplib::to_string(error);
}

// Empty if `path` is answered with 200; else why not.
std::string Trouble(httplib::Client* client, const std::string& path) {
  const httplib::Result result = client->Get(path);
  if (!result) return absl::StrCat("no answer: ", NameOf(result.error()));
  if (result->status == 200) return "";
  const std::string reason(absl::StripAsciiWhitespace(result->body.substr(0, 200)));
  return absl::StrCat(result->status, " ", reason);
}

int RunHealth(const HealthArguments& arguments) {
  const absl::StatusOr<std::string> address = AddressOf(arguments);
  if (!address.ok()) return Fail("health", address.status());
  httplib::Client client(*address);
  const auto seconds = static_cast<time_t>(absl::ToInt64Seconds(arguments.timeout));
  const auto rest = static_cast<time_t>(absl::ToInt64Microseconds(arguments.timeout % absl::Seconds(1)));
  client.set_connection_timeout(seconds, rest);
  client.set_read_timeout(seconds, rest);
  for (const char* path : {"/livez", "/readyz"}) {
    if (arguments.live && std::string_view(path) == "/readyz") break;
    const std::string trouble = Trouble(&client, path);
    if (trouble.empty()) continue;
    std::fprintf(stderr, "tocsin health: %s%s: %s\n", address->c_str(), path, trouble.c_str());
    return kExitFailed;
  }
  if (!arguments.quiet) std::printf("%s\n", arguments.live ? "live" : "live and ready");
  return kExitOk;
}

}  // namespace

void AddHealthCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<HealthArguments>();
  CLI::App* command = app->add_subcommand(
      "health", "Asks a running process for /livez and /readyz: exit code 0 if both are well, else 1");
  CLI::Option* url = command->add_option("--url", arguments->url, "Its address")->type_name("http://HOST:PORT");
  CLI::Option* port = command->add_option("--port", arguments->port, "Its port on this machine")
                          ->check(CLI::Range(1, 65'535))
                          ->excludes(url);
  command->add_option("--config,-c", arguments->config.path, "Its configuration, for metrics.listen")
      ->type_name("FILE")
      ->excludes(url)
      ->excludes(port);
  command->add_option("--set", arguments->config.set, "Overrides a key, as it was given to `run`")
      ->type_name("KEY=VALUE");
  command->add_flag("--live", arguments->live, "Only /livez: a process that waits for its partitions is well too");
  AddDurationOption(command, "--timeout", &arguments->timeout, "For each of the two (default 3s)");
  command->add_flag("--quiet,-q", arguments->quiet, "Say nothing if all is well");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunHealth(*arguments); }; });
}

}  // namespace tocsin
