// tocsin check: is the configuration, with its watchlist, one that `run` would accept? And the broker? And what would
// the watchlist match?

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "app/check/broker_check.h"
#include "app/check/file_check.h"
#include "app/check/try_file.h"
#include "app/command/command.h"
#include "app/command/config_options.h"

namespace tocsin {
namespace {

struct CheckArguments {
  ConfigArguments config;
  bool broker = false;
  bool explain = false;
  std::vector<std::string> inputs;
  size_t examples = 3;
};

int64_t CountErrors(const std::vector<std::string>& texts) {
  int64_t errors = 0;
  for (const std::string& text : texts) {
    for (const std::string_view line : absl::StrSplit(text, '\n')) errors += absl::StartsWith(line, " ") ? 0 : 1;
  }
  return errors;
}

void Print(const CheckReport& report) {
  for (const CheckLine& line : report.lines()) {
    const bool ok = line.level == CheckLevel::kOk;
    std::fprintf(ok ? stdout : stderr, "%s %s\n",
                 ok                                   ? "ok:     "
                 : line.level == CheckLevel::kWarning ? "warning:"
                                                      : "error:  ",
                 line.text.c_str());
  }
}

void Explain(const Watchlist& watchlist) {
  for (const std::string& line : ExplainDecisions(watchlist)) std::printf("%s\n", line.c_str());
  for (uint32_t i = 0; i < watchlist.brands().size(); ++i) {
    std::printf("%s: %s\n", watchlist.brands()[i].id.c_str(), watchlist.CanonicalQuery(i).c_str());
  }
}

int RunCheck(const CheckArguments& arguments) {
  Config config;
  const std::vector<std::string> errors = FindFileErrors(arguments.config.path, SourcesOf(arguments.config), &config);
  for (const std::string& error : errors) std::fprintf(stderr, "%s\n", error.c_str());
  if (!errors.empty()) {
    const int64_t count = CountErrors(errors);
    std::fprintf(stderr, "tocsin check: %lld error%s\n", static_cast<long long>(count), count == 1 ? "" : "s");
    return kExitUsage;
  }
  absl::StatusOr<std::shared_ptr<const PipelineSettings>> settings = LoadSettings(arguments.config);
  if (!settings.ok()) return Fail("check", settings.status());
  const PipelineSettings& s = **settings;
  std::printf("ok: %zu sources, %zu brands, %zu routes, version %016llx\n", s.config->sources.size(),
              s.watchlist->brands().size(), s.watchlist->routes().size(),
              static_cast<unsigned long long>(s.config_version));
  Print(FindDoubtful(s));
  if (arguments.explain) Explain(*s.watchlist);
  for (const std::string& input : arguments.inputs) {
    const absl::StatusOr<std::pair<std::string, std::string>> found = TopicAndPath(input, *s.config);
    if (!found.ok()) return Fail("check", found.status());
    const auto& [topic, path] = *found;
    const absl::StatusOr<TriedFile> tried = TryFile(s, topic, path, arguments.examples);
    if (!tried.ok()) return Fail("check", tried.status());
    std::printf("%s: %s", path.c_str(), RenderTriedFile(*tried, *s.watchlist).c_str());
  }
  if (!arguments.broker) return kExitOk;
  std::fflush(stdout);
  const CheckReport report = CheckBroker(s);
  Print(report);
  return report.Count(CheckLevel::kError) == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void AddCheckCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<CheckArguments>();
  CLI::App* command = app->add_subcommand(
      "check", "Says everything that is wrong with a configuration and its watchlist; tries them if asked to");
  AddConfigOptions(command, &arguments->config);
  command->add_flag("--broker", arguments->broker,
                    "Also the broker: connection, features, topics, rights, retention; creates nothing");
  command
      ->add_option("--try", arguments->inputs,
                   "Also what the watchlist matches in a file of posts (NDJSON, plain, .gz or .zst; - is stdin)")
      ->type_name("[TOPIC=]FILE");
  command->add_option("--examples", arguments->examples, "Texts shown for each brand with --try")
      ->check(CLI::Range(size_t{0}, size_t{1'000}))
      ->capture_default_str();
  command->add_flag("--explain", arguments->explain,
                    "Also each query as it is understood: folded, with all operators and parentheses; types of crises "
                    "rules of routes, and brands' own thresholds, if there are any");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunCheck(*arguments); }; });
}

}  // namespace tocsin
