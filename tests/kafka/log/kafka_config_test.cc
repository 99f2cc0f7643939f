#include "engine/log/kafka/kafka_config.h"

#include <array>
#include <string>

#include "absl/status/status_matchers.h"
#include "engine/log/kafka/kafka_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

KafkaOptions With(KafkaProperties properties) {
  KafkaOptions options;
  options.properties = std::move(properties);
  return options;
}

std::string Get(const KafkaConf& conf, const char* key) {
  std::array<char, 512> text{};
  size_t size = text.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.get(), key, text.data(), &size), RD_KAFKA_CONF_OK) << key;
  return text.data();
}

std::string Built(KafkaRole role, const KafkaOptions& options, const char* key) {
  auto conf = BuildKafkaConf(role, options, {});
  EXPECT_THAT(conf.status(), IsOk());
  return conf.ok() ? Get(*conf, key) : "";
}

TEST(KafkaConfigTest, TheUsersPropertiesWinOverTheDefaultsAndLaterOverEarlier) {
  EXPECT_EQ(Built(KafkaRole::kGroupReader, {}, "fetch.wait.max.ms"), "100");
  const KafkaOptions options = With({{"fetch.wait.max.ms", "7"}, {"fetch.wait.max.ms", "8"}});
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "fetch.wait.max.ms"), "8");
}

TEST(KafkaConfigTest, ReadersReadWhatIsCommittedAndCommitNothingThemselves) {
  for (const KafkaRole role : {KafkaRole::kGroupReader, KafkaRole::kPartitionReader}) {
    EXPECT_EQ(Built(role, {}, "isolation.level"), "read_committed");
    EXPECT_EQ(Built(role, {}, "enable.auto.commit"), "false");
    EXPECT_EQ(Built(role, {}, "enable.auto.offset.store"), "false");
    EXPECT_EQ(Built(role, {}, "enable.partition.eof"), "true");
    EXPECT_EQ(Built(role, {}, "allow.auto.create.topics"), "false");
  }
}

TEST(KafkaConfigTest, TheQueueIsBoundedByTheBytesAskedFor) {
  KafkaOptions options;
  options.queue_bytes = 32'000'000;
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "queued.max.messages.kbytes"), "8000");
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "fetch.max.bytes"), "1048576");
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "max.partition.fetch.bytes"), "262144");
  options.queue_bytes = 256'000'000;
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "fetch.max.bytes"), "8000000");
  EXPECT_EQ(Built(KafkaRole::kGroupReader, options, "max.partition.fetch.bytes"), "2000000");
}

TEST(KafkaConfigTest, WhatWouldBreakExactlyOnceIsRefusedByName) {
  for (const char* key : {"enable.auto.commit", "enable.auto.offset.store", "isolation.level", "auto.offset.reset",
                          "enable.partition.eof", "enable.idempotence", "transactional.id", "group.id",
                          "group.instance.id", "allow.auto.create.topics"}) {
    EXPECT_THAT(KafkaLog::Create(With({{key, "x"}})).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(key)));
  }
}

TEST(KafkaConfigTest, CooperativeAssignmentAndTheNewGroupProtocolAreRefused) {
  EXPECT_THAT(KafkaLog::Create(With({{"partition.assignment.strategy", "cooperative-sticky"}})).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("partition.assignment.strategy")));
  EXPECT_THAT(KafkaLog::Create(With({{"group.protocol", "consumer"}})).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("group.protocol")));
  EXPECT_THAT(KafkaLog::Create(With({{"partition.assignment.strategy", "roundrobin"}})).status(), IsOk());
}

TEST(KafkaConfigTest, AnUnknownPropertyIsNamed) {
  EXPECT_THAT(KafkaLog::Create(With({{"bootstrap.server", "broker:9092"}})).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("key=bootstrap.server")));
}

TEST(KafkaConfigTest, ABadValueIsShownWithItsKey) {
  EXPECT_THAT(
      KafkaLog::Create(With({{"security.protocol", "telepathy"}})).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, AllOf(HasSubstr("security.protocol"), HasSubstr("telepathy"))));
}

TEST(KafkaConfigTest, AProducersOrConsumersPropertyMayBeSetForBoth) {
  EXPECT_THAT(KafkaLog::Create(With({{"linger.ms", "1"}, {"fetch.min.bytes", "1"}, {"acks", "all"}})).status(), IsOk());
}

TEST(KafkaConfigTest, SecretsAreNeverShown) {
  for (const char* key : {"sasl.password", "ssl.key.password", "ssl.keystore.password", "ssl.key.pem",
                          "sasl.oauthbearer.client.secret", "SASL.Password"}) {
    EXPECT_TRUE(IsSecretKafkaProperty(key)) << key;
  }
  for (const char* key : {"bootstrap.servers", "sasl.username", "ssl.key.location", "linger.ms"}) {
    EXPECT_FALSE(IsSecretKafkaProperty(key)) << key;
  }
  EXPECT_THAT(KafkaLog::Create(With({{"sasl.pasword.token", "hunter2"}})).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("hunter2"))));
}

TEST(KafkaConfigTest, TheTransactionTimeoutIsTheUsersIfSet) {
  KafkaOptions options;
  EXPECT_EQ(*KafkaTransactionTimeout(options), absl::Seconds(10));
  options.properties = {{"transaction.timeout.ms", "2500"}};
  EXPECT_EQ(*KafkaTransactionTimeout(options), absl::Milliseconds(2500));
}

TEST(KafkaConfigTest, LibrdkafkaHasWhatSecuredClustersNeed) {
  EXPECT_THAT(CheckKafkaFeatures(), IsOk());
  EXPECT_GE(KafkaVersion().size(), 5U);
}

}  // namespace
}  // namespace tocsin
