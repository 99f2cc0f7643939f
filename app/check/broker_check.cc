#include "app/check/broker_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "app/check/missing_right.h"
#include "app/config/yaml_reader.h"
#include "engine/log/kafka/kafka_config.h"
#include "engine/log/kafka/kafka_inspector.h"
#include "engine/log/kafka/kafka_log.h"

namespace tocsin {
namespace {

// What recovery, an outage over night and a look back need.
constexpr absl::Duration kAdvisedRetention = absl::Hours(24);
// Blocks and snapshots come in records of up to 900 KB; headers and batches come on top.
constexpr int64_t kLeastMessageBytes = int64_t{1} << 20;
constexpr absl::Duration kWait = absl::Seconds(20);
constexpr absl::Duration kPause = absl::Milliseconds(200);

std::optional<int64_t> Number(const std::map<std::string, std::string>& config, const std::string& key) {
  const auto found = config.find(key);
  int64_t number = 0;
  if (found == config.end() || !absl::SimpleAtoi(found->second, &number)) return std::nullopt;
  return number;
}

std::string ValueOf(const std::map<std::string, std::string>& config, const std::string& key) {
  const auto found = config.find(key);
  return found == config.end() ? "" : found->second;
}

class BrokerCheck {
 public:
  explicit BrokerCheck(const PipelineSettings& settings) : settings_(settings), config_(*settings.config) {}

  CheckReport Run() {
    options_.properties = config_.kafka;
    options_.open_timeout = kWait;
    absl::StatusOr<std::unique_ptr<KafkaInspector>> inspector = KafkaInspector::Create(options_);
    if (!inspector.ok()) {
      report_.Error(std::string(inspector.status().message()));
      return report_;
    }
    inspector_ = *std::move(inspector);
    absl::StatusOr<KafkaClusterInfo> cluster = inspector_->Cluster();
    if (!cluster.ok()) {
      report_.Error(
          absl::StrCat(cluster.status().message(),
                       "; check kafka.bootstrap.servers, the network, and security.protocol, sasl.* and ssl.*"));
      return report_;
    }
    cluster_ = *std::move(cluster);
    CheckCluster();
    CheckBrokerConfig();
    CheckTopics();
    for (const char* role : {"ingest", "detect"}) CheckGroup(absl::StrCat(config_.deployment, "-", role));
    CheckTransactions();
    return report_;
  }

 private:
  void CheckCluster() {
    report_.Ok(absl::StrCat("cluster ", cluster_.id, ": ", cluster_.brokers.size(), " brokers (",
                            absl::StrJoin(cluster_.brokers, ", "), "), controller ", cluster_.controller));
    if (cluster_.features.empty()) return;
    const std::string features = absl::StrJoin(cluster_.features, ", ");
    for (const char* needed : {"IdempotentProducer", "MsgVer2"}) {
      if (std::find(cluster_.features.begin(), cluster_.features.end(), needed) != cluster_.features.end()) continue;
      return report_.Error(
          absl::StrCat("the brokers lack ", needed, "; Tocsin needs Kafka 2.5 or newer; features: ", features));
    }
    report_.Ok(absl::StrCat("protocol features: ", features));
  }

  void CheckBrokerConfig() {
    int32_t broker = cluster_.controller;
    if (!cluster_.brokers.empty()) {
      (void)absl::SimpleAtoi(cluster_.brokers.front().substr(0, cluster_.brokers.front().find(' ')), &broker);
    }
    const absl::StatusOr<std::map<std::string, std::string>> config = inspector_->BrokerConfig(broker);
    if (!config.ok()) {
      return report_.Warn(absl::StrCat("the brokers' version and limits are not checked: ",
                                       absl::IsPermissionDenied(config.status())
                                           ? Missing(KafkaResource::kCluster, "", KafkaRight::kDescribeConfigs)
                                           : config.status().message()));
    }
    if (const std::string version = ValueOf(*config, "inter.broker.protocol.version"); !version.empty()) {
      report_.Ok(absl::StrCat("protocol version between brokers: ", version));
    }
    const absl::StatusOr<absl::Duration> timeout = KafkaTransactionTimeout(options_);
    const std::optional<int64_t> most = Number(*config, "transaction.max.timeout.ms");
    if (timeout.ok() && most.has_value() && absl::Milliseconds(*most) < *timeout) {
      report_.Error(absl::StrCat("the broker's transaction.max.timeout.ms=", *most, " is below Tocsin's ",
                                 DurationText(*timeout), "; raise it, or lower kafka.transaction.timeout.ms"));
    }
  }

