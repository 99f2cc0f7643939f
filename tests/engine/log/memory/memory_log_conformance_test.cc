#include <memory>

#include "engine/base/clock.h"
#include "engine/log/memory/memory_log.h"
#include "tests/engine/log/log_conformance.h"

namespace tocsin {
namespace {

// Nothing that the suite asks for takes time on the log's own clock, so it stands still.
class MemoryLogUnderTest : public LogUnderTest {
 public:
  explicit MemoryLogUnderTest(const MemoryLogOptions& options) : log_(&clock_, options) {}

  Log& log() override { return log_; }
  absl::Status Trim(const TopicPartition& partition, Offset offset) override { return log_.Trim(partition, offset); }

 private:
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  MemoryLog log_;
};

LogConformanceParam Variant(const std::string& name, const MemoryLogOptions& options) {
  return {.name = name, .make = [options]() -> absl::StatusOr<std::unique_ptr<LogUnderTest>> {
            return std::make_unique<MemoryLogUnderTest>(options);
          }};
}

INSTANTIATE_TEST_SUITE_P(MemoryLog, LogConformanceTest,
                         testing::Values(Variant("Range", {}),
                                         Variant("RoundRobin", {.assignment = AssignmentStrategy::kRoundRobin}),
                                         Variant("TinyBatches", {.batch_bytes_max = 16, .batch_records_max = 3})),
                         LogConformanceParamName);

}  // namespace
}  // namespace tocsin
