// tocsin replay: the whole engine over files or standard input.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/command/progress_line.h"
#include "app/pipeline/replay.h"
#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

struct ReplayArguments {
  ConfigArguments config;
  std::vector<std::string> inputs;
  std::vector<std::string> changes;
  ReplayOptions options;
  bool quiet = false;
};

// "TIME=FILE": RFC 3339, or seconds, milliseconds or microseconds since 1970.
absl::StatusOr<WatchlistChange> ChangeOf(const std::string& change) {
  const size_t equals = change.find('=');
  std::optional<int64_t> time_ms;
  if (equals != std::string::npos) time_ms = ParseEventTime(std::string_view{change}.substr(0, equals));
  if (!time_ms.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--change takes TIME=FILE, such as 2026-11-20T10:00:00Z=watchlist.yaml; got=", change));
  }
  return WatchlistChange{*time_ms, change.substr(equals + 1)};
}

int RunReplay(ReplayArguments& arguments) {
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("replay", settings.status());
  arguments.options.configuration_paths = {arguments.config.path, (*settings)->config->watchlist};
  for (const std::string& input : arguments.inputs) {
    absl::StatusOr<std::pair<std::string, std::string>> found = TopicAndPath(input, *(*settings)->config);
    if (!found.ok()) return Fail("replay", found.status());
    arguments.options.inputs.push_back(*std::move(found));
  }
  for (const std::string& change : arguments.changes) {
    absl::StatusOr<WatchlistChange> parsed = ChangeOf(change);
    if (!parsed.ok()) return Fail("replay", parsed.status());
    arguments.options.changes.push_back(*std::move(parsed));
  }
  AppMetrics metrics;
  const absl::Time start = absl::Now();
  absl::Status status;
  {
    ProgressLine line(start);
    const bool terminal = isatty(STDERR_FILENO) == 1 && !arguments.quiet;
    status = Replay(arguments.options, *settings, &metrics,
                    terminal ? [&line](const ReplayProgress& progress) { line.Show(progress); }
                             : std::function<void(const ReplayProgress&)>());
  }
  if (!status.ok()) return Fail("replay", status);
  if (arguments.quiet) return kExitOk;
  const AppMetrics::Totals t = metrics.Sum();
  const double seconds = std::max(1e-3, absl::ToDoubleSeconds(absl::Now() - start));
  std::fprintf(stderr,
               "input %.0f = matched %.0f + unmatched %.0f + dead %.0f + official %.0f; mentions %.0f = counted %.0f + "
               "duplicates %.0f + too late %.0f; %.0f signals; %.1f s, %.0f posts/s\n",
               t.posts, t.matched, t.unmatched, t.dead, t.official, t.mentions, t.applied, t.duplicates, t.late_dropped,
               t.signals, seconds, t.posts / seconds);
  return kExitOk;
}

}  // namespace

void AddReplayCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app->add_subcommand("replay", "Runs the whole engine over files or standard input");
  AddConfigOptions(command, &arguments->config);
  command
      ->add_option("--input,-i", arguments->inputs,
                   "NDJSON, plain, .gz or .zst; - is standard input; each file is a partition of its topic")
      ->type_name("[TOPIC=]FILE")
      ->required();
  command
      ->add_option("--change", arguments->changes,
                   "Another watchlist from an event time on (the next slide end), as often as wanted")
      ->type_name("TIME=FILE");
  command
      ->add_option("--actions", arguments->options.actions_path,
                   "NDJSON with records of the actions topic, as `tocsin ack --print` writes them")
      ->type_name("FILE");
  const auto output = [command](const char* name, std::string* path, const char* help) {
    command->add_option(name, *path, help)->type_name("FILE");
  };
  output("--signals", &arguments->options.signals_path,
         "File for the signals, a CloudEvent a line; - is standard output");
  output("--metrics", &arguments->options.metrics_path, "File for the brand metrics, a record a line; likewise");
  output("--dead-letters", &arguments->options.dead_letters_path, "File for records that can't be used; likewise");
  command->add_flag("--flush", arguments->options.flush,
                    "At the end, close the windows that the watermark has not reached");
  command->add_option("--flush-bytes", arguments->options.flush_bytes, "Size of a block; changes nothing in the result")
      ->check(CLI::Range(size_t{1}, size_t{64} << 20))
      ->group("");
  command->add_flag("--quiet,-q", arguments->quiet, "No progress, no summary");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunReplay(*arguments); }; });
}

}  // namespace tocsin
