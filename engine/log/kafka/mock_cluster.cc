#include "engine/log/kafka/mock_cluster.h"

#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/log/kafka/kafka_error.h"

namespace tocsin {

absl::StatusOr<std::unique_ptr<MockCluster>> MockCluster::Create(int brokers) {
  std::array<char, 512> text{};
  std::unique_ptr<MockCluster> mock(new MockCluster);
  KafkaConf conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  if (rd_kafka_conf_set(conf.get(), "enable.metrics.push", "false", text.data(), text.size()) != RD_KAFKA_CONF_OK) {
    return absl::InternalError(absl::StrCat("mock cluster: ", text.data()));
  }
  mock->owner_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size());
  if (mock->owner_ == nullptr) return absl::InternalError(absl::StrCat("mock cluster: ", text.data()));
  std::ignore = conf.release();
  mock->cluster_ = rd_kafka_mock_cluster_new(mock->owner_, brokers);
  if (mock->cluster_ == nullptr) return absl::InternalError("mock cluster: could not be made");
  // A real broker waits for three seconds for more members of a new group; here all start at once.
  constexpr int32_t kRebalanceDelayMs = 300;
  rd_kafka_mock_group_initial_rebalance_delay_ms(mock->cluster_, kRebalanceDelayMs);
  return mock;
}

MockCluster::~MockCluster() {
  if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
  if (owner_ != nullptr) rd_kafka_destroy(owner_);
}

std::string MockCluster::bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }

absl::Status MockCluster::CreateTopic(const std::string& topic, int32_t partitions) {
  return KafkaStatus(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1),
                     absl::StrCat("mock cluster: topic=", topic));
}

}  // namespace tocsin
