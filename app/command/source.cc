// tocsin source reset: goes on with a source topic that was deleted and made anew.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/pipeline/kafka_logs.h"
#include "app/pipeline/source_reset.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

struct ResetArguments {
  ConfigArguments config;
  std::string topic;
  std::string start = "earliest";
};

int RunReset(const ResetArguments& arguments) {
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("source reset", settings.status());
  const Config& config = *(*settings)->config;
  const bool configured = std::any_of(config.sources.begin(), config.sources.end(), [&](const SourceConfig& source) {
    return std::find(source.topics.begin(), source.topics.end(), arguments.topic) != source.topics.end();
  });
  if (!configured) {
    return Fail("source reset", absl::InvalidArgumentError(absl::StrCat(
                                    "no source of the configuration has this topic; topic=", arguments.topic)));
  }
  KafkaOptions options;
  options.properties = config.kafka;
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return Fail("source reset", log.status());
  SourceReset reset;
  reset.group = absl::StrCat(config.deployment, "-ingest");
  reset.topic = arguments.topic;
  reset.from_latest = arguments.start == "latest";
  SystemClock clock;
  const absl::StatusOr<SourceResetResult> result = ResetSource(
      reset, log->get(), &clock, [&log](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
        return (*log)->SetCommittedOffsets(group, offsets);
      });
  if (!result.ok()) return Fail("source reset", result.status());
  std::printf("%s: %d partitions go on from the %s with epoch %u; start the service again\n", arguments.topic.c_str(),
              result->partitions, reset.from_latest ? "end" : "beginning", result->epoch);
  return kExitOk;
}

}  // namespace

void AddSourceCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<ResetArguments>();
  CLI::App* source = app->add_subcommand("source", "Looks after the topics with posts");
  source->require_subcommand(1);
  CLI::App* command = source->add_subcommand(
      "reset", "Goes on with a topic that was deleted and made anew; the service must be stopped in all processes");
  AddConfigOptions(command, &arguments->config);
  command->add_option("--topic", arguments->topic, "The topic of posts")->required();
  command->add_option("--start", arguments->start, "Where to go on: earliest or latest")
      ->check(CLI::IsMember({"earliest", "latest"}))
      ->capture_default_str();
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunReset(*arguments); }; });
}

}  // namespace tocsin
