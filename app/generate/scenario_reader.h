// Reads a scenario file: YAML, described in docs/GENERATE.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "app/generate/scenario.h"

namespace tocsin {

// Values that come from elsewhere than the file; they win over it.
struct ScenarioOverrides {
  std::optional<uint64_t> seed;
  std::optional<int64_t> posts;  // over the whole duration, about: rates are scaled to it, brands' own as well
  std::optional<int32_t> post_bytes;
  std::optional<int64_t> duration_ms;  // cuts the scenario off, or lets it go on
};

// Returns InvalidArgument with every error, a line each, naming file, line and column. `name` stands for the file.
absl::StatusOr<Scenario> ParseScenario(std::string_view yaml, const std::string& name,
                                       const ScenarioOverrides& overrides = {});

// Returns NotFound if the file can't be read, else as ParseScenario.
absl::StatusOr<Scenario> ReadScenario(const std::string& path, const ScenarioOverrides& overrides = {});

}  // namespace tocsin
