// Where a firehose's records go: files, one for each partition, or topics.
//
// A sink changes nothing about the records and their order within a partition. Not thread-safe.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "app/generate/firehose.h"
#include "app/generate/scenario.h"
#include "engine/log/log.h"

namespace tocsin {

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual absl::Status Append(const FirehoseRecord& record) = 0;
  // Before a pause: ends the transaction, so that readers see what was appended. Files are left to their buffers.
  virtual absl::Status Flush() { return absl::OkStatus(); }
  // After the last record. OK means that all of it has arrived.
  virtual absl::Status Finish() = 0;
};

// The file of a partition. One stream with one partition: `output` itself. With several partitions ".<partition>" is
// added, with several streams ".<stream>" before that; .gz and .zst stay at the end. "-" is standard output for all.
std::string PartitionPath(const std::string& output, const Scenario& scenario, size_t stream, size_t partition);

// Opens, and truncates, all files at once. Unavailable if one can't be opened.
absl::StatusOr<std::unique_ptr<RecordSink>> OpenFileSink(const std::string& output, const Scenario& scenario);

// Writes to the topics that the scenario's streams name, in transactions of `batch` records, so that nothing is there
// twice or half; topics that are missing are made. Errors are those of the log; FailedPrecondition if a topic has
// another number of partitions than its stream.
absl::StatusOr<std::unique_ptr<RecordSink>> OpenTopicSink(Log* log, const Scenario& scenario, int64_t batch);

}  // namespace tocsin
