// tocsin run over another log than Kafka's with transactions: for measurements (bench/kafka/plain_run).
#pragma once

#include <functional>

#include "app/command/command.h"
#include "app/config/config.h"
#include "app/pipeline/service.h"

namespace tocsin {

using LogsOfConfig = std::function<Service::LogFactory(const Config& config)>;

// As AddRunCommand of command.h, which takes KafkaLogs.
void AddRunCommandOver(LogsOfConfig logs, CLI::App* app, ChosenCommand* chosen);

}  // namespace tocsin
