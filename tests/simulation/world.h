// Both stages over the in-memory log under a seeded scheduler that makes everything happen that may happen.
//
// One thread. Every step the scheduler draws what happens next: posts arrive, a worker does a step, the clock moves
// (also past time-outs), a worker is killed, drained, or frozen while its successor starts under the same name and goes
// on as a zombie later, a further worker joins or leaves, a block is written a second time as by a zombie. Every call
// of the log and every reading of the clock by a worker is a fault point: the call fails, or succeeds with its
// acknowledgement lost, the worker dies there, the clock jumps, or everybody else goes on for a while within the call.
// Then the faults end, and the world runs until everything is read.
//
// The result is compared with that of a calm world (one worker a stage, no fault) in which the same posts arrive in
// another order and other partitions, and with a naive count. Deterministic: a seed gives the same world every time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "app/metrics/app_metrics.h"
#include "app/pipeline/settings.h"
#include "engine/base/clock.h"
#include "engine/log/memory/fault_injector.h"
#include "engine/log/memory/memory_log.h"
#include "tests/simulation/firehose.h"
#include "tests/simulation/sabotaged_log.h"

namespace tocsin::simulation {

// Settings for all worlds of a process.
std::shared_ptr<const PipelineSettings> WorldSettings();

struct WorldStatistics {
  int64_t kills = 0, freezes = 0, drains = 0, errors = 0, clock_jumps = 0, interleavings = 0, repeated_blocks = 0;
  LogStatistics log;
  // Faults planted, by call and moment (before, after): what the simulation has reached.
  std::array<std::array<int64_t, 2>, kLogCallCount> faults{};
  int64_t clock_reads_hit = 0;

  void Add(const WorldStatistics& other);
};

struct WorldOptions {
  uint64_t seed = 1;
  bool calm = false;  // one worker a stage, nothing happens to them
  Sabotage sabotage = Sabotage::kNone;
  bool trace = false;  // every event, to standard error
};

// What a world has published, in the order of brands; fields that the promise excludes are blanked out.
struct Outcome {
  std::vector<std::string> metrics;
  std::vector<std::string> signals;
  std::vector<std::string> open_incidents;  // the last of each incident
  std::vector<std::string> post_crisis;
  std::vector<std::string> dead_letters;  // of actions: where they stood, and why
  std::vector<std::string> problems;      // found while reading: the audit, the account, the order
};

class World : private FaultInjector {
 public:
  World(const WorldOptions& options, const Firehose* firehose, AppMetrics* metrics);
  ~World() override;

  // Runs until all is read. An error: what no worker may report, or no progress.
  absl::Status Run();
  Outcome Read() const;
  const WorldStatistics& statistics() const { return statistics_; }

 private:
  class WorldClock;
  struct Seat;

  absl::Status OnCall(LogCall call, CallMoment moment, std::string_view actor) override;

  void CreateTopics();
  int64_t Below(int64_t bound) { return std::uniform_int_distribution<int64_t>(0, bound - 1)(random_); }
  bool Chance(int64_t of) { return Below(of) == 0; }
  absl::Status Act(int depth);
  absl::Status StepOne(Seat* seat);
  absl::Status StepZombie();
  // How a call of a worker ended. `died`: the process was killed within it, and what it returned is nobody's.
  struct CallEnd {
    absl::Status status;
    bool died = false;
  };
  CallEnd Call(absl::FunctionRef<absl::Status()> call);
  static absl::Status Judge(std::string_view name, const CallEnd& end);
  absl::Status CallSeat(Seat* seat, absl::FunctionRef<absl::Status()> call);
  absl::Status Make(Seat* seat);
  void Kill(Seat* seat, std::string_view why);
  absl::Status Drain(Seat* seat);
  void Freeze(Seat* seat);
  void PlanFault();
  void Arrive(int64_t count);
  void ArriveActions();
  // Only then do posts arrive: so each action is known at its slide end, whatever dies, as in the calm world.
  bool ActionsAreRead();
  void RepeatBlock();
  void Advance(absl::Duration duration);
  absl::Status RunCalmly();
  bool AllRead(bool* ingest_done);
  void Trace(std::string_view what, std::string_view whom);

  const WorldOptions options_;
  const Firehose* const firehose_;
  const std::vector<Arrival> arrivals_;
  AppMetrics* const metrics_;
  std::mt19937_64 random_;
  WorldStatistics statistics_;
  std::unique_ptr<WorldClock> clock_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<SabotagedLog> worker_log_;
  std::unique_ptr<LogPublisher> publisher_;
  std::vector<std::unique_ptr<Seat>> seats_;
  struct Zombie;
  std::vector<std::unique_ptr<Zombie>> zombies_;
  size_t arrived_ = 0;
  bool actions_read_ = false;
  int waits_ = 0;
  bool quiet_ = false;  // no faults from here on
  int depth_ = 0;       // of steps within calls
  std::optional<absl::Status> unforgivable_;

  // The planned fault: at the n-th call from now on.
  enum class Fault : uint8_t { kFail, kDie, kJump, kInterleave };
  int64_t calls_until_fault_ = -1;
  Fault fault_ = Fault::kFail;
  bool doomed_ = false;  // the worker whose step is under way dies at its next call
};

}  // namespace tocsin::simulation
