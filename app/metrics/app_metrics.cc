#include "app/metrics/app_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <utility>

#include "app/version.h"

namespace tocsin {
namespace {

prometheus::Counter* CounterOf(prometheus::Registry& registry, const char* name, const char* help,
                               const prometheus::Labels& labels) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Gauge* GaugeOf(prometheus::Registry& registry, const char* name, const char* help,
                           const prometheus::Labels& labels) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add(labels);
}

prometheus::Histogram* SecondsOf(prometheus::Registry& registry, const char* name, const char* help,
                                 const prometheus::Labels& labels) {
  static const prometheus::Histogram::BucketBoundaries kBounds{.001, .0025, .005, .01, .025, .05, .1,
                                                               .25,  .5,    1,    2.5, 5,    10};
  return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add(labels, kBounds);
}

double ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  int64_t total = 0;
  int64_t resident = 0;
  const int fields = std::fscanf(file, "%" SCNd64 " %" SCNd64, &total, &resident);
  std::fclose(file);
  return fields == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

AppMetrics::AppMetrics() : registry_(std::make_shared<prometheus::Registry>()), brands_(registry_.get()) {
  prometheus::Registry& r = *registry_;
  worker_restarts_ = CounterOf(r, "tocsin_worker_restarts_total", "Workers started again after an error.", {});
  constexpr const char* kResults[kReloadResults] = {"published", "unchanged", "refused", "failed"};
  for (size_t i = 0; i < kReloadResults; ++i) {
    reloads_[i] = CounterOf(r, "tocsin_config_reloads_total", "Reloads of the configuration, by what became of them.",
                            {{"result", kResults[i]}});
  }
  last_reload_ok_ =
      GaugeOf(r, "tocsin_config_last_reload_successful", "1 unless the last reload was refused or failed.", {});
  last_reload_ok_->Set(1);
  config_effective_ =
      GaugeOf(r, "tocsin_config_effective_timestamp_seconds",
              "Event time from which the newest version counts, as Unix time; 0: from the beginning.", {});
  config_info_ = &prometheus::BuildGauge()
                      .Name("tocsin_config_version_info")
                      .Help("Always 1; the label is the newest version of the configuration in the log.")
                      .Register(r);
  process_cpu_ = CounterOf(r, "process_cpu_seconds_total", "User and system CPU time spent in seconds.", {});
  process_memory_ = GaugeOf(r, "process_resident_memory_bytes", "Resident memory size in bytes.", {});
  GaugeOf(r, "tocsin_build_info", "Always 1; the labels say which build this is.", {{"version", kVersion}})->Set(1);
}

IngestMetrics* AppMetrics::Ingest(const std::string& worker) {
  const std::lock_guard<std::mutex> lock(mu_);
  for (auto& [name, metrics] : ingest_) {
    if (name == worker) return &metrics;
  }
  prometheus::Registry& r = *registry_;
  const prometheus::Labels labels{{"worker", worker}};
  IngestMetrics& m = ingest_.emplace_back(worker, IngestMetrics{}).second;
  m.posts = CounterOf(r, "tocsin_posts_consumed_total", "Records read from the posts topics, whatever became of them.",
                      labels);
  m.bytes = CounterOf(r, "tocsin_posts_consumed_bytes_total", "Bytes of those records' values.", labels);
  m.matched = CounterOf(r, "tocsin_posts_matched_total", "Posts that mention at least one watched brand.", labels);
  m.unmatched = CounterOf(r, "tocsin_posts_unmatched_total", "Posts that mention no watched brand.", labels);
  m.official = CounterOf(r, "tocsin_posts_official_total", "Posts that are only a brand's own response.", labels);
  for (size_t i = 1; i < kDropReasons; ++i) {
    prometheus::Labels with_reason = labels;
    with_reason["reason"] = std::string(DropReasonName(static_cast<DropReason>(i)));
    m.dead[i] = CounterOf(r, "tocsin_dead_letters_total", "Records that could not be used, by reason.", with_reason);
  }
  m.mentions = CounterOf(r, "tocsin_mentions_total", "Mention rows written, before duplicates are dropped.", labels);
  m.actions = CounterOf(r, "tocsin_actions_read_total", "Actions read and passed on to detect.", labels);
  m.actions_refused =
      CounterOf(r, "tocsin_actions_unusable_total", "Records of the actions topic that could not be used.", labels);
  m.flush_seconds = SecondsOf(r, "tocsin_ingest_flush_duration_seconds",
                              "Time of a flush, its look at the configuration included.", labels);
  m.versions_seconds = SecondsOf(r, "tocsin_ingest_config_check_duration_seconds",
                                 "Time within a flush of asking for the newest configuration.", labels);
  m.busy_seconds = SecondsOf(r, "tocsin_ingest_busy_seconds", "Time between two polls of ingest.", labels);
  m.busy_cpu_seconds = SecondsOf(r, "tocsin_ingest_busy_cpu_seconds", "CPU time between two polls of ingest.", labels);
  m.flushed_blocks = CounterOf(r, "tocsin_blocks_written_total", "Block parts written to the mentions topic.", labels);
  m.flushed_bytes = CounterOf(r, "tocsin_blocks_written_bytes_total", "Bytes of those block parts.", labels);
  m.rebalances = CounterOf(r, "tocsin_ingest_rebalances_total", "Assignments received.", labels);
  m.assigned = GaugeOf(r, "tocsin_ingest_assigned_partitions", "Source partitions that the worker owns.", labels);
  m.lag_records =
      GaugeOf(r, "tocsin_ingest_lag_records", "Records between the position and the end of owned partitions.", labels);
  m.transaction_seconds = SecondsOf(r, "tocsin_ingest_transaction_duration_seconds",
                                    "Time of a flush's transaction, from begin to commit.", labels);
  m.lag_seconds =
      GaugeOf(r, "tocsin_ingest_lag_seconds",
              "Age of the last record read, by the log's time stamp, while there are more; else 0.", labels);
  m.queued_bytes = GaugeOf(r, "tocsin_ingest_queue_bytes", "Fetched and waiting to be processed.", labels);
  m.pending_bytes =
      GaugeOf(r, "tocsin_ingest_pending_bytes", "Rows and dead letters that the last flush held.", labels);
  return &m;
}

DetectMetrics* AppMetrics::Detect(const std::string& worker) {
  const std::lock_guard<std::mutex> lock(mu_);
  for (auto& [name, metrics] : detect_) {
    if (name == worker) return &metrics;
  }
  prometheus::Registry& r = *registry_;
  const prometheus::Labels labels{{"worker", worker}};
  DetectMetrics& m = detect_.emplace_back(worker, DetectMetrics{}).second;
  m.blocks = CounterOf(r, "tocsin_blocks_read_total", "Block parts read from the mentions topic.", labels);
  m.rows = CounterOf(r, "tocsin_rows_read_total", "Mention rows read, before duplicates are dropped.", labels);
  m.applied = CounterOf(r, "tocsin_rows_applied_total", "Mention rows counted.", labels);
  m.duplicates =
      CounterOf(r, "tocsin_rows_duplicate_total", "Mention rows of posts that had been counted already.", labels);
  m.late_added = CounterOf(r, "tocsin_rows_late_added_total", "Late rows that windows still held.", labels);
  m.late_dropped = CounterOf(r, "tocsin_rows_late_dropped_total", "Rows too late for every window.", labels);
  m.audit_repeats =
      CounterOf(r, "tocsin_audit_repeats_total", "Blocks dropped because they had been applied already.", labels);
  m.audit_gaps = CounterOf(r, "tocsin_audit_gaps_total", "Gaps found in the chain of blocks.", labels);
  m.audit_torn = CounterOf(r, "tocsin_audit_torn_total",
                           "Blocks in parts of which some never came, so that none was applied.", labels);
  m.dedup_cuts = CounterOf(r, "tocsin_dedup_cuts_total",
                           "Times that deduplication forgot early, since its memory was full.", labels);
  m.actions_applied = CounterOf(r, "tocsin_actions_applied_total", "Actions that took effect.", labels);
  m.actions_refused =
      CounterOf(r, "tocsin_actions_refused_total", "Actions about what detect does not know or is over.", labels);
  m.metric_records = CounterOf(r, "tocsin_metric_records_total", "Brand metrics published.", labels);
  for (size_t i = 0; i < kSignalKinds; ++i) {
    prometheus::Labels with_kind = labels;
    with_kind["kind"] = std::string(SignalKindName(static_cast<SignalKind>(i)));
    m.signals[i] = CounterOf(r, "tocsin_signals_total", "Signals published, by kind.", with_kind);
  }
  m.snapshots = CounterOf(r, "tocsin_snapshots_total", "Snapshots written.", labels);
  m.recovery_differences =
      CounterOf(r, "tocsin_recovery_differences_total",
                "Recoveries that replayed other signals than had been published: must stay at 0.", labels);
  m.commit_seconds = SecondsOf(r, "tocsin_detect_commit_duration_seconds", "Time of a commit of detect.", labels);
  m.busy_seconds = SecondsOf(r, "tocsin_detect_busy_seconds", "Time between two polls of detect.", labels);
  m.busy_cpu_seconds = SecondsOf(r, "tocsin_detect_busy_cpu_seconds", "CPU time between two polls of detect.", labels);
  m.rebalances = CounterOf(r, "tocsin_detect_rebalances_total", "Assignments received.", labels);
  m.assigned = GaugeOf(r, "tocsin_detect_assigned_partitions", "Mentions partitions that the worker owns.", labels);
  m.watermark_seconds = GaugeOf(r, "tocsin_watermark_timestamp_seconds",
                                "Lowest event-time watermark of the owned partitions, as Unix time.", labels);
  m.lag_records =
      GaugeOf(r, "tocsin_detect_lag_records", "Blocks between the position and the end of owned partitions.", labels);
  m.lag_seconds = GaugeOf(r, "tocsin_detect_lag_seconds",
                          "Age of the last block read, by the log's time stamp, while there are more; else 0.", labels);
  m.queued_bytes = GaugeOf(r, "tocsin_detect_queue_bytes", "Fetched and waiting to be processed.", labels);
  m.watermark_lag_seconds = GaugeOf(r, "tocsin_watermark_lag_seconds",
                                    "Wall clock less watermark; 0 without partitions or watermark.", labels);
  m.sources = GaugeOf(r, "tocsin_sources", "Source partitions that the watermark knows of.", labels);
  m.sources_complete = GaugeOf(r, "tocsin_sources_complete",
                               "Of those, the ones that the watermark vouches for: completeness is k of n.", labels);
  m.snapshot_margin_blocks =
      GaugeOf(r, "tocsin_snapshot_margin_blocks",
              "Blocks that the mentions log holds from before what a recovery would read first; lowest of the owned "
              "partitions, +Inf while the log has lost nothing.",
              labels);
  m.snapshot_margin_blocks->Set(std::numeric_limits<double>::infinity());
  m.show_brands = [this, worker](std::vector<BrandStatus> brands) { brands_.Show(worker, std::move(brands)); };
  m.state_bytes = GaugeOf(r, "tocsin_detect_state_bytes", "Memory of windows, dedup and baselines.", labels);
  return &m;
}

void AppMetrics::Reloaded(ReloadResult result) {
  reloads_[static_cast<size_t>(result)]->Increment();
  last_reload_ok_->Set(result == ReloadResult::kPublished || result == ReloadResult::kUnchanged ? 1 : 0);
}

void AppMetrics::SetConfigVersion(const std::string& version, int64_t effective_ms) {
  const std::lock_guard<std::mutex> lock(mu_);
  if (config_version_ != nullptr) config_info_->Remove(config_version_);
  config_version_ = &config_info_->Add({{"version", version}});
  config_version_->Set(1);
  config_effective_->Set(effective_ms == INT64_MIN ? 0 : static_cast<double>(effective_ms) * 1e-3);
}

void AppMetrics::UpdateProcess() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  process_cpu_->Increment(seconds(usage.ru_utime) + seconds(usage.ru_stime) - process_cpu_->Value());
  process_memory_->Set(ResidentBytes());
}