  std::string Missing(KafkaResource resource, std::string_view name, KafkaRight right) const {
    return MissingRight(config_.kafka, resource, name, right);
  }

  void CheckTopics() {
    std::vector<std::string> names;
    for (const SourceConfig& source : config_.sources) {
      names.insert(names.end(), source.topics.begin(), source.topics.end());
    }
    const size_t sources = names.size();
    for (const TopicSpec& spec : settings_.topic_specs) names.push_back(spec.name);
    const absl::StatusOr<std::vector<KafkaTopicInfo>> topics = inspector_->Topics(names);
    if (!topics.ok()) return report_.Error(std::string(topics.status().message()));
    for (size_t i = 0; i < topics->size(); ++i) {
      const KafkaTopicInfo& topic = (*topics)[i];
      if (i < sources) {
        CheckSource(topic);
      } else {
        CheckOwn(settings_.topic_specs[i - sources], topic);
      }
    }
  }

  // False, after an error, if there is nothing more to say of it.
  bool Usable(const KafkaTopicInfo& topic, const std::set<KafkaRight>& rights) {
    if (absl::IsPermissionDenied(topic.status)) {
      // READ and WRITE would imply DESCRIBE.
      for (const KafkaRight right : rights) report_.Error(Missing(KafkaResource::kTopic, topic.name, right));
      return false;
    }
    if (!topic.status.ok()) {
      report_.Error(absl::StrCat("topic ", topic.name, ": ", topic.status.message()));
      return false;
    }
    for (const KafkaRight right : rights) {
      if (!topic.rights.Has(right)) report_.Error(Missing(KafkaResource::kTopic, topic.name, right));
    }
    if (topic.without_leader > 0) {
      report_.Error(absl::StrCat("topic ", topic.name, ": ", topic.without_leader, " of ", topic.partitions,
                                 " partitions have no leader; bring their brokers back"));
    }
    if (!topic.config.has_value()) {
      report_.Warn(absl::StrCat("topic ", topic.name, ": retention is not checked: ",
                                Missing(KafkaResource::kTopic, topic.name, KafkaRight::kDescribeConfigs)));
    }
    return true;
  }

  void CheckSource(const KafkaTopicInfo& topic) {
    if (absl::IsNotFound(topic.status)) {
      return report_.Error(
          absl::StrCat("topic ", topic.name, ": a source, and does not exist; create it, or correct sources[].topics"));
    }
    if (!Usable(topic, {KafkaRight::kRead, KafkaRight::kDescribe})) return;
    report_.Ok(absl::StrCat("topic ", topic.name, ": source, ", topic.partitions, " partitions"));
    if (!topic.config.has_value()) return;
    if (absl::StrContains(ValueOf(*topic.config, "cleanup.policy"), "compact")) {
      report_.Warn(absl::StrCat("topic ", topic.name,
                                ": compacted, so posts vanish before they were read; set cleanup.policy=delete"));
    }
    const std::optional<int64_t> kept = Number(*topic.config, "retention.ms");
    if (kept.has_value() && *kept >= 0 && absl::Milliseconds(*kept) < kAdvisedRetention) {
      report_.Warn(absl::StrCat("topic ", topic.name, ": kept for ", DurationText(absl::Milliseconds(*kept)),
                                ", so a longer outage of Tocsin loses posts; set retention.ms to a day or more"));
    }
  }

