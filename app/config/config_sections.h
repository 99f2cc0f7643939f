// Reads the sections of a configuration document into a Config and checks how they fit together.
#pragma once

#include <yaml-cpp/yaml.h>

#include "app/config/config.h"
#include "app/config/yaml_reader.h"

namespace tocsin {

// Fills `*config`, whose path is set; what is wrong is added to `*errors`. Keys that nobody reads are errors.
void ReadSections(const YAML::Node& document, Config* config, YamlErrors* errors);

}  // namespace tocsin
