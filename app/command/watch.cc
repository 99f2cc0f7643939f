// tocsin watch: follows the signals topic in a terminal.

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/command/stop_signals.h"
#include "app/config/yaml_reader.h"
#include "app/pipeline/kafka_logs.h"
#include "app/watch/signal_view.h"
#include "engine/base/clock.h"
#include "engine/log/kafka/kafka_inspector.h"

namespace tocsin {
namespace {

struct WatchArguments {
  ConfigArguments config;
  std::string from = "latest";
  SignalFilter filter;
  bool json = false;
  bool until_end = false;
};

using Starts = std::vector<std::pair<TopicPartition, StartPosition>>;

absl::StatusOr<Starts> FindStarts(const WatchArguments& arguments, const Config& config, Log* log) {
  const std::string& topic = config.topics.signals;
  const absl::StatusOr<int32_t> partitions = log->PartitionCount(topic);
  if (!partitions.ok()) return partitions.status();
  Starts starts;
  for (int32_t partition = 0; partition < *partitions; ++partition) {
    const bool latest = arguments.from == "latest";
    starts.push_back({{topic, partition}, {latest ? StartPosition::Kind::kLatest : StartPosition::Kind::kEarliest, 0}});
  }
  const std::optional<absl::Duration> back = ParseDurationText(arguments.from);
  if (!back.has_value()) return starts;
  KafkaOptions options;
  options.properties = config.kafka;
  absl::StatusOr<std::unique_ptr<KafkaInspector>> inspector = KafkaInspector::Create(options);
  if (!inspector.ok()) return inspector.status();
  SystemClock clock;
  const absl::Time time = clock.Now() - *back;
  for (auto& [partition, start] : starts) {
    const absl::StatusOr<Offset> offset = (*inspector)->OffsetAt(partition, time);
    if (!offset.ok()) return offset.status();
    start = {StartPosition::Kind::kOffset, *offset};
  }
  return starts;
}

// Prints signals; what was published before the start is put into the order of time first, since partitions come as
// they like.
class Printer {
 public:
  Printer(const WatchArguments& arguments, size_t partitions)
      : arguments_(arguments), at_end_(partitions, arguments.from == "latest" && !arguments.until_end) {}

  void Add(const RecordBatch& batch) {
    for (const Record& record : batch.records) {
      if (!record.has_value) continue;
      std::optional<SignalView> view = ViewSignal(record.value);
      if (!view.has_value()) {
        std::fprintf(stderr, "tocsin watch: passed over a record that is no signal; slot=%d offset=%lld\n", batch.slot,
                     static_cast<long long>(record.offset));
      } else if (arguments_.filter.Admits(*view)) {
        views_.push_back(*std::move(view));
      }
    }
    if (batch.end_of_partition) at_end_[static_cast<size_t>(batch.slot)] = true;
  }

  bool AllAtEnd() const {
    return std::all_of(at_end_.begin(), at_end_.end(), [](bool at_end) { return at_end; });
  }

  void Print() {
    if (!AllAtEnd()) return;
    std::stable_sort(views_.begin(), views_.end(),
                     [](const SignalView& a, const SignalView& b) { return a.time_ms < b.time_ms; });
    for (const SignalView& view : views_) {
      std::printf("%s\n", arguments_.json ? view.json.c_str() : view.text.c_str());
    }
    if (!views_.empty()) std::fflush(stdout);
    views_.clear();
  }

 private:
  const WatchArguments& arguments_;
  std::vector<bool> at_end_;  // once: then all is printed as it comes
  std::vector<SignalView> views_;
};

absl::Status Follow(const WatchArguments& arguments, const Config& config, const std::atomic<bool>& stopped) {
  const absl::StatusOr<std::unique_ptr<Log>> log = KafkaLogs(config)("watch");
  if (!log.ok()) return log.status();
  const absl::StatusOr<Starts> starts = FindStarts(arguments, config, log->get());
  if (!starts.ok()) return starts.status();
  const absl::StatusOr<std::unique_ptr<PartitionReader>> reader = (*log)->OpenPartitionReader(*starts);
  if (!reader.ok()) return reader.status();
  Printer printer(arguments, starts->size());
  std::vector<RecordBatch> batches;
  while (!stopped.load(std::memory_order_relaxed)) {
    if (absl::Status status = (*reader)->Poll(absl::Milliseconds(200), &batches); !status.ok()) return status;
    for (const RecordBatch& batch : batches) printer.Add(batch);
    printer.Print();
    if (arguments.until_end && printer.AllAtEnd()) break;
  }
  return absl::OkStatus();
}

int RunWatch(const WatchArguments& arguments) {
  StopSignals stop_signals;
  std::atomic<bool> stopped = false;
  // Signals are all that is read: a watchlist that is no longer right keeps nobody from looking.
  const absl::StatusOr<Config> config = LoadConfig(arguments.config.path, SourcesOf(arguments.config));
  if (!config.ok()) return Fail("watch", config.status());
  stop_signals.OnStop([&stopped] { stopped.store(true); });
  const absl::Status status = Follow(arguments, *config, stopped);
  stop_signals.End();
  return status.ok() ? kExitOk : Fail("watch", status);
}

}  // namespace

void AddWatchCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<WatchArguments>();
  CLI::App* command = app->add_subcommand("watch", "Follows the signals topic: a readable block for each signal");
  AddConfigOptions(command, &arguments->config);
  command->add_option("--from", arguments->from, "Where to begin: beginning, latest, or so long ago, such as 2h")
      ->check([](const std::string& from) {
        const bool known = from == "beginning" || from == "latest" || ParseDurationText(from).has_value();
        return known ? std::string() : absl::StrCat("write beginning, latest or a duration such as 2h, not ", from);
      })
      ->capture_default_str();
  command->add_option("--brand", arguments->filter.brands, "Only this brand's; as often as wanted")->type_name("ID");
  command->add_option("--level", arguments->filter.least_level, "Only from this level on, or down from it")
      ->check(CLI::Range(0, 5))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "The signals as they were published, one a line");
  command->add_flag("--until-end", arguments->until_end, "End when all that was published has been shown");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunWatch(*arguments); }; });
}

}  // namespace tocsin
