#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "app/worker/detect_worker.h"
#include "app/worker/ingest_worker.h"

namespace tocsin::simulation {
namespace {

constexpr int32_t kMentionsPartitions = 3;
constexpr int kActions = 160;          // with faults, at least
constexpr int64_t kArrivalsMax = 200;  // of one action
constexpr int kActionsMax = 2'000;
constexpr int64_t kKillsMin = 3;
constexpr int kCalmRounds = 4'000;
constexpr int kMaxDepth = 2;
constexpr int kWaitsMax = 1'000;                  // for the actions to be read: only a sabotaged world never does
constexpr uint64_t kCalmWay = uint64_t{1} << 63;  // posts of a calm world never arrive as those of a wild one
constexpr char kIngestGroup[] = "sim-ingest";
constexpr char kDetectGroup[] = "sim-detect";

// Errors that a service does not survive: none may come about by what happens to workers.
bool IsForgivable(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::shared_ptr<const PipelineSettings> WorldSettings() {
  static const std::shared_ptr<const PipelineSettings>* const settings = [] {
    absl::StatusOr<Config> config = ParseConfig(R"(deployment: sim
sources:
  - {topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s}
watchlist: watchlist.yaml
metrics: {every: 60s}
topics: {mentions_partitions: 3}
)",
                                                "simulation.yaml");
    CHECK_OK(config.status());
    auto made = MakeSettings(*std::move(config), WatchlistYaml());
    CHECK_OK(made.status());
    return new std::shared_ptr<const PipelineSettings>(*std::move(made));
  }();
  return *settings;
}

void WorldStatistics::Add(const WorldStatistics& other) {
  kills += other.kills;
  freezes += other.freezes;
  drains += other.drains;
  errors += other.errors;
  clock_jumps += other.clock_jumps;
  interleavings += other.interleavings;
  repeated_blocks += other.repeated_blocks;
  clock_reads_hit += other.clock_reads_hit;
  log.commits += other.log.commits;
  log.failed_commits += other.log.failed_commits;
  log.fences += other.log.fences;
  log.open_transactions += other.log.open_transactions;
  log.rebalances += other.log.rebalances;
  log.snapshot_recoveries += other.log.snapshot_recoveries;
  for (size_t call = 0; call < faults.size(); ++call) {
    for (size_t moment = 0; moment < 2; ++moment) faults[call][moment] += other.faults[call][moment];
  }
}

// Read by log and workers. A reading can be a fault point: time may have jumped since the last one, and a worker that
// is to die dies at its next call of the log, which is the next that anyone else could notice.
class World::WorldClock : public Clock {
 public:
  explicit WorldClock(World* world) : world_(world) {}

