#include "app/pipeline/replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/files/line_file.h"
#include "app/files/output_files.h"
#include "app/files/read_file.h"
#include "app/versions/config_history.h"
#include "engine/base/clock.h"
#include "engine/log/file/file_log.h"
#include "engine/log/memory/memory_log.h"
#include "engine/time/slide.h"

namespace tocsin {
namespace {

constexpr char kDetectGroup[] = "replay-detect";
constexpr char kIngestGroup[] = "replay-ingest";
// Of event time, between files that are read side by side.
constexpr int64_t kAlignmentMs = 300'000;
constexpr absl::Duration kProgressEvery = absl::Milliseconds(100);

// All that a replay reads.
std::vector<std::string> InputPaths(const ReplayOptions& options) {
  std::vector<std::string> paths = options.configuration_paths;
  paths.push_back(options.actions_path);
  for (const auto& [topic, path] : options.inputs) paths.push_back(path);
  for (const WatchlistChange& change : options.changes) paths.push_back(change.path);
  return paths;
}

// Of sources and topics for which no file was given nothing is expected.
void KeepGivenTopics(const std::vector<std::pair<std::string, std::string>>& inputs,
                     std::vector<IngestSource>* sources) {
  for (IngestSource& source : *sources) {
    std::erase_if(source.topics, [&inputs](const std::string& topic) {
      return std::none_of(inputs.begin(), inputs.end(), [&topic](const auto& input) { return input.first == topic; });
    });
  }
  std::erase_if(*sources, [](const IngestSource& source) { return source.topics.empty(); });
}

// That of the settings from the beginning, then those of the changes.
absl::StatusOr<std::shared_ptr<WatchlistVersions>> VersionsOf(const PipelineSettings& settings,
                                                              std::vector<WatchlistChange> changes) {
  const int64_t slide_ms = settings.task.windows.slide_ms;
  for (WatchlistChange& change : changes) change.effective_ms = NextSlideEnd(change.effective_ms - 1, slide_ms);
  std::sort(changes.begin(), changes.end(),
            [](const WatchlistChange& a, const WatchlistChange& b) { return a.effective_ms < b.effective_ms; });
  std::vector<FixedVersions::Entry> entries;
  entries.push_back({{.id = settings.config_version, .config_version = settings.config_version}, settings.watchlist});
  for (const WatchlistChange& change : changes) {
    const std::optional<std::string> yaml = ReadWholeFile(change.path);
    if (!yaml.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("can't read the watchlist of a change; file=", change.path));
    }
    absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(*yaml, change.path);
    if (!watchlist.ok()) return watchlist.status();
    if (change.effective_ms <= entries.back().first.effective_ms) {
      return absl::InvalidArgumentError(
          absl::StrCat("two changes take effect at the same slide end; file=", change.path));
    }
    const uint64_t version =
        ConfigVersion(*settings.config, **watchlist, *settings.model, settings.task.monitor.calibration);
    entries.push_back(
        {{.id = ChangeId(version, change.effective_ms), .config_version = version, .effective_ms = change.effective_ms},
         *std::move(watchlist)});
  }
  return std::make_shared<FixedVersions>(std::move(entries));
}

// Holds outputs back until every mentions partition has evaluated their window end, then writes them in order.
class OrderedPublisher : public Publisher {
 public:
  OrderedPublisher(LineFile* signals, LineFile* metrics, std::string dead_letters_topic)
      : signals_(signals), metrics_(metrics), dead_letters_topic_(std::move(dead_letters_topic)) {}

  absl::Status Publish(const DetectOutput& output, Writer* writer) override {
    if (output.kind == DetectOutput::Kind::kRefusedAction) {
      return WriteRefusedAction(*output.refused, dead_letters_topic_, writer);
    }
    LineFile* const file = output.kind == DetectOutput::Kind::kMetric ? metrics_ : signals_;
    if (file == nullptr) return absl::OkStatus();
    Line line{output.brand_id, output.kind, output.sequence, ""};
    line.text = output.kind == DetectOutput::Kind::kMetric ? output.metric
                                                           : RenderStructuredCloudEvent(*output.signal, std::nullopt);
    lines_[output.window_end_ms].push_back(std::move(line));
    return absl::OkStatus();
  }

