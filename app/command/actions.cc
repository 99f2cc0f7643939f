// tocsin ack, silence, drill, close, note: what people do about a brand or an incident, written to the actions topic.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "engine/base/clock.h"
#include "engine/log/kafka/kafka_log.h"
#include "operators/action/action.h"
#include "operators/signal/signal.h"

namespace tocsin {
namespace {

struct ActionArguments {
  ConfigArguments config;
  ActionKind kind = ActionKind::kNote;
  std::string command;
  std::string target;
  std::string by;
  std::string note;
  absl::Duration lasts;
  int32_t level = 0;
  bool false_alarm = false;
  bool print = false;
};

// The brand of an incident's id, "united-20261120T100000Z", of a drill's also; nothing if it is none.
std::string_view BrandOfIncident(std::string_view id) {
  constexpr std::string_view kTime = "-00000000T000000Z";
  if (id.size() <= kTime.size()) return {};
  const std::string_view time = id.substr(id.size() - kTime.size());
  const bool fits = std::equal(time.begin(), time.end(), kTime.begin(),
                               [](char c, char shape) { return shape == '0' ? c >= '0' && c <= '9' : c == shape; });
  return fits ? id.substr(0, id.size() - kTime.size()) : std::string_view();
}

// Brand and incident of the target.
absl::Status Resolve(const std::string& target, const Watchlist& watchlist, Action* action) {
  if (watchlist.Find(target).has_value()) {
    action->brand_id = target;
    return absl::OkStatus();
  }
  std::string_view brand = BrandOfIncident(target);
  if (!watchlist.Find(brand).has_value()) brand = absl::StripPrefix(brand, "drill-");
  if (watchlist.Find(brand).has_value()) {
    action->brand_id = brand;
    action->incident_id = target;
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "neither a brand of the watchlist nor one of its incidents, such as united-20261120T100000Z; got=", target));
}

std::string LoginName() {
  for (const char* name : {"USER", "LOGNAME"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "";
}

absl::StatusOr<Action> ActionOf(const ActionArguments& arguments, const Watchlist& watchlist, int64_t now_ms) {
  Action action;
  action.kind = arguments.false_alarm ? ActionKind::kFalseAlarm : arguments.kind;
  if (absl::Status status = Resolve(arguments.target, watchlist, &action); !status.ok()) return status;
  action.by = arguments.by.empty() ? LoginName() : arguments.by;
  if (action.by.empty()) return absl::InvalidArgumentError("who does this is not known; give --by NAME");
  action.note = arguments.note;
  action.at_ms = now_ms;
  action.for_ms = absl::ToInt64Milliseconds(arguments.lasts);
  action.level = arguments.level;
  if (action.note.size() > kMaxActionNoteBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a note has at most ", kMaxActionNoteBytes, " bytes, this one has ", action.note.size()));
  }
  // What the service would refuse is refused here.
  Action read;
  std::string_view field;
  const ActionError error = ParseAction(RenderAction(action), now_ms, &read, &field);
  if (error == ActionError::kNone) return action;
  return absl::InvalidArgumentError(
      absl::StrCat("an action that would be refused: ", ActionErrorName(error), "; field=", field));
}

absl::Status Send(const Action& action, const Config& config) {
  KafkaOptions options;
  options.properties = config.kafka;
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return log.status();
  if (const absl::StatusOr<int32_t> count = (*log)->PartitionCount(config.topics.actions); !count.ok()) {
    return absl::Status(count.status().code(),
                        absl::StrCat(count.status().message(), "; `tocsin run` creates it, or see `tocsin topics`"));
  }
  // One each, so that two people at once do not fence each other.
  const std::string id = absl::StrCat(config.deployment, "-action-", action.at_ms, "-", getpid());
  absl::StatusOr<std::unique_ptr<Writer>> writer = (*log)->OpenWriter(id);
  if (!writer.ok()) return writer.status();
  const std::string value = RenderAction(action);
  OutputRecord record;
  record.topic = config.topics.actions;
  record.key = action.brand_id;
  record.value = value;
  if (absl::Status status = (*writer)->Begin(); !status.ok()) return status;
  if (absl::Status status = (*writer)->Write(record); !status.ok()) return status;
  return (*writer)->Commit({}, GroupGeneration(), "");
}

int RunAction(const ActionArguments& arguments) {
  const char* const command = arguments.command.c_str();
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail(command, settings.status());
  SystemClock clock;
  const absl::StatusOr<Action> action = ActionOf(arguments, *(*settings)->watchlist, absl::ToUnixMillis(clock.Now()));
  if (!action.ok()) return Fail(command, action.status());
  if (arguments.print) {
    std::printf("%s\n", RenderAction(*action).c_str());
    return kExitOk;
  }
  const Config& config = *(*settings)->config;
  if (absl::Status status = Send(*action, config); !status.ok()) return Fail(command, status);
  const std::string what = action->kind == ActionKind::kDrill
                               ? absl::StrCat("drill-", IncidentId(action->brand_id, action->at_ms))
                           : action->incident_id.empty() ? absl::StrCat("what ", action->brand_id, " has open")
                                                         : action->incident_id;
  std::printf("%s: %s, written to %s by %s; the next signal says so, or %s why not\n",
              std::string(ActionName(action->kind)).c_str(), what.c_str(), config.topics.actions.c_str(),
              action->by.c_str(), config.topics.dead_letters.c_str());
  return kExitOk;
}

std::shared_ptr<ActionArguments> AddAction(CLI::App* app, ChosenCommand* chosen, ActionKind kind, const char* name,
                                           const char* help, CLI::App** command) {
  auto arguments = std::make_shared<ActionArguments>();
  arguments->kind = kind;
  arguments->command = name;
  *command = app->add_subcommand(name, help);
  AddConfigOptions(*command, &arguments->config);
  (*command)
      ->add_option(
          "TARGET", arguments->target,
          kind == ActionKind::kDrill ? "Id of the brand" : "Id of a brand, for what it has open, or of an incident")
      ->type_name(kind == ActionKind::kDrill ? "BRAND" : "BRAND|INCIDENT")
      ->required();
  (*command)->add_option("--by", arguments->by, "Who does it (default: the login name)")->type_name("NAME");
  (*command)->add_flag("--print", arguments->print,
                       "Write the record to standard output, for `tocsin replay --actions`, and not to the topic");
  (*command)->callback([arguments, chosen] { chosen->run = [arguments] { return RunAction(*arguments); }; });
  return arguments;
}

}  // namespace

void AddActionCommands(CLI::App* app, ChosenCommand* chosen) {
  CLI::App* command = nullptr;
  const auto add_note = [&command](ActionArguments* arguments) {
    command->add_option("--note", arguments->note, "What there is to say, for the signals")->type_name("TEXT");
  };
  auto ack = AddAction(app, chosen, ActionKind::kAcknowledge, "ack",
                       "Acknowledges an incident: updates come once a day until its level rises", &command);
  add_note(ack.get());
  auto silence = AddAction(app, chosen, ActionKind::kSilence, "silence",
                           "Keeps back updates of an incident, or of a brand, until its level rises", &command);
  AddDurationOption(command, "--for", &silence->lasts, "For how long, at most 30 days (720h)", absl::Seconds(1),
                    absl::Milliseconds(kMaxSilenceMs))
      ->required();
  add_note(silence.get());
  auto drill = AddAction(app, chosen, ActionKind::kDrill, "drill",
                         "Starts an exercise: signals as of a crisis, marked as an exercise", &command);
  drill->lasts = absl::Minutes(30);
  drill->level = 3;
  AddDurationOption(command, "--for", &drill->lasts, "For how long, at most 24h (default 30m)", absl::Seconds(1),
                    absl::Milliseconds(kMaxDrillMs));
  command->add_option("--level", drill->level, "The level that it rises to")
      ->check(CLI::Range(1, 5))
      ->capture_default_str();
  add_note(drill.get());
  auto close = AddAction(app, chosen, ActionKind::kClose, "close", "Ends an incident, or a drill", &command);
  command->add_flag("--false-alarm", close->false_alarm, "It was none: the brand's baseline learns from it");
  add_note(close.get());
  auto note =
      AddAction(app, chosen, ActionKind::kNote, "note", "Adds a note to an incident, for its signals", &command);
  command->add_option("TEXT", note->note, "The note")->type_name("TEXT")->required();
}

}  // namespace tocsin
