// Reads from a watchlist entry what decides about its brand alone.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/yaml/yaml_errors.h"
#include "operators/detect/thresholds.h"

namespace tocsin {

// `node` is the value of `thresholds:`, undefined if there is none. Errors are added with place and remedy.
BrandThresholds ReadThresholds(const YAML::Node& node, YamlErrors* errors);

// Days of past crises from `crisis_history:`, as Unix ms of 00:00 UTC, ascending, each once.
std::vector<int64_t> ReadCrisisHistory(const YAML::Node& node, YamlErrors* errors);

}  // namespace tocsin
