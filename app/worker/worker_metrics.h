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
  prometheus::Histogram* flush_seconds = nullptr;
  prometheus::Histogram* versions_seconds = nullptr;  // of a flush: asking for the configuration
  prometheus::Histogram* busy_seconds = nullptr;      // between two polls
  prometheus::Histogram* busy_cpu_seconds = nullptr;  // of the thread, likewise
  prometheus::Counter* flushed_blocks = nullptr;
  prometheus::Counter* flushed_bytes = nullptr;
  prometheus::Counter* rebalances = nullptr;
  prometheus::Gauge* assigned = nullptr;
  prometheus::Gauge* lag_records = nullptr;
};

struct DetectMetrics {
  prometheus::Counter* blocks = nullptr;
  prometheus::Counter* rows = nullptr;
  prometheus::Counter* applied = nullptr;
  prometheus::Counter* duplicates = nullptr;
  prometheus::Counter* late_added = nullptr;
  prometheus::Counter* late_dropped = nullptr;
  prometheus::Counter* audit_repeats = nullptr;
  prometheus::Counter* audit_gaps = nullptr;
  prometheus::Counter* metric_records = nullptr;
  prometheus::Counter* signals = nullptr;
  prometheus::Counter* snapshots = nullptr;
  prometheus::Histogram* commit_seconds = nullptr;
  prometheus::Histogram* busy_seconds = nullptr;      // between two polls
  prometheus::Histogram* busy_cpu_seconds = nullptr;  // of the thread, likewise
  prometheus::Counter* rebalances = nullptr;
  prometheus::Gauge* assigned = nullptr;
  prometheus::Gauge* watermark_seconds = nullptr;
  prometheus::Gauge* lag_records = nullptr;
  prometheus::Gauge* state_bytes = nullptr;
};

}  // namespace tocsin
