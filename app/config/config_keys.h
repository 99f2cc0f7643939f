// Every key of the configuration with its default, unit and meaning: what the environment may set, and what
// docs/CONFIG.md must list (tests/app/config checks that).
#pragma once

#include <string>
#include <string_view>

#include "absl/types/span.h"

namespace tocsin {

struct ConfigKey {
  std::string_view name;       // dotted; [] stands for a list's elements
  std::string_view kind;       // text, path, duration, size, count, true/false, list, mapping, or the choices
  std::string_view otherwise;  // the default, as written in YAML
  std::string_view meaning;
};

absl::Span<const ConfigKey> ConfigKeys();

// TOCSIN_WINDOWS_SLIDE for windows.slide.
std::string EnvironmentName(std::string_view key);

}  // namespace tocsin