  // Writes the lines whose window ends at or before `end_ms`.
  absl::Status WriteUpTo(int64_t end_ms) {
    std::vector<const Line*> sorted;
    for (auto due = lines_.begin(); due != lines_.end() && due->first <= end_ms; due = lines_.erase(due)) {
      sorted.clear();
      for (const Line& line : due->second) sorted.push_back(&line);
      std::stable_sort(sorted.begin(), sorted.end(), [](const Line* a, const Line* b) {
        return std::tie(a->brand_id, a->kind, a->sequence) < std::tie(b->brand_id, b->kind, b->sequence);
      });
      for (const Line* line : sorted) {
        LineFile* const file = line->kind == DetectOutput::Kind::kMetric ? metrics_ : signals_;
        if (absl::Status status = file->Append(line->text); !status.ok()) return status;
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Line {
    std::string brand_id;
    DetectOutput::Kind kind;
    int64_t sequence;
    std::string text;
  };

  LineFile* const signals_;
  LineFile* const metrics_;
  const std::string dead_letters_topic_;
  std::map<int64_t, std::vector<Line>> lines_;  // by window end, as they came
};

// Reads the dead letters that ingest has written to the log in memory, and writes them as JSON lines if asked to.
class DeadLetterDrain {
 public:
  DeadLetterDrain(MemoryLog* log, TopicPartition partition, LineFile* file)
      : log_(log), partition_(std::move(partition)), file_(file) {}

  absl::Status Drain() {
    const absl::StatusOr<OffsetRange> range = log_->Offsets(partition_);
    if (!range.ok() || range->end == next_) return range.status();
    if (file_ != nullptr) {
      const absl::StatusOr<std::vector<StoredRecord>> records = log_->ReadStored(partition_, next_);
      if (!records.ok()) return records.status();
      for (const StoredRecord& record : *records) {
        nlohmann::ordered_json line;
        for (const auto& [name, value] : record.headers) line[name] = value;
        line["record"] =
            record.value.has_value() ? nlohmann::ordered_json(*record.value) : nlohmann::ordered_json(nullptr);
        // Bytes that are no UTF-8 are replaced: this file is for people, the topic has the record as it came.
        const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        if (absl::Status status = file_->Append(text); !status.ok()) return status;
      }
    }
    next_ = range->end;
    return log_->Trim(partition_, next_);
  }

 private:
  MemoryLog* const log_;
  const TopicPartition partition_;
  LineFile* const file_;
  Offset next_ = 0;
};

// The parts of one replay, in the order in which they depend on each other.
class ReplayRun {
 public:
  ReplayRun(const ReplayOptions& options, std::shared_ptr<const PipelineSettings> settings, AppMetrics* metrics)
      : options_(options), settings_(std::move(settings)), metrics_(metrics), outputs_(InputPaths(options)) {}

  absl::Status Open();
  absl::Status Run(const std::function<void(const ReplayProgress&)>& progress);

 private:
  absl::Status OpenOutputs();
  // Writes the blocks of all actions, before any post: then detect knows each when its slide end comes.
  absl::Status TakeInActions(IngestWorkerOptions options, const std::shared_ptr<WatchlistVersions>& versions);
  absl::Status DetectAll();
  absl::Status Finish();

  const ReplayOptions& options_;
  const std::shared_ptr<const PipelineSettings> settings_;
  AppMetrics* const metrics_;
  SystemClock clock_;
  OutputFiles outputs_;
  // Of outputs_; null where none is asked for.
  LineFile* signals_ = nullptr;
  LineFile* metric_lines_ = nullptr;
  LineFile* dead_letters_ = nullptr;
  std::unique_ptr<FileLog> files_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<OrderedPublisher> publisher_;
  std::unique_ptr<DeadLetterDrain> dead_letter_drain_;
  std::unique_ptr<IngestWorker> ingest_;
  std::unique_ptr<DetectWorker> detect_;
};

absl::Status ReplayRun::OpenOutputs() {
  for (const std::string& path : {options_.signals_path, options_.metrics_path, options_.dead_letters_path}) {
    if (absl::Status status = outputs_.Check(path); !status.ok()) return status;
  }
  for (const auto& [path, file] :
       {std::pair(&options_.signals_path, &signals_), std::pair(&options_.metrics_path, &metric_lines_),
        std::pair(&options_.dead_letters_path, &dead_letters_)}) {
    const absl::StatusOr<LineFile*> opened = outputs_.Open(*path);
    if (!opened.ok()) return opened.status();
    *file = *opened;
  }
  return absl::OkStatus();
}

absl::Status ReplayRun::Open() {
  absl::StatusOr<std::shared_ptr<WatchlistVersions>> versions = VersionsOf(*settings_, options_.changes);
  if (!versions.ok()) return versions.status();
  std::vector<FileInput> inputs;
  for (const auto& [topic, path] : options_.inputs) inputs.push_back({topic, path});
  absl::StatusOr<std::unique_ptr<FileLog>> files = FileLog::Create(std::move(inputs));
  if (!files.ok()) return files.status();
  files_ = *std::move(files);

  MemoryLogOptions log_options;
  log_options.trim_consumed = {{settings_->ingest.mentions_topic, {kDetectGroup}}};
  log_ = std::make_unique<MemoryLog>(&clock_, log_options);
  const std::vector<TopicSpec> topics = {
      {settings_->ingest.mentions_topic, static_cast<int32_t>(settings_->ingest.chain.mentions_partitions), -1, {}},
      {settings_->ingest.dead_letters_topic, 1, -1, {}}};
  if (absl::Status status = log_->EnsureTopics(topics, true); !status.ok()) return status;

  IngestWorkerOptions ingest = settings_->ingest;
  KeepGivenTopics(options_.inputs, &ingest.sources);
  ingest.transactional_id = ingest.member = "replay-ingest";
  ingest.group = kIngestGroup;
  ingest.commit_offsets = false;
  ingest.ends_are_final = true;
  ingest.alignment_ms = kAlignmentMs;
  ingest.flush_bytes = options_.flush_bytes;
  ingest.dead_letters_per_second = INT64_MAX;
  ingest.record_padding = kRecordPadding;
  ingest.actions_topic.clear();
  if (absl::Status status = TakeInActions(ingest, *versions); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<IngestWorker>> ingest_worker = IngestWorker::Create(
      ingest, files_.get(), log_.get(), &clock_, *versions, settings_->model, metrics_->Ingest("replay"));
  if (!ingest_worker.ok()) return ingest_worker.status();
  ingest_ = *std::move(ingest_worker);

  // Not before all that is read has been found: it empties files that are there.
  if (absl::Status status = OpenOutputs(); !status.ok()) return status;
  publisher_ = std::make_unique<OrderedPublisher>(signals_, metric_lines_, settings_->ingest.dead_letters_topic);
  dead_letter_drain_ = std::make_unique<DeadLetterDrain>(
      log_.get(), TopicPartition{settings_->ingest.dead_letters_topic, 0}, dead_letters_);
  DetectWorkerOptions detect = settings_->detect;
  detect.transactional_id = detect.member = "replay-detect";
  detect.group = kDetectGroup;
  detect.snapshots_topic.clear();
  detect.commit_every = absl::ZeroDuration();
  DetectTaskOptions task = settings_->task;
  if (metric_lines_ != nullptr) task.metrics_every_ms = task.windows.slide_ms;
  const auto make_task = [versions = *versions, task](int32_t partition) mutable {
    task.partition = partition;
    return std::make_unique<DetectTask>(task, versions);
  };
  absl::StatusOr<std::unique_ptr<DetectWorker>> detect_worker =
      DetectWorker::Create(detect, log_.get(), &clock_, make_task, publisher_.get(), metrics_->Detect("replay"));
  if (!detect_worker.ok()) return detect_worker.status();
  detect_ = *std::move(detect_worker);
  return absl::OkStatus();
}

absl::Status ReplayRun::TakeInActions(IngestWorkerOptions options, const std::shared_ptr<WatchlistVersions>& versions) {
  if (options_.actions_path.empty()) return absl::OkStatus();
  options.sources.clear();
  options.actions_topic = settings_->ingest.actions_topic;
  options.transactional_id = options.member = "replay-actions";
  std::vector<FileInput> inputs = {FileInput{options.actions_topic, options_.actions_path}};
  absl::StatusOr<std::unique_ptr<FileLog>> file = FileLog::Create(std::move(inputs));
  if (!file.ok()) return file.status();
  absl::StatusOr<std::unique_ptr<IngestWorker>> worker = IngestWorker::Create(
      options, file->get(), log_.get(), &clock_, versions, settings_->model, metrics_->Ingest("replay-actions"));
  if (!worker.ok()) return worker.status();
  while (!(*worker)->AllAtEnd()) {
    if (absl::Status status = (*worker)->Step(absl::Milliseconds(100)); !status.ok()) return status;
  }
  return (*worker)->Drain();
}

absl::Status ReplayRun::DetectAll() {
  do {
    if (absl::Status status = detect_->Step(absl::ZeroDuration()); !status.ok()) return status;
  } while (detect_->last_step_blocks() > 0);
  if (absl::Status status = publisher_->WriteUpTo(detect_->EvaluatedEndMs()); !status.ok()) return status;
  return dead_letter_drain_->Drain();
}

absl::Status ReplayRun::Finish() {
  if (absl::Status status = ingest_->Flush(); !status.ok()) return status;
  if (absl::Status status = DetectAll(); !status.ok()) return status;
  if (options_.flush) {
    if (absl::Status status = detect_->FlushTasks(); !status.ok()) return status;
  }
  if (absl::Status status = detect_->Commit(); !status.ok()) return status;
  if (options_.at_end) detect_->ForEachTask(options_.at_end);
  if (absl::Status status = publisher_->WriteUpTo(INT64_MAX); !status.ok()) return status;
  if (absl::Status status = dead_letter_drain_->Drain(); !status.ok()) return status;
  return outputs_.Finish();
}

absl::Status ReplayRun::Run(const std::function<void(const ReplayProgress&)>& progress) {
  absl::Time reported = clock_.Now();
  const auto report = [&] {
    if (!progress) return;
    const FileProgress files = files_->Progress();
    const AppMetrics::Totals totals = metrics_->Sum();
    progress({files.bytes_read, files.bytes_total, totals.posts, totals.signals});
  };
  while (!ingest_->AllAtEnd()) {
    if (absl::Status status = ingest_->Step(absl::Milliseconds(100)); !status.ok()) return status;
    if (absl::Status status = DetectAll(); !status.ok()) return status;
    // An endless input is followed as it comes: what is due is not kept in a buffer.
    if (ingest_->last_step_records() == 0) {
      if (absl::Status status = outputs_.Flush(); !status.ok()) return status;
    }
    if (const absl::Time now = clock_.Now(); now - reported >= kProgressEvery) {
      reported = now;
      report();
    }
  }
  if (absl::Status status = Finish(); !status.ok()) return status;
  report();
  return absl::OkStatus();
}

}  // namespace

absl::Status Replay(const ReplayOptions& options, std::shared_ptr<const PipelineSettings> settings, AppMetrics* metrics,
                    const std::function<void(const ReplayProgress&)>& progress) {
  ReplayRun run(options, std::move(settings), metrics);
  if (absl::Status status = run.Open(); !status.ok()) return status;
  return run.Run(progress);
}

}  // namespace tocsin
