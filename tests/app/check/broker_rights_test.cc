// Goal: `tocsin check --broker` names every right that is missing: whose, which, on what, and the command that grants
// it. Method: a broker whose authorizer allows a user nothing until ACLs say so. With all rights that `run` needs there
// is no error; each is taken away alone, and then must be the one error.
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "app/check/broker_check.h"
#include "app/check/missing_right.h"
#include "app/pipeline/settings.h"
#include "engine/log/kafka/kafka_log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using ::absl_testing::IsOk;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr char kPrincipal[] = "User:tocsin";
// The authorizer of a broker learns of a change a moment after it was acknowledged.
constexpr int kAttempts = 100;

struct Right {
  rd_kafka_ResourceType_t type;
  std::string name;
  rd_kafka_AclOperation_t operation;
  rd_kafka_ResourcePatternType_t pattern = RD_KAFKA_RESOURCE_PATTERN_LITERAL;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Grants and takes away, as somebody who may.
class Authority {
 public:
  Authority() {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", Environment("TOCSIN_TEST_BROKER").c_str(), nullptr, 0);
    client_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, error_.data(), error_.size()));
    CHECK(client_ != nullptr) << error_.data();
    queue_.reset(rd_kafka_queue_new(client_.get()));
  }

  void Grant(const Right& right) {
    rd_kafka_AclBinding_t* binding =
        rd_kafka_AclBinding_new(right.type, right.name.c_str(), right.pattern, kPrincipal, "*", right.operation,
                                RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error_.data(), error_.size());
    rd_kafka_CreateAcls(client_.get(), &binding, 1, nullptr, queue_.get());
    rd_kafka_AclBinding_destroy(binding);
    Await();
  }
  void Take(const Right& right) {
    rd_kafka_AclBindingFilter_t* filter =
        rd_kafka_AclBindingFilter_new(right.type, right.name.c_str(), right.pattern, kPrincipal, "*", right.operation,
                                      RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, error_.data(), error_.size());
    rd_kafka_DeleteAcls(client_.get(), &filter, 1, nullptr, queue_.get());
    rd_kafka_AclBinding_destroy(filter);
    Await();
  }

 private:
  void Await() {
    constexpr int kWaitMs = 30'000;
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue_.get(), kWaitMs);
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(rd_kafka_event_error(event), RD_KAFKA_RESP_ERR_NO_ERROR) << rd_kafka_event_error_string(event);
    rd_kafka_event_destroy(event);
  }

  std::array<char, 512> error_{};
  std::unique_ptr<rd_kafka_t, void (*)(rd_kafka_t*)> client_{nullptr, rd_kafka_destroy};
  std::unique_ptr<rd_kafka_queue_t, void (*)(rd_kafka_queue_t*)> queue_{nullptr, rd_kafka_queue_destroy};
};

std::vector<std::string> Lines(const CheckReport& report, CheckLevel level) {
  std::vector<std::string> lines;
  for (const CheckLine& line : report.lines()) {
    if (line.level == level) lines.push_back(line.text);
  }
  return lines;
}

class BrokerRightsTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string broker = Environment("TOCSIN_TEST_BROKER_SASL");
    if (broker.empty()) GTEST_SKIP() << "needs run_with_broker.py --user tocsin=secret";
    absl::StatusOr<Config> config = ParseConfig(absl::StrCat(R"(deployment: rights
kafka: {bootstrap.servers: ")",
                                                             broker, R"(", security.protocol: SASL_PLAINTEXT,
  sasl.mechanism: PLAIN, sasl.username: tocsin, sasl.password: secret}
sources: [{topics: [posts], preset: generic}]
watchlist: w.yaml
topics: {mentions_partitions: 2}
)"),
                                                "test.yaml");
    ASSERT_THAT(config.status(), IsOk());
    auto settings = MakeSettings(*std::move(config), "brands: [{id: acme, name: Acme, query: acme}]");
    ASSERT_THAT(settings.status(), IsOk());
    settings_ = *std::move(settings);
  }

  void CreateTopics() {
    KafkaOptions options;
    options.properties = {{"bootstrap.servers", Environment("TOCSIN_TEST_BROKER")}};
    const auto log = KafkaLog::Create(options);
    ASSERT_THAT(log.status(), IsOk());
    std::vector<TopicSpec> topics = settings_->topic_specs;
    topics.push_back({"posts", 1, -1, {}});
    ASSERT_THAT((*log)->EnsureTopics(topics, true), IsOk());
  }
  // What `run` needs.
  std::vector<Right> Needed() const {
    const Config::Topics& names = settings_->config->topics;
    std::vector<Right> rights;
    for (const std::string& topic :
         {std::string("posts"), names.mentions, names.snapshots, names.config, names.actions}) {
      rights.push_back({RD_KAFKA_RESOURCE_TOPIC, topic, RD_KAFKA_ACL_OPERATION_READ});
    }
    for (const TopicSpec& spec : settings_->topic_specs) {
      if (spec.name == names.actions) continue;
      rights.push_back({RD_KAFKA_RESOURCE_TOPIC, spec.name, RD_KAFKA_ACL_OPERATION_WRITE});
    }
    for (const char* group : {"rights-ingest", "rights-detect"}) {
      rights.push_back({RD_KAFKA_RESOURCE_GROUP, group, RD_KAFKA_ACL_OPERATION_READ});
    }
    rights.push_back({RD_KAFKA_RESOURCE_TRANSACTIONAL_ID, "rights-", RD_KAFKA_ACL_OPERATION_WRITE,
                      RD_KAFKA_RESOURCE_PATTERN_PREFIXED});
    return rights;
  }
  static std::string ErrorFor(const Right& right) {
    const char* operation = rd_kafka_AclOperation_name(right.operation);
    std::string of = absl::StrCat(right.type == RD_KAFKA_RESOURCE_TOPIC ? "topic " : "group ", right.name);
    if (right.type == RD_KAFKA_RESOURCE_TRANSACTIONAL_ID) of = "transactional ids rights-*";
    return absl::StrCat(kPrincipal, " may not ", operation, " ", of, "; grant it: kafka-acls.sh --bootstrap-server ",
                        Environment("TOCSIN_TEST_BROKER_SASL"), " --add --allow-principal ", kPrincipal,
                        " --operation ", operation, " --");
  }
  // The errors, once there are `count` of them.
  std::vector<std::string> ErrorsOnceThereAre(size_t count) const {
    std::vector<std::string> errors;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      errors = Lines(CheckBroker(*settings_), CheckLevel::kError);
      if (errors.size() == count) break;
    }
    return errors;
  }

  std::shared_ptr<const PipelineSettings> settings_;
};

