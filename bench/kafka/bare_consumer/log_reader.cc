// The same reading as bare_consumer, through the log interface: a group member that starts at the beginning.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/kafka/bare_consumer/measured_run.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

class FromTheBeginning : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    at_end.assign(partitions.size(), false);
    return std::vector<StartPosition>(partitions.size());
  }
  void OnRevoked(bool /*lost*/) override {}

  std::vector<bool> at_end;
};

absl::Status Run(int argc, char** argv) {
  absl::StatusOr<BenchFlags> flags = ParseBenchFlags(argc, argv);
  if (!flags.ok()) return flags.status();
  auto log = KafkaLog::Create(flags->kafka);
  if (!log.ok()) return log.status();
  auto partitions = PartitionsOf(**log, flags->topics);
  if (!partitions.ok()) return partitions.status();

  const MeasuredRun run;
  const std::string group = absl::StrCat("log-reader-", absl::GetCurrentTimeNanos());
  auto reader = (*log)->OpenGroupReader({group, "", flags->topics});
  if (!reader.ok()) return reader.status();
  FromTheBeginning listener;
  std::vector<RecordBatch> batches;
  int64_t records = 0;
  int64_t bytes = 0;
  for (size_t ends = 0; ends < partitions->size();) {
    absl::Status status = (*reader)->Poll(absl::Milliseconds(20), listener, &batches);
    if (!status.ok()) return status;
    for (const RecordBatch& batch : batches) {
      records += static_cast<int64_t>(batch.records.size());
      for (const Record& record : batch.records) {
        bytes += static_cast<int64_t>(record.key.size() + record.value.size());
      }
      if (!batch.end_of_partition || listener.at_end[static_cast<size_t>(batch.slot)]) continue;
      listener.at_end[static_cast<size_t>(batch.slot)] = true;
      ++ends;
    }
  }
  std::puts(run.Json("log_reader", records, bytes).c_str());
  return (*reader)->Close(listener);
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) { return tocsin::Report(tocsin::Run(argc, argv)); }
