#include "app/bursts/count_file.h"

#include <array>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr double kLargestValue = 1e15;

struct Columns {
  size_t time = 0;
  size_t value = 1;
};

// Cuts at commas outside of double quotes; a quote inside quotes is doubled, so it opens again what it closed.
void SplitFields(std::string_view line, std::vector<std::string_view>* fields) {
  fields->clear();
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    if (line[i] != ',' || quoted) continue;
    fields->push_back(line.substr(begin, i - begin));
    begin = i + 1;
  }
  fields->push_back(line.substr(begin));
}

std::string_view Bare(std::string_view field) {
  field = absl::StripAsciiWhitespace(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    field = absl::StripAsciiWhitespace(field.substr(1, field.size() - 2));
  }
  return field;
}

std::optional<int64_t> ParseTime(std::string_view field) {
  constexpr size_t kDate = 10;     // 2015-02-26
  constexpr size_t kMinutes = 16;  // 2015-02-26 21:42
  const std::string_view text = Bare(field);
  const bool dated = text.size() >= kDate && text[4] == '-' && text[7] == '-';
  if (dated && text.size() == kDate) return ParseEventTime(absl::StrCat(text, "T00:00:00"));
  if (dated && text.size() == kMinutes) return ParseEventTime(absl::StrCat(text, ":00"));
  return ParseEventTime(text);
}

// False if it is no value; no count if it is one that is not known.
bool ParseValue(std::string_view field, std::optional<int64_t>* count) {
  constexpr std::array<std::string_view, 6> kUnknown = {"", "nan", "na", "n/a", "null", "-"};
  const std::string_view text = Bare(field);
  count->reset();
  for (const std::string_view unknown : kUnknown) {
    if (absl::EqualsIgnoreCase(text, unknown)) return true;
  }
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || !(std::abs(value) <= kLargestValue)) return false;
  *count = std::llround(value);
  return true;
}

bool IsHeader(const std::vector<std::string_view>& fields) {
  std::optional<int64_t> count;
  return fields.size() >= 2 && !ParseTime(fields[0]).has_value() && !Bare(fields[1]).empty() &&
         !ParseValue(fields[1], &count);
}

absl::StatusOr<Columns> ColumnsOf(const std::vector<std::string_view>& header) {
  std::optional<size_t> time;
  std::optional<size_t> value;
  for (size_t i = 0; i < header.size(); ++i) {
    if (absl::EqualsIgnoreCase(Bare(header[i]), "timestamp")) time = i;
    if (absl::EqualsIgnoreCase(Bare(header[i]), "value")) value = i;
  }
  if (time.has_value() && value.has_value()) return Columns{*time, *value};
  if (header.size() == 2 && !time.has_value() && !value.has_value()) return Columns{};
  return absl::InvalidArgumentError("the header names no column \"timestamp\" or no column \"value\"");
}

absl::StatusOr<CountRow> ParseRow(const std::vector<std::string_view>& fields, const Columns& columns) {
  if (fields.size() <= std::max(columns.time, columns.value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("too few fields, a time and a value are needed; fields=", fields.size()));
  }
  CountRow row;
  row.time = fields[columns.time];
  row.value = fields[columns.value];
  const std::optional<int64_t> time_ms = ParseTime(row.time);
  if (!time_ms.has_value()) return absl::InvalidArgumentError(absl::StrCat("not a time: \"", row.time, "\""));
  row.time_ms = *time_ms;
  if (!ParseValue(row.value, &row.count)) {
    return absl::InvalidArgumentError(absl::StrCat("not a number: \"", row.value, "\""));
  }
  return row;
}

}  // namespace

absl::StatusOr<std::vector<CountRow>> ParseCounts(std::string_view text) {
  text = absl::StripPrefix(text, kByteOrderMark);
  std::vector<CountRow> rows;
  std::vector<std::string_view> fields;
  Columns columns;
  bool first = true;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = absl::StripSuffix(text.substr(0, end), "\r");
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (absl::StripAsciiWhitespace(line).empty()) continue;
    SplitFields(line, &fields);
    const bool header = first && IsHeader(fields);
    first = false;
    if (header) {
      const absl::StatusOr<Columns> named = ColumnsOf(fields);
      if (!named.ok()) return absl::InvalidArgumentError(absl::StrCat(number, ": ", named.status().message()));
      columns = *named;
      continue;
    }
    absl::StatusOr<CountRow> row = ParseRow(fields, columns);
    if (!row.ok()) return absl::InvalidArgumentError(absl::StrCat(number, ": ", row.status().message()));
    row->line = number;
    rows.push_back(*std::move(row));
  }
  return rows;
}

}  // namespace tocsin