TEST_F(BrokerRightsTest, EachRightThatIsTakenAwayIsTheOneError) {
  CreateTopics();
  Authority authority;
  // Beside them nothing of a topic could be told.
  authority.Grant({RD_KAFKA_RESOURCE_TOPIC, "*", RD_KAFKA_ACL_OPERATION_DESCRIBE});
  for (const char* group : {"rights-ingest", "rights-detect"}) {
    authority.Grant({RD_KAFKA_RESOURCE_GROUP, group, RD_KAFKA_ACL_OPERATION_DESCRIBE});
  }
  std::vector<std::string> all;
  for (const Right& right : Needed()) all.push_back(ErrorFor(right));
  const std::vector<std::string> denied = ErrorsOnceThereAre(all.size());
  EXPECT_THAT(denied, SizeIs(all.size()));
  for (const std::string& each : all) EXPECT_THAT(denied, Contains(StartsWith(each)));

  for (const Right& right : Needed()) authority.Grant(right);
  ASSERT_THAT(ErrorsOnceThereAre(0), IsEmpty());
  EXPECT_THAT(Lines(CheckBroker(*settings_), CheckLevel::kWarning),
              Contains(AllOf(HasSubstr("User:tocsin may not DESCRIBE_CONFIGS topic posts"),
                             EndsWith("--operation DESCRIBE_CONFIGS --topic 'posts'"))));
  for (const Right& right : Needed()) {
    authority.Take(right);
    EXPECT_THAT(ErrorsOnceThereAre(1), ElementsAre(StartsWith(ErrorFor(right))));
    authority.Grant(right);
    ASSERT_THAT(ErrorsOnceThereAre(0), IsEmpty());
  }

  // Without DESCRIBE, a topic that may not be used can't be told from one that is not there.
  const Right describe = {RD_KAFKA_RESOURCE_TOPIC, "*", RD_KAFKA_ACL_OPERATION_DESCRIBE};
  const Right read = {RD_KAFKA_RESOURCE_TOPIC, "posts", RD_KAFKA_ACL_OPERATION_READ};
  authority.Take(describe);
  ASSERT_THAT(ErrorsOnceThereAre(0), IsEmpty()) << "READ and WRITE imply it";
  authority.Take(read);
  EXPECT_THAT(
      ErrorsOnceThereAre(2),
      UnorderedElementsAre(StartsWith(ErrorFor(read)),
                           StartsWith(ErrorFor({RD_KAFKA_RESOURCE_TOPIC, "posts", RD_KAFKA_ACL_OPERATION_DESCRIBE}))));
}

TEST(MissingRightTest, ThePrincipalIsTheNameThatLogsIn) {
  using Properties = KafkaProperties;
  EXPECT_EQ(KafkaPrincipal({}), "User:ANONYMOUS");
  EXPECT_EQ(KafkaPrincipal(Properties{{"security.protocol", "SSL"}}), "User:ANONYMOUS");
  EXPECT_EQ(KafkaPrincipal(Properties{{"security.protocol", "ssl"}, {"ssl.certificate.location", "c.pem"}}), "");
  Properties sasl = {{"security.protocol", "SASL_SSL"}, {"sasl.mechanisms", "SCRAM-SHA-512"}, {"sasl.username", "a"}};
  EXPECT_EQ(KafkaPrincipal(sasl), "User:a");
  sasl.emplace_back("sasl.username", "b");
  EXPECT_EQ(KafkaPrincipal(sasl), "User:b");
  sasl.emplace_back("sasl.mechanism", "OAUTHBEARER");
  EXPECT_EQ(KafkaPrincipal(sasl), "");
  EXPECT_EQ(MissingRight(sasl, KafkaResource::kCluster, "", KafkaRight::kDescribeConfigs),
            "this client's principal may not DESCRIBE_CONFIGS the cluster; grant it: kafka-acls.sh --bootstrap-server "
            "HOST:PORT --add --allow-principal PRINCIPAL --operation DESCRIBE_CONFIGS --cluster");
}

}  // namespace
}  // namespace tocsin
