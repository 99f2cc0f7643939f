// Reads the mappings of a configuration, every complaint with its place: file, line and column, or the flag or
// environment variable that a value came from. Not thread-safe.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "engine/yaml/yaml_errors.h"

namespace tocsin {

// The keys of one mapping, read by name; those that nobody has asked for are errors, with the nearest known one as
// advice.
class YamlMap {
 public:
  // `path` names the mapping in errors: "windows.". A node that is no mapping is an error; one that is absent is empty.
  YamlMap(const YAML::Node& node, std::string path, YamlErrors* errors);

  // The value of `key`, or an undefined node (never an invalid one, on which yaml-cpp throws).
  YAML::Node Take(std::string_view key);

  // Each leaves `*value` as it is where the key is absent or null, or its value is wrong (an error then).
  void String(std::string_view key, std::string* value);
  void Bool(std::string_view key, bool* value);
  void Integer(std::string_view key, int64_t least, int64_t most, int64_t* value);
  void Integer(std::string_view key, int32_t least, int32_t most, int32_t* value);
  void Number(std::string_view key, double least, double most, double* value);
  void Bytes(std::string_view key, int64_t least, int64_t most, int64_t* value);  // 512KB, 1MB, 4096
  // 500ms, 2s, 5m, 1h, 7d; up to kLongestDuration.
  void Duration(std::string_view key, absl::Duration least, absl::Duration* value);
  void Choice(std::string_view key, const std::vector<std::string>& choices, std::string* value);

  // Complains of keys that were not taken or are given twice. Call last.
  void Finish();

  const YAML::Node& node() const { return node_; }

 private:
  std::optional<std::string> Scalar(std::string_view key, const YAML::Node& node);

  const YAML::Node node_;
  const std::string path_;
  YamlErrors* const errors_;
  std::set<std::string, std::less<>> known_;
};

inline constexpr absl::Duration kLongestDuration = absl::Hours(24 * 366);

// "; did you mean x?" with the nearest of `known`, or "" if none is near.
std::string DidYouMean(std::string_view word, const std::vector<std::string>& known);

// nullopt: malformed, negative or longer than kLongestDuration. Units ns us ms s m h d.
std::optional<absl::Duration> ParseDurationText(std::string_view text);
// As it is written in a configuration: the largest unit that leaves no rest, such as 90s or 2h.
std::string DurationText(absl::Duration duration);
// nullopt: malformed or negative. Plain bytes, or KB, MB, GB of 1024.
std::optional<int64_t> ParseBytesText(std::string_view text);

// Whether a mapping has keys twice: errors naming `path` and the key.
void CheckDuplicateKeys(const YAML::Node& map, std::string_view path, YamlErrors* errors);

}  // namespace tocsin
