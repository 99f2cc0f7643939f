#include "operators/match/brand_thresholds.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "operators/match/watchlist_yaml.h"

namespace tocsin {
namespace {

bool ParseNumber(const std::string& text, double* value) { return absl::SimpleAtod(text, value); }
bool ParseNumber(const std::string& text, int64_t* value) { return absl::SimpleAtoi(text, value); }

template <typename T>
void ReadNumber(const YamlMapping& fields, std::string_view key, const ThresholdRange<T>& range, YamlErrors* errors,
                std::optional<T>* value) {
  const std::string text = fields.Text(key);
  if (text.empty()) return;
  T read = 0;
  // Not "out of range", which a NaN would pass.
  const bool good = ParseNumber(text, &read) && read >= range.least && read <= range.most;
  if (good) {
    *value = read;
    return;
  }
  const char* what = std::is_integral_v<T> ? "a whole number" : "a number";
  errors->Add(fields.Get(key).Mark(), absl::StrCat("'", text, "' is no value of '", key, "'"),
              absl::StrCat("write ", what, " from ", range.least, " to ", range.most));
}

}  // namespace

BrandThresholds ReadThresholds(const YAML::Node& node, YamlErrors* errors) {
  BrandThresholds read;
  if (!node.IsDefined() || node.IsNull()) return read;
  const YamlMapping fields(
      node, "the thresholds of a brand",
      {"false_alarms", "negative_authors", "confirmed_velocity", "confirmed_authors", "confirmed_margin"}, errors);
  if (!fields.valid()) return read;
  VisitThresholds(read, [&](std::string_view key, auto& value, const auto& range) {
    ReadNumber(fields, key, range, errors, &value);
  });
  return read;
}

std::vector<int64_t> ReadCrisisHistory(const YAML::Node& node, YamlErrors* errors) {
  std::vector<int64_t> days;
  if (!node.IsDefined() || node.IsNull()) return days;
  if (!node.IsSequence()) {
    errors->Add(node.Mark(), "'crisis_history' is not a list", "write [2025-03-01]");
    return days;
  }
  for (const YAML::Node& each : node) {
    absl::CivilDay day;
    if (!each.IsScalar() || !absl::ParseCivilTime(each.Scalar(), &day) || day.year() < 1970 || day.year() > 9999) {
      errors->Add(each.Mark(), "a day of 'crisis_history' that is no date", "write year-month-day: 2025-03-01");
      continue;
    }
    days.push_back(absl::ToUnixMillis(absl::FromCivil(day, absl::UTCTimeZone())));
  }
  std::ranges::sort(days);
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days;
}

}  // namespace tocsin
