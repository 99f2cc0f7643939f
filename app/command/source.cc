// tocsin source reset: goes on with a source topic that was deleted and made anew, or with detect's history lost.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/pipeline/detect_reset.h"
#include "app/pipeline/source_reset.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

struct ResetArguments {
  ConfigArguments config;
  std::string topic;
  bool detect = false;
  std::string start;  // empty: the default of what is reset
};

absl::Status RefuseMisuse(const ResetArguments& arguments, const Config& config) {
  if (arguments.detect) return absl::OkStatus();
  if (arguments.start == "stopped") {
    return absl::InvalidArgumentError("--start stopped goes with --detect: a topic made anew has other offsets");
  }
  const bool configured = std::any_of(config.sources.begin(), config.sources.end(), [&](const SourceConfig& source) {
    return std::find(source.topics.begin(), source.topics.end(), arguments.topic) != source.topics.end();
  });
  if (configured || arguments.topic == config.topics.actions) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("no source of the configuration has this topic; topic=", arguments.topic));
}

absl::Status ResetTopic(const ResetArguments& arguments, const Config& config, KafkaLog* log) {
  SourceReset reset;
  reset.group = absl::StrCat(config.deployment, "-ingest");
  reset.topic = arguments.topic;
  reset.from_latest = arguments.start == "latest";
  SystemClock clock;
  const absl::StatusOr<SourceResetResult> result =
      ResetSource(reset, log, &clock, [log](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
        return log->SetCommittedOffsets(group, offsets);
      });
  if (!result.ok()) return result.status();
  std::printf("%s: %d partitions go on from the %s with epoch %u; start the service again\n", arguments.topic.c_str(),
              result->partitions, reset.from_latest ? "end" : "beginning", result->epoch);
  return absl::OkStatus();
}

absl::Status ResetDetectState(const ResetArguments& arguments, const PipelineSettings& settings, KafkaLog* log) {
  const Config& config = *settings.config;
  DetectReset reset;
  reset.topics = {config.topics.mentions, config.topics.snapshots, absl::StrCat(config.deployment, "-detect")};
  reset.transactional_id = absl::StrCat(config.deployment, "-reset");
  if (arguments.start == "earliest") reset.start = DetectReset::Start::kEarliest;
  if (arguments.start == "latest") reset.start = DetectReset::Start::kLatest;
  const auto make_task = [&settings](int32_t partition) {
    DetectTaskOptions task = settings.task;
    task.partition = partition;
    return std::make_unique<DetectTask>(task, settings.watchlist);
  };
  const absl::StatusOr<std::vector<DetectResetPartition>> result =
      ResetDetect(reset, log, make_task, [log](const std::string& group, absl::Span<const ConsumedOffset> offsets) {
        return log->SetCommittedOffsets(group, offsets);
      });
  if (!result.ok()) return result.status();
  for (const DetectResetPartition& each : *result) {
    std::printf("%s/%d: begins anew at offset %lld", config.topics.mentions.c_str(), each.partition,
                static_cast<long long>(each.from));
    if (each.skipped < 0) std::printf("; nothing was committed before");
    if (each.skipped > 0) std::printf("; %lld offsets are passed over", static_cast<long long>(each.skipped));
    std::printf("\n");
  }
  std::printf("all brands learn anew; start the service again\n");
  return absl::OkStatus();
}

int RunReset(const ResetArguments& arguments) {
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("source reset", settings.status());
  const Config& config = *(*settings)->config;
  if (absl::Status status = RefuseMisuse(arguments, config); !status.ok()) return Fail("source reset", status);
  KafkaOptions options;
  options.properties = config.kafka;
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return Fail("source reset", log.status());
  const absl::Status status = arguments.detect ? ResetDetectState(arguments, **settings, log->get())
                                               : ResetTopic(arguments, config, log->get());
  return status.ok() ? kExitOk : Fail("source reset", status);
}

}  // namespace

void AddSourceCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<ResetArguments>();
  CLI::App* source = app->add_subcommand("source", "Looks after the topics with posts");
  source->require_subcommand(1);
  CLI::App* command = source->add_subcommand(
      "reset",
      "Goes on with a topic that was deleted and made anew, or without detect's lost history; the service must be "
      "stopped in all processes");
  AddConfigOptions(command, &arguments->config);
  CLI::Option_group* what = command->add_option_group("what");
  what->add_option("--topic", arguments->topic, "A topic of posts, or that of actions, that was made anew");
  what->add_flag("--detect", arguments->detect, "Detect: its history is lost, so all brands begin to learn anew");
  what->require_option(1);
  command
      ->add_option("--start", arguments->start,
                   "Where to go on: earliest (default of --topic), latest or, with --detect, stopped (its default): "
                   "where it stopped, as far as the log still reaches back to there")
      ->check(CLI::IsMember({"earliest", "latest", "stopped"}));
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunReset(*arguments); }; });
}

}  // namespace tocsin
