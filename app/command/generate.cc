// tocsin generate: a synthetic firehose to files or topics, with the truth about it.

#include <cstdio>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "app/command/command.h"
#include "app/config/yaml_reader.h"
#include "app/files/line_file.h"
#include "app/generate/built_in_scenarios.h"
#include "app/generate/firehose.h"
#include "app/generate/record_sink.h"
#include "app/generate/scenario_reader.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

constexpr int64_t kTransactionRecords = 10'000;
// At a pace, what is due is to be seen soon: transactions are smaller, and end before a longer wait.
constexpr int64_t kPacedTransactionRecords = 100;
constexpr absl::Duration kPause = absl::Milliseconds(50);

struct GenerateArguments {
  std::string output = "-";
  std::string truth, watchlist, labels;
  std::vector<std::string> texts;
  std::string topic;
  bool to_topics = false;
  std::vector<std::string> kafka;
  double speed = 0;  // of event time against the wall clock; 0: as fast as it goes
  absl::Duration history = absl::ZeroDuration();
  std::string scenario = "mixed";
  uint64_t seed = 1;
  int64_t posts = 100'000;
  absl::Duration duration = absl::Hours(1);
  int32_t bytes = 2'500;
  // Of the built-in scenarios only.
  int32_t brands = 50;
  double matched = 0.35;
  DeliveryDefects defects;
  double second_network = 0;
  absl::Duration disorder = absl::ZeroDuration();
  std::string partitions = "1";
  std::string silent;
  // Which were given.
  CLI::Option *seed_given = nullptr, *posts_given = nullptr, *duration_given = nullptr, *bytes_given = nullptr;
  std::vector<CLI::Option*> built_in_only;

  bool is_built_in() const { return scenario == "mixed" || scenario == "demo"; }
};

absl::Status WriteText(const std::string& path, std::string_view text) {
  if (path.empty()) return absl::OkStatus();
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("can't write; file=", path));
  return absl::OkStatus();
}

absl::Status ApplyPartitions(const GenerateArguments& arguments, Scenario* scenario) {
  std::vector<double> weights;
  for (const std::string_view weight : absl::StrSplit(arguments.partitions, ',')) {
    double value = 0;
    if (!absl::SimpleAtod(weight, &value) || !(value > 0 && value <= 1e9)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--partitions takes weights such as 40,30,20,10; got=", arguments.partitions));
    }
    weights.push_back(value);
  }
  for (ScenarioStream& stream : scenario->streams) stream.partition_weights = weights;
  if (arguments.silent.empty()) return absl::OkStatus();
  const std::vector<std::string> fields = absl::StrSplit(arguments.silent, ':');
  ScenarioGap gap;
  const bool has_partition = fields.size() == 3 && absl::SimpleAtoi(fields[0], &gap.partition) && gap.partition >= 0 &&
                             static_cast<size_t>(gap.partition) < weights.size();
  const std::optional<absl::Duration> from = has_partition ? ParseDurationText(fields[1]) : std::nullopt;
  const std::optional<absl::Duration> length = has_partition ? ParseDurationText(fields[2]) : std::nullopt;
  if (!from.has_value() || !length.has_value() || weights.size() < 2) {
    return absl::InvalidArgumentError(
        "--silent takes PARTITION:FROM:LENGTH, such as 3:10m:2m, of at least two partitions");
  }
  gap.from_ms = absl::ToInt64Milliseconds(*from);
  gap.length_ms = absl::ToInt64Milliseconds(*length);
  gap.posts = ScenarioGap::Posts::kElsewhere;
  scenario->gaps.push_back(gap);
  return absl::OkStatus();
}

