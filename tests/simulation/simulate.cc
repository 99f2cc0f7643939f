// Runs many seeds of the simulation, or one with everything that happens in it.
//
//   simulate --first 1 --seeds 10000 [--threads N]      all must pass; prints what was reached
//   simulate --first 17 --seeds 1 --trace               one seed, event by event
//   simulate --sabotage skip-fence --seeds 200          must be caught: exit code 0 if some seed finds it

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_format.h"
#include "app/logging/logging.h"
#include "tests/simulation/seed_run.h"

ABSL_FLAG(uint64_t, first, 1, "first seed");
ABSL_FLAG(uint64_t, seeds, 1'000, "how many seeds");
ABSL_FLAG(int, threads, 0, "threads; 0: as many as there are cores");
ABSL_FLAG(std::string, sabotage, "", "break this rule on purpose; the run passes if that is found");
ABSL_FLAG(bool, trace, false, "print every event");

namespace tocsin::simulation {
namespace {

constexpr const char* kCallNames[kLogCallCount] = {"open group reader",
                                                   "open partition reader",
                                                   "open writer",
                                                   "partition count",
                                                   "offsets",
                                                   "ensure topics",
                                                   "committed offsets",
                                                   "poll",
                                                   "assigned",
                                                   "pause",
                                                   "resume",
                                                   "close",
                                                   "partition poll",
                                                   "begin",
                                                   "write",
                                                   "send offsets",
                                                   "end transaction",
                                                   "abort"};

class Simulation {
 public:
  explicit Simulation(Sabotage sabotage)
      : sabotage_(sabotage), next_(absl::GetFlag(FLAGS_first)), end_(next_ + absl::GetFlag(FLAGS_seeds)) {}

  int Run() {
    const int asked = absl::GetFlag(FLAGS_threads);
    const unsigned count = asked > 0 ? static_cast<unsigned>(asked) : std::thread::hardware_concurrency();
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < count; ++i) threads.emplace_back([this] { Work(); });
    for (std::thread& thread : threads) thread.join();
    Print();
    if (sabotage_ == Sabotage::kNone) return failed_ > 0 ? 1 : 0;
    return failed_ > 0 ? 0 : 1;
  }

 private:
  void Work() {
    AppMetrics metrics;
    for (uint64_t seed = next_++; seed < end_ && !stop_; seed = next_++) {
      const SeedResult result = RunSeed(seed, sabotage_, absl::GetFlag(FLAGS_trace), &oracles_, &metrics);
      const std::lock_guard lock(mu_);
      total_.Add(result.statistics);
      metrics_ += result.metrics;
      signals_ += result.signals;
      calls_ += result.calls;
      ++done_;
      if (result.problems.empty()) continue;
      ++failed_;
      if (sabotage_ != Sabotage::kNone) {
        stop_ = true;
        absl::PrintF("%s is caught by seed %d, the %d. that was run\n", SabotageName(sabotage_), seed, done_);
      } else if (failed_ <= 5) {
        absl::PrintF("seed %d fails; again with: simulate --first %d --seeds 1 --trace\n", seed, seed);
      }
      if (failed_ <= 5) {
        for (const std::string& problem : result.problems) absl::PrintF("  %s\n", problem.substr(0, 2'000));
      }
      if (sabotage_ == Sabotage::kNone && failed_ >= 50) stop_ = true;
    }
  }

  void Print() const {
    absl::PrintF("%d seeds, %d failed\n", done_, failed_);
    absl::PrintF("published: %d brand metrics, %d signals (%d call who is next) in %d commits\n", metrics_, signals_,
                 calls_, total_.log.commits);
    absl::PrintF("kills %d, frozen %d, drained %d, ended by an error %d, clock jumps %d, interleavings %d\n",
                 total_.kills, total_.freezes, total_.drains, total_.errors, total_.clock_jumps, total_.interleavings);
    absl::PrintF(
        "failed commits %d, of these fenced %d; transactions left open %d; rebalances %d; snapshots "
        "recovered %d; blocks repeated %d\n",
        total_.log.failed_commits, total_.log.fences, total_.log.open_transactions, total_.log.rebalances,
        total_.log.snapshot_recoveries, total_.repeated_blocks);
    absl::PrintF("faults at readings of the clock %d; at calls of the log (before, after):\n", total_.clock_reads_hit);
    for (size_t call = 0; call < total_.faults.size(); ++call) {
      absl::PrintF("  %-22s %8d %8d\n", kCallNames[call], total_.faults[call][0], total_.faults[call][1]);
    }
  }

  const Sabotage sabotage_;
  std::atomic<uint64_t> next_;
  const uint64_t end_;
  std::atomic<bool> stop_ = false;
  Oracles oracles_;
  std::mutex mu_;
  WorldStatistics total_;  // guarded by mu_, as what follows
  int64_t done_ = 0, failed_ = 0, metrics_ = 0, signals_ = 0, calls_ = 0;
};

}  // namespace
}  // namespace tocsin::simulation

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  tocsin::InitLogging(tocsin::LogFormat::kText, tocsin::LogLevel::kWarning);  // recoveries are events of every seed
  tocsin::simulation::Sabotage sabotage = tocsin::simulation::Sabotage::kNone;
  const std::string name = absl::GetFlag(FLAGS_sabotage);
  if (!name.empty() && !tocsin::simulation::ParseSabotage(name, &sabotage)) {
    std::fprintf(stderr, "simulate: no such sabotage: %s\n", name.c_str());
    return 2;
  }
  return tocsin::simulation::Simulation(sabotage).Run();
}
