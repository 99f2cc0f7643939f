// Opens a Kafka log for each worker of a service.
#pragma once

#include "app/config/config.h"
#include "app/pipeline/service.h"

namespace tocsin {

// What librdkafka says goes to the logs.
Service::LogFactory KafkaLogs(const Config& config);

}  // namespace tocsin
