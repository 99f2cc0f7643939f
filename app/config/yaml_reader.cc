#include "app/config/yaml_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace tocsin {
namespace {

// Edits needed to turn one key into the other: what "did you mean" goes by.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

YamlMap::YamlMap(const YAML::Node& node, std::string path, YamlErrors* errors)
    : node_(node), path_(std::move(path)), errors_(errors) {
  if (node_.IsDefined() && !node_.IsNull() && !node_.IsMap()) {
    errors_->Add(node_, absl::StrCat(path_.empty() ? "the document" : absl::StripSuffix(path_, "."),
                                     " must be a mapping of keys to values"));
  }
}

YAML::Node YamlMap::Take(std::string_view key) {
  known_.emplace(key);
  if (node_.IsMap()) {
    const YAML::Node found = node_[std::string(key)];
    if (found.IsDefined()) return found;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

std::optional<std::string> YamlMap::Scalar(std::string_view key, const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return std::nullopt;
  if (node.IsScalar()) return node.Scalar();
  errors_->Add(node, absl::StrCat(path_, key, " must be a single value"));
  return std::nullopt;
}

void YamlMap::String(std::string_view key, std::string* value) {
  if (std::optional<std::string> text = Scalar(key, Take(key)); text.has_value()) *value = *std::move(text);
}

void YamlMap::Bool(std::string_view key, bool* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  if (*text == "true") {
    *value = true;
  } else if (*text == "false") {
    *value = false;
  } else {
    errors_->Add(node, absl::StrCat(path_, key, " must be true or false, not \"", *text, "\""));
  }
}

void YamlMap::Integer(std::string_view key, int64_t least, int64_t most, int64_t* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  int64_t number = 0;
  if (!absl::SimpleAtoi(*text, &number) || number < least || number > most) {
    errors_->Add(
        node, absl::StrCat(path_, key, " must be a whole number from ", least, " to ", most, ", not \"", *text, "\""));
    return;
  }
  *value = number;
}

void YamlMap::Integer(std::string_view key, int32_t least, int32_t most, int32_t* value) {
  int64_t wide = *value;
  Integer(key, int64_t{least}, int64_t{most}, &wide);
  *value = static_cast<int32_t>(wide);
}

void YamlMap::Number(std::string_view key, double least, double most, double* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  double number = 0;
  if (!absl::SimpleAtod(*text, &number) || !(number >= least && number <= most)) {
    errors_->Add(node,
                 absl::StrCat(path_, key, " must be a number from ", least, " to ", most, ", not \"", *text, "\""));
    return;
  }
  *value = number;
}

void YamlMap::Bytes(std::string_view key, int64_t least, int64_t most, int64_t* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  const std::optional<int64_t> bytes = ParseBytesText(*text);
  if (!bytes.has_value() || *bytes < least || *bytes > most) {
    errors_->Add(node, absl::StrCat(path_, key, " must be a size such as 512KB, from ", least, " to ", most,
                                    " bytes, not \"", *text, "\""));
    return;
  }
  *value = *bytes;
}

void YamlMap::Duration(std::string_view key, absl::Duration least, absl::Duration* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  const std::optional<absl::Duration> duration = ParseDurationText(*text);
  const bool fits =
      duration.has_value() && *duration >= least && *duration % absl::Milliseconds(1) == absl::ZeroDuration();
  if (!fits) {
    errors_->Add(node,
                 absl::StrCat(path_, key, " must be a duration such as 500ms, 5s, 15m, 1h or 7d, at least ",
                              least == absl::ZeroDuration() ? "0s" : DurationText(least), ", not \"", *text, "\""));
    return;
  }
  *value = *duration;
}

void YamlMap::Choice(std::string_view key, const std::vector<std::string>& choices, std::string* value) {
  const YAML::Node node = Take(key);
  const std::optional<std::string> text = Scalar(key, node);
  if (!text.has_value()) return;
  if (std::find(choices.begin(), choices.end(), *text) == choices.end()) {
    errors_->Add(node,
                 absl::StrCat(path_, key, " must be one of ", absl::StrJoin(choices, ", "), ", not \"", *text, "\""));
    return;
  }
  *value = *text;
}

void YamlMap::Finish() {
  if (!node_.IsMap()) return;
  CheckDuplicateKeys(node_, path_, errors_);
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar() || known_.contains(entry.first.Scalar())) continue;
    std::string advice = DidYouMean(entry.first.Scalar(), known);
    if (advice.empty()) advice = absl::StrCat("; known here: ", absl::StrJoin(known, ", "));
    errors_->Add(entry.first, absl::StrCat("unknown key: ", path_, entry.first.Scalar(), advice));
  }
}

void CheckDuplicateKeys(const YAML::Node& map, std::string_view path, YamlErrors* errors) {
  std::set<std::string> seen;
  for (const auto& entry : map) {
    if (!entry.first.IsScalar()) {
      const std::string_view name = path.empty() ? "the document" : absl::StripSuffix(path, ".");
      errors->Add(entry.first, absl::StrCat(name, " has a key that is no plain text"));
    } else if (!seen.insert(entry.first.Scalar()).second) {
      errors->Add(entry.first, absl::StrCat("key given twice: ", path, entry.first.Scalar()));
    }
  }
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  constexpr size_t kNear = 2;
  const std::string* nearest = nullptr;
  size_t least = kNear + 1;
  for (const std::string& each : known) {
    // The distance is at least the difference of the lengths.
    if (std::max(word.size(), each.size()) - std::min(word.size(), each.size()) >= least) continue;
    const size_t distance = EditDistance(word, each);
    if (distance >= least) continue;
    least = distance;
    nearest = &each;
  }
  return nearest == nullptr ? "" : absl::StrCat("; did you mean ", *nearest, "?");
}

std::optional<absl::Duration> ParseDurationText(std::string_view text) {
  absl::Duration duration;
  // Days are not among absl's units: leap seconds are nobody's concern here.
  if (absl::EndsWith(text, "d")) {
    int64_t days = 0;
    if (!absl::SimpleAtoi(text.substr(0, text.size() - 1), &days) || days > kLongestDuration / absl::Hours(24)) {
      return std::nullopt;
    }
    duration = absl::Hours(24) * days;
  } else if (!absl::ParseDuration(text, &duration)) {
    return std::nullopt;
  }
  if (duration < absl::ZeroDuration() || duration > kLongestDuration) return std::nullopt;
  return duration;
}

std::string DurationText(absl::Duration duration) {
  constexpr std::pair<std::string_view, absl::Duration> kUnits[] = {
      {"d", absl::Hours(24)},  {"h", absl::Hours(1)},         {"m", absl::Minutes(1)},
      {"s", absl::Seconds(1)}, {"ms", absl::Milliseconds(1)}, {"us", absl::Microseconds(1)}};
  for (const auto& [unit, length] : kUnits) {
    if (duration >= length && duration % length == absl::ZeroDuration()) {
      return absl::StrCat(duration / length, unit);
    }
  }
  return absl::StrCat(absl::ToInt64Nanoseconds(duration), "ns");
}

std::optional<int64_t> ParseBytesText(std::string_view text) {
  int64_t unit = 1;
  for (const auto& [suffix, factor] : {std::pair<std::string_view, int64_t>{"KB", int64_t{1} << 10},
                                       {"MB", int64_t{1} << 20},
                                       {"GB", int64_t{1} << 30}}) {
    if (!absl::EndsWith(text, suffix)) continue;
    unit = factor;
    text.remove_suffix(suffix.size());
    break;
  }
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 0 || number > INT64_MAX / unit) return std::nullopt;
  return number * unit;
}

}  // namespace tocsin