  void CheckOwn(const TopicSpec& spec, const KafkaTopicInfo& topic) {
    if (absl::IsNotFound(topic.status)) return SayMissing(spec);
    std::set<KafkaRight> rights = {KafkaRight::kDescribe};
    const Config::Topics& names = config_.topics;
    const bool state = spec.name == names.mentions || spec.name == names.snapshots;
    const bool actions = spec.name == names.actions;  // written by people, by rights of their own
    if (!actions) rights.insert(KafkaRight::kWrite);
    if (state || actions || spec.name == names.config) rights.insert(KafkaRight::kRead);
    if (!Usable(topic, rights)) return;
    if (topic.partitions != spec.partitions) {
      report_.Error(
          absl::StrCat("topic ", spec.name, ": ", topic.partitions, " partitions instead of ", spec.partitions,
                       "; set topics.mentions_partitions to what there is, or give the deployment new topics"));
    } else {
      report_.Ok(
          absl::StrCat("topic ", spec.name, ": ", topic.partitions, " partitions, ", topic.replicas, " replicas"));
    }
    if (topic.replicas == 1 && state) {
      report_.Warn(absl::StrCat("topic ", spec.name, ": one replica, so it is lost with its broker",
                                "; set topics.replication before it is created"));
    }
    if (topic.config.has_value()) CheckOwnConfig(spec, topic, state);
  }

  void SayMissing(const TopicSpec& spec) {
    if (!config_.topics.create) {
      return report_.Error(absl::StrCat("topic ", spec.name, ": does not exist, and topics.create is false",
                                        "; create it with ", spec.partitions, " partitions"));
    }
    if (cluster_.rights.Has(KafkaRight::kCreate)) {
      return report_.Ok(
          absl::StrCat("topic ", spec.name, ": `tocsin run` will create it with ", spec.partitions, " partitions"));
    }
    // The cluster does not tell whether topics of this name may be created.
    report_.Warn(absl::StrCat(
        "topic ", spec.name, ": does not exist; create it with ", spec.partitions,
        " partitions, or let `tocsin run` do it: ", Missing(KafkaResource::kTopic, spec.name, KafkaRight::kCreate)));
  }

  void CheckOwnConfig(const TopicSpec& spec, const KafkaTopicInfo& topic, bool state) {
    const std::map<std::string, std::string>& config = *topic.config;
    const auto wanted_policy = std::find_if(spec.config.begin(), spec.config.end(),
                                            [](const auto& entry) { return entry.first == "cleanup.policy"; });
    const std::string policy = ValueOf(config, "cleanup.policy");
    const bool compacted = wanted_policy != spec.config.end();
    if (policy != (compacted ? "compact" : "delete")) {
      report_.Error(absl::StrCat("topic ", spec.name, ": cleanup.policy=", policy, "; set it to ",
                                 compacted ? "compact" : "delete",
                                 compacted ? ", else state is lost when it ages" : ", else records are lost"));
    }
    if (!compacted) CheckRetention(spec, config);
    CheckSegments(spec, config);
    const std::optional<int64_t> message_bytes = Number(config, "max.message.bytes");
    if (state && message_bytes.has_value() && *message_bytes < kLeastMessageBytes) {
      report_.Error(absl::StrCat("topic ", spec.name, ": max.message.bytes=", *message_bytes, "; set it to ",
                                 kLeastMessageBytes, " or more"));
    }
    const std::optional<int64_t> in_sync = Number(config, "min.insync.replicas");
    if (in_sync.has_value() && topic.in_sync_replicas < *in_sync) {
      report_.Error(absl::StrCat("topic ", spec.name, ": ", topic.in_sync_replicas,
                                 " replicas in sync, and writes need ", *in_sync,
                                 "; bring brokers back, or lower min.insync.replicas"));
    }
  }

  // Of a topic that is there already nothing is changed.
  void CheckSegments(const TopicSpec& spec, const std::map<std::string, std::string>& config) {
    for (const auto& [key, value] : spec.config) {
      int64_t wanted = 0;
      if (!absl::StartsWith(key, "segment.") || !absl::SimpleAtoi(value, &wanted)) continue;
      const std::optional<int64_t> found = Number(config, key);
      if (!found.has_value() || *found <= wanted) continue;
      report_.Warn(absl::StrCat("topic ", spec.name, ": ", key, "=", *found, "; set it to ", wanted,
                                ", else what is compacted late is read at each recovery"));
    }
  }

