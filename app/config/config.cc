#include "app/config/config.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "app/config/config_overrides.h"
#include "app/config/config_sections.h"
#include "app/config/yaml_reader.h"
#include "app/files/read_file.h"

namespace tocsin {
namespace {

void AppendSource(const SourceConfig& source, std::string* text) {
  std::vector<std::string> topics = source.topics;
  std::sort(topics.begin(), topics.end());
  absl::StrAppend(text, "source ", absl::StrJoin(topics, ","), "\n");
  absl::StrAppend(text, "  network ", source.mapping == nullptr ? "" : NetworkName(source.mapping->network()), "\n");
  for (const auto& [field, pointers] : source.fields) {
    absl::StrAppend(text, "  field ", PostFieldName(field), " ", absl::StrJoin(pointers, "\n    or "), "\n");
  }
  const MappingSpec preset = Mapping::PresetSpec(source.preset);
  for (const PostCondition& condition : preset.conditions) {
    absl::StrAppend(text, "  only ", condition.pointer, " ", condition.value, "\n");
  }
  if (!preset.envelope.empty()) absl::StrAppend(text, "  envelope ", preset.envelope, "\n");
  absl::StrAppend(text, "  out_of_orderness ", DurationText(source.out_of_orderness), "\n");
  absl::StrAppend(text, "  max_drag ", DurationText(source.max_drag), "\n");
  absl::StrAppend(text, "  idle_after ", DurationText(source.idle_after), "\n");
  absl::StrAppend(text, "  schema_registry_prefix ", source.schema_registry_prefix ? "true" : "false", "\n");
  absl::StrAppend(text, "  max_record_bytes ", source.max_record_bytes, "\n");
}

}  // namespace

absl::Status ReadConfig(std::string_view yaml, const std::string& path, const ConfigSources& sources, Config* config) {
  *config = Config();
  config->path = path;
  YamlErrors errors(yaml, path);
  const YAML::Node document = LoadYaml(yaml, &errors);
  if (!errors.empty()) return errors.ToStatus();
  if (!document.IsMap()) {
    errors.Add(YAML::Mark(), "a configuration is a mapping of keys to values; docs/CONFIG.md lists the keys");
    return errors.ToStatus();
  }
  GuardYaml(&errors, [&] {
    Interpolate(document, sources, &errors);
    ApplyOverrides(document, sources, &errors);
    ReadSections(document, config, &errors);
  });
  return errors.ToStatus();
}

absl::StatusOr<Config> ParseConfig(std::string_view yaml, const std::string& path, const ConfigSources& sources) {
  Config config;
  if (absl::Status status = ReadConfig(yaml, path, sources, &config); !status.ok()) return status;
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& path, const ConfigSources& sources) {
  const std::optional<std::string> text = ReadWholeFile(path);
  if (!text.has_value()) return absl::NotFoundError(absl::StrCat("can't read the configuration; file=", path));
  return ParseConfig(*text, path, sources);
}

std::string CanonicalText(const Config& config) {
  std::string text = "tocsin configuration 1\n";
  absl::StrAppend(&text, "deployment ", config.deployment, "\n");
  std::vector<std::string> sources;
  for (const SourceConfig& source : config.sources) AppendSource(source, &sources.emplace_back());
  std::sort(sources.begin(), sources.end());
  absl::StrAppend(&text, absl::StrJoin(sources, ""));
  absl::StrAppend(&text, "pane ", DurationText(config.windows.pane), "\n");
  absl::StrAppend(&text, "slide ", DurationText(config.windows.slide), "\n");
  for (const WindowConfig& window : config.windows.sizes) {
    absl::StrAppend(&text, "window ", DurationText(window.size));
    if (window.slide.has_value()) absl::StrAppend(&text, " every ", DurationText(*window.slide));
    absl::StrAppend(&text, "\n");
  }
  constexpr std::string_view kTexts[] = {"full", "masked", "none"};
  absl::StrAppend(&text, "texts ", kTexts[static_cast<size_t>(config.privacy.texts)], "\n");
  absl::StrAppend(&text, "dedup ", DurationText(config.dedup.horizon), " ", config.dedup.max_entries, "\n");
  // Not if it is the default, so that older configurations keep their hash.
  if (config.detection.false_alarms != Config::Detection().false_alarms) {
    absl::StrAppend(&text, "false_alarms ", config.detection.false_alarms, "\n");
  }
  absl::StrAppend(&text, "on_gap ", config.stop_on_gap ? "stop" : "continue", "\n");
  return text;
}

}  // namespace tocsin
