// The tocsin-bursts binary: the shipped surge alarm over files of counts.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "absl/time/time.h"
#include "app/bursts/bursts.h"
#include "app/version.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Scores every CSV of timestamp,value below a folder with the surge alarm that Tocsin ships, and writes\n"
      "timestamp,value,anomaly_score under the same names: 0.5 and more exactly where the alarm fires"};
  app.set_version_flag("--version", std::string("tocsin-bursts ") + tocsin::kVersion);
  app.failure_message(CLI::FailureMessage::help);
  std::string in;
  std::string out;
  std::string interval;
  tocsin::CountSeriesOptions options;
  app.add_option("IN_DIR", in, "Folder of CSV files; those in folders below count too")->required();
  app.add_option("OUT_DIR", out, "Folder for the results; made if need be")->required();
  app.add_option("--interval", interval, "What one row counts (default: from its first row to its second)")
      ->type_name("DURATION");
  app.add_flag("--absent-is-zero", options.absent_rows_are_zero,
               "Rows that are left out count as zero, not as unknown");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 has no other way to say so
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  absl::Duration row = absl::ZeroDuration();
  if (!interval.empty() &&
      (!absl::ParseDuration(interval, &row) || row < absl::Seconds(1) || row > absl::Hours(9000))) {
    std::fprintf(stderr, "tocsin-bursts: --interval takes a duration like 90s, 5m or 24h; got=%s\n", interval.c_str());
    return kExitUsage;
  }
  options.row_ms = absl::ToInt64Milliseconds(row);
  const absl::StatusOr<tocsin::BurstsReport> report = tocsin::ScoreFolder(in, out, options);
  if (!report.ok()) {
    std::fprintf(stderr, "tocsin-bursts: %s\n", std::string(report.status().message()).c_str());
    return absl::IsInvalidArgument(report.status()) ? kExitUsage : kExitFailed;
  }
  for (const std::string& error : report->errors) std::fprintf(stderr, "tocsin-bursts: %s\n", error.c_str());
  std::printf("files=%lld rows=%lld alarms=%lld\n", static_cast<long long>(report->files),
              static_cast<long long>(report->rows), static_cast<long long>(report->alarms));
  return report->errors.empty() ? 0 : kExitFailed;
}
