// tocsin audit: does every block follow upon the one before, and has nothing been lost between ingest and detect?

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "app/audit/audit_report.h"
#include "app/audit/log_audit.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/pipeline/kafka_logs.h"

namespace tocsin {
namespace {

struct AuditArguments {
  ConfigArguments config;
  absl::Duration wait = absl::Minutes(1);
  bool json = false;
};

// To a terminal only; rewrites its line.
void Progress(int64_t read, int64_t all) {
  std::fprintf(stderr, "\rread %lld of %lld offsets%s", static_cast<long long>(read), static_cast<long long>(all),
               read == all ? "\n" : "");
}

int RunAudit(const AuditArguments& arguments) {
  // Topics and groups are all that is needed: a watchlist that is no longer right keeps nobody from auditing.
  const absl::StatusOr<Config> config = LoadConfig(arguments.config.path, SourcesOf(arguments.config));
  if (!config.ok()) return Fail("audit", config.status());
  const absl::StatusOr<std::unique_ptr<Log>> log = KafkaLogs(*config)("audit");
  if (!log.ok()) return Fail("audit", log.status());
  LogAuditOptions options;
  options.mentions_topic = config->topics.mentions;
  options.ingest_group = absl::StrCat(config->deployment, "-ingest");
  for (const SourceConfig& source : config->sources) {
    options.source_topics.insert(options.source_topics.end(), source.topics.begin(), source.topics.end());
  }
  // Not there before the first `run` of this version.
  if ((*log)->PartitionCount(config->topics.actions).ok()) options.source_topics.push_back(config->topics.actions);
  options.max_wait = arguments.wait;
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const absl::StatusOr<LogAudit> audit = AuditLog(options, log->get(), terminal ? Progress : AuditProgress());
  // A missing topic is no wrong usage: what was lost may be just that.
  if (!audit.ok()) return Fail("audit", absl::UnavailableError(audit.status().message()));
  std::fputs((arguments.json ? RenderLogAuditJson(*audit) : RenderLogAudit(*audit)).c_str(), stdout);
  return audit->IsWhole() ? kExitOk : kExitFailed;
}

}  // namespace

void AddAuditCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<AuditArguments>();
  CLI::App* command = app->add_subcommand(
      "audit", "Says from the topics alone whether every post that was read is accounted for exactly once");
  AddConfigOptions(command, &arguments->config);
  command->add_flag("--json", arguments->json, "All of it as one JSON object");
  AddDurationOption(command, "--wait", &arguments->wait,
                    "Give up when nothing more can be read for so long (default 1m)");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunAudit(*arguments); }; });
}

}  // namespace tocsin
