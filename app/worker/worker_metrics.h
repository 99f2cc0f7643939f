// What workers count. Plain pointers into the process's registry, so that a worker adds per batch and never looks a
// name up.
//
// Counters are thread-safe (prometheus-cpp); the structs are constant after construction.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

#include "operators/incident/brand_status.h"
#include "operators/parse/post.h"

namespace tocsin {

inline constexpr size_t kDropReasons = static_cast<size_t>(DropReason::kAbsurdTime) + 1;

struct IngestMetrics {
  prometheus::Counter* posts = nullptr;  // records read, whatever became of them
  prometheus::Counter* bytes = nullptr;
  prometheus::Counter* matched = nullptr;
  prometheus::Counter* unmatched = nullptr;
  prometheus::Counter* official = nullptr;
  std::array<prometheus::Counter*, kDropReasons> dead{};  // by reason; kNone stays null
  prometheus::Counter* mentions = nullptr;
  prometheus::Counter* actions = nullptr;  // passed on
  prometheus::Counter* actions_refused = nullptr;
  prometheus::Histogram* flush_seconds = nullptr;
  prometheus::Histogram* transaction_seconds = nullptr;  // of a flush: from begin to commit
  prometheus::Histogram* versions_seconds = nullptr;     // of a flush: asking for the configuration
  prometheus::Histogram* busy_seconds = nullptr;         // between two polls
  prometheus::Histogram* busy_cpu_seconds = nullptr;     // of the thread, likewise
  prometheus::Counter* flushed_blocks = nullptr;
  prometheus::Counter* flushed_bytes = nullptr;
  prometheus::Counter* rebalances = nullptr;
  prometheus::Gauge* assigned = nullptr;
  prometheus::Gauge* lag_records = nullptr;
  prometheus::Gauge* lag_seconds = nullptr;
  prometheus::Gauge* queued_bytes = nullptr;
  prometheus::Gauge* pending_bytes = nullptr;
};

inline constexpr size_t kSignalKinds = 3;  // of SignalKind

struct DetectMetrics {
  prometheus::Counter* blocks = nullptr;
  prometheus::Counter* rows = nullptr;
  prometheus::Counter* applied = nullptr;
  prometheus::Counter* duplicates = nullptr;
  prometheus::Counter* late_added = nullptr;
  prometheus::Counter* late_dropped = nullptr;
  prometheus::Counter* audit_repeats = nullptr;
  prometheus::Counter* audit_gaps = nullptr;
  prometheus::Counter* audit_torn = nullptr;
  prometheus::Counter* dedup_cuts = nullptr;
  prometheus::Counter* actions_applied = nullptr;
  prometheus::Counter* actions_refused = nullptr;
  prometheus::Counter* metric_records = nullptr;
  std::array<prometheus::Counter*, kSignalKinds> signals{};  // by SignalKind
  prometheus::Counter* snapshots = nullptr;
  prometheus::Counter* recovery_differences = nullptr;
  prometheus::Histogram* commit_seconds = nullptr;
  prometheus::Histogram* busy_seconds = nullptr;      // between two polls
  prometheus::Histogram* busy_cpu_seconds = nullptr;  // of the thread, likewise
  prometheus::Counter* rebalances = nullptr;
  prometheus::Gauge* assigned = nullptr;
  prometheus::Gauge* watermark_seconds = nullptr;
  prometheus::Gauge* watermark_lag_seconds = nullptr;  // computed at exposition, not by the worker
  prometheus::Gauge* lag_records = nullptr;
  prometheus::Gauge* lag_seconds = nullptr;
  prometheus::Gauge* queued_bytes = nullptr;
  prometheus::Gauge* state_bytes = nullptr;
  prometheus::Gauge* sources = nullptr;
  prometheus::Gauge* sources_complete = nullptr;
  prometheus::Gauge* snapshot_margin_blocks = nullptr;
  // Told now and then what is to be seen of the brands that the worker owns: all of them, in place of what it was told
  // before. Thread-safe.
  std::function<void(std::vector<BrandStatus>)> show_brands;
};

}  // namespace tocsin
