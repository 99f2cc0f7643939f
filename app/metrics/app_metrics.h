// Every metric that Tocsin exposes: names, units, labels and help in one place.
//
// Prefix `tocsin_`, base units, counters end in _total. Labels are bounded: worker names, drop reasons, and brand ids
// up to a cap (brand_gauges.h); never authors or posts. docs/METRICS.md describes each. Thread-safe.
#pragma once

#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "absl/time/time.h"
#include "app/metrics/brand_gauges.h"
#include "app/worker/worker_metrics.h"

namespace tocsin {

enum class ReloadResult : uint8_t { kPublished, kUnchanged, kRefused, kFailed };
inline constexpr size_t kReloadResults = 4;

class AppMetrics {
 public:
  AppMetrics();

  // The counters of one worker; the same object for the same name, so that a restart goes on counting. They live as
  // long as this.
  IngestMetrics* Ingest(const std::string& worker);
  DetectMetrics* Detect(const std::string& worker);

  prometheus::Counter* worker_restarts() { return worker_restarts_; }
  const std::shared_ptr<prometheus::Registry>& registry() const { return registry_; }

  void Reloaded(ReloadResult result);
  // The newest version in the log. INT64_MIN: from the beginning.
  void SetConfigVersion(const std::string& version, int64_t effective_ms);

  BrandGauges* brands() { return &brands_; }

  // Brings up to date what nobody tells: CPU, memory, the watermark's lag at `now`, the brands; call before exposition.
  void Update(absl::Time now);

  // Sums over all workers, for progress displays and summaries.
  struct Totals {
    double posts = 0, bytes = 0, matched = 0, unmatched = 0, official = 0, dead = 0, mentions = 0;
    double applied = 0, duplicates = 0, late_added = 0, late_dropped = 0, gaps = 0, repeats = 0, signals = 0;
    double recovery_differences = 0;
    double watermark_seconds = 0;  // lowest of the detect workers
  };
  Totals Sum() const;

 private:
  void UpdateProcess();

  std::shared_ptr<prometheus::Registry> registry_;
  BrandGauges brands_;
  mutable std::mutex mu_;
  std::deque<std::pair<std::string, IngestMetrics>> ingest_;  // guarded by mu_
  std::deque<std::pair<std::string, DetectMetrics>> detect_;  // guarded by mu_
  prometheus::Counter* worker_restarts_ = nullptr;
  std::array<prometheus::Counter*, kReloadResults> reloads_ = {};
  prometheus::Gauge* last_reload_ok_ = nullptr;
  prometheus::Gauge* config_effective_ = nullptr;
  prometheus::Family<prometheus::Gauge>* config_info_ = nullptr;
  prometheus::Gauge* config_version_ = nullptr;  // of config_info_; guarded by mu_
  prometheus::Counter* process_cpu_ = nullptr;
  prometheus::Gauge* process_memory_ = nullptr;
};

}  // namespace tocsin
