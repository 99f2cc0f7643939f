// tocsin backfill: learns the brands' baselines from history before a deployment's first start.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/command/progress_line.h"
#include "app/pipeline/backfill.h"
#include "app/pipeline/kafka_logs.h"
#include "operators/signal/signal.h"

namespace tocsin {
namespace {

struct BackfillArguments {
  ConfigArguments config;
  std::vector<std::string> inputs;
  bool quiet = false;
};

absl::Status Backfill(const BackfillArguments& arguments, const std::shared_ptr<const PipelineSettings>& settings) {
  const Config& config = *settings->config;
  absl::StatusOr<std::unique_ptr<Log>> log = KafkaLogs(config)("backfill");
  if (!log.ok()) return log.status();
  if (absl::Status status = (*log)->EnsureTopics(settings->topic_specs, config.topics.create); !status.ok()) {
    return status;
  }
  const RecoveryOptions topics = {config.topics.mentions, config.topics.snapshots,
                                  absl::StrCat(config.deployment, "-detect")};
  // Before the history is read, which may take long.
  if (absl::Status status = CheckHasNeverRun(topics, log->get()); !status.ok()) return status;
  std::vector<std::pair<std::string, std::string>> inputs;
  for (const std::string& input : arguments.inputs) {
    absl::StatusOr<std::pair<std::string, std::string>> found = TopicAndPath(input, config);
    if (!found.ok()) return found.status();
    inputs.push_back(*std::move(found));
  }
  AppMetrics metrics;
  absl::StatusOr<LearntHistory> history;
  {
    ProgressLine line(absl::Now());
    const bool terminal = isatty(STDERR_FILENO) == 1 && !arguments.quiet;
    history = LearnHistory(inputs, settings, &metrics,
                           terminal ? [&line](const ReplayProgress& progress) { line.Show(progress); }
                                    : std::function<void(const ReplayProgress&)>());
  }
  if (!history.ok()) return history.status();
  if (absl::Status status =
          WriteBaselines(history->payloads, topics, absl::StrCat(config.deployment, "-backfill"), log->get());
      !status.ok()) {
    return status;
  }
  if (arguments.quiet) return absl::OkStatus();
  const auto brands = static_cast<int64_t>(settings->watchlist->brands().size());
  std::printf(
      "%.0f posts up to %s: the baselines of %lld brands are ready, %lld go on learning, %lld were not mentioned; "
      "start the service\n",
      metrics.Sum().posts, FormatEventTime(history->end_ms).c_str(), static_cast<long long>(history->ready),
      static_cast<long long>(history->learning), static_cast<long long>(brands - history->ready - history->learning));
  return absl::OkStatus();
}

int RunBackfill(const BackfillArguments& arguments) {
  const absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("backfill", settings.status());
  const absl::Status status = Backfill(arguments, *settings);
  return status.ok() ? kExitOk : Fail("backfill", status);
}

}  // namespace

void AddBackfillCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<BackfillArguments>();
  CLI::App* command = app->add_subcommand(
      "backfill",
      "Learns the brands' baselines from history, before a deployment's first start; publishes nothing of it");
  AddConfigOptions(command, &arguments->config);
  command
      ->add_option("--input,-i", arguments->inputs,
                   "NDJSON, plain, .gz or .zst; - is standard input; files of one topic are read side by side")
      ->type_name("[TOPIC=]FILE")
      ->required();
  command->add_flag("--quiet,-q", arguments->quiet, "No progress, no summary");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunBackfill(*arguments); }; });
}

}  // namespace tocsin
