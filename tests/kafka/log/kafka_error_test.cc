#include "engine/log/kafka/kafka_error.h"

#include <librdkafka/rdkafka.h>

#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::HasSubstr;

TEST(KafkaErrorTest, EveryErrorThatLibrdkafkaKnowsIsMapped) {
  const rd_kafka_err_desc* descriptions = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  constexpr int kMappedVersion = 0x020800ff;
  if (rd_kafka_version() > kMappedVersion) GTEST_SKIP() << "a newer librdkafka may know more";
  for (size_t i = 0; i < count; ++i) {
    if (descriptions[i].desc == nullptr) continue;
    EXPECT_TRUE(IsKafkaErrorMapped(descriptions[i].code)) << descriptions[i].name;
  }
}

TEST(KafkaErrorTest, AnErrorKeepsItsNameAndText) {
  EXPECT_THAT(KafkaStatus(RD_KAFKA_RESP_ERR_NO_ERROR, "reading"), IsOk());
  EXPECT_THAT(KafkaStatus(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, "reading"),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("OFFSET_OUT_OF_RANGE")));
  EXPECT_THAT(KafkaStatus(RD_KAFKA_RESP_ERR__TRANSPORT, "reading", "connection refused"),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("reading: connection refused")));
}

TEST(KafkaErrorTest, CodesAreThoseThatTheCallerActsOn) {
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION), absl::StatusCode::kAborted);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR_PRODUCER_FENCED), absl::StatusCode::kAborted);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR__TIMED_OUT), absl::StatusCode::kUnavailable);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), absl::StatusCode::kNotFound);
  EXPECT_EQ(KafkaStatusCode(RD_KAFKA_RESP_ERR__FATAL), absl::StatusCode::kInternal);
}

TEST(KafkaErrorTest, FencingAndNetworkTroubleAreToldApart) {
  EXPECT_TRUE(IsKafkaFenced(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID));
  EXPECT_FALSE(IsKafkaFenced(RD_KAFKA_RESP_ERR__TRANSPORT));
  EXPECT_TRUE(IsKafkaTransient(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN));
  EXPECT_FALSE(IsKafkaTransient(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET));
}

}  // namespace
}  // namespace tocsin
