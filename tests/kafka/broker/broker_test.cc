// Proves the fixture itself: a broker that tests get from run_with_broker.py answers and knows transactions.
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using Client = std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)>;
using Settings = std::vector<std::pair<std::string, std::string>>;

Client MakeClient(rd_kafka_type_t type, const Settings& settings) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", std::getenv("TOCSIN_TEST_BROKER"), nullptr, 0);
  for (const auto& [key, value] : settings) {
    EXPECT_EQ(rd_kafka_conf_set(conf, key.c_str(), value.c_str(), error.data(), error.size()), RD_KAFKA_CONF_OK)
        << error.data();
  }
  return {rd_kafka_new(type, conf, error.data(), error.size()), rd_kafka_destroy};
}

std::string Take(rd_kafka_error_t* error) {
  if (error == nullptr) return "";
  std::string text = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  return text;
}

void CreateTopic(rd_kafka_t* client, const char* name) {
  std::array<char, 512> error{};
  rd_kafka_NewTopic_t* topic = rd_kafka_NewTopic_new(name, 1, 1, error.data(), error.size());
  rd_kafka_queue_t* queue = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &topic, 1, nullptr, queue);
  rd_kafka_event_t* event = rd_kafka_queue_poll(queue, 30'000);
  ASSERT_NE(event, nullptr);
  EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(event);
  rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(topic);
}

void Produce(rd_kafka_t* client, const char* topic, std::string value) {
  EXPECT_EQ(rd_kafka_producev(client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_VALUE(value.data(), value.size()),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST(BrokerTest, ShowsCommittedRecordsOnly) {
  if (std::getenv("TOCSIN_TEST_BROKER") == nullptr) GTEST_SKIP() << "needs run_with_broker.py";
  Client producer = MakeClient(RD_KAFKA_PRODUCER, {{"transactional.id", "broker-test"}});
  ASSERT_NE(producer, nullptr);
  CreateTopic(producer.get(), "records");
  ASSERT_EQ(Take(rd_kafka_init_transactions(producer.get(), 30'000)), "");

  ASSERT_EQ(Take(rd_kafka_begin_transaction(producer.get())), "");
  Produce(producer.get(), "records", "aborted");
  ASSERT_EQ(Take(rd_kafka_abort_transaction(producer.get(), 30'000)), "");
  ASSERT_EQ(Take(rd_kafka_begin_transaction(producer.get())), "");
  Produce(producer.get(), "records", "committed");
  ASSERT_EQ(Take(rd_kafka_commit_transaction(producer.get(), 30'000)), "");

  Client consumer = MakeClient(RD_KAFKA_CONSUMER, {{"group.id", "broker-test"},
                                                   {"isolation.level", "read_committed"},
                                                   {"enable.partition.eof", "true"},
                                                   {"auto.offset.reset", "earliest"}});
  ASSERT_NE(consumer, nullptr);
  rd_kafka_topic_partition_list_t* partitions = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(partitions, "records", 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(consumer.get(), partitions);
  rd_kafka_topic_partition_list_destroy(partitions);
  std::vector<std::string> values;
  bool at_end = false;
  while (!at_end) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer.get(), 30'000);
    ASSERT_NE(message, nullptr);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      at_end = true;
    } else {
      EXPECT_EQ(message->err, RD_KAFKA_RESP_ERR_NO_ERROR);
      values.emplace_back(static_cast<const char*>(message->payload), message->len);
    }
    rd_kafka_message_destroy(message);
  }
  EXPECT_THAT(values, testing::ElementsAre("committed"));
  rd_kafka_consumer_close(consumer.get());
}

}  // namespace
}  // namespace tocsin
