// Opens a Kafka log for each worker of a service.
#pragma once

#include <string>

#include "app/config/config.h"
#include "app/pipeline/service.h"
#include "engine/log/kafka/kafka_options.h"

namespace tocsin {

// Of the clients of one worker. What librdkafka says goes to the logs.
KafkaOptions KafkaOptionsOf(const Config& config, const std::string& worker);

Service::LogFactory KafkaLogs(const Config& config);

}  // namespace tocsin