  void CheckRetention(const TopicSpec& spec, const std::map<std::string, std::string>& config) {
    const std::optional<int64_t> kept_ms = Number(config, "retention.ms");
    if (!kept_ms.has_value() || *kept_ms < 0) return;
    const absl::Duration kept = absl::Milliseconds(*kept_ms);
    if (spec.name == config_.topics.mentions) {
      // A snapshot may be missed; windows are rebuilt from before it.
      const absl::Duration needed =
          absl::Milliseconds(settings_.task.windows.held_ms) + 2 * config_.snapshot.every + config_.dedup.horizon;
      if (kept < needed) {
        report_.Error(absl::StrCat("topic ", spec.name, ": kept for ", DurationText(kept), ", and recovery reads back ",
                                   DurationText(needed), "; set retention.ms to a day or more"));
      } else if (kept < kAdvisedRetention) {
        report_.Warn(absl::StrCat("topic ", spec.name, ": kept for ", DurationText(kept),
                                  ", so a longer outage of detect loses mentions; set retention.ms to a day or more"));
      }
      const std::optional<int64_t> bytes = Number(config, "retention.bytes");
      if (bytes.has_value() && *bytes >= 0) {
        report_.Warn(absl::StrCat("topic ", spec.name, ": retention.bytes=", *bytes,
                                  " may cut what recovery needs; set it to -1"));
      }
      return;
    }
    for (const auto& [key, value] : spec.config) {
      int64_t wanted_ms = 0;
      if (key != "retention.ms" || !absl::SimpleAtoi(value, &wanted_ms) || *kept_ms >= wanted_ms) continue;
      report_.Warn(absl::StrCat("topic ", spec.name, ": kept for ", DurationText(kept), " instead of ",
                                DurationText(absl::Milliseconds(wanted_ms)),
                                "; raise retention.ms if that is not meant"));
    }
  }

  void CheckGroup(const std::string& group) {
    absl::StatusOr<KafkaRights> rights = inspector_->Group(group);
    // A cluster that no group has used yet makes the topic of their offsets first.
    for (absl::Time end = absl::Now() + kWait; absl::IsUnavailable(rights.status()) && absl::Now() < end;) {
      absl::SleepFor(kPause);
      rights = inspector_->Group(group);
    }
    if (!rights.ok() && !absl::IsPermissionDenied(rights.status())) {
      return report_.Error(absl::StrCat("group ", group, ": ", rights.status().message()));
    }
    if (!rights.ok() || !rights->Has(KafkaRight::kRead)) {
      return report_.Error(Missing(KafkaResource::kGroup, group, KafkaRight::kRead));
    }
    report_.Ok(absl::StrCat("group ", group, ": READ"));
  }

  void CheckTransactions() {
    const std::string id = absl::StrCat(config_.deployment, "-check");
    const absl::StatusOr<std::unique_ptr<KafkaLog>> log = KafkaLog::Create(options_);
    if (!log.ok()) return report_.Error(std::string(log.status().message()));
    const absl::StatusOr<std::unique_ptr<Writer>> writer = (*log)->OpenWriter(id);
    if (absl::IsPermissionDenied(writer.status())) {
      return report_.Error(
          Missing(KafkaResource::kTransactionalIds, absl::StrCat(config_.deployment, "-"), KafkaRight::kWrite));
    }
    if (!writer.ok()) return report_.Error(absl::StrCat("transactions: ", writer.status().message()));
    report_.Ok(absl::StrCat("transactions: ", id));
  }

  const PipelineSettings& settings_;
  const Config& config_;
  KafkaOptions options_;
  std::unique_ptr<KafkaInspector> inspector_;
  KafkaClusterInfo cluster_;
  CheckReport report_;
};

}  // namespace

CheckReport CheckBroker(const PipelineSettings& settings) { return BrokerCheck(settings).Run(); }

}  // namespace tocsin
