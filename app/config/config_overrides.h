// What stands over the text of a configuration: ${VAR} in its values, TOCSIN_... variables, and --set flags.
//
// All of them change the YAML document before anything is read from it, so that every value passes the same checks;
// complaints about them name the variable or the flag, never its value, which may be a secret.
#pragma once

#include <yaml-cpp/yaml.h>

#include "app/config/config.h"
#include "app/config/yaml_reader.h"

namespace tocsin {

// Replaces ${VAR} and ${VAR:default} in every value of the document; $${ stands for ${.
void Interpolate(const YAML::Node& document, const ConfigSources& sources, YamlErrors* errors);

// Sets what the environment gives for the keys of ConfigKeys(), then the flags in their order.
void ApplyOverrides(const YAML::Node& document, const ConfigSources& sources, YamlErrors* errors);

}  // namespace tocsin