absl::StatusOr<Scenario> MakeBuiltIn(const GenerateArguments& arguments) {
  const int64_t duration_ms = absl::ToInt64Milliseconds(arguments.duration);
  Scenario scenario;
  if (arguments.scenario == "demo") {
    scenario = DemoScenario(arguments.seed, duration_ms,
                            static_cast<double>(arguments.posts) / absl::ToDoubleMinutes(arguments.duration));
  } else {
    scenario = MixedScenario(arguments.seed, arguments.posts, duration_ms, arguments.brands, arguments.matched);
  }
  scenario.post_bytes = arguments.bytes;
  scenario.streams[0].defects = arguments.defects;
  scenario.streams[0].defects.disorder_ms = absl::ToInt64Milliseconds(arguments.disorder);
  if (arguments.second_network > 0) AddGenericStream(arguments.second_network, &scenario);
  if (absl::Status status = ApplyPartitions(arguments, &scenario); !status.ok()) return status;
  return scenario;
}

absl::StatusOr<Scenario> MakeScenario(const GenerateArguments& arguments) {
  absl::StatusOr<Scenario> scenario;
  if (arguments.is_built_in()) {
    if (arguments.duration <= absl::ZeroDuration()) return absl::InvalidArgumentError("--duration must be above 0");
    scenario = MakeBuiltIn(arguments);
  } else {
    for (const CLI::Option* option : arguments.built_in_only) {
      if (option->count() == 0) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(option->get_name(), " is of the built-in scenarios: say it in ", arguments.scenario));
    }
    ScenarioOverrides overrides;
    if (arguments.seed_given->count() > 0) overrides.seed = arguments.seed;
    if (arguments.posts_given->count() > 0) overrides.posts = arguments.posts;
    if (arguments.bytes_given->count() > 0) overrides.post_bytes = arguments.bytes;
    if (arguments.duration_given->count() > 0) overrides.duration_ms = absl::ToInt64Milliseconds(arguments.duration);
    scenario = ReadScenario(arguments.scenario, overrides);
  }
  if (!scenario.ok() || arguments.topic.empty()) return scenario;
  // One stream has the topic itself, of several each has its name behind it.
  for (ScenarioStream& stream : scenario->streams) {
    stream.topic = scenario->streams.size() == 1 ? arguments.topic : absl::StrCat(arguments.topic, ".", stream.name);
  }
  return scenario;
}

// [LANGUAGE=]FILE, of which the language is that of the lines that name none.
absl::StatusOr<std::shared_ptr<const LabelledTexts>> ReadTexts(const std::vector<std::string>& files) {
  if (files.empty()) return std::shared_ptr<const LabelledTexts>();
  auto texts = std::make_shared<LabelledTexts>();
  for (const std::string& file : files) {
    std::string path = file;
    PostLanguage language = PostLanguage::kEnglish;
    if (const size_t equals = file.find('='); equals == 2) {
      const std::optional<PostLanguage> named = LanguageFromTag(file.substr(0, equals));
      if (!named.has_value()) {
        return absl::InvalidArgumentError(absl::StrCat("--texts: languages are en, fr, it, de, es, pt; got=", file));
      }
      language = *named;
      path = file.substr(equals + 1);
    }
    if (absl::Status status = texts->Add(path, language); !status.ok()) return status;
  }
  return std::shared_ptr<const LabelledTexts>(std::move(texts));
}

absl::StatusOr<std::unique_ptr<Log>> OpenKafka(const std::vector<std::string>& settings) {
  KafkaOptions options;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("--kafka takes KEY=VALUE, as of librdkafka; got=", setting));
    }
    options.properties.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return KafkaLog::Create(options);
}

// A line a post, in the order of delivery: what the records themselves do not say.
absl::Status AppendLabel(const Scenario& scenario, const FirehoseRecord& record, std::string* line, LineFile* file) {
  const PlannedPost& post = *record.post;
  if (post.duplicate || post.malformation != Malformation::kNone) return absl::OkStatus();
  line->clear();
  absl::StrAppend(line, scenario.streams[post.stream].name, "\t", record.id, "\t", post.event_ms, "\t",
                  post.brand < 0 ? "" : scenario.brands[static_cast<size_t>(post.brand)].id, "\t", MoodName(post.mood),
                  "\t", post.event < 0 ? std::string() : absl::StrCat(post.event), "\t", post.author);
  return file->Append(*line);
}

// Holds the records behind the history back until they are due.
class Pace {
 public:
  Pace(double speed, int64_t from_ms) : speed_(speed), from_ms_(from_ms) {}

