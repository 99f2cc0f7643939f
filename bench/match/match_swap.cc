// Memory and time to compile a watchlist, and what a reload does to a worker that goes on matching.
//
//   match_swap [--queries N] [--swaps N] [--limit-ms N]
//
// One thread matches posts without a pause while another parses, compiles and swaps the watchlist. Prints a line of
// JSON. `gap_ms` is the longest time between the ends of two posts by the wall clock, in which other programs on the
// machine take part; `gap_cpu_ms` the same by the thread's own CPU time, in which they do not. Fails if the latter is
// above the limit (100).
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/match/workload.h"
#include "operators/match/matcher.h"
#include "operators/match/watchlist.h"
#include "operators/match/watchlist_slot.h"

namespace tocsin::bench {
namespace {

double Seconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Resident now, by the kernel, without what the allocator keeps for later.
double ResidentMegabytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  statm >> pages >> resident;
  return resident * 4096 / 1e6;
}

// `salt` makes versions differ.
std::string WatchlistText(const Workload& workload, int salt) {
  std::string yaml = "brands:\n";
  for (size_t i = 0; i < workload.cases.size(); ++i) {
    absl::StrAppend(&yaml, "  - {id: b", i, ", name: Brand ", i + static_cast<size_t>(salt), ", query: '",
                    workload.cases[i].Query(), "'}\n");
  }
  return yaml;
}

std::shared_ptr<const Watchlist> MustParse(const std::string& yaml) {
  auto watchlist = Watchlist::Parse(yaml, "watchlist.yaml");
  if (!watchlist.ok()) {
    std::fprintf(stderr, "match_swap: %s\n", std::string(watchlist.status().message()).c_str());
    std::exit(1);
  }
  return *std::move(watchlist);
}

struct Worker {
  double gap_s = 0;
  double gap_cpu_s = 0;
  size_t posts = 0;
  size_t taken = 0;

  void Run(const Workload& workload, const WatchlistSlot& slot, const std::atomic<bool>& stop) {
    MatchScratch scratch;
    std::vector<BrandMatch> matches;
    std::shared_ptr<const Watchlist> watchlist = slot.Get();
    uint64_t generation = slot.generation();
    double wall = Seconds(CLOCK_MONOTONIC);
    double cpu = Seconds(CLOCK_THREAD_CPUTIME_ID);
    for (size_t next = 0; !stop.load(std::memory_order_relaxed); next = (next + 1) % workload.posts.size()) {
      if (const uint64_t now = slot.generation(); now != generation) {
        generation = now;
        watchlist = slot.Get();
        ++taken;
      }
      Post post;
      post.text = workload.posts[next];
      watchlist->Match(post, &scratch, &matches);
      ++posts;
      const double wall_now = Seconds(CLOCK_MONOTONIC);
      const double cpu_now = Seconds(CLOCK_THREAD_CPUTIME_ID);
      gap_s = std::max(gap_s, wall_now - wall);
      gap_cpu_s = std::max(gap_cpu_s, cpu_now - cpu);
      wall = wall_now;
      cpu = cpu_now;
    }
  }
};

int Run(size_t queries, int swaps, double limit_ms) {
  const Workload workload = MakeWorkload(queries, 20'000);
  const std::string yaml = WatchlistText(workload, 0);
  const double before_mb = ResidentMegabytes();
  const double start = Seconds(CLOCK_THREAD_CPUTIME_ID);
  std::shared_ptr<const Watchlist> first = MustParse(yaml);
  const double parse_s = Seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  const double resident_mb = ResidentMegabytes() - before_mb;
  const double compiled_mb = static_cast<double>(first->MemoryBytes()) / 1e6;

  WatchlistSlot slot(std::move(first));
  std::atomic<bool> stop = false;
  Worker worker;
  std::thread thread([&] { worker.Run(workload, slot, stop); });
  for (int i = 1; i <= swaps; ++i) {
    slot.Set(MustParse(WatchlistText(workload, i)));
    while (slot.FreeUnused() > 0) std::this_thread::yield();
  }
  stop = true;
  thread.join();
  std::printf(
      "{\"queries\":%zu,\"parse_and_compile_ms\":%.0f,\"compiled_mb\":%.2f,\"resident_mb\":%.1f,\"swaps\":%d,"
      "\"swaps_taken\":%zu,\"posts\":%zu,\"gap_ms\":%.2f,\"gap_cpu_ms\":%.2f}\n",
      queries, parse_s * 1e3, compiled_mb, resident_mb, swaps, worker.taken, worker.posts, worker.gap_s * 1e3,
      worker.gap_cpu_s * 1e3);
  return worker.gap_cpu_s * 1e3 <= limit_ms && worker.taken > 0 ? 0 : 1;
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  size_t queries = 10'000;
  int swaps = 10;
  double limit_ms = 100;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const bool known = (name == "--queries" && absl::SimpleAtoi(argv[i + 1], &queries)) ||
                       (name == "--swaps" && absl::SimpleAtoi(argv[i + 1], &swaps)) ||
                       (name == "--limit-ms" && absl::SimpleAtod(argv[i + 1], &limit_ms));
    if (!known) {
      std::fprintf(stderr, "match_swap: bad option %s\n", argv[i]);
      return 2;
    }
  }
  return tocsin::bench::Run(queries, swaps, limit_ms);
}
