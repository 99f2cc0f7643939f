// The conformance suite of engine/log/log.h over a real broker.
#include "engine/log/kafka/kafka_log.h"

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/engine/log/log_conformance.h"

namespace tocsin {
namespace {

class KafkaUnderTest final : public LogUnderTest {
 public:
  explicit KafkaUnderTest(std::unique_ptr<KafkaLog> log) : log_(std::move(log)) {}

  Log& log() override { return *log_; }
  absl::Status Trim(const TopicPartition& partition, Offset offset) override {
    return log_->DeleteRecords(partition, offset);
  }

 private:
  std::unique_ptr<KafkaLog> log_;
};

absl::StatusOr<std::unique_ptr<LogUnderTest>> MakeKafka() {
  const char* broker = std::getenv("TOCSIN_TEST_BROKER");
  if (broker == nullptr) return absl::UnavailableError("TOCSIN_TEST_BROKER is not set: run with run_with_broker.py");
  KafkaOptions options;
  options.properties = {{"bootstrap.servers", broker}};
  if (std::getenv("TOCSIN_TEST_LOG") != nullptr) {
    options.log = [](KafkaLogLevel, std::string_view text) {
      std::fprintf(stderr, "%.*s\n", int(text.size()), text.data());
    };
  }
  absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options);
  if (!log.ok()) return log.status();
  return std::make_unique<KafkaUnderTest>(*std::move(log));
}

INSTANTIATE_TEST_SUITE_P(Kafka, LogConformanceTest,
                         testing::Values(LogConformanceParam{.name = "Broker", .make = &MakeKafka}),
                         LogConformanceParamName);

}  // namespace
}  // namespace tocsin