  absl::Status WaitFor(int64_t delivery_time_ms, RecordSink* sink) {
    if (speed_ <= 0 || delivery_time_ms < from_ms_) return absl::OkStatus();
    if (since_ == absl::InfinitePast()) since_ = absl::Now();
    const absl::Duration wait =
        since_ + absl::Milliseconds(static_cast<double>(delivery_time_ms - from_ms_) / speed_) - absl::Now();
    if (wait > kPause) {
      if (absl::Status status = sink->Flush(); !status.ok()) return status;
    }
    absl::SleepFor(wait);
    return absl::OkStatus();
  }

 private:
  const double speed_;
  const int64_t from_ms_;
  absl::Time since_ = absl::InfinitePast();
};

absl::Status Deliver(const GenerateArguments& arguments, Firehose* firehose, RecordSink* sink) {
  std::unique_ptr<LineFile> labels;
  if (!arguments.labels.empty()) {
    absl::StatusOr<std::unique_ptr<LineFile>> file = LineFile::Open(arguments.labels);
    if (!file.ok()) return file.status();
    labels = *std::move(file);
    absl::Status status = labels->Append("stream\tid\ttime_ms\tbrand\tmood\tevent\tauthor");
    if (!status.ok()) return status;
  }
  FirehoseRecord record;
  std::string line;
  Pace pace(arguments.speed, firehose->scenario().start_ms + absl::ToInt64Milliseconds(arguments.history));
  while (firehose->Next(&record)) {
    if (absl::Status status = pace.WaitFor(record.delivery_time_ms, sink); !status.ok()) return status;
    if (absl::Status status = sink->Append(record); !status.ok()) return status;
    if (labels == nullptr) continue;
    absl::Status status = AppendLabel(firehose->scenario(), record, &line, labels.get());
    if (!status.ok()) return status;
  }
  if (labels != nullptr) {
    if (absl::Status status = labels->Finish(); !status.ok()) return status;
  }
  return sink->Finish();
}

absl::Status Generate(const GenerateArguments& arguments) {
  absl::StatusOr<Scenario> scenario = MakeScenario(arguments);
  if (!scenario.ok()) return scenario.status();
  absl::StatusOr<std::shared_ptr<const LabelledTexts>> texts = ReadTexts(arguments.texts);
  if (!texts.ok()) return texts.status();
  const std::string watchlist = WatchlistYaml(*scenario);
  if (absl::Status status = WriteText(arguments.watchlist, watchlist); !status.ok()) return status;

  std::unique_ptr<Log> log;  // outlives the sink
  absl::StatusOr<std::unique_ptr<RecordSink>> sink;
  if (arguments.to_topics) {
    absl::StatusOr<std::unique_ptr<Log>> kafka = OpenKafka(arguments.kafka);
    if (!kafka.ok()) return kafka.status();
    log = *std::move(kafka);
    sink = OpenTopicSink(log.get(), *scenario, arguments.speed > 0 ? kPacedTransactionRecords : kTransactionRecords);
  } else {
    sink = OpenFileSink(arguments.output, *scenario);
  }
  if (!sink.ok()) return sink.status();
  Firehose firehose(*std::move(scenario), *std::move(texts));
  if (absl::Status status = Deliver(arguments, &firehose, sink->get()); !status.ok()) return status;
  if (absl::Status status = WriteText(arguments.truth, firehose.truth().Json()); !status.ok()) return status;
  std::fprintf(stderr, "%lld records, %.1f MB\n", static_cast<long long>(firehose.truth().records()),
               static_cast<double>(firehose.truth().bytes()) * 1e-6);
  return absl::OkStatus();
}

int RunGenerate(GenerateArguments& arguments) {
  arguments.to_topics = !arguments.kafka.empty();
  absl::Status status;
  if (!arguments.topic.empty() && !arguments.to_topics) {
    status = absl::InvalidArgumentError("--topic needs --kafka bootstrap.servers=HOST:PORT");
  } else {
    status = Generate(arguments);
  }
  if (status.ok()) return kExitOk;
  std::fprintf(stderr, "tocsin generate: %s\n", std::string(status.message()).c_str());
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) ? kExitUsage : kExitFailed;
}

