// Whether a cluster serves a configuration: connection, features, topics, rights, retention. Creates nothing but the
// entry of one transactional id, "<deployment>-check", which shows that transactions can be had.
#pragma once

#include "app/check/check_report.h"
#include "app/pipeline/settings.h"

namespace tocsin {

CheckReport CheckBroker(const PipelineSettings& settings);

}  // namespace tocsin
