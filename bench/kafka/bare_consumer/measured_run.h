// What the programs of this folder share: their flags, and a run's cost as one line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// --bootstrap HOST:PORT --topics A,B [--set PROPERTY=VALUE]... [--queue-bytes N] [--poll-records N]
// for bare_consumer: [--fields A,B]
// and for the loaders: [--records N] [--partitions N] [--bytes N] [--rate POSTS_A_SECOND] [--brands N] [--beside FILE]
struct BenchFlags {
  KafkaOptions kafka;
  std::vector<std::string> topics;
  std::vector<std::string> fields;  // top-level string members to be read of each record
  int64_t records = 500'000;
  int32_t partitions = 4;
  int64_t bytes = 2500;
  int64_t rate = 0;  // 0: as fast as it goes
  int32_t brands = 1'000;
  std::string beside;  // a file; empty: none
};

absl::StatusOr<BenchFlags> ParseBenchFlags(int argc, char** argv);

// Every partition of `topics`, to be read from the beginning to its present end.
absl::StatusOr<std::vector<TopicPartition>> PartitionsOf(Log& log, const std::vector<std::string>& topics);

// CPU is that of the whole process, all threads, from construction on.
class MeasuredRun {
 public:
  MeasuredRun();

  // {"program", "records", "bytes", "field_bytes", "wall_s", "cpu_s", "records_per_cpu_s", "max_rss_mb"}; `field_bytes`
  // are those of the values that were read out of records.
  std::string Json(std::string_view program, int64_t records, int64_t bytes, int64_t field_bytes = 0) const;

 private:
  absl::Time start_;
  double cpu_start_s_ = 0;
};

// Prints the message and returns the exit code.
int Report(const absl::Status& status);

}  // namespace tocsin