void AddOutputs(CLI::App* command, GenerateArguments* arguments) {
  command
      ->add_option("--output,-o", arguments->output,
                   "File, .gz and .zst compressed; with several partitions FILE.0, FILE.1, ...; - is standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--kafka", arguments->kafka, "To topics instead: a setting of librdkafka; may be repeated")
      ->type_name("KEY=VALUE");
  CLI::Option* speed = command
                           ->add_option("--speed", arguments->speed,
                                        "Event time against the clock: 1 is live; without: as fast as it goes")
                           ->check(NumberBetween(1e-6, 1e6));
  AddDurationOption(command, "--history", &arguments->history,
                    "With --speed: so much of event time comes before it, as fast as it goes (default 0)")
      ->needs(speed);
  command->add_option("--topic", arguments->topic, "Topic; with several streams TOPIC.<stream>");
  command->add_option("--truth", arguments->truth, "File for the truth: brands, events, onsets, counts (JSON)")
      ->type_name("FILE");
  command->add_option("--labels", arguments->labels, "File for brand, mood and event of every post (TSV)")
      ->type_name("FILE");
  command->add_option("--watchlist", arguments->watchlist, "File for a watchlist of the brands (YAML)")
      ->type_name("FILE");
  command->add_option("--texts", arguments->texts, "Labelled texts (TSV) instead of phrases; may be repeated")
      ->type_name("[LANGUAGE=]FILE");
}

void AddScenario(CLI::App* command, GenerateArguments* arguments) {
  command
      ->add_option("--scenario", arguments->scenario,
                   "mixed: brands without events; demo: a crisis, a surge and spam after the duration as history; or a "
                   "scenario file (YAML)")
      ->type_name("mixed|demo|FILE")
      ->capture_default_str();
  arguments->seed_given =
      command->add_option("--seed", arguments->seed, "The same seed gives the same bytes")->capture_default_str();
  arguments->posts_given = command->add_option("--posts", arguments->posts, "Posts over the duration, about")
                               ->check(NumberBetween(1, 1e9))
                               ->capture_default_str();
  arguments->duration_given =
      AddDurationOption(command, "--duration", &arguments->duration, "Event time covered (default 1h)");
  arguments->bytes_given =
      command->add_option("--post-bytes,--bytes", arguments->bytes, "Size of a Twitter-shaped post, about")
          ->check(CLI::Range(900, 1'000'000))
          ->capture_default_str();
}

// A scenario file says these itself.
void AddBuiltInOnly(CLI::App* command, GenerateArguments* arguments) {
  const auto share = [command](const char* name, double* value, const char* help) {
    return command->add_option(name, *value, help)->check(NumberBetween(0, 1))->capture_default_str();
  };
  arguments->built_in_only = {
      command->add_option("--brands", arguments->brands, "Brands, with Zipf popularity")
          ->check(CLI::Range(1, 100'000))
          ->capture_default_str(),
      share("--matched", &arguments->matched, "Share of posts that mention a brand"),
      share("--duplicates", &arguments->defects.duplicates, "Share of posts delivered twice"),
      share("--malformed", &arguments->defects.malformed, "Share of records added that are no posts"),
      share("--second-network", &arguments->second_network, "Share of posts in the generic form, a stream of its own"),
      AddDurationOption(command, "--disorder", &arguments->disorder,
                        "A post comes at most so much later than a younger one (default 0)"),
      command->add_option("--partitions", arguments->partitions, "Weights of the partitions, such as 40,30,20,10")
          ->capture_default_str(),
      command->add_option("--silent", arguments->silent,
                          "PARTITION:FROM:LENGTH, a partition without posts for a while"),
  };
}

}  // namespace

void AddGenerateCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<GenerateArguments>();
  CLI::App* command = app->add_subcommand("generate", "Writes a synthetic firehose, with the truth about it");
  AddOutputs(command, arguments.get());
  AddScenario(command, arguments.get());
  AddBuiltInOnly(command, arguments.get());
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunGenerate(*arguments); }; });
}

}  // namespace tocsin
