// tocsin topics: which topics a deployment writes, with partitions, settings and the reasons; creates them if asked to.

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/pipeline/kafka_logs.h"
#include "app/pipeline/topics.h"

namespace tocsin {
namespace {

struct TopicsArguments {
  ConfigArguments config;
  bool create = false;
  bool json = false;
};

void PrintText(const std::vector<TopicSpec>& topics) {
  for (size_t i = 0; i < topics.size(); ++i) {
    const TopicRow& row = TopicTable()[i];
    std::printf("%s\n  %s\n  %d partitions, %s\n  %s\n", topics[i].name.c_str(), std::string(row.holds).c_str(),
                topics[i].partitions, absl::StrJoin(topics[i].config, ", ", absl::PairFormatter("=")).c_str(),
                std::string(row.why).c_str());
  }
}

void PrintJson(const std::vector<TopicSpec>& topics) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (size_t i = 0; i < topics.size(); ++i) {
    const TopicRow& row = TopicTable()[i];
    nlohmann::ordered_json config = nlohmann::ordered_json::object();
    for (const auto& [key, value] : topics[i].config) config[key] = value;
    list.push_back({{"name", topics[i].name},
                    {"partitions", topics[i].partitions},
                    {"replication", topics[i].replication},
                    {"config", std::move(config)},
                    {"holds", row.holds},
                    {"why", row.why}});
  }
  std::printf("%s\n", list.dump(2).c_str());
}

int RunTopics(const TopicsArguments& arguments) {
  const absl::StatusOr<Config> config = LoadConfig(arguments.config.path, SourcesOf(arguments.config));
  if (!config.ok()) return Fail("topics", config.status());
  const std::vector<TopicSpec> topics = TopicsOf(*config);
  if (arguments.create) {
    const absl::StatusOr<std::unique_ptr<Log>> log = KafkaLogs(*config)("topics");
    if (!log.ok()) return Fail("topics", log.status());
    if (absl::Status status = (*log)->EnsureTopics(topics, true); !status.ok()) return Fail("topics", status);
  }
  if (arguments.json) {
    PrintJson(topics);
  } else {
    PrintText(topics);
  }
  return kExitOk;
}

}  // namespace

void AddTopicsCommand(CLI::App* app, ChosenCommand* chosen) {
  auto arguments = std::make_shared<TopicsArguments>();
  CLI::App* command = app->add_subcommand(
      "topics", "Says which topics are written, with partitions, settings and the reasons; creates them if asked to");
  AddConfigOptions(command, &arguments->config);
  command->add_flag("--create", arguments->create, "Create those that are missing; what is there is left as it is");
  command->add_flag("--json", arguments->json, "As JSON");
  command->callback([arguments, chosen] { chosen->run = [arguments] { return RunTopics(*arguments); }; });
}

}  // namespace tocsin
