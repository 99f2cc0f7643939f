#include "app/pipeline/settings.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "app/files/read_file.h"
#include "app/pipeline/topics.h"
#include "engine/base/hash.h"
#include "engine/base/time_units.h"
#include "operators/baseline/brand_baseline.h"
#include "operators/sentiment/calibration_file.h"

namespace tocsin {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path, std::string_view key) {
  std::optional<std::string> text = ReadWholeFile(path);
  if (text.has_value()) return *std::move(text);
  return absl::InvalidArgumentError(absl::StrCat("can't read the file that ", key, " names; file=", path));
}

int64_t Milliseconds(absl::Duration duration) { return absl::ToInt64Milliseconds(duration); }

IngestWorkerOptions IngestOf(const Config& config, uint64_t author_key) {
  IngestWorkerOptions ingest;
  for (const SourceConfig& from : config.sources) {
    IngestSource& source = ingest.sources.emplace_back();
    source.topics = from.topics;
    source.mapping = from.mapping;
    source.parser.max_record_bytes = static_cast<size_t>(from.max_record_bytes);
    source.parser.schema_registry_prefix = from.schema_registry_prefix;
    source.start.kind =
        from.start == SourceConfig::Start::kLatest ? StartPosition::Kind::kLatest : StartPosition::Kind::kEarliest;
    source.out_of_orderness_ms = Milliseconds(from.out_of_orderness);
    source.max_drag_ms = Milliseconds(from.max_drag);
    source.idle_after = from.idle_after;
  }
  ingest.chain.mentions_partitions = static_cast<uint32_t>(config.topics.mentions_partitions);
  ingest.chain.slide_ms = Milliseconds(config.windows.slide);
  ingest.chain.author_key = author_key;
  switch (config.privacy.texts) {
    case Config::Privacy::Texts::kFull:
      ingest.chain.texts = TextPolicy::kFull;
      break;
    case Config::Privacy::Texts::kMasked:
      ingest.chain.texts = TextPolicy::kMasked;
      break;
    case Config::Privacy::Texts::kNone:
      ingest.chain.texts = TextPolicy::kNone;
      break;
  }
  ingest.mentions_topic = config.topics.mentions;
  ingest.dead_letters_topic = config.topics.dead_letters;
  ingest.actions_topic = config.topics.actions;
  ingest.flush_every = config.flush.every;
  ingest.flush_bytes = static_cast<size_t>(config.flush.bytes);
  ingest.dead_letters_per_second = config.limits.dead_letters_per_second;
  return ingest;
}

DetectTaskOptions TaskOf(const Config& config, uint64_t config_version) {
  DetectTaskOptions task;
  task.partitions = static_cast<uint32_t>(config.topics.mentions_partitions);
  task.windows.slide_ms = Milliseconds(config.windows.slide);
  // Monitors decide on windows of their own, whether metrics are written for those or not.
  std::set<int64_t> sizes(kDecisionWindowMs.begin(), kDecisionWindowMs.end());
  for (const WindowConfig& window : config.windows.sizes) {
    const int64_t size_ms = Milliseconds(window.size);
    if (window.slide.has_value()) {
      task.long_windows.push_back({size_ms, Milliseconds(*window.slide)});
      task.windows.minutes_held = std::max(task.windows.minutes_held, size_ms / kMinuteMs + 1);
    } else {
      task.metric_sizes_ms.push_back(size_ms);
      sizes.insert(size_ms);
    }
  }
  task.windows.sizes_ms.assign(sizes.begin(), sizes.end());
  task.windows.held_ms = task.windows.sizes_ms.back();
  task.monitor.window_sizes_ms = task.windows.sizes_ms;
  task.monitor.deployment = config.deployment;
  task.monitor.config_hash = config_version;
  task.monitor.false_alarms = config.detection.false_alarms;
  task.monitor.slide_ms = task.windows.slide_ms;
  task.metrics_every_ms = Milliseconds(config.metrics.every);
  task.dedup_horizon_ms = Milliseconds(config.dedup.horizon);
  task.dedup_entries_max = static_cast<size_t>(config.dedup.max_entries);
  task.stop_on_gap = config.stop_on_gap;
  return task;
}

// What changes if the numbers do: a calibration file may be replaced under the same name.
std::string CalibrationText(const RatioCalibration& calibration) {
  const sentiment_format::CalibrationRecord record = CalibrationRecordOf(calibration, 0);
  return std::string(reinterpret_cast<const char*>(&record), sizeof(record));
}

}  // namespace

uint64_t ConfigVersion(const Config& config, const Watchlist& watchlist, const SentimentModel& model,
                       const RatioCalibration& calibration) {
  return Hash64(absl::StrCat(CanonicalText(config), "\n", watchlist.version(), "\n", model.checksum(), "\n",
                             CalibrationText(calibration)));
}

absl::StatusOr<std::shared_ptr<const PipelineSettings>> MakeSettings(Config config) {
  const absl::StatusOr<std::string> yaml = ReadFile(config.watchlist, "watchlist");
  if (!yaml.ok()) return yaml.status();
  return MakeSettings(std::move(config), *yaml);
}

absl::StatusOr<std::shared_ptr<const PipelineSettings>> MakeSettings(Config config, std::string_view watchlist_yaml) {
  auto settings = std::make_shared<PipelineSettings>();
  absl::StatusOr<std::shared_ptr<const Watchlist>> watchlist = Watchlist::Parse(watchlist_yaml, config.watchlist);
  if (!watchlist.ok()) return watchlist.status();
  settings->watchlist = *std::move(watchlist);
  settings->model = &SentimentModel::Default();
  if (config.sentiment.model != "default") {
    absl::StatusOr<std::unique_ptr<SentimentModel>> model = SentimentModel::Load(config.sentiment.model);
    if (!model.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(model.status().message(), "; key=sentiment.model"));
    }
    settings->own_model = *std::move(model);
    settings->model = settings->own_model.get();
  }
  RatioCalibration calibration = settings->model->calibration();
  if (!config.sentiment.calibration.empty()) {
    absl::StatusOr<RatioCalibration> own = LoadCalibration(config.sentiment.calibration, settings->model->checksum());
    if (!own.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(own.status().message(), "; key=sentiment.calibration"));
    }
    calibration = *std::move(own);
  }
  uint64_t author_key = kHashSeed;
  if (!config.privacy.key_file.empty()) {
    absl::StatusOr<std::string> key = ReadFile(config.privacy.key_file, "privacy.key_file");
    if (!key.ok()) return key.status();
    author_key = Hash64(absl::StripAsciiWhitespace(*key));
  }
  settings->config_version = ConfigVersion(config, *settings->watchlist, *settings->model, calibration);
  settings->ingest = IngestOf(config, author_key);
  settings->detect.mentions_topic = config.topics.mentions;
  settings->detect.snapshots_topic = config.topics.snapshots;
  settings->detect.snapshot_every = config.snapshot.every;
  settings->task = TaskOf(config, settings->config_version);
  settings->task.monitor.calibration = std::move(calibration);
  settings->topics = {config.topics.brand_metrics, config.topics.signals, config.topics.incidents,
                      config.topics.post_crisis, config.topics.dead_letters};
  settings->topic_specs = TopicsOf(config);
  settings->config = std::make_shared<const Config>(std::move(config));
  return std::shared_ptr<const PipelineSettings>(std::move(settings));
}

}  // namespace tocsin
