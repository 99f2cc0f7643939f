#include "app/bursts/bursts.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "app/bursts/count_file.h"
#include "app/files/line_file.h"
#include "app/files/read_file.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;

bool IsBelow(const fs::path& path, const fs::path& folder) {
  const auto [end, rest] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

// The files *.csv below `in` but not below `out`, in order of their names.
absl::StatusOr<std::vector<fs::path>> FilesBelow(const fs::path& in, const fs::path& out) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(in, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    const fs::path& path = entry->path();
    if (IsBelow(fs::weakly_canonical(path, unreadable), out)) continue;
    if (absl::AsciiStrToLower(path.extension().string()) != ".csv") continue;
    if (entry->is_regular_file(unreadable)) files.push_back(path);
  }
  if (error) return absl::InvalidArgumentError(absl::StrCat(in.string(), ": ", error.message()));
  std::sort(files.begin(), files.end());
  return files;
}

// Under a passing name first, so that a reader never sees half a file.
absl::Status WriteWhole(const fs::path& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return absl::UnavailableError(absl::StrCat(path.parent_path().string(), ": ", error.message()));
  const std::string passing = absl::StrCat(path.string(), ".part");
  absl::StatusOr<std::unique_ptr<LineFile>> file = LineFile::Open(passing);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Append(absl::StripSuffix(text, "\n"));
  if (status.ok()) status = (*file)->Finish();
  if (!status.ok()) return status;
  fs::rename(passing, path, error);
  if (error) return absl::UnavailableError(absl::StrCat(path.string(), ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ScoredText> ScoreCounts(std::string_view text, const CountSeriesOptions& options) {
  const absl::StatusOr<std::vector<CountRow>> rows = ParseCounts(text);
  if (!rows.ok()) return rows.status();
  ScoredText scored;
  scored.csv = "timestamp,value,anomaly_score\n";
  CountSeries series(options);
  for (const CountRow& row : *rows) {
    const absl::StatusOr<double> score = series.Add(row.time_ms, row.count);
    if (!score.ok()) return absl::InvalidArgumentError(absl::StrCat(row.line, ": ", score.status().message()));
    absl::StrAppendFormat(&scored.csv, "%s,%s,%.4f\n", row.time, row.value, *score);
    ++scored.rows;
    if (*score >= 0.5) ++scored.alarms;
  }
  return scored;
}

absl::StatusOr<BurstsReport> ScoreFolder(const std::string& in, const std::string& out,
                                         const CountSeriesOptions& options) {
  std::error_code error;
  if (!fs::is_directory(in, error)) return absl::InvalidArgumentError(absl::StrCat(in, ": no such folder"));
  const fs::path whole_in = fs::weakly_canonical(in, error);
  fs::path whole_out = fs::weakly_canonical(out, error);
  if (!whole_out.has_filename()) whole_out = whole_out.parent_path();
  if (whole_in == whole_out) {
    return absl::InvalidArgumentError(absl::StrCat(out, ": results would overwrite the input; name another folder"));
  }
  const absl::StatusOr<std::vector<fs::path>> files = FilesBelow(in, whole_out);
  if (!files.ok()) return files.status();
  if (files->empty()) return absl::InvalidArgumentError(absl::StrCat(in, ": no file *.csv in it"));
  BurstsReport report;
  for (const fs::path& path : *files) {
    const std::optional<std::string> text = ReadWholeFile(path.string());
    if (!text.has_value()) {
      report.errors.push_back(absl::StrCat(path.string(), ": can't be read"));
      continue;
    }
    const absl::StatusOr<ScoredText> scored = ScoreCounts(*text, options);
    if (!scored.ok()) {
      report.errors.push_back(absl::StrCat(path.string(), ":", scored.status().message()));
      continue;
    }
    if (absl::Status status = WriteWhole(fs::path(out) / fs::relative(path, in, error), scored->csv); !status.ok()) {
      return status;
    }
    ++report.files;
    report.rows += scored->rows;
    report.alarms += scored->alarms;
  }
  return report;
}

}  // namespace tocsin
