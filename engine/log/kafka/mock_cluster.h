// librdkafka's mock Kafka cluster, in this process: for the demo, and for tests that need no real delivery promise.
//
// What it is not (librdkafka 2.8.0):
// - A partition holds 5 MiB or 100,000 message sets; beyond that the oldest are dropped, even if nobody has read them.
// So
//   whoever fills it must wait for whoever reads it.
// - It delivers aborted records, and has no last stable offset: a transaction is visible before it is committed.
// - It stores no offsets of transactions: a group that starts anew starts from the beginning.
// - It does not fence: not an old generation, not an old writer with the same transactional id, not a member's name.
// - It creates no topics on request (CreateTopics): CreateTopic below does. Those unknown do not appear by being read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/log/kafka/kafka_handles.h"

struct rd_kafka_mock_cluster_s;

namespace tocsin {

// Thread-safe. Must outlive the clients that talk to it, or they log that the broker is gone.
class MockCluster {
 public:
  static absl::StatusOr<std::unique_ptr<MockCluster>> Create(int brokers = 1);
  ~MockCluster();

  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  // For bootstrap.servers: ports are free ones of the loopback interface.
  std::string bootstrap_servers() const;

  // For injecting errors with the functions of rdkafka_mock.h.
  rd_kafka_mock_cluster_s* handle() const { return cluster_; }

  absl::Status CreateTopic(const std::string& topic, int32_t partitions);

 private:
  MockCluster() = default;

  rd_kafka_t* owner_ = nullptr;  // a client that exists only because a mock cluster needs one
  rd_kafka_mock_cluster_s* cluster_ = nullptr;
};

}  // namespace tocsin
