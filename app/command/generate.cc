// tocsin generate: a synthetic firehose to files, one for each partition, with the truth beside it.

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "app/command/command.h"
#include "app/files/line_file.h"
#include "app/generate/firehose.h"
#include "app/generate/scenario.h"

namespace tocsin {
namespace {

struct GenerateArguments {
  std::string output = "-";
  std::string truth;
  std::string watchlist;
  std::string scenario = "mixed";
  uint64_t seed = 1;
  int64_t posts = 100'000;
  absl::Duration duration = absl::Hours(1);
  int32_t brands = 50;
  double matched = 0.35;
  int32_t bytes = 2'500;
  double duplicates = 0;
  double malformed = 0;
  double second_network = 0;
  absl::Duration disorder = absl::ZeroDuration();
  std::string partitions = "1";
  std::string silent;
};

absl::Status WriteText(const std::string& path, std::string_view text) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("can't write; file=", path));
  return absl::OkStatus();
}

absl::StatusOr<Scenario> MakeScenario(const GenerateArguments& arguments) {
  const int64_t duration_ms = absl::ToInt64Milliseconds(arguments.duration);
  Scenario scenario;
  if (arguments.scenario == "demo") {
    scenario = DemoScenario(arguments.seed, duration_ms,
                            static_cast<double>(arguments.posts) / absl::ToDoubleMinutes(arguments.duration));
  } else {
    scenario = MixedScenario(arguments.seed, arguments.posts, duration_ms, arguments.brands, arguments.matched);
  }
  scenario.post_bytes = arguments.bytes;
  scenario.duplicates = arguments.duplicates;
  scenario.malformed = arguments.malformed;
  scenario.second_network = arguments.second_network;
  scenario.disorder_ms = absl::ToInt64Milliseconds(arguments.disorder);
  scenario.partition_weights.clear();
  for (const std::string_view weight : absl::StrSplit(arguments.partitions, ',')) {
    double value = 0;
    if (!absl::SimpleAtod(weight, &value) || value <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--partitions takes weights such as 40,30,20,10; got=", arguments.partitions));
    }
    scenario.partition_weights.push_back(value);
  }
  if (!arguments.silent.empty()) {
    const std::vector<std::string> fields = absl::StrSplit(arguments.silent, ':');
    absl::Duration from;
    absl::Duration length;
    if (fields.size() != 3 || !absl::SimpleAtoi(fields[0], &scenario.silent_partition) ||
        !absl::ParseDuration(fields[1], &from) || !absl::ParseDuration(fields[2], &length) ||
        scenario.partition_weights.size() < 2) {
      return absl::InvalidArgumentError(
          "--silent takes PARTITION:FROM:LENGTH, such as 3:10m:2m, of at least two partitions");
    }
    scenario.silent_from_ms = absl::ToInt64Milliseconds(from);
    scenario.silent_for_ms = absl::ToInt64Milliseconds(length);
  }
  return scenario;
}

absl::Status Generate(const GenerateArguments& arguments, Scenario scenario) {
  const size_t partitions = scenario.partition_weights.size();
  std::vector<std::unique_ptr<LineFile>> files;
  for (size_t i = 0; i < partitions; ++i) {
    // With several partitions each has its file: posts.ndjson becomes posts.ndjson.0, posts.ndjson.1, ...
    absl::StatusOr<std::unique_ptr<LineFile>> file = LineFile::Open(
        partitions == 1 || arguments.output == "-" ? arguments.output : absl::StrCat(arguments.output, ".", i));
    if (!file.ok()) return file.status();
    files.push_back(*std::move(file));
  }
  if (absl::Status status = WriteText(arguments.truth, TruthJson(scenario)); !status.ok()) return status;
  if (absl::Status status = WriteText(arguments.watchlist, WatchlistYaml(scenario)); !status.ok()) return status;

  Firehose firehose(std::move(scenario));
  FirehoseRecord record;
  int64_t records = 0;
  int64_t bytes = 0;
  while (firehose.Next(&record)) {
    if (absl::Status status = files[static_cast<size_t>(record.partition)]->Append(record.bytes); !status.ok())
      return status;
    ++records;
    bytes += static_cast<int64_t>(record.bytes.size());
  }
  for (const auto& file : files) {
    if (absl::Status status = file->Flush(); !status.ok()) return status;
  }
  std::fprintf(stderr, "%lld records, %.1f MB\n", static_cast<long long>(records), static_cast<double>(bytes) * 1e-6);
  return absl::OkStatus();
}

int RunGenerate(const GenerateArguments& arguments) {
  absl::StatusOr<Scenario> scenario = MakeScenario(arguments);
  if (!scenario.ok()) {
    std::fprintf(stderr, "tocsin generate: %s\n", std::string(scenario.status().message()).c_str());
    return kExitUsage;
  }
  const absl::Status status = Generate(arguments, *std::move(scenario));
  if (status.ok()) return kExitOk;
  std::fprintf(stderr, "tocsin generate: %s\n", std::string(status.message()).c_str());
  return kExitFailed;
}

}  // namespace

void AddGenerateCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command = app->add_subcommand("generate", "Writes a synthetic firehose, with the truth about it");
  command
      ->add_option("--output,-o", arguments->output, "File; with several partitions FILE.0, FILE.1, ...; - is stdout")
      ->capture_default_str();
  command->add_option("--truth", arguments->truth, "File for the truth: brands, events, onsets (JSON)");
  command->add_option("--watchlist", arguments->watchlist, "File for a watchlist of the brands (YAML)");
  command
      ->add_option("--scenario", arguments->scenario,
                   "mixed: brands without events; demo: a crisis, a surge and spam after the duration as history")
      ->check(CLI::IsMember({"mixed", "demo"}))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "The same seed gives the same bytes")->capture_default_str();
  command->add_option("--posts", arguments->posts, "Posts over the duration, about")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  AddDurationOption(command, "--duration", &arguments->duration, "Event time covered (default 1h)");
  command->add_option("--brands", arguments->brands, "Brands, with Zipf popularity")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--matched", arguments->matched, "Share of posts that mention a brand")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--bytes", arguments->bytes, "Size of a Twitter-shaped post, about")
      ->check(CLI::Range(1'000, 1'000'000))
      ->capture_default_str();
  command->add_option("--duplicates", arguments->duplicates, "Share of posts delivered twice")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--malformed", arguments->malformed, "Share of records added that are no posts")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--second-network", arguments->second_network, "Share of posts in the generic form")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  AddDurationOption(command, "--disorder", &arguments->disorder,
                    "A post comes at most so much later than a younger one (default 0)");
  command->add_option("--partitions", arguments->partitions, "Weights of the partitions, such as 40,30,20,10")
      ->capture_default_str();
  command->add_option("--silent", arguments->silent, "PARTITION:FROM:LENGTH, a partition without posts for a while");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunGenerate(*arguments); }; });
}

}  // namespace tocsin
