// The whole engine over files or standard input: the backtest, the tests' oracle and the offline product.
//
// The same workers as the service's: ingest reads the files and writes blocks to a log in memory, detect reads them
// there. Streaming: what detect has applied is dropped from the log, and files are read side by side in event time, so
// memory does not grow with the input. Signals and metrics come out in the order of (window end, brand, sequence),
// whatever the number of files and partitions, and carry no wall-clock time: the same posts give the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"

namespace tocsin {

// Another watchlist, from an event time on.
struct WatchlistChange {
  int64_t effective_ms = 0;  // taken up to the next slide end
  std::string path;
};

struct ReplayOptions {
  std::vector<std::pair<std::string, std::string>> inputs;  // topic and path; "-" is standard input
  std::vector<WatchlistChange> changes;                     // in any order
  std::vector<std::string> configuration_paths;             // which have been read, and must not be overwritten
  std::string actions_path;                                 // records of the actions topic, a line each; empty: none
  std::string signals_path;                // structured CloudEvents, a line each; empty: none, "-": standard output
  std::string metrics_path;                // brand metrics, a line each; likewise
  std::string dead_letters_path;           // JSON lines with reason, topic, partition, offset; likewise
  bool flush = false;                      // at the end, close the windows that the watermark has not reached
  size_t flush_bytes = size_t{512} << 10;  // of a block, on average: any value gives the same result
  // Told at the end what has become of each mentions partition's task, in their order. May be empty.
  std::function<void(int32_t partition, const DetectTask& task)> at_end;
};

struct ReplayProgress {
  int64_t bytes = 0;
  int64_t bytes_total = -1;  // -1: unknown
  double posts = 0;
  double signals = 0;
};

// Runs to the end of the input. `progress` may be empty; it is called about ten times a second. InvalidArgument: a
// watchlist of `changes` is refused.
absl::Status Replay(const ReplayOptions& options, std::shared_ptr<const PipelineSettings> settings, AppMetrics* metrics,
                    const std::function<void(const ReplayProgress&)>& progress);

}  // namespace tocsin