  absl::Time Now() override {
    if (world_->depth_ > 0 && world_->calls_until_fault_ > 0 && --world_->calls_until_fault_ == 0) {
      ++world_->statistics_.clock_reads_hit;
      if (world_->fault_ == Fault::kJump) {
        ++world_->statistics_.clock_jumps;
        now_ += absl::Milliseconds(world_->Below(15'000));
      } else {
        world_->doomed_ = true;
      }
      world_->calls_until_fault_ = -1;
    }
    return now_;
  }
  void Advance(absl::Duration duration) { now_ += duration; }
  absl::Time Peek() const { return now_; }

 private:
  World* const world_;
  absl::Time now_ = absl::FromUnixMillis(1'767'225'600'000);
};

// A worker's place: its name stays, the worker in it comes and goes.
struct World::Seat {
  std::string name;
  bool ingest = true;
  bool wanted = true;
  std::unique_ptr<Worker> worker;
  bool busy = false;  // one of its calls is under way
  absl::Time start_at;
};

// Frozen, replaced, and perhaps going on later.
struct World::Zombie {
  std::unique_ptr<Worker> worker;
  int steps_left = 0;
};

World::World(const WorldOptions& options, const Firehose* firehose, AppMetrics* metrics)
    : options_(options),
      firehose_(firehose),
      arrivals_(Arrange(*firehose, options.seed ^ (options.calm ? kCalmWay : 0))),
      metrics_(metrics),
      random_(options.seed * 0x9E3779B97F4A7C15ULL + 1),
      clock_(std::make_unique<WorldClock>(this)) {
  MemoryLogOptions log;
  log.transaction_timeout = absl::Seconds(10);
  log.session_timeout = absl::Seconds(6);
  log.max_poll_interval = absl::Seconds(12);
  log.batch_records_max = options.calm ? 4096 : static_cast<size_t>(16 + Below(400));
  log.fault_injector = this;
  log_ = std::make_unique<MemoryLog>(clock_.get(), log);
  worker_log_ = std::make_unique<SabotagedLog>(
      log_.get(), options.sabotage, WorldSettings()->detect.snapshots_topic,
      [this](absl::Duration duration) { Advance(duration); }, &random_, &statistics_.log);
  publisher_ = std::make_unique<LogPublisher>(WorldSettings()->topics, clock_.get());
  quiet_ = options.calm;
  const int count = options.calm ? 1 : 3;
  for (int i = 0; i < count; ++i) {
    for (const bool ingest : {true, false}) {
      auto seat = std::make_unique<Seat>();
      seat->name = absl::StrCat(ingest ? "ingest-" : "detect-", i);
      seat->ingest = ingest;
      seat->wanted = i < 2;
      seat->start_at = clock_->Peek();
      seats_.push_back(std::move(seat));
    }
  }
  CreateTopics();
  ArriveActions();
}

World::~World() {
  quiet_ = true;
  zombies_.clear();
  seats_.clear();
}

void World::CreateTopics() {
  std::vector<TopicSpec> topics = WorldSettings()->topic_specs;
  topics.push_back({"posts", kPartitions, -1, {}});
  const bool was_quiet = std::exchange(quiet_, true);
  CHECK_OK(log_->EnsureTopics(topics, true));
  quiet_ = was_quiet;
}

void World::Trace(std::string_view what, std::string_view whom) {
  if (!options_.trace) return;
  absl::FPrintF(stderr, "%s %*s%s %s\n", absl::FormatTime("%H:%M:%E3S", clock_->Peek(), absl::UTCTimeZone()),
                depth_ * 2, "", what, whom);
}

absl::Status World::OnCall(LogCall call, CallMoment moment, std::string_view actor) {
  if (quiet_ || depth_ == 0) return absl::OkStatus();
  const auto hit = [&] {
    ++statistics_.faults[static_cast<size_t>(call)][moment == CallMoment::kAfter ? 1 : 0];
    calls_until_fault_ = -1;
  };
  if (doomed_) return absl::UnavailableError("the process has died");
  if (calls_until_fault_ < 0 || --calls_until_fault_ > 0) return absl::OkStatus();
  hit();
  switch (fault_) {
    case Fault::kFail:
      Trace(moment == CallMoment::kBefore ? "call fails" : "acknowledgement is lost", actor);
      return absl::UnavailableError(moment == CallMoment::kBefore ? "no answer" : "the acknowledgement was lost");
    case Fault::kDie:
      Trace("dies within a call", actor);
      doomed_ = true;
      return absl::UnavailableError("the process has died");
    case Fault::kJump:
      Trace("the clock jumps within a call", actor);
      ++statistics_.clock_jumps;
      clock_->Advance(absl::Milliseconds(Below(15'000)));
      return absl::OkStatus();
    case Fault::kInterleave: {
      if (depth_ > kMaxDepth) return absl::OkStatus();
      Trace("the others go on within a call", actor);
      ++statistics_.interleavings;
      const bool was_doomed = std::exchange(doomed_, false);
      const int64_t actions = 1 + Below(40);
      for (int64_t i = 0; i < actions; ++i) {
        if (absl::Status status = Act(depth_); !status.ok()) unforgivable_ = status;
      }
      doomed_ = was_doomed;
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

void World::PlanFault() {
  // Most at once, some only after a while, so that rare calls are reached too.
  calls_until_fault_ = 1 + Below(Chance(3) ? 400 : 25);
  constexpr Fault kFaults[] = {Fault::kFail, Fault::kDie, Fault::kJump, Fault::kInterleave};
  fault_ = kFaults[Below(4)];
}

void World::Advance(absl::Duration duration) { clock_->Advance(duration); }

void World::ArriveActions() {
  const bool was_quiet = std::exchange(quiet_, true);
  for (const FirehoseAction& action : firehose_->actions) {
    CHECK_OK(log_->Append({WorldSettings()->ingest.actions_topic, 0}, std::nullopt, action.value, {}, action.at_ms)
                 .status());
  }
  quiet_ = was_quiet;
}

bool World::ActionsAreRead() {
  if (actions_read_) return true;
  const bool was_quiet = std::exchange(quiet_, true);
  const auto committed = log_->CommittedOffsets(kIngestGroup, {{WorldSettings()->ingest.actions_topic, 0}});
  quiet_ = was_quiet;
  if (absl::IsUnavailable(committed.status())) return false;  // an open transaction may still move them
  CHECK_OK(committed.status());
  actions_read_ = (*committed)[0].committed.value_or(0) >= std::ssize(firehose_->actions);
  return actions_read_;
}

void World::Arrive(int64_t count) {
  if (!options_.calm && !ActionsAreRead() && waits_++ < kWaitsMax) return;
  const bool was_quiet = std::exchange(quiet_, true);
  for (; count > 0 && arrived_ < arrivals_.size(); --count, ++arrived_) {
    const Arrival& arrival = arrivals_[arrived_];
    const FirehosePost& post = firehose_->posts[arrival.post];
    CHECK_OK(
        log_->Append({"posts", arrival.partition}, std::nullopt, post.value, {}, post.event_time_ms + 1'000).status());
  }
  quiet_ = was_quiet;
}

void World::RepeatBlock() {
  const TopicPartition partition{WorldSettings()->ingest.mentions_topic,
                                 static_cast<int32_t>(Below(kMentionsPartitions))};
  const bool was_quiet = std::exchange(quiet_, true);
  auto stored = log_->ReadStored(partition);
  CHECK_OK(stored.status());
  if (!stored->empty()) {
    // Of the newest, so that its rows would still count if they were taken again.
    const auto newest = static_cast<int64_t>(stored->size());
    const StoredRecord& record = (*stored)[static_cast<size_t>(newest - 1 - Below(std::min<int64_t>(newest, 8)))];
    CHECK_OK(log_->Append(partition, record.key, record.value).status());
    ++statistics_.repeated_blocks;
    Trace("a block is written again", partition.topic);
  }
  quiet_ = was_quiet;
}

World::CallEnd World::Call(absl::FunctionRef<absl::Status()> call) {
  ++depth_;
  // The doom of a worker whose call this one interrupts is not this worker's.
  const bool outer_doom = std::exchange(doomed_, false);
  absl::Status status = call();
  --depth_;
  const bool died = std::exchange(doomed_, outer_doom);
  return {std::move(status), died};
}

absl::Status World::Judge(std::string_view name, const CallEnd& end) {
  if (end.died || end.status.ok() || IsForgivable(end.status)) return absl::OkStatus();
  return absl::Status(end.status.code(), absl::StrCat(name, ": ", end.status.message()));
}

// A worker that has died or returned an error is destroyed, as the job does it.
absl::Status World::CallSeat(Seat* seat, absl::FunctionRef<absl::Status()> call) {
  seat->busy = true;
  const CallEnd end = Call(call);
  seat->busy = false;
  if (end.died) ++statistics_.kills;
  if (!end.status.ok()) ++statistics_.errors;
  if (end.died || !end.status.ok()) {
    Kill(seat, end.status.ok() ? "killed at a reading of the clock" : end.status.message());
  }
  return Judge(seat->name, end);
}

absl::Status World::Make(Seat* seat) {
  absl::Status status;
  const std::shared_ptr<const PipelineSettings> settings = WorldSettings();
  if (seat->ingest) {
    IngestWorkerOptions options = settings->ingest;
    options.transactional_id = options.member = seat->name;
    options.group = kIngestGroup;
    options.max_part_bytes = options_.calm ? options.max_part_bytes : 3'000;
    // What was left out or idle is excluded from the promise.
    options.sources[0].max_drag_ms = INT64_MAX / 4;
    options.sources[0].idle_after = absl::InfiniteDuration();
    auto versions = std::make_shared<FixedVersions>(settings->watchlist, settings->config_version);
    auto worker = IngestWorker::Create(options, worker_log_.get(), worker_log_.get(), clock_.get(), std::move(versions),
                                       settings->model, metrics_->Ingest(seat->name));
    status = worker.status();
    if (status.ok()) seat->worker = *std::move(worker);
  } else {
    DetectWorkerOptions options = settings->detect;
    options.transactional_id = options.member = seat->name;
    options.group = kDetectGroup;
    options.snapshot_every = absl::Seconds(2);
    // So few that blocks go out in several pieces of one transaction, with faults between them.
    options.max_pending_outputs = options_.calm ? options.max_pending_outputs : 25;
    DetectTaskOptions task = settings->task;
    task.monitor.baseline_ready_ms = 600'000;
    task.planted_fault = options_.sabotage == Sabotage::kApplyRepeat     ? PlantedFault::kApplyRepeats
                         : options_.sabotage == Sabotage::kLoseEventTime ? PlantedFault::kForgetEventTime
                                                                         : PlantedFault::kNone;
    const auto make_task = [settings, task](int32_t partition) mutable {
      task.partition = partition;
      return std::make_unique<DetectTask>(task, settings->watchlist);
    };
    auto worker = DetectWorker::Create(options, worker_log_.get(), clock_.get(), make_task, publisher_.get(),
                                       metrics_->Detect(seat->name));
    status = worker.status();
    if (status.ok()) seat->worker = *std::move(worker);
  }
  return status;
}

void World::Kill(Seat* seat, std::string_view why) {
  Trace(absl::StrCat("ends (", why, ")"), seat->name);
  seat->worker.reset();
  seat->start_at = clock_->Peek() + absl::Milliseconds(Chance(4) ? Below(9'000) : Below(500));
}

absl::Status World::StepOne(Seat* seat) {
  if (seat->busy) return absl::OkStatus();
  if (seat->worker == nullptr) {
    if (!seat->wanted || clock_->Peek() < seat->start_at) return absl::OkStatus();
    Trace("starts", seat->name);
    return CallSeat(seat, [&] { return Make(seat); });
  }
  return CallSeat(seat, [&] { return seat->worker->Step(absl::ZeroDuration()); });
}

absl::Status World::StepZombie() {
  if (zombies_.empty()) return absl::OkStatus();
  const auto index = static_cast<size_t>(Below(static_cast<int64_t>(zombies_.size())));
  std::unique_ptr<Zombie> zombie = std::move(zombies_[index]);
  zombies_.erase(zombies_.begin() + static_cast<std::ptrdiff_t>(index));
  Trace("goes on", "a zombie");
  const CallEnd end = Call([&] { return zombie->worker->Step(absl::ZeroDuration()); });
  if (!end.died && end.status.ok() && --zombie->steps_left > 0) zombies_.push_back(std::move(zombie));
  return Judge("a zombie", end);
}

absl::Status World::Drain(Seat* seat) {
  if (seat->worker == nullptr || seat->busy) return absl::OkStatus();
  ++statistics_.drains;
  Trace("drains", seat->name);
  seat->busy = true;
  const CallEnd end = Call([&] { return seat->worker->Drain(); });
  seat->busy = false;
  Kill(seat, "drained");
  return Judge(absl::StrCat(seat->name, " at drain"), end);
}

void World::Freeze(Seat* seat) {
  if (seat->worker == nullptr || seat->busy || zombies_.size() >= 4) return;
  ++statistics_.freezes;
  Trace("is frozen", seat->name);
  auto zombie = std::make_unique<Zombie>();
  zombie->worker = std::move(seat->worker);
  zombie->steps_left = static_cast<int>(1 + Below(10));
  zombies_.push_back(std::move(zombie));
  seat->start_at = clock_->Peek() + absl::Milliseconds(Below(3'000));
}

absl::Status World::Act(int depth) {
  if (unforgivable_.has_value()) return absl::OkStatus();
  Seat* const seat = seats_[static_cast<size_t>(Below(static_cast<int64_t>(seats_.size())))].get();
  if (depth == 0 && calls_until_fault_ < 0 && Chance(6)) PlanFault();
  const int64_t draw = Below(1'000);
  if (draw < 600) return StepOne(seat);
  if (draw < 800) {
    Advance(absl::Milliseconds(Below(600)));
  } else if (draw < 880) {
    Arrive(1 + Below(kArrivalsMax));
  } else if (draw < 915) {
    return StepZombie();
  } else if (draw < 940) {
    if (seat->worker != nullptr && !seat->busy) {
      ++statistics_.kills;
      Kill(seat, "killed");
    }
  } else if (draw < 955) {
    Freeze(seat);
  } else if (draw < 965) {
    return Drain(seat);
  } else if (draw < 975) {
    Advance(absl::Milliseconds(5'000 + Below(9'000)));
    ++statistics_.clock_jumps;
  } else if (draw < 985) {
    RepeatBlock();
  } else {
    // A third worker joins, or leaves.
    Seat* const third = seats_[static_cast<size_t>(4 + Below(2))].get();
    third->wanted = !third->wanted;
    if (!third->wanted) return Drain(third);
  }
  return absl::OkStatus();
}

bool World::AllRead(bool* ingest_done) {
  std::vector<TopicPartition> posts;
  posts.reserve(kPartitions);
  for (int32_t i = 0; i < kPartitions; ++i) posts.push_back({"posts", i});
  std::vector<TopicPartition> mentions;
  mentions.reserve(kMentionsPartitions);
  for (int32_t i = 0; i < kMentionsPartitions; ++i) mentions.push_back({WorldSettings()->ingest.mentions_topic, i});
  const auto is_read = [this](const std::string& group, const std::vector<TopicPartition>& partitions) {
    const auto committed = log_->CommittedOffsets(group, partitions);
    if (!committed.ok()) return false;
    for (size_t i = 0; i < partitions.size(); ++i) {
      const auto range = log_->Offsets(partitions[i]);
      if (!range.ok() || (*committed)[i].committed.value_or(0) < range->end) return false;
    }
    return true;
  };
  *ingest_done = *ingest_done || is_read(kIngestGroup, posts);
  return *ingest_done && is_read(kDetectGroup, mentions);
}

absl::Status World::RunCalmly() {
  bool ingest_done = false;
  for (int round = 0; round < kCalmRounds; ++round) {
    Advance(absl::Milliseconds(300));
    for (const std::unique_ptr<Seat>& seat : seats_) {
      // Once all posts are read, new heartbeats would only put off the end.
      if (ingest_done && seat->ingest) continue;
      if (absl::Status status = StepOne(seat.get()); !status.ok()) return status;
    }
    if (absl::Status status = StepZombie(); !status.ok()) return status;
    if (!AllRead(&ingest_done)) continue;
    // What the dead have left open hides what was committed behind it, until it times out.
    Advance(absl::Seconds(30));
    return log_->Offsets({"posts", 0}).status();
  }
  return absl::InternalError("no progress: not everything was read although nothing fails any more");
}

absl::Status World::Run() {
  if (!options_.calm) {
    const auto is_due = [this](int action) {
      return action < kActions || arrived_ < arrivals_.size() ||
             (action < kActionsMax && (statistics_.kills < kKillsMin || statistics_.log.snapshot_recoveries == 0));
    };
    for (int action = 0; is_due(action); ++action) {
      if (absl::Status status = Act(0); !status.ok()) return status;
      if (unforgivable_.has_value()) return *unforgivable_;
    }
  }
  calls_until_fault_ = -1;
  quiet_ = true;
  Arrive(static_cast<int64_t>(arrivals_.size()));
  seats_[0]->wanted = seats_[1]->wanted = true;
  return RunCalmly();
}

}  // namespace tocsin::simulation
