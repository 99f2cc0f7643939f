// Reads the events and gaps of a scenario file.
#pragma once

#include <yaml-cpp/yaml.h>

#include "app/config/yaml_reader.h"
#include "app/generate/random.h"
#include "app/generate/scenario.h"

namespace tocsin {

// Adds to `scenario`, whose brands and streams are there already. `random` moves onsets that have a jitter.
void ReadEvents(const YAML::Node& events, Random* random, Scenario* scenario, YamlErrors* errors);
void ReadGaps(const YAML::Node& gaps, Scenario* scenario, YamlErrors* errors);

}  // namespace tocsin
