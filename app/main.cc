// The tocsin binary: reads the command line, runs the chosen command.

#include <cstdio>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "app/command/command.h"
#include "engine/base/heap.h"

int main(int argc, char** argv) {
  tocsin::LimitHeapCaches();
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kWarning);
  absl::InitializeLog();
  CLI::App app{"Watches the social-media firehose for brands in trouble and publishes crisis signals"};
  tocsin::ChosenCommand chosen;
  tocsin::AddAllCommands(&app, &chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // CLI11 has no other way to say so
    return app.exit(error) == 0 ? tocsin::kExitOk : tocsin::kExitUsage;
  }
  const int code = chosen.run ? chosen.run() : tocsin::kExitUsage;
  // Nothing that was written may be missing with nobody told: a full disk shows when the last of it goes out.
  if ((std::fflush(stdout) != 0 || std::ferror(stdout) != 0) && code == tocsin::kExitOk) {
    std::fputs("tocsin: can't write to standard output\n", stderr);
    return tocsin::kExitFailed;
  }
  return code;
}