void AppMetrics::Update(absl::Time now) {
  UpdateProcess();
  brands_.Refresh();
  const std::lock_guard<std::mutex> lock(mu_);
  const double now_seconds = absl::ToDoubleSeconds(now - absl::UnixEpoch());
  for (const auto& [name, m] : detect_) {
    const double watermark = m.watermark_seconds->Value();
    const bool known = watermark > 0 && m.assigned->Value() > 0;
    m.watermark_lag_seconds->Set(known ? now_seconds - watermark : 0);
  }
}

AppMetrics::Totals AppMetrics::Sum() const {
  const std::lock_guard<std::mutex> lock(mu_);
  Totals totals;
  for (const auto& [name, m] : ingest_) {
    totals.posts += m.posts->Value();
    totals.bytes += m.bytes->Value();
    totals.matched += m.matched->Value();
    totals.unmatched += m.unmatched->Value();
    totals.official += m.official->Value();
    totals.mentions += m.mentions->Value();
    for (const prometheus::Counter* dead : m.dead) {
      if (dead != nullptr) totals.dead += dead->Value();
    }
  }
  bool first = true;
  for (const auto& [name, m] : detect_) {
    const double watermark = m.watermark_seconds->Value();
    totals.watermark_seconds = first ? watermark : std::min(totals.watermark_seconds, watermark);
    first = false;
    totals.applied += m.applied->Value();
    totals.duplicates += m.duplicates->Value();
    totals.late_added += m.late_added->Value();
    totals.late_dropped += m.late_dropped->Value();
    totals.gaps += m.audit_gaps->Value();
    totals.recovery_differences += m.recovery_differences->Value();
    totals.repeats += m.audit_repeats->Value();
    for (const prometheus::Counter* signals : m.signals) totals.signals += signals->Value();
  }
  return totals;
}

}  // namespace tocsin
