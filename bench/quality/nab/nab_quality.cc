// The shipped surge alarm on the brand-mention series of the Numenta Anomaly Benchmark: its score, how flat the score
// is around the shipped settings, and the published rules of products beside it.
//
//   nab_quality DATA_DIR LABELS_JSON
//
// DATA_DIR holds the series as LABELS_JSON names them ("realTweets/Twitter_volume_KO.csv": [[first, last], ...]), as in
// the benchmark's own data/ and labels/combined_windows.json; series without a file are left out.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "app/bursts/count_file.h"
#include "app/files/read_file.h"
#include "bench/quality/nab/nab_score.h"
#include "bench/quality/nab/volume_rules.h"
#include "operators/detect/count_series.h"
#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

struct Series {
  std::string name;
  std::vector<int64_t> times_ms;
  std::vector<int64_t> counts;
};

struct DataSet {
  std::vector<Series> series;
  std::vector<LabelledSeries> labels;
};

std::optional<size_t> RowAt(const Series& series, const std::string& time) {
  const std::optional<int64_t> time_ms = ParseEventTime(time);
  if (!time_ms.has_value()) return std::nullopt;
  const auto place = std::lower_bound(series.times_ms.begin(), series.times_ms.end(), *time_ms);
  if (place == series.times_ms.end() || *place != *time_ms) return std::nullopt;
  return static_cast<size_t>(place - series.times_ms.begin());
}

// Empty, with a message, if anything does not fit.
std::optional<DataSet> Load(const std::string& folder, const std::string& labels_path) {
  std::ifstream file(labels_path);
  const nlohmann::json labels = nlohmann::json::parse(file, nullptr, false);
  if (!labels.is_object()) {
    std::fprintf(stderr, "nab_quality: %s: no JSON object\n", labels_path.c_str());
    return std::nullopt;
  }
  DataSet data;
  for (const auto& [name, windows] : labels.items()) {
    const std::optional<std::string> text = ReadWholeFile(absl::StrCat(folder, "/", name));
    if (!text.has_value()) continue;
    const auto rows = ParseCounts(*text);
    if (!rows.ok()) {
      std::fprintf(stderr, "nab_quality: %s:%s\n", name.c_str(), std::string(rows.status().message()).c_str());
      return std::nullopt;
    }
    Series series{name, {}, {}};
    for (const CountRow& row : *rows) {
      series.times_ms.push_back(row.time_ms);
      series.counts.push_back(row.count.value_or(0));
    }
    LabelledSeries labelled{series.counts.size(), {}};
    for (const auto& window : windows) {
      const std::optional<size_t> first = RowAt(series, window[0]);
      const std::optional<size_t> last = RowAt(series, window[1]);
      if (!first.has_value() || !last.has_value()) {
        std::fprintf(stderr, "nab_quality: %s: a window is not on rows\n", name.c_str());
        return std::nullopt;
      }
      labelled.windows.emplace_back(*first, *last);
    }
    data.series.push_back(std::move(series));
    data.labels.push_back(std::move(labelled));
  }
  if (data.series.empty()) std::fprintf(stderr, "nab_quality: %s: none of the series is there\n", folder.c_str());
  return data.series.empty() ? std::nullopt : std::make_optional(std::move(data));
}

std::vector<size_t> AlarmsOf(const Series& series, const CountSeriesOptions& options) {
  CountSeries detector(options);
  std::vector<size_t> alarms;
  for (size_t i = 0; i < series.counts.size(); ++i) {
    if (detector.Add(series.times_ms[i], series.counts[i]).value_or(0) >= 0.5) alarms.push_back(i);
  }
  return alarms;
}

void Print(const std::string& label, const NabScore& score) {
  constexpr double kWeekRows = 2016;
  const double weeks = static_cast<double>(score.scored_rows) / kWeekRows;
  std::printf("| %-42s | %5.1f | %5.1f | %5.1f | %zu of %zu | %zu | %.2f |\n", label.c_str(), score.profiles[0],
              score.profiles[1], score.profiles[2], score.hits, score.windows, score.false_alarms,
              static_cast<double>(score.false_alarms) / weeks);
}

NabScore ScoreOf(const DataSet& data, const CountSeriesOptions& options) {
  std::vector<std::vector<size_t>> alarms;
  for (const Series& series : data.series) alarms.push_back(AlarmsOf(series, options));
  return ScoreAlarms(data.labels, alarms);
}

void PrintGrid(const DataSet& data) {
  const auto row = [&data](const std::string& label, const CountSeriesOptions& options) {
    Print(label, ScoreOf(data, options));
  };
  for (const double score : {3.0, 3.25, 3.5, 3.84, 4.25, 4.5, 5.0, 5.5, 6.0}) {
    CountSeriesOptions options;
    options.rules.score = score;
    row(absl::StrCat("score ", score), options);
  }
  for (const int64_t minutes : {30, 45, 60, 75, 90, 120}) {
    CountSeriesOptions options;
    options.window_ms = minutes * kMinuteMs;
    row(absl::StrCat("window ", minutes, " min"), options);
  }
  for (const int64_t hours : {6, 12, 18, 24, 30, 36}) {
    CountSeriesOptions options;
    options.rules.cooldown_ms = hours * kHourMs;
    row(absl::StrCat("cooldown ", hours, " h"), options);
  }
  for (const int64_t checks : {1, 2, 3, 4, 6}) {
    CountSeriesOptions options;
    options.rules.checks = checks;
    row(absl::StrCat("checks ", checks), options);
  }
  for (const double velocity : {1.0, 1.5, 2.0, 2.5, 3.0}) {
    CountSeriesOptions options;
    options.rules.velocity = velocity;
    row(absl::StrCat("velocity ", velocity), options);
  }
  for (const int64_t mentions : {0, 10, 20, 40}) {
    CountSeriesOptions options;
    options.rules.least_mentions = mentions;
    row(absl::StrCat("mentions ", mentions), options);
  }
  for (const int64_t days : {2, 4, 7, 14, 28}) {
    CountSeriesOptions options;
    options.half_life_ms = days * kDayMs;
    row(absl::StrCat("half-life ", days, " d"), options);
  }
}

int Run(const std::string& folder, const std::string& labels_path) {
  const std::optional<DataSet> data = Load(folder, labels_path);
  if (!data.has_value()) return 1;
  constexpr size_t kDayBins = 288;
  std::printf(
      "| %zu series | standard | low FP | low FN | windows found | false alarms | a key-week |\n"
      "|---|---|---|---|---|---|---|\n",
      data->series.size());
  Print("shipped", ScoreOf(*data, CountSeriesOptions()));
  for (const VolumeRule& rule : PublishedVolumeRules()) {
    std::vector<std::vector<size_t>> alarms;
    for (const Series& series : data->series) alarms.push_back(WithCooldown(rule.holds(series.counts), kDayBins));
    Print(rule.name, ScoreAlarms(data->labels, alarms));
  }
  PrintGrid(*data);
  return 0;
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  if (argc == 3) return tocsin::Run(argv[1], argv[2]);
  std::fprintf(stderr, "usage: nab_quality DATA_DIR LABELS_JSON\n");
  return 2;
}
